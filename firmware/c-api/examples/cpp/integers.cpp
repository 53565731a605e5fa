/* The head in integers from C++: the lesson of examples/bare/integers.c, with its bits. */

#include <cstdio>
#include <type_traits>

#include "lesson.hpp"

using gradient_decay::Status;

using Head = gradient_decay::Fixed<CLASSES, FEATURES, 5, 7>;

static_assert(!std::is_copy_constructible_v<Head> && !std::is_move_assignable_v<Head>);

static Head head;
static gradient_decay::Fixed<CLASSES, FEATURES, 5, 8> other;
static gradient_decay::Linear<CLASSES, FEATURES> linear;
static std::array<int8_t, FEATURES> bytes;
static std::array<uint8_t, Head::checkpoint_bytes> saved;
static std::array<float, Head::parameter_count> parameters;
static std::array<uint8_t, decltype(linear)::checkpoint_bytes> checkpoint;

template <typename H> static uint32_t sample_bytes(H &head, uint32_t n)
{
    uint32_t class_index = sample(n);
    check(head.quantize(features, bytes));
    return class_index;
}

template <typename H> static void print_head(H &head, const char *name)
{
    check(head.save(saved));
    uint32_t crc = 0;
    for (size_t i = saved.size(); i > saved.size() - 4; i--) {
        crc = crc << 8 | saved[i - 1];
    }
    print_hex(name, crc);
}

template <typename H> static void print_answers(H &head)
{
    uint32_t right = 0, known = 0;
    std::array<int32_t, CLASSES> probabilities, logits;
    gd_fixed_prediction last = {};
    for (uint32_t n = 1001; n <= 1060; n++) {
        uint32_t class_index = sample_bytes(head, n);
        auto [status, prediction] = head.predict(bytes, GD_FIXED_PROBABILITY(0.5), probabilities);
        check(status);
        right += prediction.class_index == class_index;
        known += prediction.known;
        last = prediction;
    }
    expect(head.predict(bytes).value.probability == last.probability ? Status::ok : Status::other, Status::ok);
    check(head.logits(bytes, logits));
    print_hex("right", right);
    print_hex("known", known);
    print_hex("probability", static_cast<uint32_t>(last.probability));
    print_hex("of the first class", static_cast<uint32_t>(probabilities[0]));
    print_hex("logit", static_cast<uint32_t>(logits[CLASSES - 1]));
}

void teach_in_integers()
{
    std::printf("in integers\n");
    check(head.set_rate(GD_FIXED_RATE(0.05)));
    check(head.set_ln_beta(-150902, 0, 50));
    for (uint32_t n = 1; n <= 200; n++) {
        uint32_t class_index = sample_bytes(head, n);
        auto [status, step] = head.learn(bytes, class_index);
        check(status);
        if (n % 50 == 0) {
            print_hex("loss", static_cast<uint32_t>(step.loss));
            print_hex("class", step.class_index);
        }
    }
    print_head(head, "taught");
    print_answers(head);

    expect(head.learn(bytes, CLASSES).status, Status::class_index);
    expect(head.learn({bytes.data(), 1}, 0).status, Status::length);
    expect(head.set_ln_beta(1 << 30), Status::range);
    expect(head.quantize(features, {bytes.data(), 1}), Status::length);
    expect(head.add_class(), Status::no_room);

    check(head.export_parameters(parameters));
    check(linear.reset(parameters));
    check(linear.save(checkpoint));
    check(head.remove_class(2));
    head.set_steps(0);
    print_head(head, "without a class");
    print_answers(head);
    expect(head.classes() == CLASSES - 1 ? Status::ok : Status::other, Status::ok);
    check(head.add_class());
    check(head.import_parameters(parameters));
    head.set_steps(200);
    print_head(head, "imported");
    check(other.load(checkpoint));
    print_answers(other);
    check(other.set_rate(GD_FIXED_RATE(0.02)));
    check(other.load(saved));
    print_hex("steps", other.steps());
    sample_bytes(other, 5);
    check(other.learn(bytes, 5).status);
    print_head(other, "loaded");
    saved[100] ^= 1;
    expect(other.load(saved), Status::checkpoint);
}
