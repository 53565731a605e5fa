/* As much of FreeRTOS as the recipe uses, for the host: the tasks take turns on one thread. */
#ifndef FREERTOS_H
#define FREERTOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;

#define pdFALSE ((BaseType_t)0)
#define pdTRUE ((BaseType_t)1)
#define portMAX_DELAY ((TickType_t)0xffffffffu)
#define portYIELD_FROM_ISR(woken) ((void)(woken))

/* The lesson's: what interrupts do while nobody has anything to do, or one task looks for more. False: nothing any more. */
bool host_interrupt(void);

#endif
