# One measurement of PyTorch, behind models.py: MODEL CHANNELS HEIGHT WIDTH BATCH CLASSES STEPS on the command line; images per second,
# parameters, version and threads on the standard output.
import sys
import time


def main():
    name, (*shape, batch, classes, steps) = sys.argv[1], map(int, sys.argv[2:])
    torch.manual_seed(1)
    model = build(name, shape, classes)
    images = torch.rand(batch, *shape)
    labels = torch.arange(batch) % classes
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model.head(model.features(images)), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    seconds = time.perf_counter() - start
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(steps * batch / seconds, parameters, torch.__version__, torch.get_num_threads())


main()
