"""`python -m chips BOARD ...`: see `cargo xtask chips`, which builds the image and what else is needed."""

import argparse
import importlib
import sys
import time

from elftools.elf.elffile import ELFFile

from .image import first_microbit_lights_up, flash_of
from .lessons import Expected, Failure, Lessons, expect
from .rtt import Log
from .script import Signal
from .sensor import Sensor


def sizes(elf):
    """The image's bytes of flash, and of RAM without the stack, as `arm-none-eabi-size -A` has them."""
    with open(elf, "rb") as file:
        sections = [section for section in ELFFile(file).iter_sections() if section["sh_flags"] & 2]
        in_ram = [section for section in sections if section["sh_addr"] >> 28 == 2]
        stored = [section for section in sections if section["sh_type"] == "SHT_PROGBITS"]
        return sum(section["sh_size"] for section in stored), sum(section["sh_size"] for section in in_ram)


def main():
    """Runs a board's image, and prints the time of each lesson. The exit status says whether all lessons passed."""
    parser = argparse.ArgumentParser(prog="chips", description=__doc__)
    parser.add_argument("board", choices=["rp2040-pico", "microbit-v2", "stm32f411e-disco"])
    parser.add_argument("--elf", required=True, help="what was built, for its sizes and its log")
    parser.add_argument("--image", required=True, help="the file by which the board is flashed: .uf2, .hex or .bin")
    parser.add_argument("--also", action="append", default=[], help="another file by which it is flashed, with the same bytes")
    parser.add_argument("--signal", required=True, help="what the app's example `signal` prints")
    parser.add_argument("--expected", required=True, help="the log of the same script in QEMU")
    parser.add_argument("--defmt-print", required=True)
    parser.add_argument("--demo-host", help="the host's program; without it only the lesson, the save and the restart are run")
    arguments = parser.parse_args()

    signal = Signal(arguments.signal)
    board = importlib.import_module(f".{arguments.board.replace('-', '_')}", __package__).Board(
        arguments.image, Sensor(signal, signal.outages), Log(arguments.elf, arguments.defmt_print))
    print("{}: {:,} bytes of flash, {:,} of RAM".format(board.name, *sizes(arguments.elf)), flush=True)
    for path in arguments.also:
        # Between two parts of the image one kind of file may have zeros where another has nothing.
        other = flash_of(path, *board.FLASH)
        expect(flash_of(arguments.image, *board.FLASH, before=other) == other, f"{path} has other bytes than {arguments.image}")
        if path.endswith("universal.hex"):
            first_microbit_lights_up(path)
    lessons = Lessons(board, signal, Expected(arguments.expected), arguments.demo_host)
    for lesson in lessons.full() if arguments.demo_host else lessons.quick():
        begun = time.process_time()
        name = lesson.__name__.replace("_", " ")
        try:
            told = lesson()
        except Exception as error:
            print(f"{board.name} {name}: FAILED", flush=True)
            if isinstance(error, Failure):
                sys.exit(f"error: {board.name}: {error}")
            print("\n".join(board.log.lines()), file=sys.stderr)
            raise
        print(f"{board.name} {name}: ok, {time.process_time() - begun:.1f} s" + "".join(f"; {line}" for line in told or []), flush=True)
    print(f"{board.name}: {board.seconds():.0f} s of the chip's time since it was last started")


if __name__ == "__main__":
    main()
