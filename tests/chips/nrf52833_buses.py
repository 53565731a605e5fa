"""The nRF52833's I2C master and its serial port (nRF52833 Product Specification 1.7, 6.30 and 6.33)."""

from .cortex_m import Fault
from .nrf52833 import CRYSTAL, Events

#: The time that a byte takes at 115,200 baud, in nanoseconds.
BYTE = 87_000


class Twim(Events):
    """The I2C master, by DMA out of RAM. A transfer is over at once, or never if the clock is held."""

    interrupt = 3

    def task(self, offset):
        if offset == 0x000:
            self._transfer(True)
        elif offset == 0x008:
            self._transfer(False)
        elif offset == 0x014 and not self.board.sensor.hangs:
            self.event(0x104)

    def write(self, offset, value):
        if offset == 0x4C4:
            self.values[offset] = self.values.get(offset, 0) & ~value
        else:
            super().write(offset, value)

    def _transfer(self, reads):
        pointer, limit, amount = (0x534, 0x538, 0x53C) if reads else (0x544, 0x548, 0x54C)
        address, length = self.values.get(pointer, 0), self.values.get(limit, 0)
        self.values[amount] = 0
        if not self.board.sensor.start(self.values[0x588], reads):
            self.values[0x4C4] = self.values.get(0x4C4, 0) | 2
            return self.event(0x124)
        if reads:
            data = bytearray()
            for _ in range(length):
                byte = self.board.sensor.read()
                if byte is None:
                    return None
                data.append(byte)
            self.board.write_ram(address, bytes(data))
        else:
            for byte in self.board.dma(address, length):
                self.board.sensor.write(byte)
        self.values[amount] = length
        shorts = self.values.get(0x200, 0)
        if reads:
            if shorts >> 10 & 1:
                return self._transfer(False)
            return self.event(0x104) if shorts >> 12 & 1 else None
        if shorts >> 7 & 1:
            return self._transfer(True)
        if shorts >> 8 & 1:
            return self.event(0x148)
        return self.event(0x104) if shorts >> 9 & 1 else None


class Uarte(Events):
    """The serial port, by DMA."""

    interrupt = 2

    def __init__(self, board, base):
        super().__init__(board, base)
        self.place = self.room = 0
        self.next_byte, self.sent_at = 0, None

    def task(self, offset):
        if self.board.power.read(0x40C) != CRYSTAL:
            raise Fault("the serial port works by the internal oscillator, which is off by up to 6 %")
        if offset == 0x000:
            self.place, self.room = self.values.get(0x534, 0), self.values.get(0x538, 0)
            self.values[0x53C] = 0
            self.event(0x14C)
        elif offset == 0x008:
            length = self.values.get(0x548, 0)
            self.board.sent += self.board.dma(self.values.get(0x544, 0), length)
            self.values[0x54C] = length
            self.sent_at = self.board.core.now + length * BYTE

    def poll(self):
        """Takes the next byte, if there is one and it is time, and tells when what was sent has left."""
        if self.sent_at is not None and self.board.core.now >= self.sent_at:
            self.sent_at = None
            self.event(0x120)
        if not self.board.received or self.board.core.now < self.next_byte:
            return
        if not self.room:
            raise Fault("a byte came while the serial port was not receiving")
        self.next_byte = self.board.core.now + BYTE
        self.board.write_ram(self.place, bytes([self.board.received.popleft()]))
        self.place, self.room, self.values[0x53C] = self.place + 1, self.room - 1, self.values[0x53C] + 1
        self.event(0x108)
        if not self.room:
            self.event(0x110)
