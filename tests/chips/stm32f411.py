"""The STM32F411's peripherals, as far as the image uses them (RM0383)."""

from .cortex_m import Fault, Registers

#: The time that a byte takes at 115,200 baud, and that a sector of 128 kB is erased in at most by CR.PSIZE, in nanoseconds.
BYTE, ERASE = 87_000, (4e9, 2.6e9, 2e9)
#: The watchdog's oscillator in Hz, at its fastest; it shall have 32,000.
LSI = 47_000
#: The sectors of the flash: where each begins.
SECTORS = [0, 0x4000, 0x8000, 0xC000, 0x1_0000, 0x2_0000, 0x4_0000, 0x6_0000, 0x8_0000]


class Rcc(Registers):
    """Clocks: what is turned on is ready at once."""

    def read(self, offset):
        value = super().read(offset)
        if offset == 0x00:
            for bit in (0, 16, 24, 26):
                value |= (value >> bit & 1) << bit + 1
        elif offset == 0x08:
            value |= (value & 3) << 2
        elif offset in (0x70, 0x74):
            value |= (value & 1) << 1
        return value

    def write(self, offset, value):
        if offset == 0x74 and value >> 24 & 1:
            # RMVF forgets why there was a reset.
            value &= 0x00FF_FFFF
        super().write(offset, value)

    def frequency(self):
        """The core's in Hz, with the board's crystal of 8 MHz."""
        source, pll = self.read(0x08) & 3, self.read(0x04)
        if source != 2:
            return {0: 16_000_000, 1: 8_000_000}[source]
        crystal = 8_000_000 if pll >> 22 & 1 else 16_000_000
        return crystal // (pll & 63) * (pll >> 6 & 511) // (2 * (pll >> 16 & 3) + 2)


class Flash(Registers):
    """The flash controller."""

    def __init__(self, board):
        super().__init__()
        self.board, self.keys = board, []
        self.values[0x10] = 1 << 31

    def write(self, offset, value):
        if offset == 0x04:
            self.keys = (self.keys + [value])[-2:]
            if self.keys == [0x4567_0123, 0xCDEF_89AB]:
                self.values[0x10] &= ~(1 << 31)
        elif offset == 0x0C:
            self.values[offset] = self.values.get(offset, 0) & ~value
        elif offset == 0x10:
            if self.values[0x10] >> 31 and value >> 31 == 0:
                raise Fault("the flash controller was written while it was locked")
            self.values[0x10] = value & ~(1 << 16)
            if value >> 16 & 1:
                self._erase(value >> 3 & 15)
        else:
            super().write(offset, value)

    def _erase(self, sector):
        if not self.values[0x10] >> 1 & 1:
            raise Fault("an erase began that was not asked for")
        if self.read(0) >> 10 & 1:
            raise Fault("flash was erased while the data cache is on, which keeps what was there")
        begin, end = SECTORS[sector:sector + 2]
        self.board.core.uc.mem_write(self.board.FLASH[0] + begin, b"\xff" * (end - begin))
        self.board.erased += 1
        # The core stands still.
        self.board.core.now += ERASE[self.values[0x10] >> 8 & 3]


class Timer(Registers):
    """TIM5: the HAL's time. It counts to 2^16, and interrupts at the half and at the end."""

    interrupt = 50

    def __init__(self, board):
        super().__init__()
        self.board, self.begun, self.seen = board, None, 0

    def total(self):
        """Ticks since it began."""
        if self.begun is None:
            return 0
        return int((self.board.core.now - self.begun) * self.board.CLOCK / 1e9 / (self.read(0x28) + 1))

    def read(self, offset):
        return self.total() & 0xFFFF if offset == 0x24 else super().read(offset)

    def write(self, offset, value):
        if offset == 0x10:
            value &= self.read(0x10)
        if offset == 0x00 and value & 1 and self.begun is None:
            self.begun = self.board.core.now
        super().write(offset, value)

    def poll(self):
        """Sets the flags of what has passed."""
        before, self.seen = self.seen, self.total()
        flags = (self.seen >> 16 != before >> 16) | (self.seen + 0x8000 >> 16 != before + 0x8000 >> 16) << 1
        self.values[0x10] = self.read(0x10) | flags
        if self.read(0x10) & self.read(0x0C) & 3:
            self.board.core.system.pend(self.interrupt)


class Watchdog(Registers):
    """IWDG. Each feeding is a round of the main loop."""

    def __init__(self, board):
        super().__init__()
        self.board, self.fed = board, None

    def write(self, offset, value):
        super().write(offset, value)
        if offset == 0 and value in (0xCCCC, 0xAAAA):
            if value == 0xCCCC or self.fed is not None:
                self.fed = self.board.core.now
            if value == 0xAAAA:
                self.board.round()

    def has_expired(self):
        """Whether it was fed too late."""
        length = (self.read(8) + 1) * 4 * 2 ** self.read(4) / LSI
        return self.fed is not None and self.board.core.now - self.fed > length * 1e9

    def read(self, offset):
        # No register is being taken over.
        return 0 if offset == 0x0C else super().read(offset)


class I2c(Registers):
    """The I2C master, byte by byte. A byte is there at once, or never if the clock is held."""

    SB, ADDR, BTF, RXNE, TXE, AF = 1 << 0, 1 << 1, 1 << 2, 1 << 6, 1 << 7, 1 << 10

    def __init__(self, board):
        super().__init__()
        self.board, self.flags, self.master, self.reads, self.byte = board, 0, False, False, None

    def read(self, offset):
        if offset == 0x14:
            return self.flags
        if offset == 0x18:
            if self.flags & self.ADDR:
                self.flags &= ~self.ADDR
                if self.reads:
                    self._fetch()
                else:
                    self.flags |= self.TXE
            return 3 if self.master else 0
        if offset == 0x10:
            self.flags &= ~self.RXNE
            byte = self.byte or 0
            if self.values.get(0, 0) >> 10 & 1 and self.master:
                self._fetch()
            return byte
        return super().read(offset)

    def write(self, offset, value):
        if offset == 0x14:
            self.flags &= value
        elif offset == 0x10:
            if self.flags & self.SB:
                self.reads = value & 1 == 1
                self.flags = self.ADDR if self.board.sensor.start(value >> 1, self.reads) else self.AF
            elif self.master and not self.reads:
                self.board.sensor.write(value)
                self.flags |= self.TXE | self.BTF
        elif offset == 0x00:
            if not value & 1 or value >> 15 & 1:
                self.flags, self.master = 0, False
            elif value >> 8 & 1:
                self.flags, self.master = self.SB, True
            if value >> 9 & 1 and self.master:
                self.master = False
                self.flags &= ~(self.TXE | self.BTF)
            super().write(offset, value & ~0x300)
        else:
            super().write(offset, value)

    def _fetch(self):
        self.byte = self.board.sensor.read()
        if self.byte is not None:
            self.flags |= self.RXNE


class Usart(Registers):
    """The serial port, without a FIFO: a register for the next byte, and one that shifts the last one out or in."""

    interrupt = 38
    RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7

    def __init__(self, board):
        super().__init__()
        self.board, self.next_byte, self.byte = board, 0, None
        self.waiting, self.shifted, self.complete = None, 0, True

    def read(self, offset):
        if offset == 0x00:
            self._shift()
            flags = (self.byte is not None) * self.RXNE | (self.waiting is None) * self.TXE
            return flags | self.complete * self.TC
        if offset == 0x04:
            byte, self.byte = self.byte, None
            return byte or 0
        return super().read(offset)

    def write(self, offset, value):
        if offset == 0x04:
            self.waiting, self.complete = value & 0xFF, False
            self._shift()
        elif offset == 0x00:
            self.complete = self.complete and value & self.TC != 0
        else:
            super().write(offset, value)

    def _shift(self):
        """Sends what waits, when the byte before it has left."""
        if self.board.core.now < self.shifted:
            return
        if self.waiting is not None:
            self.board.sent.append(self.waiting)
            self.waiting, self.shifted = None, self.board.core.now + BYTE
        elif self.shifted:
            self.complete, self.shifted = True, 0

    def poll(self):
        """Takes the next byte, if it is time, and interrupts."""
        if self.board.received and self.board.core.now >= self.next_byte and self.read(0x0C) >> 13 & 1:
            if self.byte is not None:
                raise Fault("a byte came over the serial port before the last one was taken")
            self.byte = self.board.received.popleft()
            self.next_byte = self.board.core.now + BYTE
        if self.read(0x00) & self.read(0x0C) & (self.RXNE | self.TC | self.TXE):
            self.board.core.system.pend(self.interrupt)


class Port(Registers):
    """A port of GPIO."""

    def __init__(self, board, name):
        super().__init__()
        self.board, self.name, self.out = board, name, 0

    def read(self, offset):
        if offset == 0x10:
            return sum(self.board.level(self.name, pin) << pin for pin in range(16))
        return self.out if offset == 0x14 else super().read(offset)

    def write(self, offset, value):
        before = self.out
        if offset == 0x14:
            self.out = value
        elif offset == 0x18:
            self.out = self.out & ~(value >> 16) | value & 0xFFFF
        else:
            super().write(offset, value)
        if self.out != before:
            self.board.driven(self.name, before, self.out)
