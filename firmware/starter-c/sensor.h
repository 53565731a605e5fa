/* The sensor: a simulated one, in whose place yours goes. */
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
 * The next reading, and what it is of: on a device the features come from the hardware, and the class from a button. Features should have a
 * mean near 0 and a deviation near 1: what is typical is subtracted, and they are divided by how much they differ.
 */
uint32_t read_sensor(sensor *from, float features[FEATURES]);

#endif
