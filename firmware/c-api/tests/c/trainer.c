/* The smallest program with a trainer, whose size is measured: it is made, taught and asked. */

#include "gradient_decay.h"

#define CLASSES 4
#define FEATURES 24

static gd_trainer trainer;
static float parameters[CLASSES * (FEATURES + 1)], scratch[2 * CLASSES], probabilities[CLASSES];

/* As a sensor's, nothing is known of it. */
extern volatile float sensor;
volatile float sensor;

int main(void)
{
    float features[FEATURES];
    gd_prediction prediction;
    gd_status status = gd_init(&trainer, parameters, CLASSES * (FEATURES + 1), CLASSES, FEATURES);
    for (int i = 0; i < FEATURES; i++) {
        features[i] = sensor;
    }
    status |= gd_learn(&trainer, features, FEATURES, (uint32_t)sensor, scratch, 2 * CLASSES, NULL);
    status |= gd_predict(&trainer, features, FEATURES, probabilities, CLASSES, &prediction);
    sensor = prediction.probability;
    return status;
}
