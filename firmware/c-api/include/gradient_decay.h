/* gradient-decay for C. Made by cbindgen of firmware/c-api/src: do not edit. */

#ifndef GRADIENT_DECAY_H
#define GRADIENT_DECAY_H

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

/**
 * The words of a trainer's memory.
 */
#define GD_TRAINER_WORDS 48

/**
 * What a function returns: GD_OK, or why it did nothing.
 */
typedef int32_t gd_status;

/**
 * A trainer, whose contents are the library's own. Put it wherever it lives long enough, and give it to gd_init.
 */
typedef struct {
  uint64_t words[GD_TRAINER_WORDS];
} gd_trainer;

/**
 * What a head says of a sample.
 */
typedef struct {
  /**
   * The most probable class, from 0.
   */
  uint32_t class_index;
  /**
   * Its probability, in [0, 1].
   */
  float probability;
  /**
   * Whether that reaches the threshold: if not, the answer is "unknown".
   */
  bool known;
} gd_prediction;

/**
 * What a training step reports.
 */
typedef struct {
  /**
   * The loss of the sample before the step, >= 0.
   */
  float loss;
  /**
   * The beta of the step.
   */
  float beta;
  /**
   * What the sample was taken for before.
   */
  uint32_t class_index;
  /**
   * The softmax probability of that.
   */
  float probability;
} gd_step;

/**
 * How far probabilities can be trusted: means over what gd_record was given.
 */
typedef struct {
  /**
   * Predictions.
   */
  uint32_t count;
  /**
   * The share that was right.
   */
  float accuracy;
  /**
   * The mean probability of the most probable class.
   */
  float confidence;
  /**
   * Negative log-likelihood, in nats.
   */
  float nll;
  /**
   * Brier score, in [0, 2].
   */
  float brier;
  /**
   * Expected calibration error, over 10 bins.
   */
  float ece;
  /**
   * Maximum calibration error.
   */
  float mce;
} gd_calibration;

/**
 * It was done.
 */
#define GD_OK 0

/**
 * A pointer is null, or not aligned as its type has to be.
 */
#define GD_ERROR_POINTER -1

/**
 * The trainer was not initialised by gd_init, or its memory was overwritten.
 */
#define GD_ERROR_TRAINER -2

/**
 * A buffer has the wrong length.
 */
#define GD_ERROR_LENGTH -3

/**
 * The class is none.
 */
#define GD_ERROR_CLASS -4

/**
 * A number is NaN or infinite, or a logit would be.
 */
#define GD_ERROR_NOT_FINITE -5

/**
 * A setting is out of its range.
 */
#define GD_ERROR_RANGE -6

/**
 * The numbers are too large to learn from.
 */
#define GD_ERROR_TOO_LARGE -7

/**
 * The checkpoint is damaged, or that of another head.
 */
#define GD_ERROR_CHECKPOINT -8

/**
 * There is nothing to report yet.
 */
#define GD_ERROR_EMPTY -9

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * One sentence about a status, for a log; never null. It need not be freed.
 */
const char *gd_message(gd_status status);

/**
 * Makes a trainer for a head of `classes` and `features`, each at least 1, over the caller's `parameters`: the weights row by row (a
 * row is a class), then the biases, `count` in all, which must be `classes * (features + 1)`. All zeros is a head that knows
 * nothing. The learning rate is 0.05, beta is 1, the temperature 1, the threshold 0.
 *
 * The parameters stay the caller's: they are read and changed in place, and must be there as long as the trainer is used.
 *
 * # Safety
 * `trainer` points to a gd_trainer, `parameters` to `count` floats, and both are used by nobody else during a call, no interrupt
 * and no other thread. The buffers that a function is given do not overlap.
 */
gd_status gd_init(gd_trainer *trainer,
                  float *parameters,
                  size_t count,
                  uint16_t classes,
                  uint16_t features);

/**
 * Sets the optimizer: plain SGD with a learning rate in (0, 1e6], a weight decay in [0, 1 / learning rate], and the norm in
 * [1e-6, 1e6] that a step's gradient is clipped to, 0 meaning that it is not.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_optimizer(gd_trainer *trainer,
                           float learning_rate,
                           float weight_decay,
                           float clip_norm);

/**
 * Sets beta, in (0, 1e6]: small learns fast with a large margin, 1 is plain cross-entropy, large stays calibrated. It goes from
 * `start` to `end` over the first `steps` steps, by equal factors if `geometric`, else by equal differences. `steps` 0 is `end` from
 * the beginning.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_beta(gd_trainer *trainer,
                      float start,
                      float end,
                      uint32_t steps,
                      bool geometric);

/**
 * Sets how logits become an answer: a temperature in [0.01, 100], and a threshold in [0, 1] below which a probability is
 * "unknown".
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_readout(gd_trainer *trainer,
                         float temperature,
                         float threshold);

/**
 * What a sample is. `features` are as many as `feature_count` says, which must be those of the head; `probabilities` has one place
 * a class. After an error `probabilities` may hold anything.
 *
 * # Safety
 * As gd_init; `features` and `probabilities` point to as many floats, `prediction` to a gd_prediction.
 */
gd_status gd_predict(gd_trainer *trainer,
                     const float *features,
                     size_t feature_count,
                     float *probabilities,
                     size_t class_count,
                     gd_prediction *prediction);

/**
 * Learns a labelled sample: forward pass, loss, gradient and update. `scratch` has one place a class, and holds anything afterwards.
 *
 * # Safety
 * As gd_predict; `step` points to a gd_step, or is null if it is of no interest.
 */
gd_status gd_learn(gd_trainer *trainer,
                   const float *features,
                   size_t feature_count,
                   uint32_t class_index,
                   float *scratch,
                   size_t class_count,
                   gd_step *step);

/**
 * The number of steps taken, the place in the warm-up.
 *
 * # Safety
 * As gd_init; `steps` points to a number.
 */
gd_status gd_get_steps(gd_trainer *trainer, uint32_t *steps);

/**
 * Sets the number of steps taken: 0 begins the warm-up again.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_steps(gd_trainer *trainer, uint32_t steps);

/**
 * Records what gd_predict said of a sample whose class is known, for gd_get_calibration: before it is learned.
 *
 * # Safety
 * As gd_init; `probabilities` points to `class_count` floats.
 */
gd_status gd_record(gd_trainer *trainer,
                    const float *probabilities,
                    size_t class_count,
                    uint32_t class_index);

/**
 * The calibration over all that was recorded; GD_ERROR_EMPTY if nothing was.
 *
 * # Safety
 * As gd_init; `calibration` points to a gd_calibration.
 */
gd_status gd_get_calibration(gd_trainer *trainer, gd_calibration *calibration);

/**
 * The bytes of a checkpoint of a head of this shape.
 */
size_t gd_checkpoint_size(uint16_t classes, uint16_t features);

/**
 * Writes head, steps and read-out as versioned bytes with a CRC, gd_checkpoint_size of them; `size` may be more. The Rust library
 * reads them as well.
 *
 * # Safety
 * As gd_init; `bytes` points to `size` bytes.
 */
gd_status gd_checkpoint_write(gd_trainer *trainer,
                              uint8_t *bytes,
                              size_t size);

/**
 * Reads a checkpoint of a head of the same shape. What is damaged, or another head's, is refused, and nothing is changed.
 *
 * # Safety
 * As gd_checkpoint_write.
 */
gd_status gd_checkpoint_read(gd_trainer *trainer,
                             const uint8_t *bytes,
                             size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GRADIENT_DECAY_H */
