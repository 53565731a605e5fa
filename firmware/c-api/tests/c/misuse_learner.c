/*
 * Random calls of the functions of gd_learner and gd_store, many of them wrong in one way or another: null, crooked and overlapping pointers, counts,
 * classes and settings that are wrong, numbers that are NaN or infinite, checkpoints that are damaged, a flash that refuses. After an error the
 * learner must save to the same bytes as before, and nothing else may have changed but buffers to work in. Meant to be compiled with sanitizers.
 * The argument is the number of calls.
 */

#include <math.h>

#include "misuse.h"

#define CLASSES 3
#define FEATURES 4
#define SLOTS 2
#define TRAINED 2
#define PAGE 1024
#define PAGES 4
#define FUNCTIONS 29
#define MOST 1500
#define MEMORY                                                                                                                       \
    GD_LEARNER_BYTES(GD_HEAD_MIXED_NEIGHBOURS_F32_BYTES(CLASSES, FEATURES, SLOTS) + GD_PART_STANDARDIZER_BYTES(FEATURES) +               \
                     2 * GD_PART_MEMORY_F32_BYTES(CLASSES, FEATURES, SLOTS) + GD_HELD_OUT_BYTES(CLASSES) +                         \
                     GD_PART_NOVELTY_BYTES(CLASSES, FEATURES) + GD_PART_CALIBRATION_BYTES)

/* All of the memory but the learner's own, so that whatever is written beside a buffer is seen. */
typedef struct {
    gd_learner learner;
    gd_store store;
    gd_learner_config config;
    gd_trained trained;
    float features[FEATURES];
    float deviation[FEATURES];
    float probabilities[CLASSES];
    gd_answer answer;
    gd_step step;
    gd_calibration calibration;
    gd_learner_state state;
    uint32_t number;
    float loss;
    size_t size;
    uint8_t bytes[MOST];
    uint8_t buffer[MOST + 32];
    uint8_t flash[PAGES * PAGE];
} memory;

static memory *now, before;
static uint64_t *own;
static int refusing;

/* The buffer, or once in a while a pointer that must be refused. */
static void *pointer(void *right, size_t align)
{
    if (!once_in(16)) {
        return right;
    }
    wrong_argument = 1;
    switch (random32() % 4) {
    case 0:
        return NULL;
    case 1:
        return align > 1 ? (uint8_t *)right + 1 : NULL;
    case 2:
        return &now->learner;
    default:
        return own + random32() % (MEMORY / 8 / 2);
    }
}

/* The same of one that may be null. */
static void *maybe(void *right, size_t align)
{
    if (once_in(4)) {
        return NULL;
    }
    void *given = pointer(right, align);
    wrong_argument = given ? wrong_argument : 0;
    return given;
}

static int32_t read_flash(void *context, uint32_t offset, uint8_t *bytes, size_t count)
{
    memory *all = context;
    if (refusing && once_in(3)) {
        return -1;
    }
    memcpy(bytes, all->flash + offset, count);
    return 0;
}

static int32_t write_flash(void *context, uint32_t offset, const uint8_t *bytes, size_t count)
{
    memory *all = context;
    if (refusing && once_in(3)) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        all->flash[offset + i] &= bytes[i];
        if (refusing == 2) {
            all->flash[offset + i] &= 0x7f;
        }
    }
    return 0;
}

static int32_t erase_flash(void *context, uint32_t offset, uint32_t count)
{
    memory *all = context;
    if (refusing && once_in(3)) {
        return -1;
    }
    memset(all->flash + offset, 0xff, count);
    return 0;
}

/* A trained head of two classes, or once in a while one that must be refused. */
static const gd_trained *trained(void)
{
    static const float right[TRAINED * (FEATURES + 1)] = {1.0f, 0.5f, -0.25f, 0.0f, -1.0f, 0.25f, 0.5f, 0.0f, 0.125f, -0.5f};
    static const float infinite[TRAINED * (FEATURES + 1)] = {0.0f, INFINITY};
    static const uint8_t maps[3][CLASSES] = {{1, 255, 0}, {255, 255, 255}, {0, 1, TRAINED}};
    gd_trained *given = &now->trained;
    *given = (gd_trained){.parameters = right, .map = once_in(2) ? maps[random32() % 2] : NULL, .classes = TRAINED};
    if (once_in(20)) {
        wrong_argument = 1;
        switch (random32() % 5) {
        case 0:
            given->map = maps[2];
            break;
        case 1:
            given->parameters = infinite;
            break;
        case 2:
            given->classes = once_in(2) ? 0 : 255;
            break;
        case 3:
            given->map = (const uint8_t *)&now->learner;
            break;
        default:
            given->parameters = once_in(2) ? NULL : (const float *)(own + 1);
        }
    }
    before.trained = *given;
    return given;
}

static gd_status init_learner(gd_learner *l)
{
    static const gd_head *const heads[] = {&gd_head_linear,         &gd_head_discriminant,        &gd_head_mixed,
                                           &gd_head_neighbours_i8,  &gd_head_neighbours_f32,      &gd_head_mixed_neighbours_i8,
                                           &gd_head_mixed_neighbours_f32};
    uint32_t head = random32() % 7;
    int keeps = head > 2, mixes = head == 2 || head > 4;
    static const gd_memory *const memories[] = {NULL, &gd_part_memory_f32, &gd_part_memory_i8};
    gd_learner_config *config = &now->config;
    memset(config, 0, sizeof *config);
    config->head = heads[head];
    config->kept_slots = keeps ? SLOTS : 0;
    config->trained = mixes ? trained() : NULL;
    config->standardizer = once_in(2) ? &gd_part_standardizer : NULL;
    config->memory = memories[random32() % 3];
    config->held_out = memories[random32() % 3];
    config->novelty = once_in(2) ? &gd_part_novelty : NULL;
    config->calibration = once_in(2) ? &gd_part_calibration : NULL;
    config->classes = CLASSES;
    config->features = FEATURES;
    config->slots = config->held_out_slots = SLOTS;
    config->held_out_every = (uint16_t)(random32() % 5);
    config->unused = (uint16_t)(random32() % CLASSES);
    config->standardize_first = random32() % 6;
    config->seed = random32();
    if (once_in(30)) {
        wrong_argument = 1;
        switch (random32() % 6) {
        case 0:
            config->head = NULL;
            break;
        case 4:
            config->trained = mixes ? NULL : &now->trained;
            break;
        case 3:
            config->kept_slots = keeps ? 0 : SLOTS;
            break;
        case 1:
            config->classes = 0;
            break;
        case 2:
            config->unused = CLASSES + 1;
            break;
        default:
            config->margin = -1.0f;
        }
    }
    memcpy(&before.config, config, sizeof *config);
    size_t size = MEMORY, bytes = gd_learner_bytes(config);
    if (once_in(12)) {
        wrong_argument = 1;
        size = once_in(2) && bytes > 0 ? bytes - 1 : SIZE_MAX;
    }
    void *place = pointer(own, 8);
    /* Inside of its own memory it would be a good one. */
    if ((uint64_t *)place > own && ((uintptr_t)place & 7) == 0 && place != &now->learner) {
        place = (uint8_t *)own + 4;
    }
    may_change(l, l ? sizeof *l : 0, 0);
    return gd_learner_init(l, config, place, size);
}

static gd_status with_features(gd_learner *l)
{
    gd_step *step = maybe(&now->step, 4);
    gd_answer *answer = pointer(&now->answer, 4);
    float *x = pointer(now->features, 4), *p = maybe(now->probabilities, 4);
    size_t n = count(FEATURES);
    uint32_t class_index = once_in(12) ? UINT32_MAX - random32() % 3 : random32() % CLASSES;
    switch (function) {
    case 1:
    case 2:
    case 3:
        wrong_argument = wrong_argument && (x != now->features || n != FEATURES || (step && step != &now->step));
        may_change(&now->step, sizeof now->step, 0);
        return gd_learner_learn(l, x, n, class_index, step);
    case 4:
        wrong_argument = x != now->features || n != FEATURES;
        return gd_learner_unlearn(l, x, n, class_index);
    case 5:
        wrong_argument = x != now->features || n != FEATURES;
        return gd_learner_observe(l, x, n);
    default: {
        size_t k = p ? count(CLASSES) : 7;
        wrong_argument = x != now->features || n != FEATURES || answer != &now->answer || (p && (p != now->probabilities || k != CLASSES));
        may_change(now->probabilities, sizeof now->probabilities, 1);
        may_change(&now->answer, sizeof now->answer, 0);
        return gd_learner_predict(l, x, n, p, k, answer);
    }
    }
}

static gd_status with_bytes(gd_learner *l)
{
    uint32_t flags = once_in(12) ? (wrong_argument = 1, 4 + random32() % 9) : random32() % 4;
    if (function == 21) {
        size_t *size = pointer(&now->size, sizeof(size_t));
        may_change(&now->size, sizeof now->size, 0);
        return gd_learner_saved_bytes(l, flags, size);
    }
    if (function == 22) {
        uint8_t *bytes = pointer(now->bytes, 1);
        may_change(now->bytes, sizeof now->bytes, 0);
        return gd_learner_save(l, flags, bytes, once_in(12) ? (wrong_argument = 1, random32() % 12) : MOST);
    }
    wrong_argument = 0;
    uint8_t *bytes = pointer(now->bytes, 1);
    return gd_learner_load(l, bytes, once_in(12) ? (wrong_argument = 1, random32() % 12) : MOST);
}

static gd_status with_store(gd_learner *l)
{
    gd_store *store = once_in(20) ? NULL : &now->store;
    size_t size = once_in(12) ? random32() % 40 : sizeof now->buffer;
    uint8_t *buffer = once_in(20) ? (uint8_t *)own : now->buffer;
    refusing = once_in(4) ? 1 + (int)(random32() % 2) : 0;
    may_change(&now->store, sizeof now->store, 1);
    may_change(now->flash, sizeof now->flash, 1);
    may_change(now->buffer, sizeof now->buffer, 1);
    if (function == 24) {
        gd_flash flash = {now, read_flash, write_flash, once_in(20) ? NULL : erase_flash, once_in(20) ? PAGE * 2 - 32 : PAGES * PAGE};
        return gd_store_init(store, &flash, once_in(20) ? NULL : &gd_pages_1k, l);
    }
    if (function == 25 || function == 26) {
        return gd_store_save(store, l, random32() % 4, once_in(3), buffer, size);
    }
    if (function == 27) {
        return gd_store_load(store, l, buffer, size);
    }
    return gd_store_forget(store);
}

static gd_status call_learner(void)
{
    gd_learner *l = once_in(40) ? NULL : &now->learner;
    if (function == 0) {
        return init_learner(l);
    }
    if (function < 8) {
        return with_features(l);
    }
    if (function >= 24) {
        return with_store(l);
    }
    if (function >= 21) {
        return with_bytes(l);
    }
    uint32_t *number_to = maybe(&now->number, 4);
    switch (function) {
    case 8:
        may_change(&now->number, sizeof now->number, 0);
        return gd_learner_rehearse(l, random32() % 4, number_to);
    case 9:
        may_change(&now->number, sizeof now->number, 0);
        return gd_learner_add_class(l, number_to);
    case 10:
        wrong_argument = 0;
        return gd_learner_remove_class(l, random32() % (CLASSES + 1));
    case 11:
        wrong_argument = 0;
        return gd_learner_discount(l, setting(16.0f), random32() % 10);
    case 12:
        wrong_argument = 0;
        return once_in(4) ? gd_learner_forget(l) : gd_learner_set_steps(l, random32() % 100);
    case 13: {
        wrong_argument = 0;
        gd_learner_state *state = pointer(&now->state, 4);
        may_change(&now->state, sizeof now->state, 0);
        return gd_learner_get_state(l, state);
    }
    case 14: {
        wrong_argument = 0;
        gd_calibration *calibration = pointer(&now->calibration, 4);
        may_change(&now->calibration, sizeof now->calibration, 0);
        return gd_learner_get_calibration(l, calibration);
    }
    case 15: {
        wrong_argument = 0;
        gd_verdict *verdict = pointer(&now->number, 4);
        float *loss = maybe(&now->loss, 4);
        may_change(&now->number, sizeof now->number, 0);
        may_change(&now->loss, sizeof now->loss, 0);
        wrong_argument = verdict != &now->number || (loss && loss != &now->loss);
        return gd_learner_judge(l, verdict, loss);
    }
    case 16:
        wrong_argument = 0;
        return once_in(3) ? gd_learner_reset_calibration(l) : gd_learner_fit_temperature(l, random32() % 20);
    case 17:
        wrong_argument = 0;
        return gd_learner_set_lda(l, setting(16.0f), setting(0.5f), setting(0.001f), random32() % 100);
    case 18:
        wrong_argument = 0;
        return once_in(2) ? gd_learner_set_optimizer(l, setting(0.05f), setting(0.001f), setting(1.0f))
                          : gd_learner_set_beta(l, setting(0.1f), setting(1.0f), random32() % 100, once_in(2));
    case 19:
        wrong_argument = 0;
        return once_in(2) ? gd_learner_set_readout(l, setting(1.5f), setting(0.5f)) : gd_learner_set_novelty(l, setting(1.0f));
    default: {
        wrong_argument = 0;
        float *mean = pointer(now->features, 4);
        return gd_learner_set_units(l, mean, now->deviation, count(FEATURES));
    }
    }
}

/* All that the learner knows; zeros if it is none. */
static void know(uint8_t *to)
{
    memset(to, 0, MOST);
    gd_status status = gd_learner_save(&now->learner, GD_SAVE_ALL, to, MOST);
    if (status != GD_OK && status != GD_ERROR_TRAINER) {
        fail("what the learner knows cannot be saved", status);
    }
}

int main(int count_of_arguments, char **arguments)
{
    unsigned long calls = count_of_arguments > 1 ? strtoul(arguments[1], NULL, 10) : 100000, good = 0;
    unsigned seen[-GD_ERROR_WORN + 1] = {0};
    static uint8_t was[MOST], is[MOST];
    /* With guards of the sanitizer around them. */
    now = calloc(1, sizeof *now);
    own = calloc(MEMORY / 8, 8);
    if (!now || !own) {
        return 1;
    }
    for (call = 0; call < calls; call++) {
        function = once_in(4) ? 1 : random32() % FUNCTIONS;
        /* A learner that never learns is no test. */
        if (function == 0 && !once_in(20) && call > 0) {
            function = 6;
        }
        for (int i = 0; i < FEATURES; i++) {
            now->features[i] = number();
            now->deviation[i] = setting(0.5f);
        }
        if (once_in(60)) {
            now->bytes[random32() % sizeof now->bytes] ^= 1;
        }
        if (once_in(300)) {
            memset(now->flash, (int)random32(), sizeof now->flash);
        }
        if (once_in(2000)) {
            memset(once_in(2) ? (void *)&now->learner : (void *)&now->store, 0, sizeof(gd_learner));
            know(was);
        }
        change_count = wrong_argument = refusing = 0;
        memcpy(&before, now, sizeof before);
        gd_status status = call_learner();
        compare(now, &before, sizeof before, status);
        see(status, seen);
        know(is);
        if (status != GD_OK && memcmp(was, is, MOST) != 0) {
            fail("the learner must know what it knew", status);
        }
        memcpy(was, is, MOST);
        good += status == GD_OK;
    }
    for (int status = 0; status >= GD_ERROR_WORN; status--) {
        if (status != GD_ERROR_OTHER && seen[-status] == 0) {
            fail("this status was never seen", status);
        }
    }
    printf("%lu calls of a learner, %lu of them good: nothing else was changed\n", calls, good);
    free(own);
    free(now);
    return 0;
}
