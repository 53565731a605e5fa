/*
 * The smallest program with a learner of some parts, whose size is measured: HEAD is DISCRIMINANT, LINEAR, NEIGHBOURS or MIXED, and each of STANDARDIZER, MEMORY,
 * HELD_OUT, NOVELTY, CALIBRATION, UNLEARN, CLASSES_CHANGE, CHECKPOINT and STORE adds what its name says.
 */

#include "gradient_decay.h"

#define CLASSES 4
#define FEATURES 24

#define KEPT_SLOTS_LINEAR 0
#define KEPT_SLOTS_DISCRIMINANT 0
#define KEPT_SLOTS_NEIGHBOURS 8
#define KEPT_SLOTS_MIXED 0
#define GD_HEAD_NEIGHBOURS_BYTES(classes, features) GD_HEAD_NEIGHBOURS_I8_BYTES(classes, features, KEPT_SLOTS_NEIGHBOURS)

#define PASTE(a, b, c) a##b##c
#define BYTES_OF(head) PASTE(GD_HEAD_, head, _BYTES)(CLASSES, FEATURES)

static gd_learner learner;
static uint64_t memory[GD_LEARNER_BYTES(BYTES_OF(HEAD)
#if defined(STANDARDIZER)
                                        + GD_PART_STANDARDIZER_BYTES(FEATURES)
#endif
#if defined(MEMORY)
                                        + GD_PART_MEMORY_I8_BYTES(CLASSES, FEATURES, 8)
#endif
#if defined(HELD_OUT)
                                        + GD_PART_MEMORY_I8_BYTES(CLASSES, FEATURES, 4) + GD_HELD_OUT_BYTES(CLASSES)
#endif
#if defined(NOVELTY)
                                        + GD_PART_NOVELTY_BYTES(CLASSES, FEATURES)
#endif
#if defined(CALIBRATION)
                                        + GD_PART_CALIBRATION_BYTES
#endif
                                            ) /
                       8];

/* As a sensor's and a flash's, nothing is known of them. */
extern volatile float sensor;
volatile float sensor;

#define DISCRIMINANT_HEAD gd_head_discriminant
#define LINEAR_HEAD gd_head_linear
#define NEIGHBOURS_HEAD gd_head_neighbours_i8
#define MIXED_HEAD gd_head_mixed
#define HEAD_OF(head) PASTE(head, _HE, AD)
#define KEPT_SLOTS_OF(head) PASTE(KEPT_, SLOTS_, head)

/* Its parameters are not counted: they lie in RAM that is zero. */
static float parameters[CLASSES * (FEATURES + 1)];
extern const gd_trained trained;
const gd_trained trained = {parameters, NULL, CLASSES};
#define TRAINED_LINEAR NULL
#define TRAINED_DISCRIMINANT NULL
#define TRAINED_NEIGHBOURS NULL
#define TRAINED_MIXED &trained
#define TRAINED_OF(head) PASTE(TRAI, NED_, head)

#if defined(STORE)
static int32_t read_flash(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    *bytes = (uint8_t)(sensor + (float)(offset + count));
    return context != 0;
}

static int32_t write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    sensor = (float)(*bytes + offset + count);
    return context != 0;
}

static int32_t erase_flash(void *context, uint32_t offset, uint32_t count)
{
    sensor = (float)(offset + count);
    return context != 0;
}
#endif

int main(void)
{
    static const gd_learner_config config = {
        .head = &HEAD_OF(HEAD),
        .trained = TRAINED_OF(HEAD),
        .classes = CLASSES,
        .features = FEATURES,
        .kept_slots = KEPT_SLOTS_OF(HEAD),
#if defined(STANDARDIZER)
        .standardizer = &gd_part_standardizer,
        .standardize_first = 30,
#endif
#if defined(MEMORY)
        .memory = &gd_part_memory_i8,
        .slots = 8,
#endif
#if defined(HELD_OUT)
        .held_out = &gd_part_memory_i8,
        .held_out_slots = 4,
#endif
#if defined(NOVELTY)
        .novelty = &gd_part_novelty,
#endif
#if defined(CALIBRATION)
        .calibration = &gd_part_calibration,
#endif
    };
    float features[FEATURES];
    gd_answer answer;
    gd_status status = gd_learner_init(&learner, &config, memory, sizeof memory);
    for (int i = 0; i < FEATURES; i++) {
        features[i] = sensor;
    }
#if defined(STANDARDIZER)
    status |= gd_learner_observe(&learner, features, FEATURES);
#endif
    status |= gd_learner_learn(&learner, features, FEATURES, (uint32_t)sensor, NULL);
    status |= gd_learner_predict(&learner, features, FEATURES, NULL, 0, &answer);
#if defined(MEMORY)
    status |= gd_learner_rehearse(&learner, 2, NULL);
#endif
#if defined(HELD_OUT)
    gd_verdict verdict;
    status |= gd_learner_judge(&learner, &verdict, NULL) | gd_learner_fit_temperature(&learner, 12);
#endif
#if defined(CALIBRATION)
    gd_calibration calibration;
    status |= gd_learner_get_calibration(&learner, &calibration);
#endif
#if defined(UNLEARN)
    status |= gd_learner_unlearn(&learner, features, FEATURES, (uint32_t)sensor);
#endif
#if defined(CLASSES_CHANGE)
    status |= gd_learner_add_class(&learner, NULL) | gd_learner_remove_class(&learner, (uint32_t)sensor);
#endif
#if defined(CHECKPOINT)
    static uint8_t saved[2048];
    status |= gd_learner_save(&learner, GD_SAVE_ALL, saved, sizeof saved) | gd_learner_load(&learner, saved, sizeof saved);
#endif
#if defined(STORE)
    static gd_store store;
    static uint8_t buffer[2048];
    static const gd_flash flash = {NULL, read_flash, write_flash, erase_flash, 16384};
    status |= gd_store_init(&store, &flash, &gd_pages_4k, &learner);
    status |= gd_store_save(&store, &learner, GD_SAVE_ALL, false, buffer, sizeof buffer);
    status |= gd_store_load(&store, &learner, buffer, sizeof buffer);
#endif
    sensor = answer.probability;
    return status;
}
