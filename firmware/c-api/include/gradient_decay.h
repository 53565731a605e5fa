/* gradient-decay for C. Made by cbindgen of firmware/c-api/src: do not edit. */

#ifndef GRADIENT_DECAY_H
#define GRADIENT_DECAY_H

#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>

/** The floats of a discriminant's `numbers`, with room for so many classes of so many features: for an array, as the others. */
#define GD_DISCRIMINANT_NUMBERS(classes, features) \
    ((size_t)(features) * ((size_t)(features) - 1) / 2 + (size_t)(features) + (size_t)(classes) * (2 * (size_t)(features) + 1))

/** The floats of a discriminant's `scratch`. */
#define GD_DISCRIMINANT_SCRATCH(classes, features) (3 * (size_t)(features) + (size_t)(classes))

/** The bytes of a discriminant's checkpoint. */
#define GD_DISCRIMINANT_CHECKPOINT_BYTES(classes, features) \
    (56 + 4 * (GD_DISCRIMINANT_NUMBERS(classes, features) + (size_t)(classes)))

/**
 * The words of a trainer's memory.
 */
#define GD_TRAINER_WORDS 36

/**
 * The bytes of a checkpoint beside the parameters, which take 4 each: for a buffer whose size is known when it is compiled.
 */
#define GD_CHECKPOINT_EXTRA_BYTES 72

/**
 * The result of a function: GD_OK, or why it did nothing.
 */
typedef int32_t gd_status;

/**
 * A trainer, whose contents are the library's own. Put it wherever it lives long enough, and give it to gd_init.
 *
 * A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the parameters or the trainer,
 * and GD_ERROR_TRAINER; whatever else it can return it says itself. After an error the trainer, its parameters and all that a function would
 * have written are as before, but for buffers to work in.
 */
typedef struct {
  uint64_t words[GD_TRAINER_WORDS];
} gd_trainer;

/**
 * The answer of a head for a sample.
 */
typedef struct {
  /**
   * The most probable class, from 0; the first of equal ones.
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
 * The report of a training step.
 */
typedef struct {
  /**
   * The loss of the sample before the step, in nats, >= 0.
   */
  float loss;
  /**
   * The beta of the step, in (0, 1e6].
   */
  float beta;
  /**
   * The most probable class before the step, from 0; the first of equal ones.
   */
  uint32_t class_index;
  /**
   * Its softmax probability before the step, in [0, 1]: without a temperature.
   */
  float probability;
} gd_step;

/**
 * How far probabilities can be trusted: means over the samples that gd_learn learned, by what the trainer would have answered before,
 * and over what gd_record was given.
 */
typedef struct {
  /**
   * Samples, at least 1; after 2^32 - 1 no more are counted.
   */
  uint32_t count;
  /**
   * The share that was right, in [0, 1].
   */
  float accuracy;
  /**
   * The mean probability of the most probable class, in [0, 1]. Above the accuracy: too sure.
   */
  float confidence;
  /**
   * Negative log-likelihood, in nats, in [0, 87.4].
   */
  float nll;
  /**
   * Brier score, in [0, 2].
   */
  float brier;
  /**
   * Expected calibration error, over 10 bins, in [0, 1].
   */
  float ece;
  /**
   * Maximum calibration error of a bin, in [0, 1].
   */
  float mce;
} gd_calibration;

/**
 * A discriminant (streaming linear discriminant analysis) over the caller's memory. gd_discriminant_init fills it in; of its members
 * `classes`, `labels` and what `counts` points to are there to be read, and none is there to be written.
 *
 * A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, and GD_ERROR_TRAINER if
 * gd_discriminant_init has not filled it in or a member is out of its range; whatever else it can return it says itself. After an error
 * the discriminant, its numbers and counts and all that a function would have written are as before, but for its scratch.
 */
typedef struct {
  /**
   * Says that gd_discriminant_init has filled it in.
   */
  uint32_t mark;
  /**
   * Classes that there is room for, at least 1.
   */
  uint16_t room;
  /**
   * Features of a sample, at least 1.
   */
  uint16_t features;
  /**
   * Classes in use, at most `room`.
   */
  uint32_t classes;
  /**
   * Labels learned since the beginning or gd_discriminant_discount, less those taken back; it stays at 2^32 - 1.
   */
  uint32_t labels;
  /**
   * The samples that the scatter stands for beside the labels, in [1e-3, 1e6]; 0 before the first label.
   */
  float prior;
  /**
   * The samples among these that gd_discriminant_discount kept, in [0, prior].
   */
  float base;
  /**
   * The samples that the prior weighs as much as, in [1e-3, 1e6].
   */
  float prior_samples;
  /**
   * The variance of the prior, in [1e-6, 1e6].
   */
  float prior_variance;
  /**
   * The variance that a label adds to every feature, in [0, 1].
   */
  float ridge;
  /**
   * The samples of a class from which on the last ones weigh more, at least 1.
   */
  uint32_t most;
  /**
   * GD_DISCRIMINANT_NUMBERS(room, features) floats: the factors of the inverse scatter, the means, the rows, the biases.
   */
  float *numbers;
  /**
   * The samples of each class, `room` of them; 0 of a class that has none, which takes no part.
   */
  uint32_t *counts;
  /**
   * GD_DISCRIMINANT_SCRATCH(room, features) floats to work in, which may be anything before and after a call.
   */
  float *scratch;
} gd_discriminant;

/**
 * It was done.
 */
#define GD_OK 0

/**
 * A pointer is null, or not aligned as its type has to be; or two buffers overlap, by the counts that are given with them.
 */
#define GD_ERROR_POINTER -1

/**
 * The trainer was not initialised by gd_init, or the discriminant by gd_discriminant_init, or its memory was overwritten.
 */
#define GD_ERROR_TRAINER -2

/**
 * A buffer has not as many numbers as it must have, or more than memory can hold.
 */
#define GD_ERROR_LENGTH -3

/**
 * The class is none of those in use.
 */
#define GD_ERROR_CLASS -4

/**
 * A number is NaN or infinite, or a logit would be.
 */
#define GD_ERROR_NOT_FINITE -5

/**
 * A number is out of its range.
 */
#define GD_ERROR_RANGE -6

/**
 * The numbers are too large to learn from.
 */
#define GD_ERROR_TOO_LARGE -7

/**
 * The checkpoint is damaged, cut short, or that of another head.
 */
#define GD_ERROR_CHECKPOINT -8

/**
 * There is nothing to report yet.
 */
#define GD_ERROR_EMPTY -9

/**
 * No class is in use, as in the checkpoint that was read, or none of a discriminant has a sample.
 */
#define GD_ERROR_NO_CLASSES -10

/**
 * The library refused for a reason that no function here should meet.
 */
#define GD_ERROR_OTHER -11

/**
 * The class has no sample, or cannot have learned the one that is to be taken back.
 */
#define GD_ERROR_NOT_LEARNED -12

/**
 * All classes that there is room for are in use.
 */
#define GD_ERROR_NO_ROOM -13

/**
 * There is too little room for a checkpoint.
 */
#define GD_ERROR_SHORT -14

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
 * nothing. All classes are in use, no step is taken and nothing counted; the learning rate is 0.05, beta is 1, the temperature 1, the
 * threshold 0.
 *
 * The parameters stay the caller's: they are read and changed in place, and must be there as long as the trainer is used.
 *
 * # Errors
 * GD_ERROR_POINTER, also if the two overlap; GD_ERROR_LENGTH if `count` is another, or the shape has no class or no feature;
 * GD_ERROR_NOT_FINITE if a parameter is NaN or infinite.
 *
 * # Safety
 * `trainer` points to a gd_trainer, `parameters` to `count` floats, and both are used by nobody else during a call, no interrupt
 * and no other thread.
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
 * # Errors
 * GD_ERROR_RANGE if one is out of its range.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_optimizer(gd_trainer *trainer,
                           float learning_rate,
                           float weight_decay,
                           float clip_norm);

/**
 * Sets beta, in (0, 1e6]: small asks for a large margin, 1 is plain cross-entropy, large lets go of a sample early. It goes from
 * `start` to `end` over the first `steps` steps, by equal factors if `geometric`, else by equal differences. `steps` 0 is `end` from
 * the beginning.
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range, or if `geometric` and the larger is more than 1e37 times the smaller.
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
 * Sets how logits become an answer: they are divided by a temperature in [0.01, 100], above 1 for a head that is too sure; a
 * probability below a threshold in [0, 1] is "unknown".
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_readout(gd_trainer *trainer,
                         float temperature,
                         float threshold);

/**
 * The number of steps taken, the place in the warm-up; it stays at 2^32 - 1.
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
 * The most probable class of a sample, or "unknown". `features` are as many as `feature_count` says, which must be those of the head;
 * `probabilities` has one place a class, `class_count` in all, and gets the probability of each under the temperature, 0 for a class
 * that is not in use. After an error `probabilities` may hold anything.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_init; GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a
 * logit leaves the range of a float; GD_ERROR_NO_CLASSES if no class is in use.
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
 * Learns a labelled sample: forward pass, loss, gradient and update. The answer before that, under the temperature, counts for
 * gd_get_calibration, without a second forward pass: gd_predict is not needed before it, and gd_record would count the sample twice.
 *
 * `scratch` is room to work in, two floats a class: `scratch_count` must be twice the classes of gd_init. It may hold anything before
 * and after.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of gd_init, or `scratch_count` not twice its classes; GD_ERROR_CLASS if `class_index`
 * is not a class in use; GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a logit leaves the range of a float;
 * GD_ERROR_TOO_LARGE if the update could: the features times the learning rate are from 1e30 on. Nothing is then learned or counted.
 *
 * # Safety
 * As gd_init; `features` and `scratch` point to as many floats, `step` to a gd_step, or it is null if the report is of no interest.
 */
gd_status gd_learn(gd_trainer *trainer,
                   const float *features,
                   size_t feature_count,
                   uint32_t class_index,
                   float *scratch,
                   size_t scratch_count,
                   gd_step *step);

/**
 * Learns a labelled sample once more, as in a quiet moment one that was kept: as gd_learn, but what the trainer would have answered does not
 * count, since it has seen the sample before. The arguments and their errors are those of gd_learn.
 *
 * # Safety
 * As gd_learn.
 */
gd_status gd_rehearse(gd_trainer *trainer,
                      const float *features,
                      size_t feature_count,
                      uint32_t class_index,
                      float *scratch,
                      size_t scratch_count);

/**
 * Counts the answer of gd_predict for a sample whose class is known and that is not learned, for gd_get_calibration: a test. A sample
 * that is learned is counted by gd_learn.
 *
 * # Errors
 * GD_ERROR_LENGTH if `class_count` is not that of gd_init; GD_ERROR_CLASS if `class_index` is not below it; GD_ERROR_RANGE if a
 * probability is not in [0, 1].
 *
 * # Safety
 * As gd_init; `probabilities` points to `class_count` floats.
 */
gd_status gd_record(gd_trainer *trainer,
                    const float *probabilities,
                    size_t class_count,
                    uint32_t class_index);

/**
 * The calibration over all that was counted since gd_init or gd_reset_calibration, by gd_learn and gd_record.
 *
 * # Errors
 * GD_ERROR_EMPTY if nothing was.
 *
 * # Safety
 * As gd_init; `calibration` points to a gd_calibration.
 */
gd_status gd_get_calibration(gd_trainer *trainer,
                             gd_calibration *calibration);

/**
 * Begins the calibration anew: before samples for a test, or after a time in which the head was still learning.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_reset_calibration(gd_trainer *trainer);

/**
 * The bytes of a checkpoint of a head of this shape: GD_CHECKPOINT_EXTRA_BYTES and 4 for each of the `classes * (features + 1)`
 * parameters. The largest size_t if it does not hold so many.
 */
size_t gd_checkpoint_size(uint16_t classes,
                          uint16_t features);

/**
 * Writes head, steps and read-out as versioned bytes with a CRC, gd_checkpoint_size of them; `size` may be more. The Rust library
 * reads them as well. Optimizer, beta and calibration are not among them.
 *
 * # Errors
 * GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite, which gd_checkpoint_read would refuse. The
 * bytes are then unchanged.
 *
 * # Safety
 * As gd_init; `bytes` points to `size` bytes.
 */
gd_status gd_checkpoint_write(gd_trainer *trainer,
                              uint8_t *bytes,
                              size_t size);

/**
 * Reads a checkpoint of a head of the same shape, from C or Rust, of this version of the library or an earlier one; `size` may be more.
 * Calibration begins anew: it was of the head before.
 *
 * Only the classes that were in use are so then: the others, whose rows are zero, have the probability 0 and cannot be learned, until
 * gd_init takes all into use.
 *
 * # Errors
 * GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if it holds a number that is
 * NaN or infinite, or out of its range. Nothing is then changed.
 *
 * # Safety
 * As gd_checkpoint_write.
 */
gd_status gd_checkpoint_read(gd_trainer *trainer,
                             const uint8_t *bytes,
                             size_t size);

/**
 * Makes a discriminant with room for `classes` classes of `features` features, each at least 1, over the caller's memory: `numbers`,
 * GD_DISCRIMINANT_NUMBERS(classes, features) floats, `counts`, one a class, and `scratch`, GD_DISCRIMINANT_SCRATCH(classes, features)
 * floats to work in. Numbers and counts are set to zero: all classes are in use, none has a sample, and each takes part once it is
 * labelled. The settings are those that gd_discriminant_set names as the defaults.
 *
 * The memory stays the caller's: it is read and changed in place, and must be there as long as the discriminant is used.
 *
 * # Errors
 * GD_ERROR_POINTER, also if two of them overlap; GD_ERROR_LENGTH if a count is another, or the shape has no class or no feature.
 * Nothing is then changed.
 *
 * # Safety
 * `discriminant` points to a gd_discriminant, `numbers` and `scratch` to as many floats and `counts` to as many numbers as is said, and
 * all are used by nobody else during a call, no interrupt and no other thread.
 */
gd_status gd_discriminant_init(gd_discriminant *discriminant,
                               float *numbers,
                               size_t number_count,
                               uint32_t *counts,
                               size_t count_count,
                               float *scratch,
                               size_t scratch_count,
                               uint16_t classes,
                               uint16_t features);

/**
 * Sets how labels are learned: a prior of `prior_samples` samples, in [1e-3, 1e6], of the variance `prior_variance` in every direction, in
 * [1e-6, 1e6], which only a discriminant without a sample takes; a `ridge` that a label adds to the variance of every feature, in
 * [0, 1]; and `most`, the samples of a class from which on the last ones weigh more, so that its mean follows a user who changes; 0
 * counts as 1. The defaults are 16, 0.5, 0.001 and UINT32_MAX, meant for features of mean 0 and deviation 1.
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range.
 *
 * # Safety
 * As gd_discriminant_init.
 */
gd_status gd_discriminant_set(gd_discriminant *discriminant,
                              float prior_samples,
                              float prior_variance,
                              float ridge,
                              uint32_t most);

/**
 * Learns a sample of a class in use; its first is enough for the class to take part. `features` are `feature_count` floats in
 * [-1e6, 1e6].
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of gd_discriminant_init; GD_ERROR_CLASS if the class is not in use;
 * GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite or out of its range; GD_ERROR_TOO_LARGE if the update could leave the
 * range of a float.
 *
 * # Safety
 * As gd_discriminant_init; `features` points to as many floats.
 */
gd_status gd_discriminant_learn(gd_discriminant *discriminant,
                                const float *features,
                                size_t feature_count,
                                uint32_t class_index);

/**
 * Takes a sample back that was learned with this label, a slip of the finger: the discriminant is as if it had not been, but for rounding.
 * The settings must be those that it was learned with. A class whose only sample is taken back is in use without one.
 *
 * # Errors
 * As gd_discriminant_learn; GD_ERROR_NOT_LEARNED if the class has no sample, or cannot have learned this one.
 *
 * # Safety
 * As gd_discriminant_learn.
 */
gd_status gd_discriminant_unlearn(gd_discriminant *discriminant,
                                  const float *features,
                                  size_t feature_count,
                                  uint32_t class_index);

/**
 * The most probable class of a sample among those with a sample, and whether its probability reaches `threshold`, in [0, 1]: if not, the
 * answer is "unknown"; 0 is none. `probabilities` has one place a class that there is room for, `class_count` in all, and gets the
 * probability of each, 0 for a class without a sample. After an error `probabilities` may hold anything.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_discriminant_init; GD_ERROR_NO_CLASSES if no class has a sample;
 * GD_ERROR_NOT_FINITE if a feature is NaN or infinite, or a logit leaves the range of a float; GD_ERROR_RANGE if the threshold is out of
 * its range.
 *
 * # Safety
 * As gd_discriminant_init; `features` and `probabilities` point to as many floats, `prediction` to a gd_prediction.
 */
gd_status gd_discriminant_predict(gd_discriminant *discriminant,
                                  const float *features,
                                  size_t feature_count,
                                  float *probabilities,
                                  size_t class_count,
                                  float threshold,
                                  gd_prediction *prediction);

/**
 * Keeps what was learned with the weight of `samples` samples, in [1e-3, 1e6], each class with the weight of `most` at most: for what a
 * training set said before a device goes on, or for another user. The logits are the same but for their temperature; `labels` counts
 * from 0.
 *
 * # Errors
 * GD_ERROR_RANGE if `samples` is out of its range; GD_ERROR_NO_CLASSES if no class has a sample.
 *
 * # Safety
 * As gd_discriminant_init.
 */
gd_status gd_discriminant_discount(gd_discriminant *discriminant,
                                   float samples,
                                   uint32_t most);

/**
 * Takes one more class into use, whose number is the count of classes before: after gd_discriminant_remove_class, or after a checkpoint with
 * fewer classes in use was loaded.
 *
 * # Errors
 * GD_ERROR_NO_ROOM if all are in use.
 *
 * # Safety
 * As gd_discriminant_init.
 */
gd_status gd_discriminant_add_class(gd_discriminant *discriminant);

/**
 * Removes a class; those above it move down by one, with their means and counts. What its samples said of the scatter that all classes
 * share stays.
 *
 * # Errors
 * GD_ERROR_CLASS if the class is not in use.
 *
 * # Safety
 * As gd_discriminant_init.
 */
gd_status gd_discriminant_remove_class(gd_discriminant *discriminant,
                                       uint32_t class_index);

/**
 * Writes a checkpoint, versioned bytes with a CRC: GD_DISCRIMINANT_CHECKPOINT_BYTES(classes, features) of them; `size` may be more. The
 * Rust library reads them as well. The settings are not among them.
 *
 * # Errors
 * GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a number is NaN or infinite. The bytes are then unchanged.
 *
 * # Safety
 * As gd_discriminant_init; `bytes` points to `size` bytes.
 */
gd_status gd_discriminant_save(gd_discriminant *discriminant,
                               uint8_t *bytes,
                               size_t size);

/**
 * Reads a checkpoint with a discriminant of the same shape, from C or Rust, of this version of the library or an earlier one; `size` may be
 * more. What else it holds is skipped. The settings stay as they are.
 *
 * # Errors
 * GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE if it holds a number that is NaN or infinite.
 * Nothing is then changed.
 *
 * # Safety
 * As gd_discriminant_save.
 */
gd_status gd_discriminant_load(gd_discriminant *discriminant,
                               const uint8_t *bytes,
                               size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GRADIENT_DECAY_H */
