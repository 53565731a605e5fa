/*
 * The head in integers, which does whatever it can do, and prints bits of it: those of the same lesson in Rust, in
 * firmware/c-api/tests/twin.rs.
 */

#include "lesson.h"

#define EXPONENT 5
#define PARAMETERS (CLASSES * (FEATURES + 1))

static gd_fixed head;
static uint32_t memory[GD_FIXED_BYTES(CLASSES, FEATURES) / 4];
static int8_t bytes[FEATURES];
static int32_t probabilities[CLASSES], logits[CLASSES];
static uint8_t saved[GD_FIXED_CHECKPOINT_BYTES(CLASSES, FEATURES)];
static gd_trainer trainer;
static float parameters[PARAMETERS];
static uint8_t checkpoint[4 * PARAMETERS + GD_CHECKPOINT_EXTRA_BYTES];

/* Sample number n in the head's format. */
static uint32_t sample_bytes(uint32_t n)
{
    uint32_t class_index = sample(n);
    check(gd_fixed_quantize(&head, features, FEATURES, bytes));
    return class_index;
}

static void print_head(const char *name)
{
    check(gd_fixed_save(&head, saved, sizeof saved));
    print_crc(name, saved, sizeof saved);
}

static void print_answers(void)
{
    uint32_t right = 0, known = 0;
    gd_fixed_prediction prediction, same;
    for (uint32_t n = 1001; n <= 1060; n++) {
        uint32_t class_index = sample_bytes(n);
        check(gd_fixed_predict(&head, bytes, FEATURES, probabilities, CLASSES, GD_FIXED_PROBABILITY(0.5), &prediction));
        right += prediction.class_index == class_index;
        known += prediction.known;
    }
    check(gd_fixed_predict(&head, bytes, FEATURES, NULL, 0, 0, &same));
    if (same.class_index != prediction.class_index || same.probability != prediction.probability) {
        end(0);
    }
    check(gd_fixed_logits(&head, bytes, FEATURES, logits, CLASSES));
    print_hex("right ", right);
    print_hex("known ", known);
    print_hex("probability ", (uint32_t)prediction.probability);
    print_hex("of the first class ", (uint32_t)probabilities[0]);
    print_hex("logit ", (uint32_t)logits[CLASSES - 1]);
}

void teach_in_integers(void)
{
    gd_fixed_step step;
    print("in integers\n");
    if (gd_fixed_bytes(CLASSES, FEATURES) != sizeof memory) {
        end(0);
    }
    check(gd_fixed_init(&head, memory, sizeof memory, CLASSES, FEATURES, EXPONENT, 7));
    check(gd_fixed_set_rate(&head, GD_FIXED_RATE(0.05)));
    /* From beta 0.1 to 1. */
    check(gd_fixed_set_ln_beta(&head, -150902, 0, 50));
    for (uint32_t n = 1; n <= 200; n++) {
        uint32_t class_index = sample_bytes(n);
        check(gd_fixed_learn(&head, bytes, FEATURES, class_index, &step));
        if (n % 50 == 0) {
            print_hex("loss ", (uint32_t)step.loss);
            print_hex("class ", step.class_index);
        }
    }
    print_head("taught ");
    print_answers();

    expect(gd_fixed_learn(&head, bytes, FEATURES, CLASSES, NULL), GD_ERROR_CLASS);
    expect(gd_fixed_learn(&head, bytes, FEATURES - 1, 0, NULL), GD_ERROR_LENGTH);
    expect(gd_fixed_learn(&head, (const int8_t *)memory, FEATURES, 0, NULL), GD_ERROR_POINTER);
    expect(gd_fixed_set_rate(&head, 0), GD_ERROR_RANGE);
    expect(gd_fixed_add_class(&head), GD_ERROR_NO_ROOM);

    /* In floats it is a trainer's, and comes back. */
    check(gd_fixed_export(&head, parameters, PARAMETERS));
    check(gd_init(&trainer, parameters, PARAMETERS, CLASSES, FEATURES));
    check(gd_checkpoint_write(&trainer, checkpoint, sizeof checkpoint));
    check(gd_fixed_remove_class(&head, 2));
    check(gd_fixed_set_steps(&head, 0));
    print_head("without a class ");
    print_answers();
    check(gd_fixed_add_class(&head));
    check(gd_fixed_import(&head, parameters, PARAMETERS));
    check(gd_fixed_set_steps(&head, 200));
    print_head("imported ");
    check(gd_fixed_init(&head, memory, sizeof memory, CLASSES, FEATURES, EXPONENT, 8));
    check(gd_fixed_load(&head, checkpoint, sizeof checkpoint));
    print_answers();
    check(gd_fixed_load(&head, saved, sizeof saved));
    print_hex("steps ", head.steps);
    sample_bytes(5);
    check(gd_fixed_learn(&head, bytes, FEATURES, 5, NULL));
    print_head("loaded ");
    saved[100] ^= 1;
    expect(gd_fixed_load(&head, saved, sizeof saved), GD_ERROR_CHECKPOINT);
}
