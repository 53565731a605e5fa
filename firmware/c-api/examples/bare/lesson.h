/* Shared by the lessons: their samples, and how they print and end. */
#ifndef LESSON_H
#define LESSON_H

#include "gradient_decay.h"

#define CLASSES 10
#define FEATURES 64

/* The features that `sample` makes. */
extern float features[FEATURES];

/* Sample number n: noise, and more of it in the features of its class, which is returned. */
uint32_t sample(uint32_t n);

void print(const char *text);
void print_hex(const char *name, uint32_t number);
/* The last four bytes of a checkpoint, which are its CRC. */
void print_crc(const char *name, const uint8_t *bytes, size_t size);
uint32_t bits(float number);
_Noreturn void end(int good);

/* Says what failed, and ends. */
void check(gd_status status);
void expect(gd_status status, gd_status expected);

/* The lesson of gd_learner, in learner.c. */
void teach_learners(void);

/* The lesson of gd_fixed, in integers.c. */
void teach_in_integers(void);

#endif
