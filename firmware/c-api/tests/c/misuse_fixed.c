/*
 * Random calls of every function of a head in integers, many of them wrong: as misuse.c, with what it says. The argument is the number of calls.
 */

#include "misuse.h"

#define CLASSES 3
#define FEATURES 9
#define PARAMETERS (CLASSES * (FEATURES + 1))
#define FUNCTIONS 14

/* All of the memory, so that whatever is written beside a buffer is seen. */
typedef struct {
    gd_fixed head;
    uint32_t memory[GD_FIXED_BYTES(CLASSES, FEATURES) / 4];
    int8_t features[FEATURES + 3];
    float floats[FEATURES];
    float parameters[PARAMETERS];
    int32_t numbers[CLASSES];
    gd_fixed_step step;
    gd_fixed_prediction prediction;
    uint8_t bytes[GD_FIXED_CHECKPOINT_BYTES(CLASSES, FEATURES)];
    /* What a pointer that goes wrong can point at without leaving this. */
    uint8_t rest[1024];
} memory;

static memory *now, before;

/* The buffer, or once in a while a pointer that must be refused. */
static void *pointer(void *right, size_t align)
{
    if (!once_in(12)) {
        return right;
    }
    wrong_argument = 1;
    switch (random32() % 4) {
    case 0:
        return NULL;
    case 1:
        return align > 1 ? (uint8_t *)right + 1 : NULL;
    case 2:
        return &now->head.classes;
    default:
        return now->memory + random32() % 8;
    }
}

static uint32_t class_index(void)
{
    return once_in(12) ? (once_in(2) ? CLASSES : UINT32_MAX - random32() % 3) : random32() % CLASSES;
}

static gd_status init(gd_fixed *head)
{
    uint32_t *memory = once_in(12) ? (wrong_argument = 1, once_in(2) ? NULL : (uint32_t *)((uint8_t *)now->memory + 1)) : now->memory;
    /* SIZE_MAX is more than there is, but not more than is asked for. */
    size_t size = byte_count(sizeof now->memory);
    wrong_argument = wrong_argument && (size < sizeof now->memory || memory != now->memory);
    uint16_t classes = once_in(12) ? 0 : CLASSES, features = once_in(12) ? 513 : FEATURES;
    uint32_t exponent = once_in(12) ? 8 : 5;
    wrong_argument = wrong_argument || classes == 0 || features > 512 || exponent > 7;
    return gd_fixed_init(head, memory, size, classes, features, exponent, random32());
}

static gd_status call_head(void)
{
    gd_fixed *head = once_in(40) ? NULL : &now->head;
    /* Room to work in: the numbers behind the biases. */
    may_change(now->memory + CLASSES, 8 * CLASSES, 1);
    if (function == 11) {
        may_change(now->bytes, sizeof now->bytes, 0);
        uint8_t *bytes = pointer(now->bytes, 1);
        return gd_fixed_save(head, bytes, byte_count(sizeof now->bytes));
    }
    if (function >= 6 && function <= 8) {
        int8_t *x = pointer(now->features, 1);
        size_t n = count(FEATURES), k = count(CLASSES);
        may_change(now->numbers, sizeof now->numbers, 1);
        int32_t *numbers = pointer(now->numbers, 4);
        if (function == 6) {
            return gd_fixed_logits(head, x, n, numbers, k);
        }
        gd_fixed_prediction *answer = pointer(&now->prediction, 4);
        may_change(&now->prediction, sizeof now->prediction, 0);
        int32_t threshold = once_in(12) ? (wrong_argument = 1, once_in(2) ? -1 : 32769) : (int32_t)(random32() % 32769);
        if (once_in(3)) {
            numbers = NULL, k = 0;
        }
        if (numbers == NULL && k == 0) {
            /* They are not asked for. */
            wrong_argument = x != now->features || n != FEATURES || answer != &now->prediction || threshold < 0 || threshold > 32768;
        }
        return gd_fixed_predict(head, x, n, numbers, k, threshold, answer);
    }
    if (function == 9) {
        may_change(now->features, FEATURES, 0);
        float *from = pointer(now->floats, 4);
        int8_t *to = pointer(now->features, 1);
        return gd_fixed_quantize(head, from, count(FEATURES), to);
    }
    if (function == 10) {
        may_change(now->parameters, sizeof now->parameters, 0);
        float *to = pointer(now->parameters, 4);
        return gd_fixed_export(head, to, count(PARAMETERS));
    }
    may_change(&now->head, sizeof now->head, 0);
    may_change(now->memory, sizeof now->memory, 0);
    switch (function) {
    case 0:
        return init(head);
    case 1: {
        uint32_t rate = once_in(12) ? (wrong_argument = 1, once_in(2) ? 0 : 32769) : random32() % 32768 + 1;
        return gd_fixed_set_rate(head, rate);
    }
    case 2: {
        int32_t ends[2] = {-150902, 0};
        if (once_in(8)) {
            wrong_argument = 1, ends[random32() % 2] = once_in(2) ? INT32_MIN : 917505;
        }
        return gd_fixed_set_ln_beta(head, ends[0], ends[1], random32() % 100);
    }
    case 3:
        return gd_fixed_set_steps(head, random32() % 100);
    case 4:
        return once_in(2) ? gd_fixed_add_class(head) : gd_fixed_remove_class(head, class_index());
    case 12: {
        float *from = pointer(now->parameters, 4);
        return gd_fixed_import(head, from, count(PARAMETERS));
    }
    case 13: {
        uint8_t *bytes = pointer(now->bytes, 1);
        return gd_fixed_load(head, bytes, byte_count(sizeof now->bytes));
    }
    default: {
        int8_t *x = pointer(now->features, 1);
        gd_fixed_step *step = once_in(2) ? NULL : pointer(&now->step, 4);
        may_change(&now->step, sizeof now->step, 0);
        size_t n = count(FEATURES);
        if (step == NULL) {
            wrong_argument = x != now->features || n != FEATURES;
        }
        return gd_fixed_learn(head, x, n, class_index(), step);
    }
    }
}

int main(int count_of_arguments, char **arguments)
{
    unsigned long calls = count_of_arguments > 1 ? strtoul(arguments[1], NULL, 10) : 100000, good = 0;
    unsigned seen[-GD_ERROR_WORN + 1] = {0};
    static const gd_status expected[] = {GD_OK,          GD_ERROR_POINTER, GD_ERROR_TRAINER, GD_ERROR_LENGTH,
                                         GD_ERROR_CLASS, GD_ERROR_RANGE,   GD_ERROR_SHORT,   GD_ERROR_NOT_FINITE,
                                         GD_ERROR_NO_ROOM, GD_ERROR_NO_CLASSES, GD_ERROR_CHECKPOINT};
    /* With guards of the sanitizer around it. */
    now = calloc(1, sizeof *now);
    if (!now) {
        return 1;
    }
    for (call = 0; call < calls; call++) {
        function = random32() % FUNCTIONS;
        for (int i = 0; i < FEATURES; i++) {
            now->features[i] = (int8_t)random32();
            now->floats[i] = number();
        }
        if (once_in(50)) {
            now->parameters[random32() % PARAMETERS] = number();
        }
        if (once_in(100)) {
            now->bytes[random32() % sizeof now->bytes] ^= 1;
        }
        if (once_in(2000)) {
            /* Somebody has written over it: it is refused until it is initialised. */
            memset(&now->head, 0, sizeof now->head);
        }
        change_count = wrong_argument = 0;
        memcpy(&before, now, sizeof before);
        gd_status status = call_head();
        compare(now, &before, sizeof before, status);
        see(status, seen);
        good += status == GD_OK;
    }
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (seen[-expected[i]] == 0) {
            fail("this status was never seen", expected[i]);
        }
    }
    printf("%lu calls, %lu of them good: nothing else was changed\n", calls, good);
    free(now);
    return 0;
}
