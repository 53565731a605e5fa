/* A simulated sensor. Replace it by yours. */
#ifndef SENSOR_H
#define SENSOR_H

#include <stdint.h>

enum {
    /* Temperature, humidity, CO2, noise. */
    FEATURES = 4,
    /* A room is empty, somebody works in it, or several people meet. */
    CLASSES = 3,
};

/* A room, with the seed of its noise. */
typedef struct {
    uint32_t seed, readings;
} sensor;

/*
 * Writes the next reading to `features` and returns its class. On a device the features come from the hardware, and the class from a button.
 * Features should have a mean near 0 and a standard deviation near 1: subtract the typical value, and divide by the typical deviation from it.
 */
uint32_t read_sensor(sensor *from, float features[FEATURES]);

#endif
