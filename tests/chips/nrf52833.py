"""The nRF52833's peripherals, as far as the micro:bit's image uses them (nRF52833 Product Specification 1.7, 4 to 6)."""

from .cortex_m import Fault, Registers

#: The time that a page is erased in, in nanoseconds.
ERASE = 85e6
#: HFCLKSTAT: the crystal runs, and makes the clock.
CRYSTAL = 0x1_0001


class Events(Registers):
    """A peripheral with tasks, which writing 1 starts, events, and an interrupt that they raise."""

    interrupt = None

    def __init__(self, board, base):
        super().__init__()
        self.board, self.base = board, base

    def event(self, offset):
        """Sets an event, and starts the tasks that hang on it."""
        self.values[offset] = 1
        if self.values.get(0x300, 0) >> (offset - 0x100) // 4 & 1:
            self.board.core.system.pend(self.interrupt)
        self.board.ppi.event(self.base + offset)

    def write(self, offset, value):
        if offset < 0x100:
            if value:
                self.task(offset)
        elif offset == 0x304:
            self.values[0x300] = self.values.get(0x300, 0) | value
            for bit in range(32):
                if value >> bit & 1 and self.values.get(0x100 + 4 * bit, 0):
                    self.board.core.system.pend(self.interrupt)
        elif offset == 0x308:
            self.values[0x300] = self.values.get(0x300, 0) & ~value
        else:
            super().write(offset, value)

    def read(self, offset):
        return super().read(0x300 if offset in (0x304, 0x308) else offset)

    def task(self, offset):
        """Starts a task."""


class Power(Events):
    """POWER and CLOCK: the oscillators start at once. The reason of the last reset is cleared by writing ones."""

    def task(self, offset):
        if offset == 0x000:
            self.values[0x40C] = CRYSTAL
            self.event(0x100)
        elif offset == 0x008:
            self.values[0x418] = 0x1_0000
            self.event(0x104)

    def write(self, offset, value):
        if offset == 0x400:
            self.values[offset] = self.values.get(offset, 0) & ~value
        else:
            super().write(offset, value)


class Clock(Events):
    """RTC1: counts 32,768 a second."""

    interrupt = 17

    def __init__(self, board, base):
        super().__init__(board, base)
        self.begun, self.half = 0, False

    def count(self):
        """Ticks since it was cleared."""
        return int((self.board.core.now - self.begun) * 32_768 / 1e9)

    def read(self, offset):
        return self.count() & 0xFF_FFFF if offset == 0x504 else super().read(offset)

    def task(self, offset):
        if offset == 0x008:
            self.begun, self.half = self.board.core.now, False

    def poll(self):
        """The event of half a round, which the HAL's 64-bit time hangs on. Nothing here lasts a whole one, 512 s."""
        if not self.half and self.count() >= self.values.get(0x54C, 1 << 24):
            self.half = True
            self.event(0x14C)


class Watchdog(Events):
    """WDT. Each feeding is a round of the main loop."""

    def __init__(self, board, base):
        super().__init__(board, base)
        self.fed = None

    def task(self, offset):
        if offset == 0:
            self.values[0x400], self.fed = 1, self.board.core.now

    def write(self, offset, value):
        if offset == 0x600 and value == 0x6E52_4635:
            self.fed = self.board.core.now
            self.board.round()
        else:
            super().write(offset, value)

    def has_expired(self):
        """Whether it was fed too late."""
        running = self.fed is not None
        return running and self.board.core.now - self.fed > (self.values.get(0x504, 0) + 1) * 1e9 / 32_768


class Counter(Events):
    """TIMER0, as a counter."""

    interrupt = 8

    def __init__(self, board, base):
        super().__init__(board, base)
        self.counted = 0

    def task(self, offset):
        if offset == 0x008:
            self.counted += 1
            # The shortcuts that clear it when it reaches a register.
            for register in range(6):
                if self.read(0x200) >> register & 1 and self.read(0x540 + 4 * register) == self.counted:
                    self.counted = 0
        elif offset == 0x00C:
            self.counted = 0
        elif 0x40 <= offset < 0x58:
            self.values[0x540 + offset - 0x40] = self.counted


class Ppi(Registers):
    """Tasks that hang on events."""

    def __init__(self, board):
        super().__init__()
        self.board, self.enabled = board, 0

    def read(self, offset):
        return self.enabled if offset in (0x500, 0x504, 0x508) else super().read(offset)

    def write(self, offset, value):
        if offset < 0x30:
            group = self.read(0x800 + offset // 8 * 4)
            self.enabled = self.enabled & ~group if offset & 4 else self.enabled | group
        elif offset in (0x500, 0x504, 0x508):
            self.enabled = {0x500: value, 0x504: self.enabled | value, 0x508: self.enabled & ~value}[offset]
        else:
            super().write(offset, value)

    def event(self, address):
        """Starts the tasks of the enabled channels of this event."""
        for channel in range(20):
            if self.enabled >> channel & 1 and self.read(0x510 + 8 * channel) == address:
                for task in (self.read(0x514 + 8 * channel), self.read(0x910 + 4 * channel)):
                    if task:
                        self.board.core.write(task, 1)


class Nvmc(Registers):
    """The flash controller, which is always ready."""

    def __init__(self, board):
        super().__init__()
        self.board = board

    def read(self, offset):
        return 1 if offset in (0x400, 0x408) else super().read(offset)

    def write(self, offset, value):
        super().write(offset, value)
        if offset == 0x508:
            if self.read(0x504) != 2:
                raise Fault("a page was erased while erasing was not enabled")
            self.board.core.uc.mem_write(value, b"\xff" * 4096)
            self.board.erased += 1
            # The core stands still.
            self.board.core.now += ERASE


class Gpio(Registers):
    """Both ports: P1's registers lie 0x300 above those of P0."""

    def __init__(self, board):
        super().__init__()
        self.board, self.out = board, [0, 0]

    def read(self, offset):
        port, register = divmod(offset - 0x500, 0x300)
        if register == 0x10:
            return sum(self.board.level(port, pin) << pin for pin in range(32))
        return self.out[port] if register in (0x04, 0x08, 0x0C) else super().read(offset)

    def write(self, offset, value):
        port, register = divmod(offset - 0x500, 0x300)
        if register in (0x04, 0x08, 0x0C):
            before = self.out[port]
            self.out[port] = {0x04: value, 0x08: before | value, 0x0C: before & ~value}[register]
            self.board.driven(port, before, self.out[port])
        else:
            super().write(offset, value)


class Factory(Registers):
    """FICR: an nRF52833 of build B0."""

    def read(self, offset):
        return {0x104: int.from_bytes(b"AAB0"[::-1], "little")}.get(offset, 0xFFFF_FFFF)


class Configuration(Registers):
    """UICR, which is flash."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def read(self, offset):
        return self.values.get(offset, 0xFFFF_FFFF)
