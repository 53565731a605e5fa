#include "sensor.h"

/* About normal: the sum of twelve uniform numbers has the variance 1. */
static float noise(sensor *from)
{
    float sum = 0.0f;
    for (int i = 0; i < 12; i++) {
        from->seed = from->seed * 1664525u + 1013904223u;
        sum += (float)(from->seed >> 8) / 16777216.0f - 0.5f;
    }
    return sum;
}

uint32_t read_sensor(sensor *from, float features[FEATURES])
{
    /* In degrees, %, ppm and dB. */
    static const float means[CLASSES][FEATURES] = {
        {20.2f, 41.0f, 450.0f, 32.0f}, {20.9f, 43.0f, 700.0f, 41.0f}, {22.1f, 47.0f, 1100.0f, 54.0f}};
    static const float deviations[FEATURES] = {0.5f, 2.0f, 90.0f, 4.0f};
    static const float typical[FEATURES] = {21.0f, 44.0f, 750.0f, 42.0f};
    static const float differ[FEATURES] = {1.0f, 3.0f, 280.0f, 10.0f};
    uint32_t class_index = from->readings++ % CLASSES;
    for (int i = 0; i < FEATURES; i++) {
        float reading = means[class_index][i] + deviations[i] * noise(from);
        features[i] = (reading - typical[i]) / differ[i];
    }
    return class_index;
}
