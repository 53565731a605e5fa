"""The boards' real images, unmodified, in emulators of their chips, on the signal of the app's simulation.

An emulator says nothing about silicon, but the image takes every path that the log names: drivers, interrupts, flash, serial port.
"""
