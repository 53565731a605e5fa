"""The files by which boards are flashed, read as their receivers do: UF2, Intel HEX, and the flash as it is."""

import os
import struct

from unicorn import UC_ARCH_ARM, UC_HOOK_MEM_WRITE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc

from .lessons import expect

#: Of UF2: the first words of a block, the last, the flag that says that it names a family, and that of the RP2040.
MAGIC, END, HAS_FAMILY, RP2040 = (0x0A32_4655, 0x9E5D_5157), 0x0AB1_6F30, 0x2000, 0xE48B_FF56


def flash_of(path, base, size, before=None):
    """The flash of so many bytes from `base` on, erased unless it is given, after the image in this file was written to it."""
    flash = bytearray(before or b"\xff" * size)
    with open(path, "rb") as file:
        content = file.read()
    pieces = {".uf2": _uf2, ".hex": _hex, ".bin": lambda content: [(base, content)]}[os.path.splitext(path)[1]](content)
    for address, data in pieces:
        at = address - base
        expect(0 <= at and at + len(data) <= size, f"{path} has {len(data)} bytes for {address:08x}, where there is no flash")
        flash[at:at + len(data)] = data
    return flash


def first_microbit_lights_up(path):
    """The stub for the first micro:bit in a file for both drives the rows of its LEDs high and the columns low."""
    with open(path, "rb") as file:
        flash = b"".join(data for _, data in _hex(file.read(), 0x9900))
    uc, written = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS), {}
    uc.mem_map(0, 0x1000)
    uc.mem_write(0, flash)
    uc.mem_map(0x5000_0000, 0x1000)
    uc.hook_add(UC_HOOK_MEM_WRITE, lambda _uc, _access, address, _size, value, _data: written.update({address - 0x5000_0000: value}))
    uc.emu_start(int.from_bytes(flash[4:8], "little"), 0xFFFF, count=100)
    rows, columns = 0xE000, 0x1FF0
    set_high, set_low, outputs = (written.get(register) for register in (0x508, 0x50C, 0x518))
    expect((set_high, set_low, outputs) == (rows, rows | columns, rows | columns), f"the first micro:bit writes {written}")


def _uf2(content):
    """The pages of all blocks: the boot ROM takes those of its family, and starts the program when it has as many as the first one says."""
    expect(len(content) % 512 == 0, "UF2 has blocks of 512 bytes")
    for number, at in enumerate(range(0, len(content), 512)):
        *magic, flags, address, length, index, count, family = struct.unpack("<8I", content[at:at + 32])
        end = struct.unpack("<I", content[at + 508:at + 512])[0]
        expect((*magic, end) == (*MAGIC, END), f"block {number} of UF2 has other words at its ends: {magic} {end}")
        expect((flags, family) == (HAS_FAMILY, RP2040), f"block {number} of UF2 is for another chip: {flags:x} {family:x}")
        expect((length, address % 256) == (256, 0), f"block {number} of UF2 is no page: {length} bytes at {address:x}")
        expect((index, count) == (number, len(content) // 512), f"block {number} of UF2 says that it is {index} of {count}")
        yield address, content[at + 32:at + 32 + length]


def _hex(content, board=0x9903):
    """The data of all records, up to the one that ends the file; of a file for several micro:bits, those of the section of one."""
    high, section = 0, board
    lines = content.decode("ascii").split()
    for number, line in enumerate(lines):
        record = bytes.fromhex(line[1:])
        expect(line[0] == ":" and len(record) == 5 + record[0] and sum(record) % 256 == 0, f"line {number + 1} of the HEX is damaged")
        low, kind, data = int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        if kind in (0, 13):
            if section == board:
                yield high + low, data
        elif kind == 1:
            expect(number == len(lines) - 1, "the HEX goes on behind its end")
            return
        elif kind in (2, 4):
            high = int.from_bytes(data, "big") << (4 if kind == 2 else 16)
        elif kind == 10:
            section = int.from_bytes(data[:2], "big")
        else:
            # Where the program starts, which a chip has from its vector table; the end of a section, and what fills it.
            expect(kind in (3, 5, 11, 12), f"line {number + 1} of the HEX is of kind {kind}")
    expect(False, "the HEX has no end")
