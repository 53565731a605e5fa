/*
 * gradient-decay from C, without an operating system and a C library: a head of 64 features and 10 classes learns 300 generated
 * samples, a discriminant the first 60 of them, learners with all parts, and a head in integers. For QEMU's mps2-an386, a Cortex-M4F, and others; it prints over
 * semihosting. The file expected.log has what it prints, which a test computes in Rust as well: the bits are the same.
 */

#include "lesson.h"

#define SAMPLES 300
#define FEW 60

static gd_trainer trainer;
static float parameters[CLASSES * (FEATURES + 1)];
static float probabilities[CLASSES];
static float scratch[2 * CLASSES];
static gd_discriminant discriminant;
static float numbers[GD_DISCRIMINANT_NUMBERS(CLASSES, FEATURES)];
static uint32_t counts[CLASSES];
static float work[GD_DISCRIMINANT_SCRATCH(CLASSES, FEATURES)];
static uint8_t saved[GD_DISCRIMINANT_CHECKPOINT_BYTES(CLASSES, FEATURES)];
static uint8_t checkpoint[4 * CLASSES * (FEATURES + 1) + GD_CHECKPOINT_EXTRA_BYTES];

static void print_calibration(const char *samples)
{
    gd_calibration calibration;
    check(gd_get_calibration(&trainer, &calibration));
    print(samples);
    print_hex("accuracy ", bits(calibration.accuracy));
    print(samples);
    print_hex("ece ", bits(calibration.ece));
}

static void init_discriminant(void)
{
    check(gd_discriminant_init(&discriminant, numbers, sizeof numbers / sizeof *numbers, counts, CLASSES, work,
                               sizeof work / sizeof *work, CLASSES, FEATURES));
}

/* The head that learns without a gradient, and takes labels back. */
static void teach_discriminant(void)
{
    init_discriminant();
    check(gd_discriminant_set(&discriminant, 16.0f, 0.5f, 0.001f, 50));
    for (uint32_t n = 1; n <= FEW; n++) {
        uint32_t class_index = sample(n);
        check(gd_discriminant_learn(&discriminant, features, FEATURES, class_index));
        if (n % 10 == 0) {
            /* A slip of the finger. */
            uint32_t other = (class_index + 1) % CLASSES;
            check(gd_discriminant_learn(&discriminant, features, FEATURES, other));
            check(gd_discriminant_unlearn(&discriminant, features, FEATURES, other));
        }
    }
    check(gd_discriminant_discount(&discriminant, 32.0f, 4));
    check(gd_discriminant_remove_class(&discriminant, CLASSES - 1));
    check(gd_discriminant_add_class(&discriminant));

    check(gd_discriminant_save(&discriminant, saved, sizeof saved));
    for (uint32_t i = 4; i > 0; i--) {
        print_hex("discriminant crc byte ", saved[sizeof saved - i]);
    }
    init_discriminant();
    check(gd_discriminant_load(&discriminant, saved, sizeof saved));

    uint32_t right = 0;
    gd_prediction prediction;
    for (uint32_t n = SAMPLES + 1; n <= SAMPLES + 100; n++) {
        uint32_t class_index = sample(n);
        check(gd_discriminant_predict(&discriminant, features, FEATURES, probabilities, CLASSES, 0.5f, &prediction));
        right += prediction.class_index == class_index;
    }
    print_hex("discriminant right of 100 ", right);
    print_hex("discriminant probability ", bits(prediction.probability));

    expect(gd_discriminant_learn(&discriminant, features, FEATURES, CLASSES), GD_ERROR_CLASS);
    expect(gd_discriminant_learn(&discriminant, work, FEATURES, 0), GD_ERROR_POINTER);
    expect(gd_discriminant_unlearn(&discriminant, features, FEATURES, CLASSES - 1), GD_ERROR_NOT_LEARNED);
    saved[100] ^= 1;
    expect(gd_discriminant_load(&discriminant, saved, sizeof saved), GD_ERROR_CHECKPOINT);
}

int main(void)
{
    check(gd_init(&trainer, parameters, sizeof parameters / sizeof *parameters, CLASSES, FEATURES));
    check(gd_set_optimizer(&trainer, 0.1f, 0.001f, 1.0f));
    check(gd_set_rate(&trainer, 0.05f)); /* of plain SGD again */
    check(gd_set_beta(&trainer, 0.01f, 1.0f, 150, true));
    check(gd_set_readout(&trainer, 1.0f, 0.5f));
    check(gd_calibrate(&trainer));

    gd_step step;
    for (uint32_t n = 1; n <= SAMPLES; n++) {
        uint32_t class_index = sample(n);
        if (n % 100 != 0) {
            check(gd_learn(&trainer, features, FEATURES, class_index, scratch, 2 * CLASSES));
        } else {
            check(gd_learn_reported(&trainer, features, FEATURES, class_index, scratch, 2 * CLASSES, &step));
            print_hex("loss ", bits(step.loss));
            print_hex("beta ", bits(step.beta));
        }
    }
    print_calibration("");

    /* Samples that it has not seen. */
    gd_prediction prediction;
    check(gd_calibrate(&trainer));
    for (uint32_t n = SAMPLES + 1; n <= SAMPLES + 100; n++) {
        uint32_t class_index = sample(n);
        check(gd_predict(&trainer, features, FEATURES, probabilities, CLASSES, &prediction));
        check(gd_record(&trainer, probabilities, CLASSES, class_index));
    }
    print_calibration("unseen ");

    /* What is wrong is refused, and changes nothing. */
    expect(gd_learn(&trainer, features, FEATURES - 1, 0, scratch, 2 * CLASSES), GD_ERROR_LENGTH);
    expect(gd_learn(&trainer, features, FEATURES, 0, scratch, CLASSES), GD_ERROR_LENGTH);
    expect(gd_learn_reported(&trainer, features, FEATURES, CLASSES, scratch, 2 * CLASSES, &step), GD_ERROR_CLASS);
    expect(gd_learn(&trainer, NULL, FEATURES, 0, scratch, 2 * CLASSES), GD_ERROR_POINTER);
    expect(gd_rehearse(&trainer, features, FEATURES, CLASSES, scratch, 2 * CLASSES), GD_ERROR_CLASS);
    expect(gd_set_beta(&trainer, -1.0f, 1.0f, 10, true), GD_ERROR_RANGE);

    /* A checkpoint brings the head back; its last four bytes are a CRC. */
    size_t size = gd_checkpoint_size(CLASSES, FEATURES);
    check(gd_checkpoint_write(&trainer, checkpoint, sizeof checkpoint));
    for (uint32_t i = 0; i < 4; i++) {
        print_hex("checkpoint crc byte ", checkpoint[size - 4 + i]);
    }
    check(gd_init(&trainer, parameters, sizeof parameters / sizeof *parameters, CLASSES, FEATURES));
    check(gd_checkpoint_read(&trainer, checkpoint, size));
    checkpoint[100] ^= 1;
    expect(gd_checkpoint_read(&trainer, checkpoint, size), GD_ERROR_CHECKPOINT);
    sample(1);
    check(gd_predict(&trainer, features, FEATURES, probabilities, CLASSES, &prediction));
    print_hex("probability ", bits(prediction.probability));

    teach_discriminant();
    teach_learners();
    teach_in_integers();
    end(1);
}
