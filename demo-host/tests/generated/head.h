/* Made by demo-host of a test. Include it in one file. */

#ifndef GD_HEAD_H
#define GD_HEAD_H

#include <string.h>

#include "gradient_decay.h"

#define HEAD_CLASSES 3
#define HEAD_FEATURES 2
#define HEAD_PARAMETERS (HEAD_CLASSES * (HEAD_FEATURES + 1))

/* The weights row by row (a row is a class), then the biases. */
static const float head_parameters[HEAD_PARAMETERS] = {
    1.5f, -0.25f, -1.0f, 0.75f, 0.125f, -0.5f, 0.1f, 0.0f, -0.2f,
};

/* Copies the head into `parameters`, HEAD_PARAMETERS floats in RAM, and makes a trainer of it. */
static inline gd_status head_init(gd_trainer *trainer, float *parameters) {
    memcpy(parameters, head_parameters, sizeof head_parameters);
    return gd_init(trainer, parameters, HEAD_PARAMETERS, HEAD_CLASSES, HEAD_FEATURES);
}

#endif
