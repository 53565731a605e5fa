/* A flash under Zephyr's functions: a file of the folder, or all erased if there is none, so that what was saved is there in the next run. */

#include <stdio.h>
#include <string.h>

#include <zephyr/storage/flash_map.h>

#define PAGES 6
#define PAGE 4096

static uint8_t pages[PAGES * PAGE];
static const struct flash_area partition = {1, 0, sizeof pages};

int flash_area_open(uint8_t id, const struct flash_area **area)
{
    FILE *file = fopen("flash.bin", "rb");
    memset(pages, 0xff, sizeof pages);
    if (file) {
        size_t read = fread(pages, 1, sizeof pages, file);
        fclose(file);
        if (read != sizeof pages) {
            return -1;
        }
    }
    *area = &partition;
    return id == partition.fa_id ? 0 : -1;
}

static int save(void)
{
    FILE *file = fopen("flash.bin", "wb");
    size_t written = file ? fwrite(pages, 1, sizeof pages, file) : 0;
    return (file ? fclose(file) : -1) == 0 && written == sizeof pages ? 0 : -1;
}

int flash_area_read(const struct flash_area *area, off_t offset, void *to, size_t size)
{
    memcpy(to, pages + offset, size);
    return area->fa_size < (size_t)offset + size;
}

int flash_area_write(const struct flash_area *area, off_t offset, const void *from, size_t size)
{
    if (area->fa_size < (size_t)offset + size) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        /* As NOR does. */
        pages[(size_t)offset + i] &= ((const uint8_t *)from)[i];
    }
    return save();
}

int flash_area_erase(const struct flash_area *area, off_t offset, size_t size)
{
    if (area->fa_size < (size_t)offset + size || offset % PAGE != 0 || size % PAGE != 0) {
        return -1;
    }
    memset(pages + offset, 0xff, size);
    return save();
}
