"""The STM32F411E-DISCO: the STM32F411, and what the board and its user wire to it."""

from . import stm32f411 as stm
from .cortex_m import Fault, Registers
from .unicorn_board import UnicornBoard

PORTS = "ABCDEH"
#: RCC_CSR: a reset by the independent watchdog, and one that the program asked for.
WATCHDOG, SOFT = 1 << 29, 1 << 28
#: The most that the core may run at, in Hz, by PWR_CR.VOS (RM0383, 5.4.1): scales 3, 2, which it has after a reset, and 1.
LIMITS = {1: 64_000_000, 2: 84_000_000, 3: 100_000_000}


class Board(UnicornBoard):
    """The board."""

    name = "stm32f411e-disco"
    CLOCK = 84_000_000
    FLASH = (0x0800_0000, 512 * 1024)
    STORE = 256 * 1024
    RAM_SIZE = 128 * 1024

    def peripherals(self):
        self.rcc, self.power, self.watchdog = stm.Rcc(), Registers(), stm.Watchdog(self)
        self.controller, self.timer, self.port = stm.Flash(self), stm.Timer(self), stm.Usart(self)
        self.power.values[0] = 2 << 14
        ports = {0x4002_0000 + 0x400 * "ABCDEFGH".index(name): stm.Port(self, name) for name in PORTS}
        plain = (0x4001_3800, 0x4001_3C00, 0x4002_6000, 0x4002_6400, 0x4000_2800, 0xE004_2000, 0xE000_1000)
        self.lamp = ports[0x4002_0C00]
        return {
            **ports, **{base: Registers() for base in plain}, 0x4002_3800: self.rcc, 0x4000_7000: self.power,
            0x4000_0C00: self.timer, 0x4000_3000: self.watchdog, 0x4000_5400: stm.I2c(self), 0x4000_4400: self.port,
            0x4002_3C00: self.controller,
        }

    def lit(self):
        """Whether the blue LED is lit."""
        return self.lamp.out >> 15 & 1 == 1

    def reset(self, by_watchdog):
        """A reset, which differs from the power's return by its reason alone: nothing here hangs on the RAM."""
        reasons = self.rcc.values.get(0x74, 0) | (WATCHDOG if by_watchdog else SOFT)
        self.power_cycle()
        self.rcc.values[0x74] = reasons

    def poll(self):
        """Lets go on whatever needs no instruction."""
        self.timer.poll()
        self.port.poll()
        frequency, limit = self.rcc.frequency(), LIMITS[self.power.values[0] >> 14 & 3]
        if frequency > limit:
            raise Fault(f"the core runs at {frequency} Hz, but its regulator is set to {limit} at most")

    def may_program(self, size):
        """Whether the flash controller lets a store to flash through: words, which it is set to."""
        control = self.controller.read(0x10)
        return control & 1 == 1 and control >> 8 & 3 == 2 and size == 4

    def level(self, port, pin):
        """A pin's level from outside: B1 pulls up, the other button down."""
        levels = {("A", 0): self.sensor.label, ("C", 1): not self.sensor.save, ("B", 9): not self.sensor.holds_data}
        return levels.get((port, pin), port == "B" and pin == 6)

    def driven(self, port, before, after):
        """The image drives its pins otherwise."""
        if port == "B" and self.sensor.holds_data and before >> 6 & 1 and not after >> 6 & 1:
            self.sensor.clock_pulse()
