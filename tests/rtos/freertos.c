/* The stand-in for FreeRTOS. Tasks are contexts that are left in a queue's functions alone, so every run is the same. */
#define _XOPEN_SOURCE 700

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "queue.h"
#include "task.h"

enum { TASKS = 4, STACK_BYTES = 256 * 1024 };

struct queue {
    UBaseType_t length, item_size, first, count;
    unsigned char items[];
};

struct task {
    ucontext_t context;
    TaskFunction_t code;
    void *argument;
    UBaseType_t priority;
    bool waits;
};

static struct task tasks[TASKS];
static int count, current;
static ucontext_t scheduler;
static bool more;

/* Memory that a device would keep for ever. */
static void *keep(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (memory == NULL) {
        perror("calloc");
        exit(1);
    }
    return memory;
}

/* Lets others run; those that wait look again when a queue has changed. */
static void leave(bool waits)
{
    tasks[current].waits = waits;
    swapcontext(&tasks[current].context, &scheduler);
}

static void changed(void)
{
    for (int i = 0; i < count; i++) {
        tasks[i].waits = false;
    }
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_size)
{
    QueueHandle_t queue = keep(sizeof *queue + length * item_size);
    queue->length = length;
    queue->item_size = item_size;
    return queue;
}

BaseType_t xQueueSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken)
{
    if (queue->count == queue->length) {
        return pdFALSE;
    }
    UBaseType_t place = (queue->first + queue->count++) % queue->length;
    memcpy(queue->items + place * queue->item_size, item, queue->item_size);
    changed();
    *woken = pdTRUE;
    return pdTRUE;
}

BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t wait)
{
    BaseType_t woken;
    while (xQueueSendFromISR(queue, item, &woken) == pdFALSE) {
        if (wait == 0) {
            return pdFALSE;
        }
        leave(true);
    }
    /* The receiver runs first if its priority is higher. */
    leave(false);
    return pdTRUE;
}

BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item)
{
    queue->count = 0;
    return xQueueSend(queue, item, 0);
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t wait)
{
    if (queue->count == 0 && wait == 0) {
        more = host_interrupt();
        leave(false);
        if (queue->count == 0) {
            return pdFALSE;
        }
    }
    while (queue->count == 0) {
        leave(true);
    }
    memcpy(item, queue->items + queue->first * queue->item_size, queue->item_size);
    queue->first = (queue->first + 1) % queue->length;
    queue->count--;
    changed();
    return pdTRUE;
}

static void run(void)
{
    tasks[current].code(tasks[current].argument);
    fputs("a task has ended\n", stderr);
    exit(1);
}

BaseType_t xTaskCreate(TaskFunction_t code, const char *name, uint16_t stack_words, void *argument, UBaseType_t priority,
                       TaskHandle_t *handle)
{
    (void)name;
    (void)stack_words;
    if (count == TASKS) {
        return pdFALSE;
    }
    struct task *task = &tasks[count++];
    *task = (struct task){.code = code, .argument = argument, .priority = priority};
    getcontext(&task->context);
    task->context.uc_stack.ss_sp = keep(STACK_BYTES);
    task->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&task->context, run, 0);
    if (handle != NULL) {
        *handle = task;
    }
    return pdTRUE;
}

void vTaskStartScheduler(void)
{
    more = true;
    for (;;) {
        int next = -1;
        for (int i = 0; i < count; i++) {
            if (!tasks[i].waits && (next < 0 || tasks[i].priority > tasks[next].priority)) {
                next = i;
            }
        }
        if (next >= 0) {
            current = next;
            swapcontext(&scheduler, &tasks[next].context);
        } else if (more) {
            more = host_interrupt();
        } else {
            break;
        }
    }
    count = 0;
}
