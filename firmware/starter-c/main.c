/* A device that learns: it improves with labelled samples, takes wrong labels back, saves what it learned, and still knows it after a reset. */

#include "board.h"
#include "gradient_decay.h"
#include "sensor.h"

/* All of the head's memory; its size is known at compile time. */
static gd_discriminant head;
static float numbers[GD_DISCRIMINANT_NUMBERS(CLASSES, FEATURES)];
static float work[GD_DISCRIMINANT_SCRATCH(CLASSES, FEATURES)];
static uint32_t counts[CLASSES];
/* A stand-in for a page of flash. */
static uint8_t saved[GD_DISCRIMINANT_CHECKPOINT_BYTES(CLASSES, FEATURES)];

/* Prints an error and ends the program. */
static void check(gd_status status)
{
    if (status != GD_OK) {
        print(gd_message(status));
        print("\n");
        finish(0);
    }
}

/* A new head. */
static void begin(void)
{
    check(gd_discriminant_init(&head, numbers, sizeof numbers / sizeof *numbers, counts, CLASSES, work,
                               sizeof work / sizeof *work, CLASSES, FEATURES));
}

/* The number of correct answers to 300 other readings; an answer with a probability below 0.6 is unknown. */
static uint32_t right(const char *when)
{
    sensor other = {2, 0};
    float features[FEATURES], probabilities[CLASSES];
    gd_prediction answer;
    uint32_t right = 0;
    for (int i = 0; i < 300; i++) {
        uint32_t class_index = read_sensor(&other, features);
        check(gd_discriminant_predict(&head, features, FEATURES, probabilities, CLASSES, 0.6f, &answer));
        right += answer.known && answer.class_index == class_index;
    }
    print(when);
    print_number(right);
    print(" of 300 right\n");
    return right;
}

int main(void)
{
    sensor room = {1, 0};
    float features[FEATURES];
    begin();
    for (int i = 0; i < CLASSES; i++) {
        uint32_t class_index = read_sensor(&room, features);
        check(gd_discriminant_learn(&head, features, FEATURES, class_index));
    }
    uint32_t few = right("one label of each: ");

    for (int i = 0; i < 30; i++) {
        uint32_t class_index = read_sensor(&room, features);
        check(gd_discriminant_learn(&head, features, FEATURES, class_index));
    }
    right("30 more: ");

    /* The last reading is learned ten times with a wrong label, and taken back. */
    for (int i = 0; i < 10; i++) {
        check(gd_discriminant_learn(&head, features, FEATURES, 0));
    }
    right("ten wrong labels: ");
    for (int i = 0; i < 10; i++) {
        check(gd_discriminant_unlearn(&head, features, FEATURES, 0));
    }
    uint32_t many = right("taken back: ");

    check(gd_discriminant_save(&head, saved, sizeof saved));
    print("saved: ");
    print_number(sizeof saved);
    print(" bytes\n");
    begin();
    check(gd_discriminant_load(&head, saved, sizeof saved));
    uint32_t restored = right("after a reset: ");

    finish(many >= few && many > 280 && restored == many);
}
