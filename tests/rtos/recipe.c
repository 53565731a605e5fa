#include "FreeRTOS.h"
#include "queue.h"
#include "task.h"

#include "gradient_decay.h"

enum { CLASSES = 3, FEATURES = 8, PARAMETERS = CLASSES * (FEATURES + 1), KEPT = 12, REHEARSALS = 4, WINDOWS = 4 };

/* Yours: the sensor, the class that somebody says it is (-1: nobody does), what is shown and logged, and the flash. */
int16_t read_sensor(void);
int label(void);
void show(gd_status status, const gd_prediction *prediction);
void report(const char *message);
bool load(uint8_t *bytes, size_t size);
void save(const uint8_t *bytes, size_t size);

/* To the task that owns the trainer: features to learn, or a request for an answer. */
typedef struct {
    float features[FEATURES];
    int class_index;     /* -1 asks for an answer */
    QueueHandle_t place; /* where that goes: a queue of one */
} message;

typedef struct {
    gd_status status;
    gd_prediction prediction;
} answer;

static QueueHandle_t messages, filled;
static int16_t windows[WINDOWS][FEATURES];

/* The interrupt of the sensor fills a window and sends its index. */
void sensor_interrupt(void)
{
    static uint8_t window, samples;
    windows[window][samples++] = read_sensor();
    if (samples == FEATURES) {
        BaseType_t woken = pdFALSE;
        samples = 0;
        /* If those before have not been taken, it is filled anew. */
        if (xQueueSendFromISR(filled, &window, &woken) == pdTRUE) {
            window = (uint8_t)((window + 1) % WINDOWS);
        }
        portYIELD_FROM_ISR(woken);
    }
}

/* Makes features of windows and messages of features. Like every other task it leaves the trainer alone. */
static void sensing(void *unused)
{
    QueueHandle_t place = xQueueCreate(1, sizeof(answer));
    (void)unused;
    for (;;) {
        message now;
        uint8_t window;
        xQueueReceive(filled, &window, portMAX_DELAY);
        for (int i = 0; i < FEATURES; i++) {
            now.features[i] = (float)windows[window][i] / 1024.0f;
        }
        now.class_index = label();
        now.place = place;
        xQueueSend(messages, &now, portMAX_DELAY);
        if (now.class_index < 0) {
            answer got;
            xQueueReceive(place, &got, portMAX_DELAY);
            show(got.status, &got.prediction);
        }
    }
}

static gd_trainer trainer;
static float parameters[PARAMETERS], probabilities[CLASSES], scratch[2 * CLASSES];
static uint8_t checkpoint[4 * PARAMETERS + GD_CHECKPOINT_EXTRA_BYTES];
static message kept[KEPT]; /* the last that were learned */

/* Owns all of these. While there is no message it rehearses, one step at a time, and saves when that is done. */
static void training(void *unused)
{
    uint32_t learned = 0, rehearsed = 0, due = 0;
    bool changed = false;
    (void)unused;
    gd_init(&trainer, parameters, PARAMETERS, CLASSES, FEATURES);
    gd_set_beta(&trainer, 0.1f, 1.0f, 50, true);
    if (load(checkpoint, sizeof checkpoint)) {
        report(gd_message(gd_checkpoint_read(&trainer, checkpoint, sizeof checkpoint)));
    }
    for (;;) {
        message now;
        if (xQueueReceive(messages, &now, changed ? 0 : portMAX_DELAY) == pdTRUE) {
            if (now.class_index < 0) {
                answer made = {0};
                made.status = gd_predict(&trainer, now.features, FEATURES, probabilities, CLASSES, &made.prediction);
                xQueueOverwrite(now.place, &made);
                continue;
            }
            gd_status status = gd_learn(&trainer, now.features, FEATURES, (uint32_t)now.class_index, scratch,
                                        2 * CLASSES);
            if (status == GD_OK) {
                kept[learned++ % KEPT] = now;
                due += REHEARSALS;
                changed = true;
            } else {
                report(gd_message(status));
            }
        } else if (due > 0) {
            const message *old = &kept[rehearsed++ % (learned < KEPT ? learned : KEPT)];
            gd_rehearse(&trainer, old->features, FEATURES, (uint32_t)old->class_index, scratch, 2 * CLASSES);
            due--;
        } else {
            changed = false;
            if (gd_checkpoint_write(&trainer, checkpoint, sizeof checkpoint) == GD_OK) {
                save(checkpoint, sizeof checkpoint);
            }
        }
    }
}

/* Called by main, behind the clocks. Sensing goes before training. */
void start(void)
{
    messages = xQueueCreate(4, sizeof(message));
    filled = xQueueCreate(WINDOWS - 2, sizeof(uint8_t)); /* beside these one is being filled and one read */
    xTaskCreate(sensing, "sensing", 256, NULL, tskIDLE_PRIORITY + 2, NULL);
    xTaskCreate(training, "training", 512, NULL, tskIDLE_PRIORITY + 1, NULL);
    vTaskStartScheduler();
}
