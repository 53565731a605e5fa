/*
 * Written by a test.
 */
#ifndef GD_TUNED_H
#define GD_TUNED_H

#include "gradient_decay.h"
/* The trained head and what its training set says, as demo-host export writes them, with features in the same units. */
#include "head.h"
#include "prior.h"

/* Classes, and features of a sample. */
#define GD_TUNED_CLASSES 3
#define GD_TUNED_FEATURES 2
/* Steps on remembered samples after each label: gd_learner_rehearse. */
#define GD_TUNED_REHEARSALS 0
/* The bytes of the learner's memory. */
#define GD_TUNED_BYTES \
    GD_LEARNER_BYTES(GD_HEAD_MIXED_NEIGHBOURS_I8_BYTES(GD_TUNED_CLASSES, GD_TUNED_FEATURES, 10) + \
                     GD_PART_STANDARDIZER_BYTES(GD_TUNED_FEATURES))

#if HEAD_CLASSES != GD_TUNED_CLASSES || HEAD_FEATURES != GD_TUNED_FEATURES || PRIOR_CLASSES != GD_TUNED_CLASSES || \
    PRIOR_FEATURES != GD_TUNED_FEATURES
#error "head.h and prior.h must have the classes and features that were tuned for"
#endif

static const float gd_tuned_mean[GD_TUNED_FEATURES] = {0.25f, -3.0f};
static const float gd_tuned_deviation[GD_TUNED_FEATURES] = {1.0f, 20.5f};

/* Makes the learner in GD_TUNED_BYTES bytes, at a multiple of 8. All classes are in use. */
static inline gd_status gd_tuned_init(gd_learner *learner, void *memory, size_t size) {
    static const gd_trained trained = {head_parameters, NULL, HEAD_CLASSES};
    gd_learner_config config = {0};
    config.head = &gd_head_mixed_neighbours_i8;
    config.kept_slots = 10;
    config.seed = 1;
    config.standardizer = &gd_part_standardizer;
    config.standardize_first = 1;
    config.trained = &trained;
    config.classes = GD_TUNED_CLASSES;
    config.features = GD_TUNED_FEATURES;
    gd_status status = gd_learner_init(learner, &config, memory, size);
    if (status == GD_OK) {
        status = gd_learner_load(learner, prior_checkpoint, sizeof prior_checkpoint);
    }
    if (status == GD_OK) {
        status = gd_learner_set_units(learner, gd_tuned_mean, gd_tuned_deviation, GD_TUNED_FEATURES);
    }
    if (status == GD_OK) {
        status = gd_learner_set_lda(learner, 16.0f, 0.5f, 0.001f, 4294967295u);
    }
    return status;
}

#endif
