/*
 * A partition of ESP-IDF as the flash of a gd_store, of gd_pages_4k: a data partition of your own in partitions.csv, three pages or more that nothing
 * else uses. `gd_flash flash = gd_partition(esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "learner"));`
 */
#ifndef GRADIENT_DECAY_PARTITION_H
#define GRADIENT_DECAY_PARTITION_H

#include "esp_partition.h"
#include "gradient_decay.h"

static inline int32_t gd_partition_read(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    return esp_partition_read((const esp_partition_t *)context, offset, bytes, count);
}

static inline int32_t gd_partition_write(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    return esp_partition_write((const esp_partition_t *)context, offset, bytes, count);
}

static inline int32_t gd_partition_erase(void *context, uint32_t offset, uint32_t count)
{
    return esp_partition_erase_range((const esp_partition_t *)context, offset, count);
}

/* The partition, which must not be null. */
static inline gd_flash gd_partition(const esp_partition_t *partition)
{
    gd_flash flash = {(void *)(uintptr_t)partition, gd_partition_read, gd_partition_write, gd_partition_erase, (uint32_t)partition->size};
    return flash;
}

#endif
