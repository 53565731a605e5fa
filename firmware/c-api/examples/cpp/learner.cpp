/* The lesson of examples/bare/learner.c by the class Learner: the same bits. */

#include <array>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <vector>

#include "lesson.hpp"

using gradient_decay::Learner;
using gradient_decay::Status;
using gradient_decay::Store;

namespace part = gradient_decay::part;

template <typename HEAD>
using All = Learner<CLASSES, FEATURES, HEAD, part::Standardizer<40>, part::Memory<3, 5>, part::FloatHeldOut<2>, part::Novelty,
                    part::Calibration, part::Unused<1>>;

static_assert(!std::is_copy_constructible_v<All<part::Linear>> && !std::is_move_constructible_v<Store>);
static_assert(Learner<4, 24, part::Linear>::bytes == GD_LEARNER_BYTES(GD_HEAD_LINEAR_BYTES(4, 24)));
static_assert(Learner<4, 24, part::FloatNeighbours<9>>::bytes == GD_LEARNER_BYTES(GD_HEAD_NEIGHBOURS_F32_BYTES(4, 24, 9)));

/* A trained head of two classes, which a class of its own mixes in. */
static const float trained[2 * (24 + 1)] = {};
static_assert(Learner<4, 24, part::Mixed<trained, 2>>::bytes == GD_LEARNER_BYTES(GD_HEAD_MIXED_BYTES(4, 24)));
static_assert(Learner<4, 24, part::FloatMixedNeighbours<trained, 2, 9>>::bytes ==
              GD_LEARNER_BYTES(GD_HEAD_MIXED_NEIGHBOURS_F32_BYTES(4, 24, 9)));

static uint8_t flash[18 * 4096];

static int32_t read_flash(void *, uint32_t offset, uint8_t *bytes, size_t count)
{
    std::memcpy(bytes, flash + offset, count);
    return 0;
}

static int32_t write_flash(void *, uint32_t offset, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        flash[offset + i] &= bytes[i];
    }
    return 0;
}

static int32_t erase_flash(void *, uint32_t offset, uint32_t count)
{
    std::memset(flash + offset, 0xff, count);
    return 0;
}

static const gd_flash callbacks = {nullptr, read_flash, write_flash, erase_flash, sizeof flash};

static uint32_t reading(uint32_t n)
{
    uint32_t state = n * 2654435769u | 1, class_index = n * 7 % CLASSES;
    for (uint32_t i = 0; i < FEATURES; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        float noise = static_cast<float>(state * 2654435761u >> 16) / 65536.0f;
        features[i] = i % CLASSES == class_index ? noise + 20.5f : noise + 20.0f;
    }
    return class_index;
}

template <typename LEARNER> static void set(LEARNER &learner)
{
    learner.reset();
    check(learner.set_readout(1.25f, 0.5f));
    check(learner.set_novelty(0.25f));
}

template <typename LEARNER> static std::vector<uint8_t> print_learner(const char *name, LEARNER &learner)
{
    auto [status, size] = learner.saved_bytes();
    check(status);
    std::vector<uint8_t> bytes(size);
    check(learner.save(bytes));
    uint32_t crc;
    std::memcpy(&crc, bytes.data() + size - 4, 4);
    print_hex(name, crc);
    return bytes;
}

template <typename LEARNER> static void print_answers(LEARNER &learner)
{
    uint32_t right = 0, reasons[3] = {};
    std::array<float, CLASSES> probabilities = {};
    float last = 0.0f;
    for (uint32_t n = 1001; n <= 1060; n++) {
        uint32_t class_index = reading(n);
        auto [status, answer] = learner.predict(features, probabilities);
        check(status);
        expect(learner.predict(features).value.reason == answer.reason ? Status::ok : Status::other, Status::ok);
        right += answer.class_index == class_index;
        reasons[answer.reason]++;
        last = answer.probability;
    }
    print_hex("right", right);
    print_hex("between", reasons[GD_BETWEEN]);
    print_hex("far", reasons[GD_FAR]);
    print_hex("probability", last);
    print_hex("of the first class", probabilities[0]);
}

template <typename LEARNER> static void teach(LEARNER &learner, bool gradient)
{
    set(learner);
    if (gradient) {
        check(learner.set_optimizer(0.1f, 0.001f, 2.0f));
        check(learner.set_beta(0.1f, 1.0f, 50, false));
    } else {
        check(learner.set_lda(20.0f, 0.75f, 0.002f, 40));
    }
    expect(learner.learn(features, 0).status, Status::units);
    for (uint32_t n = 1; n <= 40; n++) {
        reading(n);
        check(learner.observe(features));
    }
    print_hex("classes", learner.add_class().value + 1);
    expect(learner.add_class().status, Status::no_room);
    float loss = 0.0f;
    for (uint32_t n = 1; n <= 200; n++) {
        uint32_t class_index = reading(n);
        auto [status, step] = learner.learn(features, class_index);
        check(status);
        loss = step.loss;
        if (gradient) {
            check(learner.rehearse(2).status);
        } else if (n % 9 == 0) {
            class_index = (class_index + 1) % CLASSES;
            check(learner.learn(features, class_index).status);
            check(learner.unlearn(features, class_index));
        }
        if (n % 50 == 0) {
            gd_verdict verdict;
            float nats;
            check(gradient_decay::to_status(gd_learner_judge(learner.get(), &verdict, &nats)));
            print_hex("verdict", verdict);
            print_hex("loss", nats);
        }
    }
    print_hex("step", loss);
    print_learner("taught", learner);
    print_answers(learner);
    auto [status, calibration] = learner.calibration();
    check(status);
    print_hex("nll", calibration.nll);
    print_hex("ece", calibration.ece);
    check(learner.reset_calibration());
    check(learner.fit_temperature(12));
    print_hex("temperature", learner.state().temperature);
    print_hex("steps", learner.state().steps);

    static Store store;
    static uint8_t buffer[32016];
    check(store.init(callbacks, gd_pages_4k, learner));
    check(store.save(learner, buffer, GD_SAVE_ALL, true));
    std::vector<uint8_t> saved = print_learner("saved", learner);
    check(learner.remove_class(2));
    print_learner("without a class", learner);
    check(store.save(learner, buffer, GD_SAVE_NO_SAMPLES));
    check(learner.load(saved));
    learner.forget();
    print_learner("forgotten", learner);
    set(learner);
    check(store.init(callbacks, gd_pages_4k, learner));
    check(store.load(learner, buffer));
    print_learner("loaded", learner);
    check(store.forget());
    expect(store.load(learner, buffer), Status::empty);

    if (gradient) {
        check(learner.set_steps(7));
        expect(learner.discount(32.0f, 3), Status::part);
    } else {
        check(learner.discount(32.0f, 3));
    }
    std::array<float, FEATURES> mean, deviation;
    mean.fill(20.5f);
    deviation.fill(0.25f);
    check(learner.set_units(mean, deviation));
    print_answers(learner);
}

void teach_learners()
{
    static All<part::Linear> linear;
    static All<part::Discriminant> discriminant;
    static All<part::Neighbours<4, 5>> neighbours;
    std::printf("linear\n");
    teach(linear, true);
    std::printf("discriminant\n");
    teach(discriminant, false);
    std::printf("neighbours\n");
    teach(neighbours, false);
}
