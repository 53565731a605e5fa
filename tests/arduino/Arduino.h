/* As much of Arduino's core as the example uses, so that it compiles and links here. */
#pragma once

#include <stdint.h>

enum { LOW = 0, INPUT_PULLUP = 2, A0 = 14, A1 = 15 };

inline void pinMode(int, int) {}
inline int digitalRead(int) { return 1; }
inline int analogRead(int pin) { return pin; }
inline void delay(unsigned long) {}

struct SerialPort {
    template <typename T> void print(T) {}
    template <typename T> void println(T) {}
    void begin(unsigned long) {}
};

static SerialPort Serial;

void setup();
void loop();

extern "C" int main()
{
    setup();
    loop();
    return 0;
}
