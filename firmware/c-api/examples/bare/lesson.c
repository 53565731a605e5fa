/* The samples of the lessons, and their output by semihosting. */

#include "lesson.h"

float features[FEATURES];

/* Semihosting: SYS_WRITE0 prints a text, SYS_EXIT ends QEMU. */
#if defined(__riscv)
/* The three instructions must be in one page, and as long as here. */
__asm__(".section .text.semihosting,\"ax\"\n.option push\n.option norvc\n.balign 16\n.global semihosting\nsemihosting:\n"
        "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\nret\n.option pop\n"
        /* QEMU has loaded everything; what is before main. */
        ".section .text.start,\"ax\"\n.global reset\nreset:\nla sp, _stack_end\ncall main\n");
int semihosting(int operation, const void *argument);
#else
static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
#endif

void print(const char *text)
{
    semihosting(0x04, text);
}

void print_hex(const char *name, uint32_t number)
{
    char text[10];
    for (int i = 0; i < 8; i++) {
        text[i] = "0123456789abcdef"[(number >> (28 - 4 * i)) & 15];
    }
    text[8] = '\n';
    text[9] = 0;
    print(name);
    print(text);
}

uint32_t bits(float number)
{
    union {
        float number;
        uint32_t bits;
    } both = {number};
    return both.bits;
}

void print_crc(const char *name, const uint8_t *bytes, size_t size)
{
    print_hex(name, (uint32_t)bytes[size - 1] << 24 | (uint32_t)bytes[size - 2] << 16 | (uint32_t)bytes[size - 3] << 8 | bytes[size - 4]);
}

_Noreturn void end(int good)
{
    /* ADP_Stopped_ApplicationExit, or an error. */
    semihosting(0x18, (const void *)(good ? 0x20026 : 0x20023));
    for (;;) {
    }
}

/* Says what failed, and ends. */
void check(gd_status status)
{
    if (status != GD_OK) {
        print(gd_message(status));
        print("\n");
        end(0);
    }
}

void expect(gd_status status, gd_status expected)
{
    if (status != expected) {
        print("expected another status, not: ");
        print(gd_message(status));
        print("\n");
        end(0);
    }
}

/* By a linear congruential generator (Numerical Recipes). */
uint32_t sample(uint32_t n)
{
    uint32_t random = n;
    uint32_t class_index = (n * 7) % CLASSES;
    for (int i = 0; i < FEATURES; i++) {
        random = random * 1664525u + 1013904223u;
        float noise = (float)(random >> 16) / 65536.0f;
        features[i] = (uint32_t)i % CLASSES == class_index ? noise + 0.5f : noise;
    }
    return class_index;
}
