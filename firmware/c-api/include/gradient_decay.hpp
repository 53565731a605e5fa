/*
 * gradient-decay for C++17 (GCC takes it as C++11 too): classes over gradient_decay.h, which documents ranges and errors. This header is all
 * of it: no exceptions, no heap, no run-time type information, nothing of the standard library.
 *
 * A head holds its memory, whose size follows from its shape, and its constructor initialises it: put it into static storage. It is neither
 * copied nor moved, since the library keeps addresses of its members; `save` and `load` carry what it knows to another. As in C, nobody
 * else uses a head during a call, no interrupt and no other thread.
 */
#ifndef GRADIENT_DECAY_HPP
#define GRADIENT_DECAY_HPP

#include "gradient_decay.h"

namespace gradient_decay {

/** The result of a function: `ok`, or why it did nothing. */
enum class [[nodiscard]] Status : gd_status {
    ok = GD_OK,
    pointer = GD_ERROR_POINTER,
    trainer = GD_ERROR_TRAINER,
    length = GD_ERROR_LENGTH,
    class_index = GD_ERROR_CLASS,
    not_finite = GD_ERROR_NOT_FINITE,
    range = GD_ERROR_RANGE,
    too_large = GD_ERROR_TOO_LARGE,
    checkpoint = GD_ERROR_CHECKPOINT,
    empty = GD_ERROR_EMPTY,
    no_classes = GD_ERROR_NO_CLASSES,
    other = GD_ERROR_OTHER,
    not_learned = GD_ERROR_NOT_LEARNED,
    no_room = GD_ERROR_NO_ROOM,
    too_short = GD_ERROR_SHORT,
    units = GD_ERROR_UNITS,
    part = GD_ERROR_PART,
    flash = GD_ERROR_FLASH,
    flash_range = GD_ERROR_FLASH_RANGE,
    foreign = GD_ERROR_FOREIGN,
    worn = GD_ERROR_WORN,
};

/** The status that a function of gradient_decay.h returned. */
constexpr Status to_status(gd_status status)
{
    return static_cast<Status>(status);
}

/** One sentence about a status, for a log; never null. */
inline const char *message(Status status)
{
    return gd_message(static_cast<gd_status>(status));
}

/** A value, which is all zeros unless the status is `ok`: `auto [status, prediction] = head.predict(features);`. */
template <typename T> struct [[nodiscard]] Result {
    Status status;
    T value;

    explicit operator bool() const
    {
        return status == Status::ok;
    }
};

/** A pointer and a count of elements; made of a C array and of whatever has data() and size() (std::array, std::vector, std::span), too. */
template <typename T> class Span {
    /* For what converts to a pointer of this span; it is never called. */
    static T *pointer(T *data);

  public:
    constexpr Span(T *data, size_t size) : data_(data), size_(size)
    {
    }

    template <size_t SIZE> constexpr Span(T (&array)[SIZE]) : data_(array), size_(SIZE)
    {
    }

    template <typename C, typename = decltype(pointer(static_cast<C *>(nullptr)->data()))>
    constexpr Span(C &container) : data_(container.data()), size_(container.size())
    {
    }

    template <typename C, typename = decltype(pointer(static_cast<const C *>(nullptr)->data()))>
    constexpr Span(const C &container) : data_(container.data()), size_(container.size())
    {
    }

    constexpr T *data() const
    {
        return data_;
    }

    constexpr size_t size() const
    {
        return size_;
    }

    constexpr T &operator[](size_t index) const
    {
        return data_[index];
    }

    constexpr T *begin() const
    {
        return data_;
    }

    constexpr T *end() const
    {
        return data_ + size_;
    }

  private:
    T *data_;
    size_t size_;
};

/** A linear head that learns by gradient: gd_trainer, its parameters and its scratch, 4 * CLASSES * (FEATURES + 3) bytes and 320. */
template <uint16_t CLASSES, uint16_t FEATURES> class Linear {
    static_assert(CLASSES > 0 && FEATURES > 0, "a head has at least one class and one feature");

  public:
    static constexpr size_t parameter_count = size_t{CLASSES} * (size_t{FEATURES} + 1);
    static constexpr size_t checkpoint_bytes = 4 * parameter_count + GD_CHECKPOINT_EXTRA_BYTES;

    /** A head that knows nothing, with the settings that gd_init gives it. */
    Linear()
    {
        static_cast<void>(init());
    }

    Linear(const Linear &) = delete;
    Linear &operator=(const Linear &) = delete;

    /** Begins anew: all parameters are zero, settings, steps and calibration as after construction. */
    void reset()
    {
        for (float &parameter : parameters_) {
            parameter = 0.0f;
        }
        static_cast<void>(init());
    }

    /** Begins anew from these parameters, the weights row by row, then the biases: `length` or `not_finite` if they cannot be a head's. */
    Status reset(Span<const float> parameters)
    {
        if (parameters.size() != parameter_count) {
            return Status::length;
        }
        if (parameters.data() == nullptr) {
            return Status::pointer;
        }
        for (float parameter : parameters) {
            /* That of NaN and of infinity is NaN. */
            if (!(parameter - parameter == 0.0f)) {
                return Status::not_finite;
            }
        }
        for (size_t i = 0; i < parameter_count; i++) {
            parameters_[i] = parameters[i];
        }
        return init();
    }

    /** The learning rate of plain SGD. */
    Status set_rate(float learning_rate)
    {
        return to_status(gd_set_rate(&trainer_, learning_rate));
    }

    /** See gd_set_optimizer, which links more than set_rate. */
    Status set_optimizer(float learning_rate, float weight_decay, float clip_norm = 0.0f)
    {
        return to_status(gd_set_optimizer(&trainer_, learning_rate, weight_decay, clip_norm));
    }

    /** A beta for all steps. */
    Status set_beta(float beta)
    {
        return to_status(gd_set_beta(&trainer_, beta, beta, 0, false));
    }

    /** A beta that goes from `start` to `end` over so many steps: see gd_set_beta. */
    Status set_beta(float start, float end, uint32_t steps, bool geometric = true)
    {
        return to_status(gd_set_beta(&trainer_, start, end, steps, geometric));
    }

    /** See gd_set_readout. */
    Status set_readout(float temperature, float threshold)
    {
        return to_status(gd_set_readout(&trainer_, temperature, threshold));
    }

    /** The most probable class of FEATURES features: see gd_predict. */
    Result<gd_prediction> predict(Span<const float> features)
    {
        Result<gd_prediction> result{Status::ok, {}};
        result.status =
            to_status(gd_predict(&trainer_, features.data(), features.size(), scratch_, CLASSES, &result.value));
        return result;
    }

    /** The probability of each class by the last `predict`, until anything else is called: for `record`, or to be shown. */
    Span<const float> probabilities() const
    {
        return {scratch_, CLASSES};
    }

    /** Learns a labelled sample: see gd_learn. */
    Status learn(Span<const float> features, uint32_t class_index)
    {
        return to_status(gd_learn(&trainer_, features.data(), features.size(), class_index, scratch_,
                                  2 * size_t{CLASSES}));
    }

    /** Learns a labelled sample and reports the step: see gd_learn_reported. */
    Result<gd_step> learn_reported(Span<const float> features, uint32_t class_index)
    {
        Result<gd_step> result{Status::ok, {}};
        result.status = to_status(gd_learn_reported(&trainer_, features.data(), features.size(), class_index,
                                                    scratch_, 2 * size_t{CLASSES}, &result.value));
        return result;
    }

    /** Learns a sample once more, without counting it: see gd_rehearse. */
    Status rehearse(Span<const float> features, uint32_t class_index)
    {
        return to_status(gd_rehearse(&trainer_, features.data(), features.size(), class_index, scratch_,
                                     2 * size_t{CLASSES}));
    }

    /** Counts from here on how good the answers are, beginning anew: see gd_calibrate. */
    void calibrate()
    {
        static_cast<void>(gd_calibrate(&trainer_));
    }

    /** Counts an answer whose class is known for the calibration: see gd_record. */
    Status record(Span<const float> probabilities, uint32_t class_index)
    {
        return to_status(gd_record(&trainer_, probabilities.data(), probabilities.size(), class_index));
    }

    /** How far probabilities can be trusted: see gd_get_calibration. */
    Result<gd_calibration> calibration()
    {
        Result<gd_calibration> result{Status::ok, {}};
        result.status = to_status(gd_get_calibration(&trainer_, &result.value));
        return result;
    }

    /** The number of steps taken. */
    uint32_t steps()
    {
        uint32_t steps = 0;
        static_cast<void>(gd_get_steps(&trainer_, &steps));
        return steps;
    }

    /** Sets the number of steps taken: 0 begins the warm-up again. */
    void set_steps(uint32_t steps)
    {
        static_cast<void>(gd_set_steps(&trainer_, steps));
    }

    /** Writes a checkpoint of `checkpoint_bytes`; there may be room for more. See gd_checkpoint_write. */
    Status save(Span<uint8_t> bytes)
    {
        return to_status(gd_checkpoint_write(&trainer_, bytes.data(), bytes.size()));
    }

    /** Reads a checkpoint of a head of this shape: see gd_checkpoint_read. */
    Status load(Span<const uint8_t> bytes)
    {
        return to_status(gd_checkpoint_read(&trainer_, bytes.data(), bytes.size()));
    }

    /** The weights row by row, then the biases. */
    Span<const float> parameters() const
    {
        return parameters_;
    }

  private:
    Status init()
    {
        return to_status(gd_init(&trainer_, parameters_, parameter_count, CLASSES, FEATURES));
    }

    gd_trainer trainer_ = {};
    float parameters_[parameter_count] = {};
    /* Room for a step, or the probabilities of an answer. */
    float scratch_[2 * size_t{CLASSES}] = {};
};

/** A head that learns from a few labels without a gradient, and takes labels back: gd_discriminant and its memory. */
template <uint16_t CLASSES, uint16_t FEATURES> class Discriminant {
    static_assert(CLASSES > 0 && FEATURES > 0, "a head has at least one class and one feature");

  public:
    static constexpr size_t checkpoint_bytes = GD_DISCRIMINANT_CHECKPOINT_BYTES(CLASSES, FEATURES);

    /** One that knows nothing, with the settings that gd_discriminant_set names as the defaults. */
    Discriminant()
    {
        reset();
    }

    Discriminant(const Discriminant &) = delete;
    Discriminant &operator=(const Discriminant &) = delete;

    /** Begins anew, as after construction. */
    void reset()
    {
        static_cast<void>(gd_discriminant_init(&head_, numbers_, NUMBERS, counts_, CLASSES, work_, WORK, CLASSES, FEATURES));
    }

    /** See gd_discriminant_set. */
    Status set(float prior_samples, float prior_variance, float ridge, uint32_t most = UINT32_MAX)
    {
        return to_status(gd_discriminant_set(&head_, prior_samples, prior_variance, ridge, most));
    }

    /** Learns FEATURES features of a class in use: see gd_discriminant_learn. */
    Status learn(Span<const float> features, uint32_t class_index)
    {
        return to_status(gd_discriminant_learn(&head_, features.data(), features.size(), class_index));
    }

    /** Takes a sample back that was learned with this label: see gd_discriminant_unlearn. */
    Status unlearn(Span<const float> features, uint32_t class_index)
    {
        return to_status(gd_discriminant_unlearn(&head_, features.data(), features.size(), class_index));
    }

    /** The most probable class, unknown below the threshold: see gd_discriminant_predict. */
    Result<gd_prediction> predict(Span<const float> features, float threshold = 0.0f)
    {
        Result<gd_prediction> result{Status::ok, {}};
        result.status = to_status(gd_discriminant_predict(&head_, features.data(), features.size(), probabilities_, CLASSES,
                                                       threshold, &result.value));
        return result;
    }

    /** The probability of each class by the last `predict`. */
    Span<const float> probabilities() const
    {
        return probabilities_;
    }

    /** Keeps what was learned with less weight: see gd_discriminant_discount. */
    Status discount(float samples, uint32_t most)
    {
        return to_status(gd_discriminant_discount(&head_, samples, most));
    }

    /** Takes one more class into use. */
    Status add_class()
    {
        return to_status(gd_discriminant_add_class(&head_));
    }

    /** Removes a class; those above it move down by one. */
    Status remove_class(uint32_t class_index)
    {
        return to_status(gd_discriminant_remove_class(&head_, class_index));
    }

    /** Classes in use, at most CLASSES. */
    uint32_t classes() const
    {
        return head_.classes;
    }

    /** Labels learned, less those taken back: see gd_discriminant. */
    uint32_t labels() const
    {
        return head_.labels;
    }

    /** The samples of each class. */
    Span<const uint32_t> counts() const
    {
        return counts_;
    }

    /** Writes a checkpoint of `checkpoint_bytes`; there may be room for more. See gd_discriminant_save. */
    Status save(Span<uint8_t> bytes)
    {
        return to_status(gd_discriminant_save(&head_, bytes.data(), bytes.size()));
    }

    /** Reads a checkpoint of a discriminant of this shape: see gd_discriminant_load. */
    Status load(Span<const uint8_t> bytes)
    {
        return to_status(gd_discriminant_load(&head_, bytes.data(), bytes.size()));
    }

  private:
    static constexpr size_t NUMBERS = GD_DISCRIMINANT_NUMBERS(CLASSES, FEATURES);
    static constexpr size_t WORK = GD_DISCRIMINANT_SCRATCH(CLASSES, FEATURES);

    gd_discriminant head_ = {};
    float numbers_[NUMBERS] = {};
    uint32_t counts_[CLASSES] = {};
    float work_[WORK] = {};
    float probabilities_[CLASSES] = {};
};

} // namespace gradient_decay

#endif /* GRADIENT_DECAY_HPP */
