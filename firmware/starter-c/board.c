#include "board.h"

static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void print(const char *text)
{
    /* SYS_WRITE0 */
    semihosting(0x04, text);
}

void print_number(uint32_t number)
{
    char text[11], *digit = text + 10;
    *digit = 0;
    do {
        *--digit = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(digit);
}

_Noreturn void finish(int good)
{
    /* SYS_EXIT with ADP_Stopped_ApplicationExit, or an error. */
    semihosting(0x18, (const void *)(good ? 0x20026 : 0x20023));
    for (;;) {
    }
}
