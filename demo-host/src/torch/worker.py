"""Trains networks for `demo-host sweep --device torch`, behind models.py: FOLDER on the command line, JSON lines in and out.

In: {"run": N} begins the run in FOLDER/N, several of which are trained side by side; {"run": N, "ln_beta": X} is the ln(beta) of the next
epoch of a run whose beta is adaptive; {"drop": N} ends a run. Out: first {"torch": VERSION AND DEVICE}, then after each epoch
{"run": N, "epoch": E, "loss": X, "seconds": S}, when the outputs are in the run's folder: E.train.features, E.train.logits, E.test.logits
and, if they are wanted, E.held_out.logits, all f32.

A run's folder has run.json, the first parameters, and for each step the learning rate and ln(beta), for each epoch the images in the order
of training, and for each of them the row and the column at which its crop begins and whether it is mirrored. All that is random is drawn
there: the same run by burn takes the same steps, but for the rounding.
"""

import json
import pathlib
import queue
import signal
import sys
import threading
import time

import numpy as np

EVALUATED = 1000
# Steps that a run is ahead of the next one's turn.
TURN = 8
BUSY, WAITING, DONE = range(3)


class Split:
    """Images as bytes, and their labels, on the device."""

    def __init__(self, path, shape, device):
        pixels = np.fromfile(path.with_suffix(".u8"), np.uint8).reshape(-1, *shape)
        self.pixels = torch.from_numpy(pixels).to(device)
        self.labels = torch.from_numpy(np.fromfile(path.with_suffix(".labels"), np.int64)).to(device)


class Data:
    """The splits of a data set."""

    def __init__(self, folder, shape, padding, device):
        self.train, self.held_out, self.test = (
            Split(folder / name, shape, device) for name in ("train", "held_out", "test")
        )
        # Crops are cut out of padded images.
        self.padded = F.pad(self.train.pixels, (padding,) * 4)


class Run:
    """The training of one network."""

    def __init__(self, number, folder, data, device):
        self.number, self.folder, self.device = number, folder, device
        self.settings = settings = json.loads((folder / "run.json").read_text())
        self.stream = torch.cuda.Stream() if device.type == "cuda" else None
        self.shape = settings["shape"]
        path = pathlib.Path(settings["data"])
        if path not in data:
            data[path] = Data(path, self.shape, settings["padding"], device)
        self.data = data[path]
        self.images = len(self.data.train.labels)
        self.messages = queue.SimpleQueue()
        self.normalisation = [
            torch.tensor(settings[name], device=device).reshape(1, -1, 1, 1) for name in ("mean", "deviation")
        ]
        self.class_weights = None
        if settings["class_weights"] is not None:
            self.class_weights = torch.tensor(settings["class_weights"], device=device)
        self.model = build(settings["model"], self.shape, settings["classes"]).to(device)
        # Tensor cores take channels last.
        self.layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
        self.model.to(memory_format=self.layout)
        self.parameters = list(self.model.parameters())
        self.rates = self.floats("rates")
        self.ln_betas = self.floats("ln_betas")
        self.order = torch.zeros(self.images, dtype=torch.int64, device=device)
        self.moves = torch.zeros(self.images, 3, dtype=torch.int64, device=device)
        self.range = torch.arange(max(settings["batch_size"], *self.shape), device=device)
        # The step, the place in the epoch's order and the loss so far stay on the device, so that a step needs no word of the processor.
        self.now = torch.zeros(1, dtype=torch.int64, device=device)
        self.at = torch.zeros(1, dtype=torch.int64, device=device)
        self.loss_sum = torch.zeros((), device=device)
        self.rate = torch.zeros((), device=device)
        fused = {"fused": True} if device.type == "cuda" else {}
        momentum, decay = settings["momentum"], settings["weight_decay"]
        self.optimizer = torch.optim.SGD(self.parameters, lr=self.rate, momentum=momentum, weight_decay=decay, **fused)
        self.graphs = {}
        if self.stream is not None:
            self.stream.wait_stream(torch.cuda.current_stream())

    def floats(self, name):
        return torch.from_numpy(np.fromfile(self.folder / name, np.float32)).to(self.device)

    def load(self):
        """Parameters, statistics and momentum as before the first step."""
        numbers, at = self.floats("parameters"), 0
        with torch.no_grad():
            for parameter in self.parameters:
                parameter.copy_(numbers[at : at + parameter.numel()].reshape(parameter.shape))
                at += parameter.numel()
            for state in self.optimizer.state.values():
                # None without momentum.
                if state.get("momentum_buffer") is not None:
                    state["momentum_buffer"].zero_()
        if at != len(numbers):
            raise ValueError(f"{self.settings['model']} has {at} parameters, but {len(numbers)} are given")
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
        self.begin()

    def begin(self):
        """Step and place as before the first epoch."""
        self.now.zero_()
        self.at.zero_()

    def normalised(self, pixels):
        mean, deviation = self.normalisation
        images = (pixels.float() / self.settings["white"] - mean) / deviation
        return images.contiguous(memory_format=self.layout)

    def batch(self, size):
        """The images and labels of a step."""
        places = self.at + self.range[:size]
        rows = self.order[places]
        labels = self.data.train.labels[rows]
        if not self.settings["augment"]:
            return self.normalised(self.data.train.pixels[rows]), labels
        channels, height, width = (self.range[:length] for length in self.shape)
        down, right, mirrored = self.moves[places].unbind(1)
        y = down[:, None] + height
        x = right[:, None] + torch.where(mirrored[:, None] == 1, width.flip(0), width)
        crops = self.data.padded[rows[:, None, None, None], channels[:, None, None], y[:, None, :, None], x[:, None, None, :]]
        return self.normalised(crops), labels

    def logits(self, features):
        head, scale = self.model.head, self.settings["cosine_scale"]
        if scale is None:
            return head(features)
        unit = [rows / (rows.square().sum(1, keepdim=True) + 1e-12).sqrt() for rows in (features, head.weight)]
        return scale * unit[0] @ unit[1].T

    def loss(self, logits, labels, ln_beta):
        """The mean of PyTorch's cross-entropy with ln(beta) added to the target's logit: over the rows that are not ignored, each by the
        weight of its class. Written out, since PyTorch's own cannot be recorded with both class weights and smoothing."""
        settings, classes = self.settings, logits.shape[1]
        rows = labels[:, None]
        log_p = F.log_softmax(logits + ln_beta * torch.zeros_like(logits).scatter(1, rows, 1.0), 1)
        losses = -log_p.gather(1, rows).squeeze(1)
        if settings["gamma"] is not None:
            # Clamped above 0, where a root has no gradient.
            losses = (1.0 - torch.exp(-losses)).clamp_min(1e-6) ** settings["gamma"] * losses
        class_weights = torch.ones_like(logits[0]) if self.class_weights is None else self.class_weights
        counted = torch.ones_like(losses)
        if settings["ignore_index"] is not None:
            counted = (labels != settings["ignore_index"]).to(losses.dtype)
        weights = counted * class_weights[labels]
        share = 1.0 / weights.sum().clamp_min(1e-30)
        loss = share * (weights * losses).sum()
        if settings["smoothing"] is None:
            return loss
        of_all = share * (counted * -(log_p * class_weights).sum(1)).sum()
        return (1.0 - settings["smoothing"]) * loss + settings["smoothing"] / classes * of_all

    def step(self, size):
        images, labels = self.batch(size)
        self.rate.copy_(self.rates[self.now].squeeze(0))
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.logits(self.model.features(images)), labels, self.ln_betas[self.now])
        loss.backward()
        if self.settings["clip"] is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.settings["clip"])
        self.optimizer.step()
        self.loss_sum += size * loss.detach()
        self.at += size
        self.now += 1

    def sizes(self):
        """The batches of an epoch, the last of which has the rest."""
        size = self.settings["batch_size"]
        return [size] * (self.images // size) + ([self.images % size] if self.images % size else [])

    def capture(self):
        """Records a step of each size as a CUDA graph, which is replayed without the processor's launching each kernel."""
        for size in sorted(set(self.sizes())):
            for _ in range(3):
                self.begin()
                self.step(size)
            self.begin()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.step(size)
            self.graphs[size] = graph

    @torch.no_grad()
    def outputs(self, pixels):
        """Features and logits, as they are on the device."""
        self.model.eval()
        features = torch.cat([self.model.features(self.normalised(part)) for part in pixels.split(EVALUATED)])
        logits = self.logits(features)
        self.model.train()
        return features, logits

    def train(self):
        """A generator, which waits for nothing, so that other runs have their turn: it says whether it has work or waits."""
        cuda = self.device.type == "cuda"
        epochs, images = self.settings["epochs"], self.images
        order = np.fromfile(self.folder / "order", np.int32).reshape(epochs, images)
        moves = np.fromfile(self.folder / "moves", np.uint8).reshape(epochs, images, 3)
        self.load()
        if cuda:
            self.capture()
            self.load()
        steps = len(self.sizes())
        for epoch in range(epochs):
            begin = torch.cuda.Event(enable_timing=True) if cuda else time.perf_counter()
            if cuda:
                begin.record()
            self.order.copy_(torch.from_numpy(order[epoch].astype(np.int64)))
            self.moves.copy_(torch.from_numpy(moves[epoch].astype(np.int64)))
            self.at.zero_()
            self.loss_sum.zero_()
            for step, size in enumerate(self.sizes()):
                if cuda:
                    self.graphs[size].replay()
                else:
                    self.step(size)
                if step % TURN == TURN - 1:
                    yield BUSY
            end = torch.cuda.Event(enable_timing=True) if cuda else time.perf_counter()
            if cuda:
                end.record()
            measured = self.data.train.pixels[: self.settings["measured"]]
            features, logits = self.outputs(measured)
            wanted = {
                "train.features": features,
                "train.logits": logits,
                "test.logits": self.outputs(self.data.test.pixels)[1],
                "loss": self.loss_sum / images,
            }
            if len(self.data.held_out.labels) and (self.settings["adaptive"] or epoch + 1 == epochs):
                wanted["held_out.logits"] = self.outputs(self.data.held_out.pixels)[1]
            if cuda:
                wanted = {name: self.to_host(tensor) for name, tensor in wanted.items()}
                there = torch.cuda.Event()
                there.record()
                while not there.query():
                    yield WAITING
            seconds = begin.elapsed_time(end) / 1000 if cuda else end - begin
            loss = wanted.pop("loss").item()
            for name, tensor in wanted.items():
                tensor.numpy().tofile(self.folder / f"{epoch}.{name}")
            say({"run": self.number, "epoch": epoch, "loss": loss if np.isfinite(loss) else None, "seconds": seconds})
            if self.settings["adaptive"] and epoch + 1 < epochs:
                while self.messages.empty():
                    yield WAITING
                self.ln_betas[(epoch + 1) * steps :] = self.messages.get()

    @staticmethod
    def to_host(tensor):
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        return host.copy_(tensor, non_blocking=True)


def say(message):
    print(json.dumps(message), flush=True)


def main():
    # Ctrl-C goes to the program that started this one, which ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder = pathlib.Path(sys.argv[1])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    torch.backends.cudnn.benchmark = True
    say({"torch": f"PyTorch {torch.__version__}, {name}"})
    lines = queue.SimpleQueue()

    def read():
        for line in sys.stdin:
            lines.put(json.loads(line))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    data, runs, begun, open_for_more = {}, {}, {}, True
    while open_for_more or begun:
        while not lines.empty() or (open_for_more and not begun):
            message = lines.get()
            if message is None:
                open_for_more = False
            elif "drop" in message:
                begun.pop(message["drop"], None)
                runs.pop(message["drop"], None)
            elif "ln_beta" in message:
                if message["run"] in runs:
                    runs[message["run"]].messages.put(message["ln_beta"])
            else:
                number = message["run"]
                runs[number] = Run(number, folder / str(number), data, device)
                begun[number] = runs[number].train()
        seen = set()
        for number, training in list(begun.items()):
            with torch.cuda.stream(runs[number].stream):
                state = next(training, DONE)
            seen.add(state)
            if state == DONE:
                del begun[number], runs[number]
        if seen == {WAITING}:
            time.sleep(0.0005)


main()
