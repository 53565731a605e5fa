"""An LSM303AGR on an I2C bus, byte by byte, as `firmware/app/src/simulation/accelerometer.rs` has it for whole transactions."""

import struct

ACCELEROMETER, MAGNETOMETER = 0x19, 0x1E
WHO_AM_I, CTRL_REG1, STATUS, OUT_X_L = 0x0F, 0x20, 0x27, 0x28


class Sensor:
    """Measures the next sample of a signal each time that its output is read, and presses the buttons with it.

    `hangs` makes it hold the clock low in place of sending a byte; `holds_data` makes it hold the data line low until the clock has had
    so many pulses.
    """

    def __init__(self, signal, outages=()):
        self.signal = signal
        self.outages = list(outages)
        self.measured = self.failed = 0
        self.hangs = False
        self.hung = 0
        self.holds_data = 0
        self.pressed = set()
        self.label = self.save = False
        self.reset()

    def reset(self):
        """As after power-on."""
        self.registers = {ACCELEROMETER: bytearray(64), MAGNETOMETER: bytearray(128)}
        self.registers[ACCELEROMETER][WHO_AM_I] = 0x33
        self.chosen = ACCELEROMETER
        self.pointer, self.increments, self.fresh = 0, False, False

    def start(self, address, reads):
        """A start condition and an address. Whether it is acknowledged; on a data line that is held, it is none."""
        if self.holds_data or (not reads and self._fails()):
            return False
        self.chosen, self.fresh = address, not reads
        return address in self.registers

    def write(self, byte):
        """A byte from the master: the register's number, then values."""
        if self.fresh:
            self.pointer, self.increments, self.fresh = byte & 0x7F, byte & 0x80 != 0, False
            return
        self.registers[self.chosen][self.pointer] = byte
        self.pointer += self.increments

    def read(self):
        """A byte to the master; `None` if it holds the clock for ever."""
        if self.hangs:
            self.hung += 1
            return None
        registers = self.registers[self.chosen]
        if self.chosen == ACCELEROMETER and registers[CTRL_REG1] & 0xF0:
            registers[STATUS] = 0x0F
            if self.pointer == OUT_X_L:
                self._measure()
        byte = registers[self.pointer]
        self.pointer += self.increments
        return byte

    def press(self, button, readings, after=0):
        """Holds a button, `label` or `save`, for so many readings, after so many of the next."""
        self.pressed |= {(button, self.measured + after + count) for count in range(1, readings + 1)}

    def clock_pulse(self):
        """A pulse of the clock by hand."""
        self.holds_data = max(0, self.holds_data - 1)

    def _measure(self):
        reading = self.signal[self.measured]
        for axis, mg in enumerate(reading.acceleration):
            digits = abs(mg) // 2 * (1 if mg >= 0 else -1)
            struct.pack_into("<h", self.registers[ACCELEROMETER], OUT_X_L + 2 * axis, digits << 4)
        self.label = reading.label or ("label", self.measured) in self.pressed
        self.save = reading.save or ("save", self.measured) in self.pressed
        self.measured += 1

    def _fails(self):
        if not self.outages or self.outages[0].after > self.measured:
            return False
        outage = self.outages[0]
        if self.failed == 0 and outage.reset:
            self.reset()
        if self.failed < outage.transactions:
            self.failed += 1
            return True
        self.failed = 0
        self.outages.pop(0)
        return False
