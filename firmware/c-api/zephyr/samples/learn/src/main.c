/*
 * A machine's vibrations under Zephyr: a discriminant learns four ways to run from fifteen labels of each, says what it does not know, and is kept
 * in the flash's partition `storage_partition`. Where you have a sensor, read_sensor reads it; here it makes vibrations up.
 */

#include <zephyr/kernel.h>
#include <zephyr/storage/flash_map.h>
#include <zephyr/sys/printk.h>

#include "gradient_decay.h"
#include "gradient_decay_flash_map.h"

#define CLASSES 4
#define FEATURES 8
#define LABELS 60
/* What the flash of the board has: see gradient_decay.h. */
#define PAGES gd_pages_4k

static gd_learner learner;
static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(CLASSES, FEATURES) + GD_PART_STANDARDIZER_BYTES(FEATURES) +
                                        GD_PART_NOVELTY_BYTES(CLASSES, FEATURES)) / 8];
static const gd_learner_config config = {
    .head = &gd_head_discriminant,
    .standardizer = &gd_part_standardizer,
    .standardize_first = 20,
    .novelty = &gd_part_novelty,
    .classes = CLASSES,
    .features = FEATURES,
};
static gd_store store;
static uint8_t buffer[2048];
static float features[FEATURES];

/* The energies in as many bands while the machine runs in one of the ways, with noise. */
static void read_sensor(uint32_t way)
{
    static uint32_t random = 1;
    for (int i = 0; i < FEATURES; i++) {
        random = random * 1664525u + 1013904223u;
        features[i] = (float)(random >> 16) / 65536.0f + (i / 2 == (int)way ? 6.0f : 3.0f);
    }
}

/* Says what failed. */
static int failed(const char *what, gd_status status)
{
    printk("%s: %s\n", what, gd_message(status));
    return 1;
}

static gd_status teach(void)
{
    gd_status status = GD_OK;
    /* The first samples, labelled or not, fix the units. */
    for (uint32_t n = 0; n < 20 && status == GD_OK; n++) {
        read_sensor(n % CLASSES);
        status = gd_learner_observe(&learner, features, FEATURES);
    }
    for (uint32_t n = 0; n < LABELS && status == GD_OK; n++) {
        read_sensor(n % CLASSES);
        status = gd_learner_learn(&learner, features, FEATURES, n % CLASSES, NULL);
    }
    return status;
}

int main(void)
{
    const struct flash_area *area;
    gd_answer answer;
    uint32_t right = 0, unknown = 0;

    if (flash_area_open(FIXED_PARTITION_ID(storage_partition), &area) != 0) {
        printk("There is no storage_partition\n");
        return 1;
    }
    gd_flash flash = gd_flash_area(area);
    gd_status status = gd_learner_init(&learner, &config, memory, sizeof memory);
    if (status == GD_OK) {
        status = gd_store_init(&store, &flash, &PAGES, &learner);
    }
    if (status != GD_OK) {
        return failed("init", status);
    }
    status = gd_store_load(&store, &learner, buffer, sizeof buffer);
    if (status == GD_OK) {
        printk("Loaded what was learned before\n");
    } else if (status == GD_ERROR_EMPTY || status == GD_ERROR_FOREIGN) {
        status = teach();
        if (status == GD_OK) {
            /* In place of whatever the partition held. */
            status = gd_store_save(&store, &learner, GD_SAVE_ALL, true, buffer, sizeof buffer);
        }
        if (status != GD_OK) {
            return failed("teach", status);
        }
        printk("Learned from %d labels and saved\n", LABELS);
    } else {
        return failed("load", status);
    }

    for (uint32_t n = 0; n < 60; n++) {
        read_sensor(n % CLASSES);
        status = gd_learner_predict(&learner, features, FEATURES, NULL, 0, &answer);
        if (status != GD_OK) {
            return failed("predict", status);
        }
        unknown += answer.reason != GD_KNOWN;
        right += answer.reason == GD_KNOWN && answer.class_index == n % CLASSES;
    }
    printk("Of 60 right: %d, unknown: %d\n", (int)right, (int)unknown);

    for (int i = 0; i < FEATURES; i++) {
        features[i] = 30.0f;
    }
    status = gd_learner_predict(&learner, features, FEATURES, NULL, 0, &answer);
    if (status == GD_OK) {
        printk("Like nothing it was taught: %s\n", answer.reason == GD_KNOWN ? "known" : "unknown");
    }
    return status == GD_OK ? 0 : failed("predict", status);
}
