/*
 * Learns by heart which of two lights is on: two light sensors at A0 and A1, a button to ground at pin 2 for class 0 and one at pin 3
 * for class 1. Hold a button while its light is on; the answer goes to the serial monitor.
 */

#include <GradientDecay.h>

gradient_decay::Linear<2, 2> head;

void report(gradient_decay::Status status)
{
    if (status != gradient_decay::Status::ok) {
        Serial.println(gradient_decay::message(status));
    }
}

void setup()
{
    Serial.begin(115200);
    pinMode(2, INPUT_PULLUP);
    pinMode(3, INPUT_PULLUP);
    report(head.set_rate(0.2f));
    report(head.set_beta(0.1f, 1.0f, 50));
    report(head.set_readout(1.0f, 0.7f));
}

void loop()
{
    const float features[2] = {analogRead(A0) / 512.0f - 1.0f, analogRead(A1) / 512.0f - 1.0f};
    for (int class_index = 0; class_index < 2; class_index++) {
        if (digitalRead(2 + class_index) == LOW) {
            report(head.learn(features, class_index));
        }
    }
    auto answer = head.predict(features);
    report(answer.status);
    if (answer) {
        Serial.print(answer.value.known ? "class " : "unknown, perhaps class ");
        Serial.print(answer.value.class_index);
        Serial.print(", probability ");
        Serial.println(answer.value.probability);
    }
    delay(100);
}
