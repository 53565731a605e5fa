/*
 * The smallest program with a head in integers, whose size is measured: CLASSES_CHANGE and CHECKPOINT each add what its name says.
 */

#include "gradient_decay.h"

#define CLASSES 4
#define FEATURES 24

static gd_fixed head;
static uint32_t memory[GD_FIXED_BYTES(CLASSES, FEATURES) / 4];

/* As a sensor's, nothing is known of it. */
extern volatile int8_t sensor;
volatile int8_t sensor;

int main(void)
{
    int8_t features[FEATURES];
    gd_fixed_prediction answer;
    gd_status status = gd_fixed_init(&head, memory, sizeof memory, CLASSES, FEATURES, 5, 1);
    status |= gd_fixed_set_rate(&head, GD_FIXED_RATE(0.05)) | gd_fixed_set_ln_beta(&head, -150902, 0, 50);
    for (int i = 0; i < FEATURES; i++) {
        features[i] = sensor;
    }
    status |= gd_fixed_learn(&head, features, FEATURES, (uint32_t)sensor, NULL);
    status |= gd_fixed_predict(&head, features, FEATURES, NULL, 0, GD_FIXED_PROBABILITY(0.5), &answer);
#if defined(CLASSES_CHANGE)
    status |= gd_fixed_add_class(&head) | gd_fixed_remove_class(&head, (uint32_t)sensor);
#endif
#if defined(CHECKPOINT)
    static uint8_t saved[GD_FIXED_CHECKPOINT_BYTES(CLASSES, FEATURES)];
    status |= gd_fixed_save(&head, saved, sizeof saved) | gd_fixed_load(&head, saved, sizeof saved);
#endif
    sensor = (int8_t)answer.probability;
    return status;
}
