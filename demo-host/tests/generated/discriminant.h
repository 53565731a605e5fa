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
#define GD_TUNED_REHEARSALS 0
/* The bytes of the learner's memory. */
#define GD_TUNED_BYTES \
    GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES) + \
                     GD_PART_STANDARDIZER_BYTES(GD_TUNED_FEATURES))

/* Makes the learner in GD_TUNED_BYTES bytes, at a multiple of 8. No class is in use: they come by gd_learner_add_class. The first 4 samples fix its units: gd_learner_observe. */
static inline gd_status gd_tuned_init(gd_learner *learner, void *memory, size_t size) {
    gd_learner_config config = {0};
    config.head = &gd_head_discriminant;
    config.standardizer = &gd_part_standardizer;
    config.standardize_first = 4;
    config.classes = config.unused = GD_TUNED_CLASSES;
    config.features = GD_TUNED_FEATURES;
    gd_status status = gd_learner_init(learner, &config, memory, size);
    if (status == GD_OK) {
        status = gd_learner_set_lda(learner, 16.0f, 0.5f, 0.001f, 4294967295u);
    }
    return status;
}

#endif
