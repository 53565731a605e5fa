"""The signal of the app's simulation, as `cargo run -p gradient-decay-app --example signal` prints it."""

from typing import NamedTuple


class Reading(NamedTuple):
    """A measurement of the sensor in thousandths of g, and which buttons are down meanwhile."""

    acceleration: tuple[int, int, int]
    label: bool = False
    save: bool = False


class Outage(NamedTuple):
    """Transactions that are not acknowledged once so many samples were measured; with `reset`, the registers are lost as well."""

    after: int
    transactions: int
    reset: bool


class Signal:
    """The readings of the script, after which its last stretch, rest, is repeated."""

    def __init__(self, path):
        self.readings, self.outages, self.segments = [], [], []
        with open(path, encoding="ascii") as lines:
            for line in lines:
                kind, *numbers = line.split()
                numbers = [int(number) for number in numbers]
                if kind == "segment":
                    self.segments.append(len(self.readings))
                elif kind == "outage":
                    self.outages.append(Outage(numbers[0], numbers[1], numbers[2] == 1))
                else:
                    self.readings.append(Reading(tuple(numbers[:3]), numbers[3] == 1, numbers[4] == 1))

    def __getitem__(self, index):
        if index < len(self.readings):
            return self.readings[index]
        rest = self.readings[self.segments[-1]:]
        return rest[index % len(rest)]
