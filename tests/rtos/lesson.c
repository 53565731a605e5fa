/*
 * The recipe on the host: it is asked before it has learned, taught three kinds of windows while it rehearses, asked again, and started
 * once more from what it has saved.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "FreeRTOS.h"

#include "gradient_decay.h"

enum { CLASSES = 3, FEATURES = 8, PARAMETERS = CLASSES * (FEATURES + 1), STEPS_A_LABEL = 1 + 4 };

void start(void);
void sensor_interrupt(void);

enum what { ASK, TEACH, TEACH_WRONG, PAUSE, END };

struct part {
    enum what what;
    int ticks;
};

static const struct part *part;
static int tick, burst, class_shown;
static int asked, right, taught, wrong, refused, loaded, saved;
static uint8_t flash[4 * PARAMETERS + GD_CHECKPOINT_EXTRA_BYTES];

static void check(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "not so: %s (asked %d, right %d, taught %d, refused %d of %d, loaded %d, saved %d)\n", what, asked,
                right, taught, refused, wrong, loaded, saved);
        exit(1);
    }
}

int16_t read_sensor(void)
{
    static uint32_t random = 1, samples;
    random = random * 1664525u + 1013904223u;
    int noise = (int)(random >> 24) - 128;
    return (int16_t)((int)(samples++ % FEATURES % CLASSES) == class_shown ? 900 + noise : 300 + noise);
}

int label(void)
{
    switch (part->what) {
    case TEACH:
        taught++;
        return class_shown;
    case TEACH_WRONG:
        wrong++;
        return CLASSES;
    default:
        return -1;
    }
}

void show(gd_status status, const gd_prediction *prediction)
{
    check(status == GD_OK, gd_message(status));
    asked++;
    right += prediction->class_index == (uint32_t)class_shown;
}

void report(const char *message)
{
    refused += strcmp(message, gd_message(GD_ERROR_CLASS)) == 0;
    loaded += strcmp(message, gd_message(GD_OK)) == 0;
}

bool load(uint8_t *bytes, size_t size)
{
    check(size == sizeof flash, "a checkpoint has the bytes that the header says");
    memcpy(bytes, flash, size);
    return saved > 0;
}

void save(const uint8_t *bytes, size_t size)
{
    check(size == sizeof flash, "a checkpoint has the bytes that the header says");
    memcpy(flash, bytes, size);
    saved++;
}

/* One to three windows of a class at once, of which the third finds no place and is lost. */
bool host_interrupt(void)
{
    if (part->what == END) {
        return false;
    }
    if (tick == part->ticks) {
        part++;
        tick = 0;
        return true;
    }
    tick++;
    if (part->what != PAUSE) {
        class_shown = (class_shown + 1) % CLASSES;
        burst = burst % 3 + 1;
        for (int i = 0; i < burst * FEATURES; i++) {
            sensor_interrupt();
        }
    }
    return true;
}

static void run(const struct part *lesson)
{
    part = lesson;
    tick = asked = right = 0;
    start();
}

int main(void)
{
    run((const struct part[]){{ASK, 9}, {END, 0}});
    check(asked > 9 && right < asked / 2, "it knows nothing before it has learned");
    check(loaded == 0 && saved == 0, "there is nothing to save");

    run((const struct part[]){{TEACH, 20}, {TEACH_WRONG, 1}, {PAUSE, 500}, {TEACH, 10}, {ASK, 30}, {END, 0}});
    check(taught > 30 && wrong > 0 && refused == wrong, "a class that there is not is refused");
    check(asked > 30 && right == asked, "what was taught is answered");
    check(saved == 2, "it is saved when there is nothing else to do");

    gd_trainer trainer;
    float parameters[PARAMETERS] = {0};
    uint32_t steps;
    check(gd_init(&trainer, parameters, PARAMETERS, CLASSES, FEATURES) == GD_OK, "gd_init");
    check(gd_checkpoint_read(&trainer, flash, sizeof flash) == GD_OK, "what is saved is a checkpoint");
    check(gd_get_steps(&trainer, &steps) == GD_OK && steps == (uint32_t)(taught * STEPS_A_LABEL), "each label is rehearsed");

    run((const struct part[]){{ASK, 30}, {END, 0}});
    check(loaded == 1 && saved == 2, "it starts from what is saved");
    check(asked > 30 && right == asked, "what was taught is answered after a start");
    printf("taught %d windows in %u steps; %d of %d answers right after a start\n", taught, steps, right, asked);
    return 0;
}
