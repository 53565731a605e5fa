"""The log: defmt's frames in RTT's buffer in the chip's RAM, decoded by `defmt-print`."""

import struct
import subprocess


class Log:
    """Empties the first up-channel of SEGGER RTT, as a debug probe does."""

    def __init__(self, elf, defmt_print):
        self.command = [defmt_print, "-e", elf, "--log-format", "{L} {s}"]
        self.address = None
        self.frames = b""

    def restart(self):
        """The chip was reset: the block is to be looked for anew, and what was logged before is another log."""
        self.address, self.frames = None, b""

    def poll(self, read, write):
        """Takes what is there. `read(address, length)` and `write(address, bytes)` reach the RAM."""
        if self.address is None:
            at = read(0x2000_0000, 0x10000).find(b"SEGGER RTT")
            if at < 0:
                return
            self.address = 0x2000_0000 + at
        # After the identifier and two counts: the channel's name, buffer, size, and the offsets of its writer and its reader.
        buffer, size, writer, reader = struct.unpack("<4I", read(self.address + 28, 16))
        if buffer == 0 or size == 0 or writer == reader:
            return
        end = writer if writer > reader else size
        self.frames += read(buffer + reader, end - reader)
        if writer < reader:
            self.frames += read(buffer, writer)
        write(self.address + 40, struct.pack("<I", writer))

    def lines(self):
        """The lines that were logged since the last start."""
        done = subprocess.run(self.command, input=self.frames, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().splitlines()
