"""The BBC micro:bit v2: the nRF52833, and what the board wires to it."""

from . import nrf52833 as nrf
from . import nrf52833_buses as buses
from .cortex_m import Registers
from .unicorn_board import UnicornBoard

SCL, SDA, LABEL, SAVE = 8, 16, 14, 23
ROWS = ((0, 21), (0, 22), (0, 15), (0, 24), (0, 19))
COLUMNS = ((0, 28), (0, 11), (0, 31), (1, 5), (0, 30))
POWER, WATCHDOG, CLOCK, UARTE = 0x4000_0000, 0x4001_0000, 0x4001_1000, 0x4000_2000
#: RESETREAS: the watchdog's bit, and that of a reset that the program asked for.
DOG, SOFT = 2, 4


class Board(UnicornBoard):
    """The board."""

    name = "microbit-v2"
    CLOCK = 64_000_000
    FLASH = (0, 512 * 1024)
    STORE = 512 * 1024 - 6 * 4096
    RAM_SIZE = 128 * 1024

    def __init__(self, image, sensor, log):
        # The user's configuration, which is flash as well.
        self.configuration = {}
        self.image = [0] * 5
        super().__init__(image, sensor, log)

    def peripherals(self):
        self.ppi = nrf.Ppi(self)
        self.gpio = nrf.Gpio(self)
        self.power, self.clock = nrf.Power(self, POWER), nrf.Clock(self, CLOCK)
        self.watchdog, self.port = nrf.Watchdog(self, WATCHDOG), buses.Uarte(self, UARTE)
        self.nvmc = nrf.Nvmc(self)
        return {
            POWER: self.power, UARTE: self.port, 0x4000_3000: buses.Twim(self, 0x4000_3000), 0x4000_6000: Registers(),
            0x4000_8000: nrf.Counter(self, 0x4000_8000), 0x4000_C000: Registers(), WATCHDOG: self.watchdog,
            CLOCK: self.clock, 0x4001_E000: self.nvmc, 0x4001_F000: self.ppi,
            0x5000_0000: self.gpio, 0xE000_1000: Registers(),
            0x1000_0000: nrf.Factory(), 0x1000_1000: nrf.Configuration(self.configuration),
        }

    def reset(self, by_watchdog):
        """A reset, which differs from the power's return by its reason alone: nothing here hangs on the RAM."""
        reasons = self.power.values.get(0x400, 0) | (DOG if by_watchdog else SOFT)
        self.power_cycle()
        self.power.values[0x400] = reasons

    def poll(self):
        """Lets go on whatever needs no instruction."""
        self.clock.poll()
        self.port.poll()

    def may_program(self, size):
        """Whether the flash controller lets a store to flash through."""
        return self.nvmc.read(0x504) == 1 and size == 4

    def level(self, port, pin):
        """A pin's level from outside; the buttons pull it down."""
        low = {(0, LABEL): self.sensor.label, (0, SAVE): self.sensor.save, (0, SDA): self.sensor.holds_data > 0}
        return not low.get((port, pin), False)

    def driven(self, port, before, after):
        """The image drives its pins otherwise."""
        if port == 0 and self.sensor.holds_data and before >> SCL & 1 and not after >> SCL & 1:
            self.sensor.clock_pulse()
        for row, (_, pin) in enumerate(ROWS):
            if port == 0 and after >> pin & 1 and not before >> pin & 1:
                self.image[row] = sum((not self.gpio.out[p] >> c & 1) << column for column, (p, c) in enumerate(COLUMNS))

    def shown(self):
        """The LEDs that were lit in the last round of the rows."""
        return ["".join("#" if row >> column & 1 else "." for column in range(5)) for row in self.image]
