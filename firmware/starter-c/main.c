/* A device that learns: it improves with labelled samples, takes wrong labels back, saves what it learned, and still knows it after a reset. */

#include "board.h"
#include "flash.h"
#include "gradient_decay.h"
#include "sensor.h"

/* The learner's memory: all of it is here, and its size is known when this is compiled. */
static gd_learner learner;
static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(CLASSES, FEATURES)) / 8];
/* Its place in flash, and room to save and load. */
static gd_store store;
static uint8_t buffer[512];

/* Prints an error and ends the program. */
static void check(gd_status status)
{
    if (status != GD_OK) {
        print(gd_message(status));
        print("\n");
        finish(0);
    }
}

/* A learner that knows nothing: what is less probable than 0.6 is unknown. Parts come by a line here and their bytes above. */
static void begin(void)
{
    static const gd_learner_config config = {.head = &gd_head_discriminant, .classes = CLASSES, .features = FEATURES};
    check(gd_learner_init(&learner, &config, memory, sizeof memory));
    check(gd_learner_set_readout(&learner, 1.0f, 0.6f));
    check(gd_store_init(&store, &flash, &gd_pages_4k, &learner));
}

static void learn(const float *features, uint32_t class_index)
{
    check(gd_learner_learn(&learner, features, FEATURES, class_index, NULL));
}

/* How many of 300 other readings are answered rightly. */
static uint32_t right(const char *when)
{
    sensor other = {2, 0};
    float features[FEATURES];
    gd_answer answer;
    uint32_t right = 0;
    for (int i = 0; i < 300; i++) {
        uint32_t class_index = read_sensor(&other, features);
        check(gd_learner_predict(&learner, features, FEATURES, NULL, 0, &answer));
        right += answer.reason == GD_KNOWN && answer.class_index == class_index;
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
        learn(features, class_index);
    }
    uint32_t few = right("one label of each: ");

    for (int i = 0; i < 30; i++) {
        uint32_t class_index = read_sensor(&room, features);
        learn(features, class_index);
    }
    right("30 more: ");

    /* The last reading is learned ten times with a wrong label, and taken back. */
    for (int i = 0; i < 10; i++) {
        learn(features, 0);
    }
    right("ten wrong labels: ");
    for (int i = 0; i < 10; i++) {
        check(gd_learner_unlearn(&learner, features, FEATURES, 0));
    }
    uint32_t many = right("taken back: ");

    /* The first save goes in place of whatever the flash holds. */
    check(gd_store_save(&store, &learner, GD_SAVE_ALL, true, buffer, sizeof buffer));
    begin();
    check(gd_store_load(&store, &learner, buffer, sizeof buffer));
    uint32_t restored = right("after a reset: ");

    finish(many >= few && many > 280 && restored == many);
}
