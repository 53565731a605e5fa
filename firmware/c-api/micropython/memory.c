/* What a host's C library has in it. */

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size)
{
    volatile uint8_t *t = to;
    for (const uint8_t *f = from; size > 0; size--) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    volatile uint8_t *t = to;
    const uint8_t *f = from;
    if (to < from) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        t[size] = f[size];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    for (volatile uint8_t *t = to; size > 0; size--) {
        *t++ = (uint8_t)byte;
    }
    return to;
}

int bcmp(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *x = a, *y = b;
    for (; size > 0; size--) {
        if (*x++ != *y++) {
            return 1;
        }
    }
    return 0;
}
