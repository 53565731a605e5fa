/* Tasks: the one of highest priority runs that does not wait. */
#ifndef TASK_H
#define TASK_H

#include "FreeRTOS.h"

#define tskIDLE_PRIORITY ((UBaseType_t)0)

typedef struct task *TaskHandle_t;
typedef void (*TaskFunction_t)(void *);

BaseType_t xTaskCreate(TaskFunction_t code, const char *name, uint16_t stack_words, void *argument, UBaseType_t priority,
                       TaskHandle_t *handle);

/* Returns when all tasks wait and no interrupt will come; the tasks are then gone. */
void vTaskStartScheduler(void);

#endif
