/*
 * Random calls of every function, many of them wrong in one way or another: null, crooked and overlapping pointers, counts and classes that are
 * wrong, numbers that are NaN or infinite, checkpoints that are damaged. After an error nothing may have changed but buffers to work in, and after a
 * success nothing but what the function is to change. Meant to be compiled with sanitizers. The argument is the number of calls.
 */

#include "misuse.h"

#define CLASSES 3
#define FEATURES 4
#define PARAMETERS (CLASSES * (FEATURES + 1))
#define ROOM 256
/* The first are those of a trainer. */
#define TRAINERS 16
#define FUNCTIONS 28

/* All of the memory, so that whatever is written beside a buffer is seen. */
typedef struct {
    gd_trainer trainer;
    float parameters[PARAMETERS];
    gd_discriminant head;
    float numbers[GD_DISCRIMINANT_NUMBERS(CLASSES, FEATURES)];
    uint32_t counts[CLASSES];
    float work[GD_DISCRIMINANT_SCRATCH(CLASSES, FEATURES)];
    float features[FEATURES];
    float probabilities[CLASSES];
    float scratch[2 * CLASSES];
    gd_prediction prediction;
    gd_step step;
    gd_calibration calibration;
    uint32_t steps;
    uint8_t bytes[4 * PARAMETERS + GD_CHECKPOINT_EXTRA_BYTES];
    uint8_t saved[GD_DISCRIMINANT_CHECKPOINT_BYTES(CLASSES, FEATURES)];
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
        if (align > 1) {
            return (uint8_t *)right + 1;
        }
        return NULL;
    case 2:
        return function < TRAINERS ? (void *)&now->trainer.words[random32() % 8] : (void *)((uint32_t *)&now->head + random32() % 4 * 2);
    default:
        return function < TRAINERS ? now->parameters + random32() % PARAMETERS : now->numbers + random32() % 16;
    }
}

static uint32_t class_index(void)
{
    return once_in(12) ? (once_in(2) ? CLASSES : UINT32_MAX - random32() % 3) : random32() % CLASSES;
}

static gd_status call_trainer(void)
{
    gd_trainer *t = once_in(40) ? NULL : &now->trainer;
    float *x = now->features, *to = now->probabilities, *work = now->scratch;
    size_t n, k;
    if (function == 0) {
        may_change(t, sizeof *t, 0);
        float *parameters = pointer(now->parameters, 4);
        /* Another's memory would be a good head's. */
        if (parameters >= now->parameters && ((uintptr_t)parameters & 3) == 0) {
            parameters = now->parameters, wrong_argument = 0;
        }
        n = count(PARAMETERS);
        return gd_init(t, parameters, n, once_in(12) ? 0 : CLASSES, once_in(12) ? UINT16_MAX : FEATURES);
    }
    if (function == 12) {
        may_change(&now->bytes, sizeof now->bytes, 0);
        uint8_t *bytes = pointer(now->bytes, 1);
        return gd_checkpoint_write(t, bytes, byte_count(sizeof now->bytes));
    }
    if (function != 5 && function != 10) {
        may_change(&now->trainer, sizeof now->trainer, 0);
    }
    switch (function) {
    case 1:
        return gd_set_optimizer(t, setting(0.05f), setting(0.001f), setting(1.0f));
    case 2:
        return gd_set_beta(t, setting(0.1f), setting(1.0f), random32() % 100, once_in(2));
    case 3:
        return gd_set_readout(t, setting(1.5f), setting(0.5f));
    case 4:
        return gd_set_steps(t, random32() % 100);
    case 5: {
        uint32_t *steps = pointer(&now->steps, 4);
        may_change(&now->steps, sizeof now->steps, 0);
        return gd_get_steps(t, steps);
    }
    case 6: {
        gd_prediction *answer = pointer(&now->prediction, 4);
        may_change(&now->prediction, sizeof *answer, 0);
        may_change(to, sizeof now->probabilities, 1);
        x = pointer(x, 4), n = count(FEATURES), to = pointer(to, 4), k = count(CLASSES);
        return gd_predict(t, x, n, to, k, answer);
    }
    case 7:
    case 8:
    case 13: {
        gd_step *step = function == 13 ? pointer(&now->step, 4) : NULL;
        may_change(&now->step, step ? sizeof *step : 0, 0);
        may_change(work, sizeof now->scratch, 1);
        may_change(now->parameters, sizeof now->parameters, 0);
        x = pointer(x, 4), n = count(FEATURES), work = pointer(work, 4), k = count((size_t)2 * CLASSES);
        uint32_t class = class_index();
        return function == 7   ? gd_learn(t, x, n, class, work, k)
               : function == 8 ? gd_rehearse(t, x, n, class, work, k)
                               : gd_learn_reported(t, x, n, class, work, k, step);
    }
    case 9:
        to = pointer(to, 4), k = count(CLASSES);
        return gd_record(t, to, k, class_index());
    case 10: {
        gd_calibration *calibration = pointer(&now->calibration, 4);
        may_change(&now->calibration, sizeof now->calibration, 0);
        return gd_get_calibration(t, calibration);
    }
    case 14:
        return gd_set_rate(t, setting(0.05f));
    case 15:
        return gd_calibrate(t);
    default: {
        may_change(now->parameters, sizeof now->parameters, 0);
        uint8_t *bytes = pointer(now->bytes, 1);
        return gd_checkpoint_read(t, bytes, byte_count(sizeof now->bytes));
    }
    }
}

static gd_status call_discriminant(void)
{
    gd_discriminant *head = once_in(40) ? NULL : &now->head;
    float *x = now->features, *to = now->probabilities;
    size_t n, k;
    may_change(now->work, sizeof now->work, 1);
    if (function == TRAINERS + 10) {
        may_change(now->saved, sizeof now->saved, 0);
        uint8_t *bytes = pointer(now->saved, 1);
        return gd_discriminant_save(head, bytes, byte_count(sizeof now->saved));
    }
    may_change(&now->head, sizeof now->head, 0);
    may_change(now->numbers, sizeof now->numbers, 0);
    may_change(now->counts, sizeof now->counts, 0);
    switch (function - TRAINERS) {
    case 0: {
        /* An array inside of another. */
        float *work = once_in(12) ? (wrong_argument = 1, now->numbers + random32() % 8) : now->work;
        n = count(GD_DISCRIMINANT_NUMBERS(CLASSES, FEATURES)), k = count(GD_DISCRIMINANT_SCRATCH(CLASSES, FEATURES));
        return gd_discriminant_init(head, now->numbers, n, now->counts, count(CLASSES), work, k, once_in(12) ? 0 : CLASSES,
                                    once_in(12) ? UINT16_MAX : FEATURES);
    }
    case 1:
        return gd_discriminant_set(head, setting(16.0f), setting(0.5f), setting(0.001f), random32() % 100);
    case 2:
    case 3:
    case 4:
    case 5: {
        x = pointer(x, 4), n = count(FEATURES);
        uint32_t class = class_index();
        return function < TRAINERS + 5 ? gd_discriminant_learn(head, x, n, class) : gd_discriminant_unlearn(head, x, n, class);
    }
    case 6: {
        gd_prediction *answer = pointer(&now->prediction, 4);
        may_change(&now->prediction, sizeof *answer, 0);
        may_change(to, sizeof now->probabilities, 1);
        x = pointer(x, 4), n = count(FEATURES), to = pointer(to, 4), k = count(CLASSES);
        return gd_discriminant_predict(head, x, n, to, k, setting(0.5f), answer);
    }
    case 7:
        return gd_discriminant_discount(head, setting(16.0f), random32() % 10);
    case 8:
        return gd_discriminant_add_class(head);
    case 9:
        return gd_discriminant_remove_class(head, class_index());
    default: {
        uint8_t *bytes = pointer(now->saved, 1);
        return gd_discriminant_load(head, bytes, byte_count(sizeof now->saved));
    }
    }
}

int main(int count_of_arguments, char **arguments)
{
    unsigned long calls = count_of_arguments > 1 ? strtoul(arguments[1], NULL, 10) : 100000, good = 0;
    unsigned seen[-GD_ERROR_WORN + 1] = {0};
    /* With guards of the sanitizer around it. */
    now = calloc(1, sizeof *now);
    if (!now) {
        return 1;
    }
    for (call = 0; call < calls; call++) {
        function = random32() % FUNCTIONS;
        for (int i = 0; i < FEATURES; i++) {
            now->features[i] = number();
        }
        if (once_in(100)) {
            now->bytes[random32() % sizeof now->bytes] ^= 1;
        }
        if (once_in(100)) {
            now->saved[random32() % sizeof now->saved] ^= 1;
        }
        if (once_in(2000)) {
            /* Somebody has written over it: what is no head's is refused until it is initialised. */
            if (once_in(2)) {
                memset(&now->trainer, 0, sizeof now->trainer);
            } else {
                memset(&now->head, 0, sizeof now->head);
            }
        }
        change_count = wrong_argument = 0;
        memcpy(&before, now, sizeof before);
        gd_status status = function < TRAINERS ? call_trainer() : call_discriminant();
        compare(now, &before, sizeof before, status);
        see(status, seen);
        good += status == GD_OK;
    }
    for (int status = 0; status >= GD_ERROR_SHORT; status--) {
        if (status != GD_ERROR_OTHER && seen[-status] == 0) {
            fail("this status was never seen", status);
        }
    }
    printf("%lu calls, %lu of them good: nothing else was changed\n", calls, good);
    free(now);
    return 0;
}
