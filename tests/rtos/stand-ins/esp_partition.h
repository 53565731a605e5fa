/* As much of ESP-IDF's header as the library's uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;

typedef struct {
    uint32_t address, size;
} esp_partition_t;

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *to, size_t size);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size);
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
