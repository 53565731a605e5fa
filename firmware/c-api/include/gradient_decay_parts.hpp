/*
 * The heads and parts of a Learner of gradient_decay_learner.hpp, which includes this.
 */
#ifndef GRADIENT_DECAY_PARTS_HPP
#define GRADIENT_DECAY_PARTS_HPP

#include "gradient_decay.h"

namespace gradient_decay {

/** Heads and parts of a Learner: each says its bytes and adds itself to the configuration. One that no learner of a program names is not linked. */
namespace part {

/** gd_head_discriminant. */
struct Discriminant {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_HEAD_DISCRIMINANT_BYTES(classes, features);
    }

    static void add(gd_learner_config &config)
    {
        config.head = &gd_head_discriminant;
    }
};

/** gd_head_linear. */
struct Linear {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_HEAD_LINEAR_BYTES(classes, features);
    }

    static void add(gd_learner_config &config)
    {
        config.head = &gd_head_linear;
    }
};

/** gd_head_neighbours_i8, a discriminant with so many samples of each class on top, kept as bytes. */
template <uint16_t SLOTS, uint32_t SEED = 1> struct Neighbours {
    static_assert(SLOTS > 0, "neighbours have at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_HEAD_NEIGHBOURS_I8_BYTES(classes, features, SLOTS);
    }

    static void add(gd_learner_config &config)
    {
        config.head = &gd_head_neighbours_i8;
        config.kept_slots = SLOTS;
        config.seed = SEED;
    }
};

/** gd_head_neighbours_f32: the same, as floats. */
template <uint16_t SLOTS, uint32_t SEED = 1> struct FloatNeighbours {
    static_assert(SLOTS > 0, "neighbours have at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_HEAD_NEIGHBOURS_F32_BYTES(classes, features, SLOTS);
    }

    static void add(gd_learner_config &config)
    {
        config.head = &gd_head_neighbours_f32;
        config.kept_slots = SLOTS;
        config.seed = SEED;
    }
};

/** gd_head_mixed, a discriminant with a trained head of so many classes mixed in: class k is class k of that. `PARAMETERS` are an array of static storage,
 * as `head_parameters` of the header that `demo-host export` writes; for another order of classes see gd_trained. */
template <const float *PARAMETERS, uint16_t TRAINED> struct Mixed {
    static_assert(TRAINED > 0 && TRAINED < 255, "a trained head that is mixed in has 1 to 254 classes");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_HEAD_MIXED_BYTES(classes, features);
    }

    static void add(gd_learner_config &config)
    {
        static const gd_trained trained = {PARAMETERS, nullptr, TRAINED};
        config.head = &gd_head_mixed;
        config.trained = &trained;
    }
};

/** gd_head_mixed_neighbours_i8: the same with so many samples of each class on top, kept as bytes. */
template <const float *PARAMETERS, uint16_t TRAINED, uint16_t SLOTS, uint32_t SEED = 1> struct MixedNeighbours {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return Neighbours<SLOTS, SEED>::bytes(classes, features) + GD_MIXED_BYTES(classes);
    }

    static void add(gd_learner_config &config)
    {
        Neighbours<SLOTS, SEED>::add(config);
        Mixed<PARAMETERS, TRAINED>::add(config);
        config.head = &gd_head_mixed_neighbours_i8;
    }
};

/** gd_head_mixed_neighbours_f32: the same, as floats. */
template <const float *PARAMETERS, uint16_t TRAINED, uint16_t SLOTS, uint32_t SEED = 1> struct FloatMixedNeighbours {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return FloatNeighbours<SLOTS, SEED>::bytes(classes, features) + GD_MIXED_BYTES(classes);
    }

    static void add(gd_learner_config &config)
    {
        FloatNeighbours<SLOTS, SEED>::add(config);
        Mixed<PARAMETERS, TRAINED>::add(config);
        config.head = &gd_head_mixed_neighbours_f32;
    }
};

/** gd_part_standardizer, whose units follow from the first samples that are observed, or from set_units. */
template <uint32_t FIRST = 1> struct Standardizer {
    static constexpr size_t bytes(size_t, size_t features)
    {
        return GD_PART_STANDARDIZER_BYTES(features);
    }

    static void add(gd_learner_config &config)
    {
        config.standardizer = &gd_part_standardizer;
        config.standardize_first = FIRST;
    }
};

/** gd_part_memory_i8: so many samples of each class that are rehearsed, as bytes. */
template <uint16_t SLOTS, uint32_t SEED = 1> struct Memory {
    static_assert(SLOTS > 0, "a memory has at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_PART_MEMORY_I8_BYTES(classes, features, SLOTS);
    }

    static void add(gd_learner_config &config)
    {
        config.memory = &gd_part_memory_i8;
        config.slots = SLOTS;
        config.seed = SEED;
    }
};

/** The same, held out of every EVERY-th label, for judge, with a margin of 0.1 nats, and fit_temperature. */
template <uint16_t SLOTS, uint16_t EVERY = 7> struct HeldOut {
    static_assert(SLOTS > 0, "a memory has at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_PART_MEMORY_I8_BYTES(classes, features, SLOTS) + GD_HELD_OUT_BYTES(classes);
    }

    static void add(gd_learner_config &config)
    {
        config.held_out = &gd_part_memory_i8;
        config.held_out_slots = SLOTS;
        config.held_out_every = EVERY;
        config.margin = 0.1f;
    }
};

/** gd_part_memory_f32: the same, as floats. */
template <uint16_t SLOTS, uint32_t SEED = 1> struct FloatMemory {
    static_assert(SLOTS > 0, "a memory has at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_PART_MEMORY_F32_BYTES(classes, features, SLOTS);
    }

    static void add(gd_learner_config &config)
    {
        config.memory = &gd_part_memory_f32;
        config.slots = SLOTS;
        config.seed = SEED;
    }
};

/** The same, held out of every EVERY-th label, for judge, with a margin of 0.1 nats, and fit_temperature. */
template <uint16_t SLOTS, uint16_t EVERY = 7> struct FloatHeldOut {
    static_assert(SLOTS > 0, "a memory has at least one slot a class");

    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_PART_MEMORY_F32_BYTES(classes, features, SLOTS) + GD_HELD_OUT_BYTES(classes);
    }

    static void add(gd_learner_config &config)
    {
        config.held_out = &gd_part_memory_f32;
        config.held_out_slots = SLOTS;
        config.held_out_every = EVERY;
        config.margin = 0.1f;
    }
};

/** gd_part_novelty. */
struct Novelty {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return GD_PART_NOVELTY_BYTES(classes, features);
    }

    static void add(gd_learner_config &config)
    {
        config.novelty = &gd_part_novelty;
    }
};

/** gd_part_calibration. */
struct Calibration {
    static constexpr size_t bytes(size_t, size_t)
    {
        return GD_PART_CALIBRATION_BYTES;
    }

    static void add(gd_learner_config &config)
    {
        config.calibration = &gd_part_calibration;
    }
};

/** So many classes are not in use at first: they come by add_class. */
template <uint16_t CLASSES> struct Unused {
    static constexpr size_t bytes(size_t, size_t)
    {
        return 0;
    }

    static void add(gd_learner_config &config)
    {
        config.unused = CLASSES;
    }
};

/** All of some parts. */
template <typename... PARTS> struct All {
    static constexpr size_t bytes(size_t, size_t)
    {
        return 0;
    }

    static void add(gd_learner_config &)
    {
    }
};

template <typename FIRST, typename... REST> struct All<FIRST, REST...> {
    static constexpr size_t bytes(size_t classes, size_t features)
    {
        return FIRST::bytes(classes, features) + All<REST...>::bytes(classes, features);
    }

    static void add(gd_learner_config &config)
    {
        FIRST::add(config);
        All<REST...>::add(config);
    }
};

} // namespace part

} // namespace gradient_decay

#endif
