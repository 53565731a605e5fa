/*
 * gd_learner for C++17 (GCC takes it as C++11 too): a class that holds its memory, whose size follows from its shape and its parts. As
 * gradient_decay.hpp: no exceptions, no heap, neither copied nor moved. gradient_decay.h documents ranges and errors.
 */
#ifndef GRADIENT_DECAY_LEARNER_HPP
#define GRADIENT_DECAY_LEARNER_HPP

#include "gradient_decay.hpp"
#include "gradient_decay_parts.hpp"

namespace gradient_decay {

/**
 * A learner of a head and parts, in any order: `static Learner<4, 24, part::Discriminant, part::Standardizer<30>, part::Novelty> learner;`. Its
 * constructor initialises it: put it into static storage.
 */
template <uint16_t CLASSES, uint16_t FEATURES, typename HEAD, typename... PARTS> class Learner {
    static_assert(CLASSES > 0 && FEATURES > 0, "a learner has at least one class and one feature");

  public:
    /** The bytes of its memory. */
    static constexpr size_t bytes = GD_LEARNER_BYTES((part::All<HEAD, PARTS...>::bytes(CLASSES, FEATURES)));

    /** One that knows nothing, with the settings that gd_learner_init names. */
    Learner()
    {
        reset();
    }

    Learner(const Learner &) = delete;
    Learner &operator=(const Learner &) = delete;

    /** Begins anew, as after construction. */
    void reset()
    {
        gd_learner_config config = {};
        config.classes = CLASSES;
        config.features = FEATURES;
        part::All<HEAD, PARTS...>::add(config);
        static_cast<void>(gd_learner_init(&learner_, &config, memory_, sizeof memory_));
    }

    /** See gd_learner_set_lda. */
    Status set_lda(float prior_samples, float prior_variance, float ridge, uint32_t most = UINT32_MAX)
    {
        return to_status(gd_learner_set_lda(&learner_, prior_samples, prior_variance, ridge, most));
    }

    /** See gd_learner_set_optimizer. */
    Status set_optimizer(float learning_rate, float weight_decay = 0.0f, float clip_norm = 0.0f)
    {
        return to_status(gd_learner_set_optimizer(&learner_, learning_rate, weight_decay, clip_norm));
    }

    /** See gd_learner_set_beta. */
    Status set_beta(float start, float end, uint32_t steps, bool geometric = true)
    {
        return to_status(gd_learner_set_beta(&learner_, start, end, steps, geometric));
    }

    /** See gd_learner_set_readout. */
    Status set_readout(float temperature, float threshold)
    {
        return to_status(gd_learner_set_readout(&learner_, temperature, threshold));
    }

    /** See gd_learner_set_novelty. */
    Status set_novelty(float deviations)
    {
        return to_status(gd_learner_set_novelty(&learner_, deviations));
    }

    /** See gd_learner_set_units: FEATURES means and as many deviations. */
    Status set_units(Span<const float> mean, Span<const float> deviation)
    {
        if (deviation.size() != mean.size()) {
            return Status::length;
        }
        return to_status(gd_learner_set_units(&learner_, mean.data(), deviation.data(), mean.size()));
    }

    /** See gd_learner_set_steps. */
    Status set_steps(uint32_t steps)
    {
        return to_status(gd_learner_set_steps(&learner_, steps));
    }

    /** See gd_learner_observe. */
    Status observe(Span<const float> features)
    {
        return to_status(gd_learner_observe(&learner_, features.data(), features.size()));
    }

    /** See gd_learner_learn. */
    Result<gd_step> learn(Span<const float> features, uint32_t class_index)
    {
        Result<gd_step> result{Status::ok, {}};
        result.status =
            to_status(gd_learner_learn(&learner_, features.data(), features.size(), class_index, &result.value));
        return result;
    }

    /** See gd_learner_unlearn. */
    Status unlearn(Span<const float> features, uint32_t class_index)
    {
        return to_status(gd_learner_unlearn(&learner_, features.data(), features.size(), class_index));
    }

    /** See gd_learner_predict. */
    Result<gd_answer> predict(Span<const float> features)
    {
        Result<gd_answer> result{Status::ok, {}};
        result.status =
            to_status(gd_learner_predict(&learner_, features.data(), features.size(), nullptr, 0, &result.value));
        return result;
    }

    /** The same, with the probability of each of CLASSES classes. */
    Result<gd_answer> predict(Span<const float> features, Span<float> probabilities)
    {
        Result<gd_answer> result{Status::ok, {}};
        result.status = to_status(gd_learner_predict(&learner_, features.data(), features.size(), probabilities.data(),
                                                     probabilities.size(), &result.value));
        return result;
    }

    /** See gd_learner_rehearse; how many steps were taken. */
    Result<uint32_t> rehearse(uint32_t count)
    {
        Result<uint32_t> result{Status::ok, 0};
        result.status = to_status(gd_learner_rehearse(&learner_, count, &result.value));
        return result;
    }

    /** See gd_learner_add_class; the number of the class. */
    Result<uint32_t> add_class()
    {
        Result<uint32_t> result{Status::ok, 0};
        result.status = to_status(gd_learner_add_class(&learner_, &result.value));
        return result;
    }

    /** See gd_learner_remove_class. */
    Status remove_class(uint32_t class_index)
    {
        return to_status(gd_learner_remove_class(&learner_, class_index));
    }

    /** See gd_learner_discount. */
    Status discount(float samples, uint32_t most)
    {
        return to_status(gd_learner_discount(&learner_, samples, most));
    }

    /** See gd_learner_forget. */
    void forget()
    {
        static_cast<void>(gd_learner_forget(&learner_));
    }

    /** See gd_learner_get_state. */
    gd_learner_state state()
    {
        gd_learner_state state = {};
        static_cast<void>(gd_learner_get_state(&learner_, &state));
        return state;
    }

    /** See gd_learner_get_calibration. */
    Result<gd_calibration> calibration()
    {
        Result<gd_calibration> result{Status::ok, {}};
        result.status = to_status(gd_learner_get_calibration(&learner_, &result.value));
        return result;
    }

    /** See gd_learner_reset_calibration. */
    Status reset_calibration()
    {
        return to_status(gd_learner_reset_calibration(&learner_));
    }

    /** See gd_learner_judge: one of GD_VERDICT_... . */
    Result<gd_verdict> judge()
    {
        Result<gd_verdict> result{Status::ok, GD_VERDICT_UNKNOWN};
        result.status = to_status(gd_learner_judge(&learner_, &result.value, nullptr));
        return result;
    }

    /** See gd_learner_fit_temperature. */
    Status fit_temperature(uint32_t steps = 16)
    {
        return to_status(gd_learner_fit_temperature(&learner_, steps));
    }

    /** See gd_learner_saved_bytes. */
    Result<size_t> saved_bytes(gd_contents flags = GD_SAVE_ALL)
    {
        Result<size_t> result{Status::ok, 0};
        result.status = to_status(gd_learner_saved_bytes(&learner_, flags, &result.value));
        return result;
    }

    /** See gd_learner_save. */
    Status save(Span<uint8_t> bytes, gd_contents flags = GD_SAVE_ALL)
    {
        return to_status(gd_learner_save(&learner_, flags, bytes.data(), bytes.size()));
    }

    /** See gd_learner_load. */
    Status load(Span<const uint8_t> bytes)
    {
        return to_status(gd_learner_load(&learner_, bytes.data(), bytes.size()));
    }

    /** For what takes a gd_learner: a Store. */
    gd_learner *get()
    {
        return &learner_;
    }

  private:
    gd_learner learner_ = {};
    /* Aligned as the library asks for. */
    uint64_t memory_[bytes / 8] = {};
};

/** A place in flash: gd_store. It is neither copied nor moved. */
class Store {
  public:
    Store() = default;
    Store(const Store &) = delete;
    Store &operator=(const Store &) = delete;

    /** See gd_store_init: `store.init(flash, gd_pages_4k, learner)`. */
    template <typename LEARNER> Status init(const gd_flash &flash, const gd_pages &pages, LEARNER &learner)
    {
        return to_status(gd_store_init(&store_, &flash, &pages, learner.get()));
    }

    /** See gd_store_save. */
    template <typename LEARNER>
    Status save(LEARNER &learner, Span<uint8_t> buffer, gd_contents flags = GD_SAVE_ALL, bool all_else_goes = false)
    {
        return to_status(gd_store_save(&store_, learner.get(), flags, all_else_goes, buffer.data(), buffer.size()));
    }

    /** See gd_store_load. */
    template <typename LEARNER> Status load(LEARNER &learner, Span<uint8_t> buffer)
    {
        return to_status(gd_store_load(&store_, learner.get(), buffer.data(), buffer.size()));
    }

    /** See gd_store_forget. */
    Status forget()
    {
        return to_status(gd_store_forget(&store_));
    }

  private:
    gd_store store_ = {};
};

} // namespace gradient_decay

#endif /* GRADIENT_DECAY_LEARNER_HPP */
