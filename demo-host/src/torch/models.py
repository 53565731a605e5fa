"""The networks of `demo-host/src/models/full` in PyTorch.

Parameters come in the order in which burn visits those of its networks: a convolution, then its normalisation; a block's two convolutions,
then its shortcut; the head last. `features(images)` is what `head` takes.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Mlp(nn.Module):
    def __init__(self, shape, widths, classes):
        super().__init__()
        inputs = [shape[0] * shape[1] * shape[2], *widths]
        self.hidden = nn.ModuleList(nn.Linear(before, width) for before, width in zip(inputs, widths))
        self.head = nn.Linear(inputs[-1], classes)

    def features(self, images):
        hidden = images.flatten(1)
        for layer in self.hidden:
            hidden = F.relu(layer(hidden))
        return hidden


class LeNet5(nn.Module):
    def __init__(self, shape, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 6, 5, padding=(32 - shape[1]) // 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.dense1 = nn.Linear(400, 120)
        self.dense2 = nn.Linear(120, 84)
        self.head = nn.Linear(84, classes)

    def features(self, images):
        maps = F.relu(F.max_pool2d(self.conv1(images), 2))
        maps = F.relu(F.max_pool2d(self.conv2(maps), 2))
        return F.relu(self.dense2(F.relu(self.dense1(maps.flatten(1)))))


class Padding(nn.Module):
    """Every other pixel, and zeros for the new channels: option A of He et al. (2016)."""

    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.channels = (channels_out - channels_in) // 2

    def forward(self, maps):
        return F.pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, self.channels, self.channels))


class Normalised(nn.Module):
    """A convolution with batch normalisation behind."""

    def __init__(self, channels_in, channels_out, kernel, stride, bias):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=bias)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, maps):
        return self.norm(self.conv(maps))


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, stride, bias, shortcut):
        super().__init__()
        self.first = Normalised(channels_in, channels_out, 3, stride, bias)
        self.second = Normalised(channels_out, channels_out, 3, 1, bias)
        self.shortcut = shortcut

    def forward(self, maps):
        return F.relu(self.second(F.relu(self.first(maps))) + self.shortcut(maps))


class ResNet(nn.Module):
    def __init__(self, shape, classes, widths, blocks, bias, shortcut):
        super().__init__()
        channels = widths[0]
        self.stem = Normalised(shape[0], channels, 3, 1, bias)
        layers = []
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                beside = nn.Identity() if width == channels and stride == 1 else shortcut(channels, width, stride)
                layers.append(Block(channels, width, stride, bias, beside))
                channels = width
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def features(self, images):
        return self.blocks(F.relu(self.stem(images))).mean((2, 3))


class Vgg16(nn.Module):
    STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))

    def __init__(self, shape, classes):
        super().__init__()
        channels, layers = shape[0], []
        for widths in self.STAGES:
            for width in widths:
                layers += [Normalised(channels, width, 3, 1, True), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.stages = nn.Sequential(*layers)
        self.head = nn.Linear(channels, classes)

    def features(self, images):
        return self.stages(images).flatten(1)


def build(name, shape, classes):
    """A network by the name that the command line has for it, for images of a shape (channels, height, width)."""

    def plain(channels_in, channels_out, stride):
        return nn.Conv2d(channels_in, channels_out, 1, stride)

    def padding(channels_in, channels_out, _):
        return Padding(channels_in, channels_out)

    def normalised(channels_in, channels_out, stride):
        return Normalised(channels_in, channels_out, 1, stride, False)

    wide = (64, 128, 256, 512)
    return {
        "mlp": lambda: Mlp(shape, (64,), classes),
        "mlp256": lambda: Mlp(shape, (256, 128), classes),
        "lenet5": lambda: LeNet5(shape, classes),
        "vgg16": lambda: Vgg16(shape, classes),
        "resnet8": lambda: ResNet(shape, classes, (16, 32, 64), (1, 1, 1), True, plain),
        "resnet20": lambda: ResNet(shape, classes, (16, 32, 64), (3, 3, 3), False, padding),
        "resnet18": lambda: ResNet(shape, classes, wide, (2, 2, 2, 2), False, normalised),
        "resnet34": lambda: ResNet(shape, classes, wide, (3, 4, 6, 3), False, normalised),
    }[name]()
