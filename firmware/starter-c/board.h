/* Text and the end of the program, by semihosting: QEMU or a debugger prints. On a board without one, put a serial port here. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void print(const char *text);
void print_number(uint32_t number);
/* Ends QEMU with exit code 0 if everything succeeded, otherwise 1. */
_Noreturn void finish(int good);

#endif
