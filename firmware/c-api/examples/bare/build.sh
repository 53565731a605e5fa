#!/bin/sh
# Builds the example as target/bare.elf. Runs it:
#   qemu-system-arm -machine mps2-an386 -nographic -monitor none -serial none -chardev stdio,id=out \
#       -semihosting-config enable=on,target=native,chardev=out -kernel target/bare.elf
set -eu
cd "$(dirname "$0")/../.."
cargo rustc --release --crate-type staticlib --target thumbv7em-none-eabihf
arm-none-eabi-gcc -std=c11 -Wall -Wextra -Werror -Os -ffreestanding -ffp-contract=off \
    -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffunction-sections -fdata-sections \
    -nostdlib -Wl,--gc-sections,-z,noexecstack -T ../starter-c/mps2-an386.ld -I include \
    ../starter-c/start.c examples/bare/main.c examples/bare/lesson.c examples/bare/learner.c examples/bare/integers.c target/thumbv7em-none-eabihf/release/libgradient_decay_c.a -lgcc \
    -o target/bare.elf
