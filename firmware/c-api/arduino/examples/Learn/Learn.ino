/*
 * Learns by heart which of two lights is on: two light sensors at A0 and A1, a button to ground at pin 2 for class 0 and one at pin 3
 * for class 1. Hold a button while its light is on; the answer goes to the serial monitor.
 */

#include <GradientDecay.h>

GradientDecay<2, 2> head;

void setup()
{
    Serial.begin(115200);
    pinMode(2, INPUT_PULLUP);
    pinMode(3, INPUT_PULLUP);
    head.begin(0.2f);
    head.warmUp(0.1f, 1.0f, 50);
    head.setThreshold(0.7f);
}

void loop()
{
    const float features[2] = {analogRead(A0) / 512.0f - 1.0f, analogRead(A1) / 512.0f - 1.0f};
    for (int class_index = 0; class_index < 2; class_index++) {
        if (digitalRead(2 + class_index) == LOW) {
            gd_status status = head.learn(features, class_index);
            if (status != GD_OK) {
                Serial.println(gd_message(status));
            }
        }
    }
    gd_prediction prediction;
    if (head.predict(features, prediction) == GD_OK) {
        Serial.print(prediction.known ? "class " : "unknown, perhaps class ");
        Serial.print(prediction.class_index);
        Serial.print(", probability ");
        Serial.println(prediction.probability);
    }
    delay(100);
}
