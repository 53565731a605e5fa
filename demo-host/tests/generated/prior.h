/* Made by demo-host of a test. Include it in one file. */

#ifndef GD_PRIOR_H
#define GD_PRIOR_H

#include <string.h>

#include "gradient_decay.h"

#define PRIOR_CLASSES 3
#define PRIOR_FEATURES 2

/* A checkpoint: gd_learner_load takes it, of a learner with gd_head_discriminant, or gd_head_mixed and a trained head of the same classes. */
static const uint8_t prior_checkpoint[140] = {
    71, 68, 99, 107, 2, 0, 2, 0, 140, 0, 0, 0, 16, 0, 0, 0, 104, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 128, 66, 0, 0, 128, 66, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 69, 80, 25, 61, 21, 116, 119, 61, 199,
    226, 148, 61, 0, 0, 224, 190, 205, 204, 172, 62, 0, 0, 16, 63, 51, 51, 35, 191, 0, 0, 200, 63, 102, 102,
    206, 191, 14, 93, 209, 188, 85, 62, 191, 60, 104, 82, 4, 61, 96, 143, 55, 189, 171, 169, 184, 61, 245, 94,
    231, 189, 38, 36, 28, 188, 91, 115, 191, 188, 194, 103, 37, 190, 5, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 125,
    5, 85, 206,
};

/* Puts it into a discriminant that gd_discriminant_init has made with room for PRIOR_CLASSES classes of PRIOR_FEATURES features. */
static inline gd_status prior_load(gd_discriminant *discriminant) {
    return gd_discriminant_load(discriminant, prior_checkpoint, sizeof prior_checkpoint);
}

#endif
