# One measurement of PyTorch: MODEL BATCH CLASSES STEPS on the command line, images per second on the standard output.
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class LeNet5(nn.Module):
    shape = (1, 28, 28)

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.head = nn.Linear(84, classes)

    def forward(self, images):
        maps = F.relu(F.max_pool2d(self.conv1(images), 2))
        maps = F.relu(F.max_pool2d(self.conv2(maps), 2))
        hidden = F.relu(self.dense1(maps.flatten(1)))
        return self.head(F.relu(self.dense2(hidden)))


class Padding(nn.Module):
    """Every other pixel, and zeros for the new channels: option A of He et al. (2016)."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels

    def forward(self, maps):
        return F.pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, self.channels, self.channels))


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, stride, bias, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=bias)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=bias)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.shortcut = shortcut

    def forward(self, maps):
        inner = F.relu(self.norm1(self.conv1(maps)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(maps))


class ResNet(nn.Module):
    shape = (3, 32, 32)

    def __init__(self, classes, blocks, bias, shortcut):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(16)
        layers = []
        channels = 16
        for stage, width in enumerate((16, 32, 64)):
            for block in range(blocks):
                stride = 2 if stage > 0 and block == 0 else 1
                beside = nn.Identity() if width == channels and stride == 1 else shortcut(channels, width)
                layers.append(Block(channels, width, stride, bias, beside))
                channels = width
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(64, classes)

    def forward(self, images):
        maps = self.blocks(F.relu(self.norm(self.stem(images))))
        return self.head(maps.mean((2, 3)))


def resnet8(classes):
    return ResNet(classes, 1, True, lambda channels, width: nn.Conv2d(channels, width, 1, stride=2))


def resnet20(classes):
    return ResNet(classes, 3, False, lambda channels, width: Padding((width - channels) // 2))


def main():
    name, batch, classes, steps = sys.argv[1], *map(int, sys.argv[2:])
    torch.manual_seed(1)
    model = {"lenet5": LeNet5, "resnet8": resnet8, "resnet20": resnet20}[name](classes)
    images = torch.rand(batch, *model.shape)
    labels = torch.arange(batch) % classes
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
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
