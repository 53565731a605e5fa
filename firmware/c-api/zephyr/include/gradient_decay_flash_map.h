/*
 * A partition of Zephyr's flash map as the flash of a gd_store; which of the gd_pages_... it has, the data sheet says.
 * `const struct flash_area *area; flash_area_open(FIXED_PARTITION_ID(storage_partition), &area); gd_flash flash = gd_flash_area(area);`
 */
#ifndef GRADIENT_DECAY_FLASH_MAP_H
#define GRADIENT_DECAY_FLASH_MAP_H

#include <zephyr/storage/flash_map.h>

#include "gradient_decay.h"

static inline int32_t gd_flash_area_read(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    return flash_area_read((const struct flash_area *)context, (off_t)offset, bytes, count);
}

static inline int32_t gd_flash_area_write(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    return flash_area_write((const struct flash_area *)context, (off_t)offset, bytes, count);
}

static inline int32_t gd_flash_area_erase(void *context, uint32_t offset, uint32_t count)
{
    return flash_area_erase((const struct flash_area *)context, (off_t)offset, count);
}

/* The partition, which must be open as long as the store is used. */
static inline gd_flash gd_flash_area(const struct flash_area *area)
{
    gd_flash flash = {(void *)(uintptr_t)area, gd_flash_area_read, gd_flash_area_write, gd_flash_area_erase, (uint32_t)area->fa_size};
    return flash;
}

#endif
