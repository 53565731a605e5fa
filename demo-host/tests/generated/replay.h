/*
 * Written by a test.
 */
#ifndef GD_TUNED_H
#define GD_TUNED_H

#include "gradient_decay.h"

/* Classes, and features of a sample. */
#define GD_TUNED_CLASSES 3
#define GD_TUNED_FEATURES 2
/* Steps on remembered samples after each label: gd_learner_rehearse. */
#define GD_TUNED_REHEARSALS 4
/* The bytes of the learner's memory. */
#define GD_TUNED_BYTES \
    GD_LEARNER_BYTES(GD_HEAD_LINEAR_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES) + \
                     GD_PART_STANDARDIZER_BYTES(GD_TUNED_FEATURES) + \
                     GD_PART_MEMORY_I8_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES, 10))

static const float gd_tuned_mean[GD_TUNED_FEATURES] = {0.25f, -3.0f};
static const float gd_tuned_deviation[GD_TUNED_FEATURES] = {1.0f, 20.5f};

/* Makes the learner in GD_TUNED_BYTES bytes, at a multiple of 8. No class is in use: they come by gd_learner_add_class. */
static inline gd_status gd_tuned_init(gd_learner *learner, void *memory, size_t size) {
    gd_learner_config config = {0};
    config.head = &gd_head_linear;
    config.standardizer = &gd_part_standardizer;
    config.standardize_first = 1;
    config.memory = &gd_part_memory_i8;
    config.slots = 10;
    config.seed = 1;
    config.classes = config.unused = GD_TUNED_CLASSES;
    config.features = GD_TUNED_FEATURES;
    gd_status status = gd_learner_init(learner, &config, memory, size);
    if (status == GD_OK) {
        status = gd_learner_set_units(learner, gd_tuned_mean, gd_tuned_deviation, GD_TUNED_FEATURES);
    }
    if (status == GD_OK) {
        status = gd_learner_set_optimizer(learner, 0.05f, 0.0f, 0.0f);
    }
    if (status == GD_OK) {
        status = gd_learner_set_beta(learner, 1.0f, 1.0f, 0u, false);
    }
    return status;
}

#endif
