/*
 * Prints the instructions of a label and of an answer of a head in integers and of a trainer, 64 -> 10, the most of some: for a Cortex-M in QEMU
 * under -icount shift=6, where an instruction takes 64 ns and a tick of the machine's SysTick 40.
 */

#include "../../examples/bare/lesson.h"

#define LABELS 8
#define PARAMETERS (CLASSES * (FEATURES + 1))

#define SYSTICK ((volatile uint32_t *)0xe000e010)

static gd_fixed head;
static uint32_t memory[GD_FIXED_BYTES(CLASSES, FEATURES) / 4];
static int8_t bytes[FEATURES];
static gd_trainer trainer;
static float parameters[PARAMETERS], scratch[2 * CLASSES], probabilities[CLASSES];

/* What the compiler must not know. */
static volatile uint32_t class_index;

static void label(void)
{
    check(gd_fixed_learn(&head, bytes, FEATURES, class_index, NULL));
}

static void answer(void)
{
    gd_fixed_prediction prediction;
    check(gd_fixed_predict(&head, bytes, FEATURES, NULL, 0, GD_FIXED_PROBABILITY(0.5), &prediction));
}

static void trainer_label(void)
{
    check(gd_learn(&trainer, features, FEATURES, class_index, scratch, 2 * CLASSES));
}

static void trainer_answer(void)
{
    gd_prediction prediction;
    check(gd_predict(&trainer, features, FEATURES, probabilities, CLASSES, &prediction));
}

static void nothing(void)
{
}

static uint32_t count(void (*work)(void))
{
    SYSTICK[2] = 0;
    /* It reloads at the tick after it was cleared. */
    while (SYSTICK[2] == 0) {
    }
    uint32_t start = SYSTICK[2];
    work();
    return ((start - SYSTICK[2]) & 0xffffff) * 5 / 8;
}

int main(void)
{
    void (*const works[])(void) = {label, answer, trainer_label, trainer_answer};
    static const char *const names[] = {"label ", "answer ", "trainer's label ", "trainer's answer "};
    uint32_t most[4] = {0};
    check(gd_fixed_init(&head, memory, sizeof memory, CLASSES, FEATURES, 5, 1));
    check(gd_init(&trainer, parameters, PARAMETERS, CLASSES, FEATURES));
    SYSTICK[1] = 0xffffff;
    /* By the processor's clock. */
    SYSTICK[0] = 5;
    for (uint32_t n = 1; n <= LABELS; n++) {
        class_index = sample(n);
        check(gd_fixed_quantize(&head, features, FEATURES, bytes));
        for (int i = 0; i < 4; i++) {
            uint32_t all = count(works[i]), none = count(nothing);
            if (all - none > most[i]) {
                most[i] = all - none;
            }
        }
    }
    for (int i = 0; i < 4; i++) {
        print_hex(names[i], most[i]);
    }
    end(1);
}
