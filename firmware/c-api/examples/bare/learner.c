/*
 * The learner: of each head one with all parts, which does whatever a learner can do, and prints bits of it: those of the same lesson in Rust,
 * in firmware/c-api/tests/twin.rs.
 */

#include "lesson.h"

#define ROOM CLASSES
#define SLOTS 3
#define KEPT 4
#define PAGE 4096
#define PAGES 18

#define ALL_PARTS                                                                                                                \
    (GD_PART_STANDARDIZER_BYTES(FEATURES) + GD_PART_MEMORY_I8_BYTES(ROOM, FEATURES, SLOTS) + GD_PART_NOVELTY_BYTES(ROOM, FEATURES) + \
     GD_PART_MEMORY_F32_BYTES(ROOM, FEATURES, 2) + GD_HELD_OUT_BYTES(ROOM) + GD_PART_CALIBRATION_BYTES)

/* The largest of the heads. */
static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_NEIGHBOURS_I8_BYTES(ROOM, FEATURES, KEPT) + ALL_PARTS) / 8];
static gd_learner learner;
static gd_store store;
static uint8_t saved[32000], printed[32000], buffer[32016];
static float probabilities[ROOM];

/* A flash in RAM. */
static uint8_t flash[PAGES * PAGE];

static int32_t read_flash(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    const uint8_t *from = (const uint8_t *)context + offset;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = from[i];
    }
    return 0;
}

static int32_t write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    uint8_t *to = (uint8_t *)context + offset;
    for (size_t i = 0; i < count; i++) {
        /* As NOR does. */
        to[i] &= bytes[i];
    }
    return 0;
}

static int32_t erase_flash(void *context, uint32_t offset, uint32_t count)
{
    uint8_t *to = (uint8_t *)context + offset;
    for (size_t i = 0; i < count; i++) {
        to[i] = 0xff;
    }
    return 0;
}

/* Reading number n: as a sample, far from 0, of noise in which no number follows from the one before. */
static uint32_t reading(uint32_t n)
{
    uint32_t state = n * 2654435769u | 1, class_index = n * 7 % CLASSES;
    for (int i = 0; i < FEATURES; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        float noise = (float)(state * 2654435761u >> 16) / 65536.0f;
        features[i] = (uint32_t)i % CLASSES == class_index ? noise + 20.5f : noise + 20.0f;
    }
    return class_index;
}

static void init(const gd_head *head)
{
    gd_learner_config config = {
        .head = head,
        .standardizer = &gd_part_standardizer,
        .memory = &gd_part_memory_i8,
        .held_out = &gd_part_memory_f32,
        .novelty = &gd_part_novelty,
        .calibration = &gd_part_calibration,
        .classes = ROOM,
        .features = FEATURES,
        .unused = 1,
        .kept_slots = head == &gd_head_neighbours_i8 ? KEPT : 0,
        .slots = SLOTS,
        .held_out_slots = 2,
        .held_out_every = 7,
        .margin = 0.1f,
        .standardize_first = 40,
        .seed = 5,
    };
    if (gd_learner_bytes(&config) > sizeof memory) {
        end(0);
    }
    check(gd_learner_init(&learner, &config, memory, sizeof memory));
    check(gd_learner_set_readout(&learner, 1.25f, 0.5f));
    check(gd_learner_set_novelty(&learner, 0.25f));
}

/* All that the learner knows. */
static void print_learner(const char *name)
{
    size_t size;
    check(gd_learner_saved_bytes(&learner, GD_SAVE_ALL, &size));
    check(gd_learner_save(&learner, GD_SAVE_ALL, printed, sizeof printed));
    print_crc(name, printed, size);
}

/* How it fares with samples that it has not seen. */
static void print_answers(void)
{
    uint32_t right = 0, reasons[3] = {0, 0, 0};
    gd_answer answer;
    for (uint32_t n = 1001; n <= 1060; n++) {
        uint32_t class_index = reading(n);
        check(gd_learner_predict(&learner, features, FEATURES, probabilities, ROOM, &answer));
        right += answer.class_index == class_index;
        reasons[answer.reason]++;
    }
    print_hex("right ", right);
    print_hex("between ", reasons[GD_BETWEEN]);
    print_hex("far ", reasons[GD_FAR]);
    print_hex("probability ", bits(answer.probability));
    print_hex("of the first class ", bits(probabilities[0]));
}

static void teach(const gd_head *head)
{
    int gradient = head == &gd_head_linear;
    gd_step step;
    uint32_t class_index, taken;
    init(head);
    if (gradient) {
        check(gd_learner_set_optimizer(&learner, 0.1f, 0.001f, 2.0f));
        check(gd_learner_set_beta(&learner, 0.1f, 1.0f, 50, false));
    } else {
        check(gd_learner_set_lda(&learner, 20.0f, 0.75f, 0.002f, 40));
    }
    class_index = reading(1);
    expect(gd_learner_learn(&learner, features, FEATURES, class_index, &step), GD_ERROR_UNITS);
    for (uint32_t n = 1; n <= 40; n++) {
        reading(n);
        check(gd_learner_observe(&learner, features, FEATURES));
    }
    check(gd_learner_add_class(&learner, &class_index));
    expect(gd_learner_add_class(&learner, NULL), GD_ERROR_NO_ROOM);
    print_hex("classes ", class_index + 1);
    for (uint32_t n = 1; n <= 200; n++) {
        class_index = reading(n);
        check(gd_learner_learn(&learner, features, FEATURES, class_index, &step));
        if (gradient) {
            check(gd_learner_rehearse(&learner, 2, &taken));
        } else if (n % 9 == 0) {
            /* A slip of the finger is taken back, whether it was learned or held out. */
            class_index = (class_index + 1) % CLASSES;
            check(gd_learner_learn(&learner, features, FEATURES, class_index, NULL));
            check(gd_learner_unlearn(&learner, features, FEATURES, class_index));
        }
        if (n % 50 == 0) {
            gd_verdict verdict;
            float loss;
            check(gd_learner_judge(&learner, &verdict, &loss));
            print_hex("verdict ", verdict);
            print_hex("loss ", bits(loss));
        }
    }
    print_hex("step ", bits(step.loss));
    print_learner("taught ");
    print_answers();

    gd_calibration calibration;
    check(gd_learner_get_calibration(&learner, &calibration));
    print_hex("nll ", bits(calibration.nll));
    print_hex("ece ", bits(calibration.ece));
    check(gd_learner_reset_calibration(&learner));
    expect(gd_learner_get_calibration(&learner, &calibration), GD_ERROR_EMPTY);
    gd_learner_state state;
    check(gd_learner_fit_temperature(&learner, 12));
    check(gd_learner_get_state(&learner, &state));
    print_hex("temperature ", bits(state.temperature));
    print_hex("steps ", state.steps);

    /* Whatever it knows comes back: from flash, and from bytes. */
    gd_flash callbacks = {flash, read_flash, write_flash, erase_flash, sizeof flash};
    check(gd_store_init(&store, &callbacks, &gd_pages_4k, &learner));
    check(gd_store_save(&store, &learner, GD_SAVE_ALL, true, buffer, sizeof buffer));
    print_learner("saved ");
    check(gd_learner_save(&learner, GD_SAVE_ALL, saved, sizeof saved));
    check(gd_learner_remove_class(&learner, 2));
    print_learner("without a class ");
    check(gd_store_save(&store, &learner, GD_SAVE_NO_SAMPLES, false, buffer, sizeof buffer));
    check(gd_learner_load(&learner, saved, sizeof saved));
    check(gd_learner_forget(&learner));
    print_learner("forgotten ");
    init(head);
    check(gd_store_init(&store, &callbacks, &gd_pages_4k, &learner));
    check(gd_store_load(&store, &learner, buffer, sizeof buffer));
    print_learner("loaded ");
    check(gd_store_forget(&store));
    expect(gd_store_load(&store, &learner, buffer, sizeof buffer), GD_ERROR_EMPTY);

    if (gradient) {
        check(gd_learner_set_steps(&learner, 7));
        expect(gd_learner_unlearn(&learner, features, FEATURES, 0), GD_ERROR_PART);
    } else {
        check(gd_learner_discount(&learner, 32.0f, 3));
        expect(gd_learner_rehearse(&learner, 1, NULL), GD_ERROR_PART);
    }
    float mean[FEATURES], deviation[FEATURES];
    for (int i = 0; i < FEATURES; i++) {
        mean[i] = 20.5f;
        deviation[i] = 0.25f;
    }
    check(gd_learner_set_units(&learner, mean, deviation, FEATURES));
    print_answers();
}

void teach_learners(void)
{
    print("linear\n");
    teach(&gd_head_linear);
    print("discriminant\n");
    teach(&gd_head_discriminant);
    print("neighbours\n");
    teach(&gd_head_neighbours_i8);
}
