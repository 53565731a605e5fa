/* Shared by the lessons. */
#ifndef LESSON_HPP
#define LESSON_HPP

#include "gradient_decay_learner.hpp"

constexpr uint16_t CLASSES = 10;
constexpr uint16_t FEATURES = 64;

void print_hex(const char *name, uint32_t number);
void print_hex(const char *name, float number);
void expect(gradient_decay::Status status, gradient_decay::Status expected);
void check(gradient_decay::Status status);

/* The lesson of Learner, in learner.cpp. */
void teach_learners();

#endif
