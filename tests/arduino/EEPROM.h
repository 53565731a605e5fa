/* As much of Arduino's EEPROM library as the example uses. */
#pragma once

#include <stdint.h>

struct EepromBytes {
    uint8_t bytes[1024];

    uint8_t read(int index)
    {
        return bytes[index];
    }

    void write(int index, uint8_t value)
    {
        bytes[index] = value;
    }
};

static EepromBytes EEPROM;
