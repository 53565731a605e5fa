"""The lessons that an image must pass on each of the boards."""

import itertools
import os
import re
import tempfile
import time
import zlib

from . import link

#: The readings for which a button is held: a little more than two seconds.
HELD = 110
#: The time limit of a wait in seconds, about twenty times the usual time.
LIMIT = 600
UNKNOWN = [".##..", "...#.", "..#..", ".....", "..#.."]


class Failure(Exception):
    """The image failed a lesson."""


def expect(condition, message):
    """An error with this message unless the condition holds."""
    if not condition:
        raise Failure(message)


class Expected:
    """The log of `qemu-microbit`, in the file that is compared with QEMU's log as well."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        # The last lines are added by the machine that runs the script.
        self.lines = [line for line in lines if line.startswith(("INFO  ", "WARN  "))]
        self.lines = self.lines[:next(i for i, line in enumerate(self.lines) if "ExamResult" in line)]
        self.crc = next(line.rsplit(" ", 1)[1] for line in lines if "head crc" in line)
        saved = next(i for i, line in enumerate(self.lines) if "Saved" in line)
        self.until_saved = self.lines[:saved + 1]
        labels = re.search(r"labels: (\d+)", self.lines[saved])[1]
        gestures = max(int(found[1]) for found in re.finditer(r"Learned { gesture: (\d+)", "\n".join(self.lines)))
        self.started = f"INFO  StartedFromSaved {{ gestures: {gestures}, labels: {labels} }}"


class Lessons:
    """A board, a signal, and the expected log. Each lesson leaves the board running, with its learner saved in flash."""

    def __init__(self, board, signal, expected, demo_host=None):
        self.board, self.signal, self.expected, self.demo_host = board, signal, expected, demo_host
        self.checkpoint = b""

    def run_until(self, condition, what):
        """Runs until a condition holds."""
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                raise Failure(f"{what}: not within {LIMIT} s. The log:\n" + "\n".join(self.board.log.lines()))
            self.board.step()

    def readings(self, count):
        """Goes on for so many readings of the sensor, until the main loop has taken them as well."""
        last = self.board.sensor.measured + count
        self.run_until(lambda: self.board.sensor.measured >= last, f"{count} readings")

    def lines(self):
        """The log, after the main loop has done what is due."""
        self.readings(2)
        return self.board.log.lines()

    def learns_and_saves(self):
        """The script until its save. The log is QEMU's, bit by bit."""
        count = len(self.expected.until_saved)
        saves = [reading.save for reading in self.signal.readings]
        last = len(saves) - saves[::-1].index(True) + 60
        self.run_until(lambda: self.board.sensor.measured >= last, "the lesson")
        self.compare(self.lines()[:count], self.expected.until_saved)

    def goes_on_to_the_end(self):
        """The rest of the script, in which the sensor fails twice: also a sensor that does not acknowledge, and one that was reset."""
        self.run_until(lambda: self.board.sensor.measured >= len(self.signal.readings), "the script")
        # A HAL that does not know which byte was not acknowledged logs another line.
        found = [line.replace("NoAcknowledge(Unknown)", "NoAcknowledge(Address)") for line in self.lines()]
        self.compare(found, self.expected.lines)
        self.shows_its_answer()

    def compare(self, found, expected):
        """The lines must be the same."""
        for number, (line, other) in enumerate(zip(found, expected)):
            expect(line == other, f"line {number + 1} of the log is\n  {line}\nbut QEMU's is\n  {other}")
        expect(len(found) == len(expected), f"the log has {len(found)} lines, but QEMU's {len(expected)}:\n" + "\n".join(found))

    def shows_its_answer(self):
        """The display shows the last answer."""
        answer = next(line for line in reversed(self.board.log.lines()) if "Sees" in line)
        gesture, probability = re.search(r"gesture: (\d+), probability: ([\d.]+)", answer).groups()
        self.readings(2)
        if hasattr(self.board, "shown"):
            dots = "".join("#" if led < int(gesture) else "." for led in range(10))
            bar = "".join("#" if column + 1 <= 0.5 + 5 * float(probability) else "." for column in range(5))
            image = [dots[:5], dots[5:], ".....", ".....", bar]
            image = UNKNOWN if "SeesUnknown" in answer else image
            expect(self.board.shown() == image, f"after {answer} the LEDs are {self.board.shown()}, not {image}")
        else:
            states = []
            for _ in range(100):
                self.readings(1)
                states.append(self.board.lit())
            expect(True in states and False in states, f"after {answer} the LED does not flash")

    def starts_from_saved(self):
        """Power off and on: what was saved is loaded."""
        self.restart()
        expect(self.lines()[:1] == [self.expected.started], f"it started with {self.lines()[:1]}, not {self.expected.started}")

    def restart(self):
        """Power off and on, for the sensor as well."""
        self.board.sensor.reset()
        self.board.power_cycle()
        self.readings(80)

    def saves_anew_when_save_is_held(self):
        """Holding save for two seconds saves, and erases everything else in the flash."""
        before, erased = len(self.lines()), self.board.erased
        self.board.sensor.press("save", HELD)
        self.readings(HELD + 60)
        found = self.lines()[before:]
        expect(any("Overwrote" in line for line in found), f"save was held, and the log has {found}")
        expect(self.board.erased > erased, "save was held, and no page was erased")
        self.starts_from_saved()

    def survives_a_sensor_that_holds_the_clock(self):
        """The sensor stops in the middle of ten transfers: each is aborted within a sampling period, and the log reports it once."""
        before, sensor = len(self.lines()), self.board.sensor
        begun, sensor.hung, sensor.hangs = self.board.seconds(), 0, True
        self.run_until(lambda: sensor.hung >= 10, "ten transfers that stop")
        passed, sensor.hangs = self.board.seconds() - begun, False
        expect(passed < 11 * 0.020, f"ten transfers that stopped took {passed:.3f} s, longer than ten periods")
        self.readings(80)
        found = self.lines()[before:]
        faults = [line for line in found if "Sensor(" in line]
        expect(len(faults) == 1 and "Sensor(Bus(" in faults[0], f"the clock was held, and the log has {found}")
        expect(any("SensorBack" in line for line in found), f"the sensor was back, and the log has {found}")

    def frees_a_held_data_line(self):
        """The sensor holds the data line when the board starts, as after a reset in the middle of a transfer: nine pulses free it."""
        self.board.sensor.holds_data = 9
        self.board.sensor.reset()
        self.board.power_cycle()
        self.readings(80)
        held, lines = self.board.sensor.holds_data, self.lines()
        expect(held == 0, f"the data line wants {held} of nine pulses of the clock")
        expect(not any("Sensor(" in line for line in lines), f"the data line was freed, and the log has {lines}")

    def is_restarted_by_its_watchdog(self):
        """The main loop hangs: the watchdog restarts the device, which logs it and loads what was saved."""
        self.board.hang()
        self.readings(80)
        lines = self.lines()
        expect("restarted by the watchdog" in lines[0], f"the main loop hung, and the log begins with {lines[:2]}")
        expect(lines[1] == self.expected.started, f"after the watchdog it started with {lines[1]}")

    def answers_over_its_serial_port(self):
        """Garbage is refused. The head that is read afterwards still has the CRC of QEMU's, and all that was learned can be read."""
        garbage = bytes(range(1, 256)) * 4 + b"\x55" * 500 + b"\0"
        expect(link.send(self.board, garbage, LIMIT), "the device does not answer to garbage")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "head")
            link.talk(self.board, self.demo_host, ["--read-head", path], LIMIT)
            self.has_the_head_of_qemu(path)
            link.talk(self.board, self.demo_host, ["--read-checkpoint", path], LIMIT)
            with open(path, "rb") as file:
                self.checkpoint = file.read()
        printed = link.talk(self.board, self.demo_host, ["--watch", "1"], LIMIT)
        expect("gesture" in printed or "unknown" in printed, f"demo-host watched the device, and printed\n{printed}")

    def has_the_head_of_qemu(self, path):
        """The head in this file has the CRC of QEMU's."""
        with open(path, "rb") as file:
            crc = f"{zlib.crc32(file.read()):08x}"
        expect(crc == self.expected.crc, f"the head's CRC is {crc}, but QEMU's {self.expected.crc}")

    def learns_from_a_host(self):
        """A new device learns what the host sends, with the host's bits; its user consents by both buttons. Then it is given what was learned
        in the first lesson."""
        self.board.forget()
        self.restart()
        # A consent lasts for a minute of the board's time, of which more passes than on a board while the host computes.
        for button, again in itertools.product(("label", "save"), range(60)):
            self.board.sensor.press(button, HELD, after=20 * HELD * again)
        self.readings(HELD + 10)
        expect("INFO  Consented" in self.lines(), f"both buttons were held, and the log has {self.lines()}")
        printed = link.talk(self.board, self.demo_host, [], LIMIT)
        expect("every loss and every parameter has the bits" in printed, f"demo-host printed\n{printed}")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "learned")
            with open(path, "wb") as file:
                file.write(self.checkpoint)
            link.talk(self.board, self.demo_host, ["--write-checkpoint", path], LIMIT)
            link.talk(self.board, self.demo_host, ["--read-head", path], LIMIT)
            self.has_the_head_of_qemu(path)
        return [line for line in printed.splitlines() if line.startswith("right")]

    def quick(self):
        """The lessons of every run."""
        return [self.learns_and_saves, self.starts_from_saved]

    def full(self):
        """All."""
        return [
            self.learns_and_saves, self.goes_on_to_the_end, self.answers_over_its_serial_port, self.starts_from_saved,
            self.saves_anew_when_save_is_held, self.survives_a_sensor_that_holds_the_clock, self.frees_a_held_data_line,
            self.is_restarted_by_its_watchdog, self.learns_from_a_host,
        ]
