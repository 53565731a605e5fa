/*
 * Learns which of three things lies on the light sensors at A0 and A1, says when it is none of them, and still knows it when the power was off: a
 * button to ground at pin 2, 3 or 4 says which it is, and is held while it is learned; one at pin 5 takes the last label back. What it knows is in
 * the EEPROM, of which 1 kB is enough: that of the UNO R4, say. Where the EEPROM is a copy of flash (EEPROM.begin, EEPROM.commit), call these
 * as its library says.
 */

#include <EEPROM.h>
#include <GradientDecay.h>

namespace part = gradient_decay::part;

gradient_decay::Learner<3, 2, part::Discriminant, part::Novelty> learner;
gradient_decay::Store store;
uint8_t buffer[512];

/* The EEPROM as a flash: four pages of 256 bytes. */
int32_t readFlash(void *, uint32_t offset, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = EEPROM.read(offset + i);
    }
    return 0;
}

int32_t writeFlash(void *, uint32_t offset, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        EEPROM.write(offset + i, bytes[i]);
    }
    return 0;
}

int32_t eraseFlash(void *, uint32_t offset, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        EEPROM.write(offset + i, 0xff);
    }
    return 0;
}

void report(gradient_decay::Status status)
{
    if (status != gradient_decay::Status::ok) {
        Serial.println(gradient_decay::message(status));
    }
}

/* Saves in place of what was saved before; the first time, of whatever the EEPROM holds. */
void save()
{
    auto status = store.save(learner, buffer);
    if (status == gradient_decay::Status::foreign) {
        status = store.save(learner, buffer, GD_SAVE_ALL, true);
    }
    report(status);
}

void setup()
{
    Serial.begin(115200);
    for (int pin = 2; pin <= 5; pin++) {
        pinMode(pin, INPUT_PULLUP);
    }
    static const gd_flash flash = {nullptr, readFlash, writeFlash, eraseFlash, 1024};
    report(learner.set_readout(1.0f, 0.6f));
    report(store.init(flash, gd_pages_256, learner));
    /* The first time it says that nothing was saved, or that something else is there. */
    report(store.load(learner, buffer));
}

void loop()
{
    static float last[2];
    static int label = -1;
    const float features[2] = {analogRead(A0) / 256.0f - 2.0f, analogRead(A1) / 256.0f - 2.0f};
    for (int class_index = 0; class_index < 3; class_index++) {
        if (digitalRead(2 + class_index) == LOW) {
            report(learner.learn(features, class_index).status);
            last[0] = features[0];
            last[1] = features[1];
            label = class_index;
            save();
        }
    }
    if (digitalRead(5) == LOW && label >= 0) {
        report(learner.unlearn(last, label));
        label = -1;
        save();
    }
    auto answer = learner.predict(features);
    if (!answer) {
        report(answer.status);
    } else if (answer.value.reason == GD_FAR) {
        Serial.println("none of these");
    } else if (answer.value.reason == GD_BETWEEN) {
        Serial.println("hard to say");
    } else {
        Serial.println(answer.value.class_index);
    }
    delay(500);
}
