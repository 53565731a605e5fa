/*
 * gradient-decay from C++, on a host: the lessons of the bare example in C, by the classes of the C++ headers. They print the same bits,
 * those of examples/bare/expected.log.
 */

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "lesson.hpp"

using gradient_decay::Discriminant;
using gradient_decay::Linear;
using gradient_decay::message;
using gradient_decay::Span;
using gradient_decay::Status;

constexpr uint32_t SAMPLES = 300;
constexpr uint32_t FEW = 60;

using Head = Linear<CLASSES, FEATURES>;
using Few = Discriminant<CLASSES, FEATURES>;

static_assert(!std::is_copy_constructible_v<Head> && !std::is_move_constructible_v<Head>);
static_assert(!std::is_copy_assignable_v<Few> && !std::is_move_assignable_v<Few>);
static_assert(std::is_convertible_v<std::array<float, 2> &, Span<float>>);
static_assert(std::is_convertible_v<const std::array<float, 2> &, Span<const float>>);
static_assert(std::is_convertible_v<float (&)[2], Span<const float>>);
static_assert(!std::is_convertible_v<const std::array<float, 2> &, Span<float>>);
static_assert(!std::is_convertible_v<std::array<double, 2> &, Span<const float>>);

static Head head;
static Few few;
std::array<float, FEATURES> features;
static uint8_t checkpoint[Head::checkpoint_bytes];
static std::array<uint8_t, Few::checkpoint_bytes> saved;

void print_hex(const char *name, uint32_t number)
{
    std::printf("%s %08x\n", name, static_cast<unsigned>(number));
}

void print_hex(const char *name, float number)
{
    uint32_t bits;
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&bits, &number, sizeof bits);
    print_hex(name, bits);
}

/* Says what was returned if it is not what is expected, and ends. */
void expect(Status status, Status expected)
{
    if (status != expected) {
        std::printf("unexpected: %s\n", message(status));
        std::exit(1);
    }
}

void check(Status status)
{
    expect(status, Status::ok);
}

uint32_t sample(uint32_t n)
{
    uint32_t random = n;
    uint32_t class_index = (n * 7) % CLASSES;
    for (uint32_t i = 0; i < FEATURES; i++) {
        random = random * 1664525u + 1013904223u;
        float noise = static_cast<float>(random >> 16) / 65536.0f;
        features[i] = i % CLASSES == class_index ? noise + 0.5f : noise;
    }
    return class_index;
}

static void print_calibration(const char *accuracy, const char *ece)
{
    auto [status, calibration] = head.calibration();
    check(status);
    print_hex(accuracy, calibration.accuracy);
    print_hex(ece, calibration.ece);
}

static void teach_few()
{
    check(few.set(16.0f, 0.5f, 0.001f, 50));
    for (uint32_t n = 1; n <= FEW; n++) {
        uint32_t class_index = sample(n);
        check(few.learn(features, class_index));
        if (n % 10 == 0) {
            /* A slip of the finger. */
            uint32_t other = (class_index + 1) % CLASSES;
            check(few.learn(features, other));
            check(few.unlearn(features, other));
        }
    }
    check(few.discount(32.0f, 4));
    check(few.remove_class(CLASSES - 1));
    check(few.add_class());

    check(few.save(saved));
    for (size_t i = saved.size() - 4; i < saved.size(); i++) {
        print_hex("discriminant crc byte", uint32_t{saved[i]});
    }
    few.reset();
    expect(few.predict(features).status, Status::no_classes);
    check(few.load(saved));

    uint32_t right = 0;
    gd_prediction last = {};
    for (uint32_t n = SAMPLES + 1; n <= SAMPLES + 100; n++) {
        uint32_t class_index = sample(n);
        auto [status, prediction] = few.predict(features, 0.5f);
        check(status);
        expect(few.probabilities()[prediction.class_index] == prediction.probability ? Status::ok : Status::other, Status::ok);
        right += prediction.class_index == class_index;
        last = prediction;
    }
    print_hex("discriminant right of 100", right);
    print_hex("discriminant probability", last.probability);
    expect(few.classes() == CLASSES && few.labels() == 0 && few.counts()[0] == 4 ? Status::ok : Status::other, Status::ok);

    expect(few.learn(features, CLASSES), Status::class_index);
    expect(few.learn({few.probabilities().data(), 1}, 0), Status::length);
    expect(few.unlearn(features, CLASSES - 1), Status::not_learned);
    expect(few.add_class(), Status::no_room);
    saved[100] ^= 1;
    expect(few.load(saved), Status::checkpoint);
}

int main()
{
    check(head.set_optimizer(0.1f, 0.001f, 1.0f));
    check(head.set_rate(0.05f)); /* of plain SGD again */
    check(head.set_beta(0.01f, 1.0f, 150));
    check(head.set_readout(1.0f, 0.5f));
    head.calibrate();

    for (uint32_t n = 1; n <= SAMPLES; n++) {
        uint32_t class_index = sample(n);
        if (n % 100 != 0) {
            check(head.learn(features, class_index));
        } else {
            auto [status, step] = head.learn_reported(features, class_index);
            check(status);
            print_hex("loss", step.loss);
            print_hex("beta", step.beta);
        }
    }
    print_calibration("accuracy", "ece");

    /* Samples that it has not seen. */
    head.calibrate();
    expect(head.calibration().status, Status::empty);
    for (uint32_t n = SAMPLES + 1; n <= SAMPLES + 100; n++) {
        uint32_t class_index = sample(n);
        check(head.predict(features).status);
        check(head.record(head.probabilities(), class_index));
    }
    print_calibration("unseen accuracy", "unseen ece");

    /* What is wrong is refused, and changes nothing. */
    expect(head.learn({features.data(), FEATURES - 1}, 0), Status::length);
    expect(head.learn_reported(features, CLASSES).status, Status::class_index);
    expect(head.learn({nullptr, FEATURES}, 0), Status::pointer);
    expect(head.rehearse(features, CLASSES), Status::class_index);
    expect(head.set_beta(-1.0f, 1.0f, 10), Status::range);
    expect(head.set_beta(0.0f), Status::range);
    std::array<float, Head::parameter_count> wrong = {};
    wrong.back() = 1.0f / 0.0f;
    expect(head.reset(wrong), Status::not_finite);
    expect(head.reset({wrong.data(), 1}), Status::length);

    /* A checkpoint brings the head back; its last four bytes are a CRC. */
    check(head.save(checkpoint));
    for (size_t i = sizeof checkpoint - 4; i < sizeof checkpoint; i++) {
        print_hex("checkpoint crc byte", uint32_t{checkpoint[i]});
    }
    head.reset();
    expect(head.steps() == 0 && head.parameters()[0] == 0.0f ? Status::ok : Status::other, Status::ok);
    check(head.load(checkpoint));
    checkpoint[100] ^= 1;
    expect(head.load(checkpoint), Status::checkpoint);
    expect(head.steps() == SAMPLES ? Status::ok : Status::other, Status::ok);
    sample(1);
    print_hex("probability", head.predict(features).value.probability);
    /* Its parameters are a head as well. */
    static Head other;
    check(other.reset(head.parameters()));
    expect(other.predict(features) && other.probabilities()[3] == head.probabilities()[3] ? Status::ok : Status::other, Status::ok);

    teach_few();
    teach_learners();
    teach_in_integers();
    return 0;
}
