/* The head in integers for C++17: a class over gd_fixed of gradient_decay.h, as those of gradient_decay.hpp. */
#ifndef GRADIENT_DECAY_FIXED_HPP
#define GRADIENT_DECAY_FIXED_HPP

#include "gradient_decay.hpp"

namespace gradient_decay {

/**
 * A linear head in integers: gd_fixed and its memory, 2 * CLASSES * (FEATURES + 6) bytes and some 48. Features are q / 2^EXPONENT; updates are
 * rounded by random numbers that follow from SEED.
 */
template <uint16_t CLASSES, uint16_t FEATURES, uint32_t EXPONENT, uint32_t SEED = 1> class Fixed {
    static_assert(CLASSES > 0 && FEATURES > 0 && FEATURES <= 512, "a head in integers has at least one class and 1 to 512 features");
    static_assert(EXPONENT <= 7, "the exponent is at most 7");

  public:
    static constexpr size_t parameter_count = size_t{CLASSES} * (size_t{FEATURES} + 1);
    static constexpr size_t checkpoint_bytes = GD_FIXED_CHECKPOINT_BYTES(CLASSES, FEATURES);

    /** A head that knows nothing, with the settings that gd_fixed_init gives it. */
    Fixed()
    {
        reset();
    }

    Fixed(const Fixed &) = delete;
    Fixed &operator=(const Fixed &) = delete;

    /** Begins anew, with the settings as after construction. */
    void reset()
    {
        static_cast<void>(gd_fixed_init(&head_, memory_, sizeof memory_, CLASSES, FEATURES, EXPONENT, SEED));
    }

    /** The learning rate, GD_FIXED_RATE(0.02): see gd_fixed_set_rate. */
    Status set_rate(uint32_t rate)
    {
        return to_status(gd_fixed_set_rate(&head_, rate));
    }

    /** The logarithm of a beta for all steps: see gd_fixed_set_ln_beta. */
    Status set_ln_beta(int32_t ln_beta)
    {
        return to_status(gd_fixed_set_ln_beta(&head_, ln_beta, ln_beta, 0));
    }

    /** That of a beta that goes from `start` to `end` over so many steps. */
    Status set_ln_beta(int32_t start, int32_t end, uint32_t steps)
    {
        return to_status(gd_fixed_set_ln_beta(&head_, start, end, steps));
    }

    /** Learns a labelled sample: see gd_fixed_learn. */
    Result<gd_fixed_step> learn(Span<const int8_t> features, uint32_t class_index)
    {
        Result<gd_fixed_step> result{Status::ok, {}};
        result.status = to_status(gd_fixed_learn(&head_, features.data(), features.size(), class_index, &result.value));
        return result;
    }

    /** The most probable class of FEATURES features, known if its probability reaches a threshold, GD_FIXED_PROBABILITY(0.6): see gd_fixed_predict. */
    Result<gd_fixed_prediction> predict(Span<const int8_t> features, int32_t threshold = 0)
    {
        return predict(features, threshold, {nullptr, 0});
    }

    /** That, and the probability of each class, in units of 1 / 32768, into CLASSES places. */
    Result<gd_fixed_prediction> predict(Span<const int8_t> features, int32_t threshold, Span<int32_t> probabilities)
    {
        Result<gd_fixed_prediction> result{Status::ok, {}};
        result.status = to_status(gd_fixed_predict(&head_, features.data(), features.size(), probabilities.data(),
                                                   probabilities.size(), threshold, &result.value));
        return result;
    }

    /** The logits of FEATURES features into CLASSES places: see gd_fixed_logits. */
    Status logits(Span<const int8_t> features, Span<int32_t> to)
    {
        return to_status(gd_fixed_logits(&head_, features.data(), features.size(), to.data(), to.size()));
    }

    /** Rounds features into as many places: see gd_fixed_quantize. */
    Status quantize(Span<const float> features, Span<int8_t> to)
    {
        if (to.size() != features.size()) {
            return Status::length;
        }
        return to_status(gd_fixed_quantize(&head_, features.data(), features.size(), to.data()));
    }

    /** Takes over `parameter_count` parameters: see gd_fixed_import. */
    Status import_parameters(Span<const float> parameters)
    {
        return to_status(gd_fixed_import(&head_, parameters.data(), parameters.size()));
    }

    /** Copies `parameter_count` parameters out: see gd_fixed_export. */
    Status export_parameters(Span<float> parameters)
    {
        return to_status(gd_fixed_export(&head_, parameters.data(), parameters.size()));
    }

    /** Takes one more class into use: see gd_fixed_add_class. */
    Status add_class()
    {
        return to_status(gd_fixed_add_class(&head_));
    }

    /** Removes a class; those above it move down by one. */
    Status remove_class(uint32_t class_index)
    {
        return to_status(gd_fixed_remove_class(&head_, class_index));
    }

    /** Writes a checkpoint of `checkpoint_bytes`; there may be room for more. See gd_fixed_save. */
    Status save(Span<uint8_t> bytes)
    {
        return to_status(gd_fixed_save(&head_, bytes.data(), bytes.size()));
    }

    /** Reads a checkpoint of a head of this shape, in integers or in floats: see gd_fixed_load. */
    Status load(Span<const uint8_t> bytes)
    {
        return to_status(gd_fixed_load(&head_, bytes.data(), bytes.size()));
    }

    /** Classes in use. */
    uint32_t classes() const
    {
        return head_.classes;
    }

    /** The number of steps taken. */
    uint32_t steps() const
    {
        return head_.steps;
    }

    /** Sets the number of steps taken: 0 begins the warm-up again. */
    void set_steps(uint32_t steps)
    {
        static_cast<void>(gd_fixed_set_steps(&head_, steps));
    }

  private:
    gd_fixed head_;
    uint32_t memory_[GD_FIXED_BYTES(CLASSES, FEATURES) / 4];
};

} // namespace gradient_decay

#endif
