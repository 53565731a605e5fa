/* gradient-decay for Arduino: the C functions, and a class over them whose shape is known when it is compiled. */
#pragma once

#include "gradient_decay.h"

/** A classifier head that learns: CLASSES classes of FEATURES features, in 4 * CLASSES * (FEATURES + 3) bytes and some 300 more. */
template <uint16_t CLASSES, uint16_t FEATURES> class GradientDecay {
  public:
    /** To be called in setup(): a head that knows nothing, or the one in `parameters()`. */
    gd_status begin(float learning_rate = 0.05f)
    {
        gd_status status = gd_init(&trainer_, parameters_, CLASSES * (FEATURES + 1), CLASSES, FEATURES);
        return status == GD_OK ? gd_set_optimizer(&trainer_, learning_rate, 0.0f, 0.0f) : status;
    }

    /** Beta rises from `start` to `end` over so many labels: a large margin first, a small one later. */
    gd_status warmUp(float start, float end, uint32_t labels)
    {
        return gd_set_beta(&trainer_, start, end, labels, true);
    }

    /** Below this probability an answer is unknown. */
    gd_status setThreshold(float threshold)
    {
        return gd_set_readout(&trainer_, 1.0f, threshold);
    }

    /** What a sample is. */
    gd_status predict(const float (&features)[FEATURES], gd_prediction &prediction)
    {
        return gd_predict(&trainer_, features, FEATURES, scratch_, CLASSES, &prediction);
    }

    /** Learns a labelled sample. */
    gd_status learn(const float (&features)[FEATURES], uint32_t class_index)
    {
        return gd_learn(&trainer_, features, FEATURES, class_index, scratch_, 2 * CLASSES, nullptr);
    }

    /** The weights row by row, then the biases; to be set before begin(). */
    float (&parameters())[CLASSES * (FEATURES + 1)]
    {
        return parameters_;
    }

    /** For all else that gradient_decay.h has. */
    gd_trainer *handle()
    {
        return &trainer_;
    }

  private:
    gd_trainer trainer_ = {};
    float parameters_[CLASSES * (FEATURES + 1)] = {};
    float scratch_[2 * CLASSES] = {};
};
