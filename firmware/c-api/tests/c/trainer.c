/*
 * The smallest program with a trainer, whose size is measured: it is made, taught and asked. Each of RATE, OPTIMIZER, BETA, READOUT, CALIBRATION,
 * REPORT, REHEARSE and CHECKPOINT adds a call, and what that links.
 */

#include "gradient_decay.h"

#define CLASSES 4
#define FEATURES 24
#define PARAMETERS (CLASSES * (FEATURES + 1))

static gd_trainer trainer;
static float parameters[PARAMETERS], scratch[2 * CLASSES], probabilities[CLASSES];

/* As a sensor's, nothing is known of it. */
extern volatile float sensor;
volatile float sensor;

int main(void)
{
    float features[FEATURES];
    gd_prediction prediction;
    gd_status status = gd_init(&trainer, parameters, PARAMETERS, CLASSES, FEATURES);
#ifdef RATE
    status |= gd_set_rate(&trainer, sensor);
#endif
#ifdef OPTIMIZER
    status |= gd_set_optimizer(&trainer, sensor, sensor, sensor);
#endif
#ifdef BETA
    status |= gd_set_beta(&trainer, sensor, sensor, 100, sensor > 0.0f);
#endif
#ifdef READOUT
    status |= gd_set_readout(&trainer, sensor, sensor);
#endif
#ifdef CALIBRATION
    gd_calibration calibration;
    status |= gd_calibrate(&trainer);
#endif
    for (int i = 0; i < FEATURES; i++) {
        features[i] = sensor;
    }
#ifdef REPORT
    gd_step step;
    status |= gd_learn_reported(&trainer, features, FEATURES, (uint32_t)sensor, scratch, 2 * CLASSES, &step);
    sensor = step.loss;
#else
    status |= gd_learn(&trainer, features, FEATURES, (uint32_t)sensor, scratch, 2 * CLASSES);
#endif
#ifdef REHEARSE
    status |= gd_rehearse(&trainer, features, FEATURES, (uint32_t)sensor, scratch, 2 * CLASSES);
#endif
    status |= gd_predict(&trainer, features, FEATURES, probabilities, CLASSES, &prediction);
    sensor = prediction.probability;
#ifdef CALIBRATION
    status |= gd_get_calibration(&trainer, &calibration);
    sensor = calibration.ece;
#endif
#ifdef CHECKPOINT
    static uint8_t bytes[4 * PARAMETERS + GD_CHECKPOINT_EXTRA_BYTES];
    status |= gd_checkpoint_write(&trainer, bytes, sizeof bytes);
    status |= gd_checkpoint_read(&trainer, bytes, sizeof bytes);
#endif
    return status;
}
