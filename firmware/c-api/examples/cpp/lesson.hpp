/* Shared by the lessons. */
#ifndef LESSON_HPP
#define LESSON_HPP

#include <array>

#include "gradient_decay_fixed.hpp"
#include "gradient_decay_learner.hpp"

constexpr uint16_t CLASSES = 10;
constexpr uint16_t FEATURES = 64;

/* Sample number n, as in the example in C: its features, and its class, which is returned. */
extern std::array<float, FEATURES> features;
uint32_t sample(uint32_t n);

void print_hex(const char *name, uint32_t number);
void print_hex(const char *name, float number);
void expect(gradient_decay::Status status, gradient_decay::Status expected);
void check(gradient_decay::Status status);

/* The lesson of Learner, in learner.cpp. */
void teach_learners();

/* The lesson of Fixed, in integers.cpp. */
void teach_in_integers();

#endif
