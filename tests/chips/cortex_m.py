"""A Cortex-M4F by unicorn, which executes instructions; this module adds the exceptions, the timer and the time, which unicorn lacks."""

import struct

from unicorn import UC_ARCH_ARM, UC_HOOK_MEM_WRITE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc, UcError
from unicorn.arm_const import (
    UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_PRIMASK, UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_XPSR, UC_CPU_ARM_CORTEX_M4)

#: The address that a handler returns to.
RETURN = 0xFFFF_FFF9
FRAME = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR, UC_ARM_REG_PC,
         UC_ARM_REG_XPSR)
SYSTICK = 15
#: Instructions between two looks at what is pending, and the nanoseconds that an access to a peripheral takes.
SLICE = 400
ACCESS = 50


class Fault(Exception):
    """The image did what the chip does not allow."""


class Registers:
    """A peripheral: what is written to a register is read from it, unless a subclass does otherwise."""

    def __init__(self):
        self.values = {}

    def read(self, offset):
        """The register's value."""
        return self.values.get(offset, 0)

    def write(self, offset, value):
        """Writes it."""
        self.values[offset] = value


class SystemControl(Registers):
    """SysTick, the interrupt controller and the system control block (Arm DDI 0403, B3)."""

    def __init__(self, core):
        super().__init__()
        self.core = core
        self.enabled, self.pending, self.priorities = set(), set(), {}
        self.reload, self.running, self.next_tick, self.asked_for_reset = 0, False, None, False

    def read(self, offset):
        if offset == 0xD00:
            return 0x410F_C241
        if offset == 0x18 and self.running:
            return int(max(0, self.next_tick - self.core.now) * self.core.clock / 1e9)
        for base, numbers in ((0x100, self.enabled), (0x180, self.enabled), (0x200, self.pending), (0x280, self.pending)):
            if base <= offset < base + 0x20:
                first = 16 + (offset - base) * 8
                return sum(1 << bit for bit in range(32) if first + bit in numbers)
        return super().read(offset)

    def write(self, offset, value):
        super().write(offset, value)
        if offset == 0x10:
            self.running = value & 3 == 3
            self.next_tick = self.core.now + self.period()
        elif offset == 0x14:
            self.reload = value
        elif offset == 0xD0C and value >> 16 == 0x05FA and value & 4:
            self.asked_for_reset = True
        for base, change in ((0x100, self.enabled.add), (0x180, self.enabled.discard), (0x200, self.pending.add),
                             (0x280, self.pending.discard)):
            if base <= offset < base + 0x20:
                for bit in range(32):
                    if value >> bit & 1:
                        change(16 + (offset - base) * 8 + bit)

    def period(self):
        """SysTick's, in nanoseconds."""
        return (self.reload + 1) * 1e9 / self.core.clock

    def priority(self, number):
        """An exception's."""
        at = 0x400 + number - 16 if number >= 16 else 0xD18 + number - 4
        return self.read(at & ~3) >> 8 * (at & 3) & 0xFF

    def pend(self, interrupt):
        """An interrupt of a peripheral."""
        self.pending.add(16 + interrupt)

    def next(self, active):
        """The exception to be taken now, if one is more urgent than what is active."""
        ready = [number for number in self.pending if number == SYSTICK or number in self.enabled]
        if not ready:
            return None
        number = min(ready, key=lambda number: (self.priority(number), number))
        return number if self.priority(number) < active else None


class Core:
    """Core, flash, RAM, and peripherals by their addresses."""

    def __init__(self, clock, flash_base, flash, ram_size, peripherals, check_program):
        self.clock, self.now, self.active = clock, 0.0, []
        self.flash_base = flash_base
        self.uc = uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        uc.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        uc.mem_map(flash_base, len(flash))
        uc.mem_write(flash_base, bytes(flash))
        uc.mem_map(0x2000_0000, ram_size)
        uc.hook_add(UC_HOOK_MEM_WRITE, check_program, begin=flash_base, end=flash_base + len(flash) - 1)
        self.system = SystemControl(self)
        self.peripherals = {**peripherals, 0xE000_E000: self.system}
        for base, size in ((0x1000_0000, 0x2000), (0x4000_0000, 0x8_0000), (0x5000_0000, 0x1000), (0xE000_0000, 0x10_0000)):
            uc.mmio_map(base, size, self._read, base, self._write, base)
        self.pc = 0
        self.reset()

    def reset(self):
        """As after a reset, but for the RAM."""
        stack, self.pc = struct.unpack("<2I", self.uc.mem_read(self.flash_base, 8))
        self.uc.reg_write(UC_ARM_REG_SP, stack)
        self.uc.reg_write(UC_ARM_REG_PRIMASK, 0)
        self.active = []

    def step(self):
        """A slice of instructions, after the exceptions that are due."""
        self._tick()
        # An exception that is masked is taken as soon as it is not: loops that mask all but a few of their instructions would end
        # every longer slice in the wrong place.
        count = SLICE if self._enter() else 1
        error = None
        try:
            self.uc.emu_start(self.pc | 1, RETURN & ~1, count=count)
        except UcError as raised:
            error = raised
        self.pc = self.uc.reg_read(UC_ARM_REG_PC)
        # The jump to where a handler returns to is an error for unicorn, which has no handlers.
        if error is not None and self.pc != RETURN & ~1:
            raise Fault(f"{error} at {self.pc:08x}")
        self.now += count * 1e9 / self.clock
        if self.pc == RETURN & ~1:
            self._leave()

    def skip(self, limit):
        """Puts the time forward to the next tick, or to a time before it."""
        if self.system.running:
            self.now = max(self.now, min(self.system.next_tick, limit))

    def _tick(self):
        if self.system.running and self.now >= self.system.next_tick:
            self.system.next_tick = max(self.system.next_tick + self.system.period(), self.now)
            self.system.pending.add(SYSTICK)

    def _enter(self):
        """Enters the exception that is due, if there is one; `False` if it is masked."""
        number = self.system.next(self.active[-1][0] if self.active else 0x100)
        if number is None:
            return True
        if self.uc.reg_read(UC_ARM_REG_PRIMASK) & 1:
            return False
        self.system.pending.discard(number)
        uc = self.uc
        # The registers of the FPU are kept beside the stack, for which there is room.
        self.active.append((self.system.priority(number), uc.context_save(), self.pc))
        stack = (uc.reg_read(UC_ARM_REG_SP) - 0x68) & ~7
        uc.reg_write(UC_ARM_REG_PC, self.pc)
        uc.mem_write(stack, struct.pack("<8I", *(uc.reg_read(register) & 0xFFFF_FFFF for register in FRAME)))
        uc.reg_write(UC_ARM_REG_SP, stack)
        uc.reg_write(UC_ARM_REG_LR, RETURN)
        self.pc, = struct.unpack("<I", uc.mem_read(self.flash_base + 4 * number, 4))
        return True

    def _leave(self):
        _, context, self.pc = self.active.pop()
        self.uc.context_restore(context)

    def read(self, address):
        """A peripheral's register."""
        for base in (address & ~0x3FF, address & ~0xFFF):
            if base in self.peripherals:
                return self.peripherals[base].read(address - base) & 0xFFFF_FFFF
        raise Fault(f"nothing is modelled at {address:08x}, which was read")

    def write(self, address, value):
        """Writes one."""
        for base in (address & ~0x3FF, address & ~0xFFF):
            if base in self.peripherals:
                return self.peripherals[base].write(address - base, value)
        raise Fault(f"nothing is modelled at {address:08x}, where {value:x} was written")

    def _read(self, _uc, offset, size, base):
        self.now += ACCESS
        word = self.read(base + (offset & ~3))
        return word >> 8 * (offset & 3) & ((1 << 8 * size) - 1)

    def _write(self, _uc, offset, size, value, base):
        self.now += ACCESS
        address = base + offset
        if size < 4:
            word, shift = self.read(address & ~3), 8 * (address & 3)
            mask = ((1 << 8 * size) - 1) << shift
            address, value = address & ~3, word & ~mask | value << shift & mask
        self.write(address, value)
