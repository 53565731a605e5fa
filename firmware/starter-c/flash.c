/*
 * A flash in RAM, which forgets when the power is off: put your maker's functions in place of what these three do. Each returns 0 once it is done.
 */

#include "flash.h"

/* Three pages: room for two checkpoints, and for a page that wears out. */
static uint8_t pages[3 * PAGE_BYTES];

static int32_t read(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = pages[offset + i];
    }
    return 0;
}

static int32_t write(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        pages[offset + i] = bytes[i];
    }
    return 0;
}

static int32_t erase(void *context, uint32_t offset, uint32_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        pages[offset + i] = 0xff;
    }
    return 0;
}

const gd_flash flash = {.read = read, .write = write, .erase = erase, .bytes = sizeof pages};
