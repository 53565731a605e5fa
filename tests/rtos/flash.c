/* The flash of ESP-IDF and of Zephyr as a store's, over stand-ins whose memory is the partition: what is saved comes back. */

#include <stdlib.h>
#include <string.h>

#include "gradient_decay_flash_map.h"
#include "gradient_decay_partition.h"

#define PAGE 4096

static uint8_t pages[3 * PAGE];

int esp_partition_read(const esp_partition_t *partition, size_t offset, void *to, size_t size)
{
    return partition->size < offset + size || memcpy(to, pages + offset, size) != to;
}

int esp_partition_write(const esp_partition_t *partition, size_t offset, const void *from, size_t size)
{
    return partition->size < offset + size || memcpy(pages + offset, from, size) != pages + offset;
}

int esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    return partition->size < offset + size || memset(pages + offset, 0xff, size) != pages + offset;
}

int flash_area_read(const struct flash_area *area, off_t offset, void *to, size_t size)
{
    return area->fa_size < (size_t)offset + size || memcpy(to, pages + offset, size) != to;
}

int flash_area_write(const struct flash_area *area, off_t offset, const void *from, size_t size)
{
    return area->fa_size < (size_t)offset + size || memcpy(pages + offset, from, size) != pages + offset;
}

int flash_area_erase(const struct flash_area *area, off_t offset, size_t size)
{
    return area->fa_size < (size_t)offset + size || memset(pages + offset, 0xff, size) != pages + offset;
}

/* Teaches, saves, begins anew and loads: whether the answer is the same. */
static int comes_back(gd_flash flash)
{
    static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(2, 3)) / 8];
    static const gd_learner_config config = {.head = &gd_head_discriminant, .classes = 2, .features = 3};
    gd_learner learner;
    gd_store store;
    uint8_t buffer[512];
    gd_answer before, after;
    const float samples[2][3] = {{1.0f, 0.0f, 0.5f}, {-1.0f, 0.2f, 0.0f}};
    memset(pages, 0xff, sizeof pages);
    gd_status status = gd_learner_init(&learner, &config, memory, sizeof memory);
    status |= gd_learner_learn(&learner, samples[0], 3, 0, NULL) | gd_learner_learn(&learner, samples[1], 3, 1, NULL);
    status |= gd_learner_predict(&learner, samples[1], 3, NULL, 0, &before);
    status |= gd_store_init(&store, &flash, &gd_pages_4k, &learner);
    status |= gd_store_save(&store, &learner, GD_SAVE_ALL, false, buffer, sizeof buffer);
    status |= gd_learner_init(&learner, &config, memory, sizeof memory);
    status |= gd_store_load(&store, &learner, buffer, sizeof buffer);
    status |= gd_learner_predict(&learner, samples[1], 3, NULL, 0, &after);
    return status == GD_OK && before.class_index == 1 && after.class_index == 1 && before.probability == after.probability;
}

int main(void)
{
    const esp_partition_t partition = {0x9000, sizeof pages};
    const struct flash_area area = {1, 0, sizeof pages};
    return comes_back(gd_partition(&partition)) && comes_back(gd_flash_area(&area)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
