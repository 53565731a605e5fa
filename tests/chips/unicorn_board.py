"""The common part of the boards that unicorn runs: flash, RAM, time, resets, the log."""

from collections import deque

from .cortex_m import Core, Fault
from .image import flash_of

RAM = 0x2000_0000
#: A place in RAM between the image's statics and its stack.
LOOP = RAM + 0x1_0000


class UnicornBoard:
    """A board with a sensor. When the main loop has come round with nothing to do, the time is put forward to the next tick.

    A subclass has `name`, `CLOCK` in Hz, `FLASH` (base and size), `STORE` (where in it the image saves), `RAM_SIZE`, and makes the `peripherals()`,
    among them the `watchdog` and the serial `port`.
    """

    def __init__(self, image, sensor, log):
        self.sensor, self.log = sensor, log
        self.flash = flash_of(image, *self.FLASH)
        self.received, self.sent = deque(), bytearray()
        self.erased = 0
        self.power_cycle()

    def power_cycle(self):
        """Takes the power away and gives it back; what is in flash stays."""
        if hasattr(self, "core"):
            self.flash = self.core.uc.mem_read(*self.FLASH)
        self.log.restart()
        self.seen = None
        self.core = Core(self.CLOCK, self.FLASH[0], self.flash, self.RAM_SIZE, self.peripherals(), self._program)

    def forget(self):
        """Erases what was saved, as a debug probe does."""
        self.core.uc.mem_write(self.FLASH[0] + self.STORE, b"\xff" * (self.FLASH[1] - self.STORE))

    def step(self):
        """Some thousand instructions."""
        self.core.step()
        self.poll()
        self.log.poll(lambda address, length: bytes(self.core.uc.mem_read(address, length)), self.core.uc.mem_write)
        if self.core.system.asked_for_reset:
            self.reset(False)
        elif self.watchdog.has_expired():
            self.reset(True)

    def seconds(self):
        """The time that has passed on the chip."""
        return self.core.now / 1e9

    def hang(self):
        """The main loop comes round no more: an endless loop in its place, until its watchdog has bitten."""
        while self.core.active:
            self.core.step()
        self.core.uc.mem_write(LOOP, b"\xfe\xe7")
        self.core.pc = LOOP
        begun = self.core.now
        self.log.restart()
        while self.watchdog.fed is not None and self.core.pc >> 16 == LOOP >> 16 or self.core.active:
            self.step()
            if not self.core.active:
                self.core.skip(float("inf"))
            if self.core.now - begun > 60e9:
                raise Fault("the watchdog did not bite within a minute")

    def round(self):
        """The main loop comes round. If nothing has happened since it did before, nothing is left to do."""
        sensor = self.sensor
        seen = (sensor.measured, sensor.failed, sensor.hung, len(self.sent), len(self.received), self.core.system.next_tick)
        if seen == self.seen:
            self.core.skip(self.port.next_byte if self.received else float("inf"))
        self.seen = seen

    def write_ram(self, address, data):
        """By DMA."""
        if not RAM <= address <= RAM + self.RAM_SIZE - len(data):
            raise Fault(f"the DMA writes to {address:08x}, which is no RAM")
        self.core.uc.mem_write(address, data)

    def dma(self, address, length):
        """By DMA, which reaches the RAM alone."""
        if not RAM <= address <= RAM + self.RAM_SIZE - length:
            raise Fault(f"the DMA reads {address:08x}, which is no RAM")
        return bytes(self.core.uc.mem_read(address, length))

    def _program(self, uc, _access, address, size, value, _data):
        """A store to flash, which can only clear bits, and only while the controller allows it."""
        before = int.from_bytes(uc.mem_read(address, size), "little")
        value &= (1 << 8 * size) - 1
        if not self.may_program(size) or before & value != value:
            raise Fault(f"{value:x} was written over {before:x} in flash at {address:08x}")
