/* As much of Zephyr's header as the library's uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct flash_area {
    uint8_t fa_id;
    off_t fa_off;
    size_t fa_size;
};

#define FIXED_PARTITION_ID(label) 1

int flash_area_open(uint8_t id, const struct flash_area **area);
int flash_area_read(const struct flash_area *area, off_t offset, void *to, size_t size);
int flash_area_write(const struct flash_area *area, off_t offset, const void *from, size_t size);
int flash_area_erase(const struct flash_area *area, off_t offset, size_t size);
