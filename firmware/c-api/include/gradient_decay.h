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

/** The bytes of the memory of a head in integers, a multiple of 4: static uint32_t memory[GD_FIXED_BYTES(10, 64) / 4]; */
#define GD_FIXED_BYTES(classes, features) (4 * (((size_t)(classes) * (size_t)(features) + 1) / 2 + 3 * (size_t)(classes)))

/** The bytes of the checkpoint of a head in integers. */
#define GD_FIXED_CHECKPOINT_BYTES(classes, features) (64 + 2 * (size_t)(classes) * ((size_t)(features) + 2))

/** A learning rate of a head in integers, as gd_fixed_set_rate takes it: GD_FIXED_RATE(0.02). */
#define GD_FIXED_RATE(rate) ((uint32_t)((rate) * 32768.0 + 0.5))

/** A probability of a head in integers, as a threshold: GD_FIXED_PROBABILITY(0.6). */
#define GD_FIXED_PROBABILITY(probability) ((int32_t)((probability) * 32768.0 + 0.5))

/** So many bytes rounded up to what a learner takes. */
#define GD_ROUND(bytes) (((size_t)(bytes) + 7) / 8 * 8)

/**
 * The bytes of a learner's memory: the sum of its head's and its parts' bytes, below, and what the learner takes itself. The same as
 * gd_learner_bytes, as a constant: static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_LINEAR_BYTES(4, 24) + GD_PART_STANDARDIZER_BYTES(24)) / 8];
 */
#define GD_LEARNER_BYTES(head_and_parts) (32 * sizeof(void *) + 128 + (head_and_parts))

/** The bytes of gd_head_discriminant. */
#define GD_HEAD_DISCRIMINANT_BYTES(classes, features) \
    (GD_ROUND(4 * GD_DISCRIMINANT_NUMBERS(classes, features)) + GD_ROUND(4 * GD_DISCRIMINANT_SCRATCH(classes, features)) + \
     GD_ROUND(4 * (size_t)(classes)) + 8 * (size_t)(classes))

/** The bytes of gd_head_linear. */
#define GD_HEAD_LINEAR_BYTES(classes, features) \
    (GD_ROUND(4 * (size_t)(classes) * ((size_t)(features) + 1)) + 8 * (size_t)(classes))

/** The bytes of gd_part_standardizer. */
#define GD_PART_STANDARDIZER_BYTES(features) (16 * (size_t)(features) + 8 * sizeof(void *) + 8)

/** The bytes of gd_part_memory_f32, with so many slots a class. */
#define GD_PART_MEMORY_F32_BYTES(classes, features, slots) \
    (GD_ROUND(4 * (size_t)(classes) * (size_t)(slots) * (size_t)(features)) + GD_ROUND(4 * (size_t)(classes)) + 12 * sizeof(void *) + 8)

/** The bytes of gd_part_memory_i8, with so many slots a class. */
#define GD_PART_MEMORY_I8_BYTES(classes, features, slots) \
    (GD_ROUND((size_t)(classes) * (size_t)(slots) * (size_t)(features)) + GD_ROUND(4 * (size_t)(classes) * (size_t)(slots)) + \
     GD_ROUND(4 * (size_t)(classes)) + GD_ROUND(4 * (size_t)(features)) + \
     GD_ROUND((size_t)(features)) + 12 * sizeof(void *) + 8)

/** The bytes of gd_head_neighbours_i8, which keeps so many samples of each class. */
#define GD_HEAD_NEIGHBOURS_I8_BYTES(classes, features, kept_slots) \
    (GD_HEAD_DISCRIMINANT_BYTES(classes, features) + GD_PART_MEMORY_I8_BYTES(classes, features, kept_slots) + 32)

/** The bytes of gd_head_neighbours_f32. */
#define GD_HEAD_NEIGHBOURS_F32_BYTES(classes, features, kept_slots) \
    (GD_HEAD_DISCRIMINANT_BYTES(classes, features) + GD_PART_MEMORY_F32_BYTES(classes, features, kept_slots) + 32)

/** The bytes that a trained head mixed in adds to a discriminant, whose parameters are the caller's. */
#define GD_MIXED_BYTES(classes) (GD_ROUND(classes) + 10 * sizeof(void *))

/** The bytes of gd_head_mixed. */
#define GD_HEAD_MIXED_BYTES(classes, features) (GD_HEAD_DISCRIMINANT_BYTES(classes, features) + GD_MIXED_BYTES(classes))

/** The bytes of gd_head_mixed_neighbours_i8. */
#define GD_HEAD_MIXED_NEIGHBOURS_I8_BYTES(classes, features, kept_slots) \
    (GD_HEAD_NEIGHBOURS_I8_BYTES(classes, features, kept_slots) + GD_MIXED_BYTES(classes))

/** The bytes of gd_head_mixed_neighbours_f32. */
#define GD_HEAD_MIXED_NEIGHBOURS_F32_BYTES(classes, features, kept_slots) \
    (GD_HEAD_NEIGHBOURS_F32_BYTES(classes, features, kept_slots) + GD_MIXED_BYTES(classes))

/** The bytes that a memory takes more if it is `held_out`. */
#define GD_HELD_OUT_BYTES(classes) GD_ROUND(4 * (size_t)(classes))

/** The bytes of gd_part_novelty. */
#define GD_PART_NOVELTY_BYTES(classes, features) \
    (GD_ROUND(4 * (2 * (size_t)(classes) + 1) * (size_t)(features)) + GD_ROUND(4 * (size_t)(classes)) + 8 * sizeof(void *) + 24)

/** The bytes of gd_part_calibration. */
#define GD_PART_CALIBRATION_BYTES 176

/**
 * The words of a trainer's memory.
 */
#define GD_TRAINER_WORDS 40

/**
 * The bytes of a checkpoint beside the parameters, which take 4 each: for a buffer whose size is known when it is compiled.
 */
#define GD_CHECKPOINT_EXTRA_BYTES 72

/**
 * The words of a learner's handle.
 */
#define GD_LEARNER_WORDS 8

/**
 * The words of a store.
 */
#define GD_STORE_WORDS 16

/**
 * A way to count how good answers were: gd_part_calibration.
 */
typedef struct gd_calibrator gd_calibrator;

/**
 * A kind of head: one of the gd_head_... below.
 */
typedef struct gd_head gd_head;

/**
 * A way to store samples: one of the gd_part_memory_... below.
 */
typedef struct gd_memory gd_memory;

/**
 * A way to tell what was never taught: gd_part_novelty.
 */
typedef struct gd_novelty gd_novelty;

/**
 * The pages of a flash, and the largest word that it is written by: one of the gd_pages_... below.
 */
typedef struct gd_pages gd_pages;

/**
 * A way to standardise features: gd_part_standardizer.
 */
typedef struct gd_standardizer gd_standardizer;

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
  /**
   * Whether the sample was learned: not one that a learner holds out.
   */
  bool learned;
} gd_step;

/**
 * How far probabilities can be trusted: means over the samples that were learned since gd_calibrate, by what the trainer would have answered
 * before, and over what gd_record was given.
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
 * A linear head that infers and learns in integers, for cores without FPU: on a Cortex-M0 a label takes a sixteenth of a gd_trainer's instructions.
 * gd_fixed_init fills it in; of its members `classes`, `steps` and `exponent` are there to be read, and none is there to be written. All numbers
 * are fixed point:
 *
 * feature   int8_t, q / 2^exponent; subtract a zero point first
 * weight    int16_t, q / 2^12, in [-8, 8); one that would leave the range stays at its end
 * bias      int32_t, q / 2^16
 * logit     int32_t, q / 2^16, in [-16000, 16000]; INT32_MIN of a class that is not in use
 * probability  int32_t, q / 2^15, in [0, 1]
 *
 * Updates are rounded at random, by the seed, so that small ones have their effect. The bits are the same on every core.
 *
 * A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the head or its memory, and
 * GD_ERROR_TRAINER if gd_fixed_init has not filled it in or a member is out of its range; whatever else it can return it says itself. After an
 * error the head, its memory but for room to work in, and all that a function would have written are as before.
 */
typedef struct {
  /**
   * Says that gd_fixed_init has filled it in.
   */
  uint32_t mark;
  /**
   * Classes that there is room for, at least 1.
   */
  uint16_t room;
  /**
   * Features of a sample, 1 to 512.
   */
  uint16_t features;
  /**
   * Classes in use, at most `room`.
   */
  uint32_t classes;
  /**
   * Labels learned, the place in the warm-up; it stays at 2^32 - 1.
   */
  uint32_t steps;
  /**
   * The exponent of the features, 0 to 7.
   */
  uint32_t exponent;
  /**
   * The state of the random numbers that round, never 0.
   */
  uint32_t random;
  /**
   * The learning rate in units of 1 / 32768, 1 to 32768.
   */
  uint32_t rate;
  /**
   * The logarithm of beta at step 0, in units of 1 / 65536.
   */
  int32_t ln_beta_start;
  /**
   * The logarithm of beta after the warm-up, in units of 1 / 65536.
   */
  int32_t ln_beta_end;
  /**
   * The steps of the warm-up.
   */
  uint32_t ln_beta_steps;
  /**
   * GD_FIXED_BYTES(room, features) bytes: the biases, room to work in, the weights row by row.
   */
  void *memory;
} gd_fixed;

/**
 * The report of a step of a gd_fixed.
 */
typedef struct {
  /**
   * The loss of the sample before the step, in nats, in units of 1 / 65536, at least 0.
   */
  int32_t loss;
  /**
   * The most probable class before the step, from 0; the first of equal ones.
   */
  uint32_t class_index;
} gd_fixed_step;

/**
 * The answer of a gd_fixed for a sample.
 */
typedef struct {
  /**
   * The most probable class, from 0; the first of equal ones.
   */
  uint32_t class_index;
  /**
   * Its probability, in units of 1 / 32768, 0 to 32768.
   */
  int32_t probability;
  /**
   * Whether that reaches the threshold: if not, the answer is "unknown".
   */
  bool known;
} gd_fixed_prediction;

/**
 * A trained head, which a learner with gd_head_mixed or one of its kin mixes in: `static const gd_trained trained = {head_parameters, NULL, 4};` of
 * the `head_parameters` that `demo-host export` writes. Its features are those of the learner.
 */
typedef struct {
  /**
   * The weights row by row, a row of as many floats as there are features for each class, then a bias for each class. They are only read, can be
   * in flash, and must be there unchanged as long as the learner is used.
   */
  const float *parameters;
  /**
   * For each class that the learner has room for, its class in the trained head, or 255 for one that it does not have. Null: the first are
   * those of the trained head. Not needed after gd_learner_init.
   */
  const uint8_t *map;
  /**
   * The classes of the trained head, in [1, 254].
   */
  uint16_t classes;
} gd_trained;

/**
 * The parts of a learner. All zero but for `head`, `classes` and `features` is a learner without any: write `gd_learner_config config =
 * {.head = &gd_head_discriminant, .classes = 4, .features = 24};`. A part that is named by no configuration of a program is not linked.
 */
typedef struct {
  /**
   * The head, which maps features to classes: &gd_head_discriminant, &gd_head_linear, &gd_head_neighbours_i8, &gd_head_neighbours_f32,
   * &gd_head_mixed, &gd_head_mixed_neighbours_i8 or &gd_head_mixed_neighbours_f32.
   */
  const gd_head *head;
  /**
   * The trained head of one of the last three; null for another head.
   */
  const gd_trained *trained;
  /**
   * &gd_part_standardizer, or null: features stay as they are, and should have a mean near 0 and a deviation near 1.
   */
  const gd_standardizer *standardizer;
  /**
   * The samples that are rehearsed: &gd_part_memory_f32, &gd_part_memory_i8, or null.
   */
  const gd_memory *memory;
  /**
   * The samples that are held out for gd_learner_judge and gd_learner_fit_temperature: as `memory`, or null.
   */
  const gd_memory *held_out;
  /**
   * &gd_part_novelty, or null: only a small probability makes a sample unknown.
   */
  const gd_novelty *novelty;
  /**
   * &gd_part_calibration, or null.
   */
  const gd_calibrator *calibration;
  /**
   * Classes that there is room for, at least 1.
   */
  uint16_t classes;
  /**
   * Features of a sample, at least 1.
   */
  uint16_t features;
  /**
   * Classes of these that are not in use at first, at most `classes`: they come by gd_learner_add_class.
   */
  uint16_t unused;
  /**
   * Samples of each class that a head with neighbours keeps, at least 1; 0 for another head.
   */
  uint16_t kept_slots;
  /**
   * Samples of each class that `memory` holds, at least 1 if there is one.
   */
  uint16_t slots;
  /**
   * Samples of each class that `held_out` holds, at least 1 if there is one.
   */
  uint16_t held_out_slots;
  /**
   * Every so many labelled samples one is held out; 0 is 7. A divisor of the number of classes would hold out the same ones of a stream in
   * turn.
   */
  uint16_t held_out_every;
  /**
   * By how much a head may be worse than the best so far before gd_learner_judge says so, in nats, in [0, 100].
   */
  float margin;
  /**
   * The first samples that gd_learner_observe is given, of which the units of `standardizer` follow; 0 counts as 1.
   */
  uint32_t standardize_first;
  /**
   * The seed of the choices of `memory`, `held_out` and the head.
   */
  uint32_t seed;
} gd_learner_config;

/**
 * The handle of a learner, whose contents are the library's own. gd_learner_init fills it in; what the learner knows lies in the memory
 * that is given with it.
 *
 * A function that is given one can return GD_ERROR_POINTER, also if two of its buffers overlap, each other, the handle or the memory, and
 * GD_ERROR_TRAINER if gd_learner_init has not filled it in; whatever else it can return it says itself. After an error the learner and all
 * that a function would have written are as before, unless it says otherwise.
 */
typedef struct {
  uint64_t words[GD_LEARNER_WORDS];
} gd_learner;

/**
 * Why an answer is unknown, or that it is not.
 */
typedef uint32_t gd_reason;

/**
 * The answer of a learner for a sample.
 */
typedef struct {
  /**
   * The most probable class, from 0, whether or not it is the answer; the first of equal ones.
   */
  uint32_t class_index;
  /**
   * Its probability under the temperature, in [0, 1].
   */
  float probability;
  /**
   * GD_KNOWN, or why the answer is "unknown": GD_BETWEEN or GD_FAR.
   */
  gd_reason reason;
} gd_answer;

/**
 * The state of a learner.
 */
typedef struct {
  /**
   * Classes in use.
   */
  uint32_t classes;
  /**
   * Steps taken, rehearsals included, the place in the warm-up of beta; it stays at 2^32 - 1.
   */
  uint32_t steps;
  /**
   * Samples that the standardizer has observed, and those that fix its units; both 0 without one.
   */
  uint32_t observed;
  /**
   * See `observed`: features are refused until that has reached this.
   */
  uint32_t needed;
  /**
   * The temperature of the read-out, in [0.01, 100].
   */
  float temperature;
  /**
   * The threshold of the read-out, in [0, 1].
   */
  float threshold;
} gd_learner_state;

/**
 * The verdict on a head: see gd_learner_judge.
 */
typedef uint32_t gd_verdict;

/**
 * The sections that are saved of those that a learner has: GD_SAVE_ALL, less what is left out.
 */
typedef uint32_t gd_contents;

/**
 * A place for learners in flash, whose contents are the library's own. gd_store_init fills it in. The newest checkpoint is never erased before
 * a newer one was written and read back: whenever the power is cut, what is loaded afterwards is the one saved before or the new one, whole.
 * All pages wear alike.
 */
typedef struct {
  uint64_t words[GD_STORE_WORDS];
} gd_store;

/**
 * A range of flash and the functions that reach it. Each returns 0, or anything else if the flash refused; offsets count from the beginning of
 * the range, which is the store's own. Before a function returns the flash has done what it was told.
 */
typedef struct {
  /**
   * The first argument of the functions; may be null.
   */
  void *context;
  /**
   * Reads `count` bytes at `offset`; both are multiples of 4.
   */
  int32_t (*read)(void *context, uint32_t offset, uint8_t *bytes, size_t count);
  /**
   * Writes `count` bytes at `offset`, where all is erased; both are multiples of the largest word of the pages, 32 or 256 bytes.
   */
  int32_t (*write)(void *context, uint32_t offset, const uint8_t *bytes, size_t count);
  /**
   * Erases `count` bytes from `offset` on to 0xff; both are multiples of a page.
   */
  int32_t (*erase)(void *context, uint32_t offset, uint32_t count);
  /**
   * The bytes of the range, whole pages: room for two checkpoints, each in pages of its own; room for three is better, since a page that wears
   * out is then left out.
   */
  uint32_t bytes;
} gd_flash;

/**
 * It was done.
 */
#define GD_OK 0

/**
 * A pointer is null, or not aligned as its type has to be; or two buffers overlap, by the counts that are given with them.
 */
#define GD_ERROR_POINTER -1

/**
 * The trainer was not initialised by gd_init, or the discriminant, the head in integers, the learner or the store by its own function, or its memory was overwritten.
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
 * There is nothing to report yet, or nothing was saved.
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
 * There is too little room: for a checkpoint, for a learner, or for a head in integers.
 */
#define GD_ERROR_SHORT -14

/**
 * The standardizer has not yet observed the samples that fix its units.
 */
#define GD_ERROR_UNITS -15

/**
 * The learner has not the part that this needs, or its head cannot do it; of a trainer gd_calibrate comes first.
 */
#define GD_ERROR_PART -16

/**
 * The flash refused.
 */
#define GD_ERROR_FLASH -17

/**
 * The range of flash is not whole pages, or does not hold two checkpoints.
 */
#define GD_ERROR_FLASH_RANGE -18

/**
 * The flash holds something else.
 */
#define GD_ERROR_FOREIGN -19

/**
 * The flash does not keep what is written: it is worn out.
 */
#define GD_ERROR_WORN -20

/**
 * The class is the answer.
 */
#define GD_KNOWN 0

/**
 * Unknown: the sample is between classes, its probability below the threshold.
 */
#define GD_BETWEEN 1

/**
 * Unknown: the sample is far from everything that was taught; by gd_part_novelty alone.
 */
#define GD_FAR 2

/**
 * Nothing is held out yet.
 */
#define GD_VERDICT_UNKNOWN 0

/**
 * The best so far: save it.
 */
#define GD_VERDICT_BEST 1

/**
 * Not the best, but within the margin: go on.
 */
#define GD_VERDICT_GOOD 2

/**
 * Worse by more than the margin: go back to the one that was saved last.
 */
#define GD_VERDICT_WORSE 3

/**
 * All of them.
 */
#define GD_SAVE_ALL 0

/**
 * Without remembered samples and those held out, which are a person's data and most of the bytes.
 */
#define GD_SAVE_NO_SAMPLES 1

/**
 * Without the calibration.
 */
#define GD_SAVE_NO_CALIBRATION 2

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * A discriminant, streaming linear discriminant analysis: it learns the most from few labels, forgets nothing, and takes labels back.
 */
extern const gd_head gd_head_discriminant;

/**
 * A discriminant with nearest neighbours on top: it keeps `kept_slots` samples of each class, as gd_part_memory_i8 does, and their distances count
 * as much as they prove right. For classes that no plane divides; on nineteen data sets it was more accurate from 50 labels on, by up to 24 points,
 * or at most 0.6 points behind. An answer takes a multiply-add for each feature of each kept sample more. Kept samples are a person's data, in
 * every checkpoint but those by GD_SAVE_NO_SAMPLES.
 */
extern const gd_head gd_head_neighbours_i8;

/**
 * The same with samples as gd_part_memory_f32 has them, each of four times the bytes.
 */
extern const gd_head gd_head_neighbours_f32;

/**
 * A discriminant with a trained head mixed in, `trained`, whose weight fades with the labels: for a device that starts from a trained head.
 * Before the first label it answers as that; gd_learner_load gives it the statistics of the training set as well, as `demo-host export` writes
 * them.
 */
extern const gd_head gd_head_mixed;

/**
 * The same with nearest neighbours on top, as gd_head_neighbours_i8 has them.
 */
extern const gd_head gd_head_mixed_neighbours_i8;

/**
 * The same with nearest neighbours on top, as gd_head_neighbours_f32 has them.
 */
extern const gd_head gd_head_mixed_neighbours_f32;

/**
 * A linear head that learns by the gradient-decay Softmax, a step a label.
 */
extern const gd_head gd_head_linear;

/**
 * Features in units of mean 0 and deviation 1.
 */
extern const gd_standardizer gd_part_standardizer;

/**
 * Samples as they are, 4 bytes a feature.
 */
extern const gd_memory gd_part_memory_f32;

/**
 * Samples as bytes with one scale each: a byte a feature and 4 more, each feature within half of a 127th of the largest.
 */
extern const gd_memory gd_part_memory_i8;

/**
 * A sample that is far from every class is unknown, however sure the head is.
 */
extern const gd_novelty gd_part_novelty;

/**
 * Accuracy, likelihood and calibration of what the learner would have answered before it learned, over 10 bins.
 */
extern const gd_calibrator gd_part_calibration;

/**
 * Pages of 256 bytes, words of 1 to 32.
 */
extern const gd_pages gd_pages_256;

/**
 * Pages of 512 bytes, words of 1 to 32.
 */
extern const gd_pages gd_pages_512;

/**
 * Pages of 1 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_1k;

/**
 * Pages of 2 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_2k;

/**
 * Pages of 4 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_4k;

/**
 * Pages of 4 KiB, words of 64 to 256 bytes: serial flash that is programmed by whole lines, as by the Raspberry Pi Pico's library.
 */
extern const gd_pages gd_pages_4k_lines;

/**
 * Pages of 8 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_8k;

/**
 * Pages of 16 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_16k;

/**
 * Pages of 64 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_64k;

/**
 * Pages of 128 KiB, words of 1 to 32 bytes.
 */
extern const gd_pages gd_pages_128k;

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
 * Sets the learning rate, in (0, 1e6], of plain SGD: without weight decay and clipping.
 *
 * # Errors
 * GD_ERROR_RANGE if it is out of its range.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_set_rate(gd_trainer *trainer, float learning_rate);

/**
 * Sets the optimizer: SGD with a learning rate in (0, 1e6], a weight decay in [0, 1 / learning rate], and the norm in
 * [1e-6, 1e6] that a step's gradient is clipped to, 0 meaning that it is not. Where the rate is enough, gd_set_rate links less.
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
 * Learns a labelled sample: forward pass, loss, gradient and update. After gd_calibrate the answer before that, under the temperature, counts for
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
 * As gd_init; `features` and `scratch` point to as many floats.
 */
gd_status gd_learn(gd_trainer *trainer,
                   const float *features,
                   size_t feature_count,
                   uint32_t class_index,
                   float *scratch,
                   size_t scratch_count);

/**
 * Learns a labelled sample as gd_learn does, and reports the step: loss, beta, and the answer before it. It links more, the loss's logarithm
 * above all. The other arguments and their errors are those of gd_learn.
 *
 * # Safety
 * As gd_learn; `step` points to a gd_step.
 */
gd_status gd_learn_reported(gd_trainer *trainer,
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
 * GD_ERROR_PART before gd_calibrate; GD_ERROR_LENGTH if `class_count` is not that of gd_init; GD_ERROR_CLASS if `class_index` is not below
 * it; GD_ERROR_RANGE if a probability is not in [0, 1].
 *
 * # Safety
 * As gd_init; `probabilities` points to `class_count` floats.
 */
gd_status gd_record(gd_trainer *trainer,
                    const float *probabilities,
                    size_t class_count,
                    uint32_t class_index);

/**
 * The calibration over all that was counted since gd_calibrate, by gd_learn, gd_learn_reported and gd_record.
 *
 * # Errors
 * GD_ERROR_EMPTY if nothing was, or gd_calibrate was not called.
 *
 * # Safety
 * As gd_init; `calibration` points to a gd_calibration.
 */
gd_status gd_get_calibration(gd_trainer *trainer,
                             gd_calibration *calibration);

/**
 * Counts from here on how good the answers are, for gd_get_calibration: those that the trainer would have given for the samples that gd_learn
 * learns, before it learns them, and those that gd_record is given. It begins anew with every call: after gd_init, before samples for a test,
 * after a time in which the head was still learning. Without it nothing is counted, nor is what counts linked.
 *
 * # Safety
 * As gd_init.
 */
gd_status gd_calibrate(gd_trainer *trainer);

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
 * Takes a sample back that was learned with this label, a slip of the finger: the discriminant is as if it had not been, but for rounding and, of
 * every sixteenth label, a small ridge.
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

/**
 * The bytes of the memory of a head in integers, the same as GD_FIXED_BYTES(classes, features): 2 for each weight, rounded up to a multiple of
 * 4, and 12 for each class.
 */
size_t gd_fixed_bytes(uint16_t classes,
                      uint16_t features);

/**
 * Makes a head in integers with room for `classes` classes, at least 1, of `features` features, 1 to 512, over the caller's `memory`:
 * GD_FIXED_BYTES(classes, features) bytes at a multiple of 4; `size` may be more. Features are q / 2^exponent, with an exponent of 0 to 7:
 * with 5 they are from -4 to 4, in steps of 1 / 32. Updates are rounded by random numbers that follow from `seed`, any number.
 *
 * The head knows nothing yet, all classes are in use and no step is taken; the learning rate is 0.02 and beta 1. The memory stays the caller's,
 * and must be there, in its place, as long as the head is used.
 *
 * # Errors
 * GD_ERROR_POINTER, also if the two overlap; GD_ERROR_LENGTH if the shape has no class, no feature or more than 512; GD_ERROR_RANGE if the
 * exponent is above 7; GD_ERROR_SHORT if `size` is less. Nothing is then changed.
 *
 * # Safety
 * `fixed` points to a gd_fixed, `memory` to `size` bytes, and both are used by nobody else during a call, no interrupt and no other thread.
 */
gd_status gd_fixed_init(gd_fixed *fixed,
                        void *memory,
                        size_t size,
                        uint16_t classes,
                        uint16_t features,
                        uint32_t exponent,
                        uint32_t seed);

/**
 * Sets the learning rate, in units of 1 / 32768: 1 to 32768. GD_FIXED_RATE(0.02) is such a number.
 *
 * # Errors
 * GD_ERROR_RANGE if it is out of its range.
 *
 * # Safety
 * As gd_fixed_init.
 */
gd_status gd_fixed_set_rate(gd_fixed *fixed, uint32_t rate);

/**
 * Sets beta by its natural logarithm in units of 1 / 65536, from -6815744 to 917504: small asks for a large margin, 1 is plain cross-entropy.
 * It goes from `start` to `end` over the first `steps` steps, in equal differences of the logarithm, so that beta rises by equal factors;
 * `steps` 0 is `end` from the beginning.
 *
 * beta      0.01     0.02     0.05     0.1      0.2      0.5     1  2      5
 * number    -301804  -256379  -196328  -150902  -105476  -45426  0  45426  105476
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range.
 *
 * # Safety
 * As gd_fixed_init.
 */
gd_status gd_fixed_set_ln_beta(gd_fixed *fixed,
                               int32_t start,
                               int32_t end,
                               uint32_t steps);

/**
 * Sets the number of steps taken: 0 begins the warm-up again.
 *
 * # Safety
 * As gd_fixed_init.
 */
gd_status gd_fixed_set_steps(gd_fixed *fixed, uint32_t steps);

/**
 * Learns a sample of a class in use. `features` are `feature_count` numbers. `step` may be null.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of gd_fixed_init; GD_ERROR_CLASS if the class is not in use.
 *
 * # Safety
 * As gd_fixed_init; `features` points to as many numbers, `step` to a gd_fixed_step or is null.
 */
gd_status gd_fixed_learn(gd_fixed *fixed,
                         const int8_t *features,
                         size_t feature_count,
                         uint32_t class_index,
                         gd_fixed_step *step);

/**
 * The most probable class of a sample, and whether its probability reaches `threshold`, 0 to 32768 in units of 1 / 32768: if not, the answer is
 * "unknown"; 0 is none. GD_FIXED_PROBABILITY(0.6) is such a number. `probabilities` has one place a class that there is room for, `class_count`
 * in all, and gets the probability of each in the same units, 0 for a class that is not in use; or it is null, with a count of 0. After an error
 * `probabilities` may hold anything.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_fixed_init; GD_ERROR_RANGE if the threshold is out of its range;
 * GD_ERROR_NO_CLASSES if no class is in use.
 *
 * # Safety
 * As gd_fixed_init; `features` and `probabilities` point to as many numbers, `prediction` to a gd_fixed_prediction.
 */
gd_status gd_fixed_predict(gd_fixed *fixed,
                           const int8_t *features,
                           size_t feature_count,
                           int32_t *probabilities,
                           size_t class_count,
                           int32_t threshold,
                           gd_fixed_prediction *prediction);

/**
 * The logits of a sample, one for each class that there is room for, `class_count` in all: in units of 1 / 65536, INT32_MIN of a class that is not
 * in use.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of gd_fixed_init.
 *
 * # Safety
 * As gd_fixed_init; `features` and `logits` point to as many numbers.
 */
gd_status gd_fixed_logits(gd_fixed *fixed,
                          const int8_t *features,
                          size_t feature_count,
                          int32_t *logits,
                          size_t class_count);

/**
 * Rounds `feature_count` features to the nearest numbers in the head's format, into as many places at `to`; those beyond its range go to its ends,
 * -127 and 127. It takes floating point, which a program that has its features as integers does without.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of gd_fixed_init; GD_ERROR_NOT_FINITE if a feature is NaN or infinite.
 *
 * # Safety
 * As gd_fixed_init; `features` and `to` point to as many numbers.
 */
gd_status gd_fixed_quantize(gd_fixed *fixed,
                            const float *features,
                            size_t feature_count,
                            int8_t *to);

/**
 * Takes over the parameters of a trained head, each rounded to the nearest: the weights row by row (a row is a class), then the biases, `count` in
 * all, `room * (features + 1)`, the order of a gd_trainer. Weights beyond [-8, 8) and biases beyond +-16000 go to the ends. All classes are in
 * use then; the steps stay. It takes floating point.
 *
 * # Errors
 * GD_ERROR_LENGTH if `count` is another; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite.
 *
 * # Safety
 * As gd_fixed_init; `parameters` points to as many floats.
 */
gd_status gd_fixed_import(gd_fixed *fixed,
                          const float *parameters,
                          size_t count);

/**
 * Copies the parameters out as floats, in the order of gd_fixed_import; zeros of classes that are not in use. Exact but for biases beyond +-256, of
 * which a float keeps 24 bits. It takes floating point.
 *
 * # Errors
 * GD_ERROR_LENGTH if `count` is not `room * (features + 1)`.
 *
 * # Safety
 * As gd_fixed_init; `parameters` points to as many floats.
 */
gd_status gd_fixed_export(gd_fixed *fixed,
                          float *parameters,
                          size_t count);

/**
 * Takes one more class into use, whose number is the count of classes before; it knows nothing. A head that begins without classes is one whose
 * classes gd_fixed_remove_class removed.
 *
 * # Errors
 * GD_ERROR_NO_ROOM if all are in use.
 *
 * # Safety
 * As gd_fixed_init.
 */
gd_status gd_fixed_add_class(gd_fixed *fixed);

/**
 * Removes a class; those above it move down by one.
 *
 * # Errors
 * GD_ERROR_CLASS if the class is not in use.
 *
 * # Safety
 * As gd_fixed_init.
 */
gd_status gd_fixed_remove_class(gd_fixed *fixed, uint32_t class_index);

/**
 * Writes a checkpoint, versioned bytes with a CRC: GD_FIXED_CHECKPOINT_BYTES(classes, features) of them; `size` may be more. The Rust library reads
 * them as well. Rate and beta are not among them.
 *
 * # Errors
 * GD_ERROR_SHORT if `size` is less. The bytes are then unchanged.
 *
 * # Safety
 * As gd_fixed_init; `bytes` points to `size` bytes.
 */
gd_status gd_fixed_save(gd_fixed *fixed,
                        uint8_t *bytes,
                        size_t size);

/**
 * Reads a checkpoint with a head of the same shape and exponent, from C or Rust, of this version of the library or an earlier one; `size` may be
 * more. A linear head in floats is taken as well, and rounded as gd_fixed_import does: of a gd_trainer, or of a host; that is the floating point
 * that this function takes. What else it holds is skipped. Rate and beta stay as they are.
 *
 * # Errors
 * GD_ERROR_CHECKPOINT if it is damaged, cut short, or another head's; GD_ERROR_NOT_FINITE if it holds a float that is NaN or infinite. Nothing is
 * then changed.
 *
 * # Safety
 * As gd_fixed_save.
 */
gd_status gd_fixed_load(gd_fixed *fixed,
                        const uint8_t *bytes,
                        size_t size);

/**
 * The bytes of memory that a learner of this configuration takes, for gd_learner_init; GD_LEARNER_BYTES is the same as a constant, for an
 * array. 0 if the configuration is null or cannot be a learner's; the largest size_t if it does not hold so many.
 *
 * # Safety
 * `config` is null or points to a gd_learner_config whose pointers are null or the library's, but for `trained`, which is as for gd_learner_init.
 */
size_t gd_learner_bytes(const gd_learner_config *config);

/**
 * Makes a learner of this configuration in `memory`, of which `size` bytes must be gd_learner_bytes or more. The memory begins at a multiple
 * of 8: an array of uint64_t, or `_Alignas(8)`. It knows nothing; all classes but `unused` are in use. The settings are those that
 * gd_learner_set_lda, or gd_learner_set_optimizer and gd_learner_set_beta, name as the defaults, the temperature is 1, the threshold 0.
 *
 * The memory is the library's as long as the learner is used, and stays where it is; the configuration is not needed any more, but for the
 * parameters of a trained head.
 *
 * # Errors
 * GD_ERROR_POINTER, also if two of them overlap or the head is null; GD_ERROR_LENGTH if the shape has no class or no feature, or a memory or a
 * head with neighbours no slot, or more classes are unused than there are; GD_ERROR_PART if `kept_slots` is not 0 and the head has no neighbours,
 * or `trained` is not null and the head has none mixed in; GD_ERROR_SHORT if `size` is less; GD_ERROR_RANGE if the margin is out of its range. With
 * a trained head: GD_ERROR_POINTER if it is null, or its parameters are; GD_ERROR_LENGTH if it has no class or more than 254; GD_ERROR_CLASS if the
 * map names a class that it does not have; GD_ERROR_NOT_FINITE if a parameter is NaN or infinite. Nothing is then changed.
 *
 * # Safety
 * `learner` points to a gd_learner, `memory` to `size` bytes, `config` to a gd_learner_config whose pointers are null or the library's, but for
 * `trained`, which is null or points to a gd_trained with as many numbers as it says; all are used by nobody else during a call, no interrupt and no
 * other thread.
 */
gd_status gd_learner_init(gd_learner *learner,
                          const gd_learner_config *config,
                          void *memory,
                          size_t size);

/**
 * Counts features, with a label or without, of which the units of the standardizer follow. After the first samples it does nothing, nor
 * without a standardizer.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite or
 * not in [-1e18, 1e18].
 *
 * # Safety
 * As gd_learner_init; `features` points to as many floats.
 */
gd_status gd_learner_observe(gd_learner *learner,
                             const float *features,
                             size_t feature_count);

/**
 * Learns a labelled sample of a class in use, or holds it out if that is due, and remembers it, if the learner has the parts. `step`, which
 * may be null, gets a report of what the learner would have answered before: of a discriminant beta is 1, and the loss of the first sample of
 * a class is 0.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_CLASS if the class is not in use; GD_ERROR_UNITS before the
 * units are fixed; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is NaN, infinite, or, of a discriminant, not in [-1e6, 1e6];
 * GD_ERROR_TOO_LARGE if the update could leave the range of a float.
 *
 * # Safety
 * As gd_learner_init; `features` points to as many floats, `step` to a gd_step or is null.
 */
gd_status gd_learner_learn(gd_learner *learner,
                           const float *features,
                           size_t feature_count,
                           uint32_t class_index,
                           gd_step *step);

/**
 * Takes a sample back that was learned with this label, a slip of the finger: the discriminant is as if it had not been, but for rounding and, of
 * every sixteenth label, a small ridge; the memory and the neighbours forget it. If it was held out, it is no longer, and the discriminant, which
 * has not learned it, stays as it is. What the calibration counted stays, and the weight of neighbours. The settings must be those that it was
 * learned with.
 *
 * # Errors
 * As gd_learner_learn; GD_ERROR_NOT_LEARNED if the class has no sample, or cannot have learned this one; GD_ERROR_PART if the head is linear: a
 * step cannot be undone.
 *
 * # Safety
 * As gd_learner_observe.
 */
gd_status gd_learner_unlearn(gd_learner *learner,
                             const float *features,
                             size_t feature_count,
                             uint32_t class_index);

/**
 * The most probable class of a sample, or "unknown" and why. `probabilities`, which may be null, has one place for each class that there is
 * room for, `class_count` in all, and gets the probability of each under the temperature, 0 for one that is not in use, or has no sample of a
 * discriminant and is unknown to a trained head. After an error `probabilities` may hold anything.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` or `class_count` is not that of the configuration; GD_ERROR_UNITS before the units are fixed;
 * GD_ERROR_NO_CLASSES if no class is in use, or none of a discriminant has a sample, nor does a trained head know one; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if a feature is
 * NaN, infinite or out of the standardizer's range, or a logit leaves the range of a float.
 *
 * # Safety
 * As gd_learner_init; `features` and `probabilities`, which may be null, point to as many floats, `answer` to a gd_answer.
 */
gd_status gd_learner_predict(gd_learner *learner,
                             const float *features,
                             size_t feature_count,
                             float *probabilities,
                             size_t class_count,
                             gd_answer *answer);

/**
 * `count` steps on samples of the memory; `taken`, which may be null, gets how many were taken: fewer if training has diverged, none if the
 * memory is empty. It can wait for an idle moment.
 *
 * # Errors
 * GD_ERROR_PART if the head is not linear, since a discriminant has forgotten nothing, or there is no memory.
 *
 * # Safety
 * As gd_learner_init; `taken` points to a number or is null.
 */
gd_status gd_learner_rehearse(gd_learner *learner,
                              uint32_t count,
                              uint32_t *taken);

/**
 * Takes one more class into use; `class_index`, which may be null, gets its number, the count of classes before. It is one that a trained head
 * does not have.
 *
 * # Errors
 * GD_ERROR_NO_ROOM if all are in use.
 *
 * # Safety
 * As gd_learner_init; `class_index` points to a number or is null.
 */
gd_status gd_learner_add_class(gd_learner *learner,
                               uint32_t *class_index);

/**
 * Removes a class; those above it move down by one, in every part. What was remembered of it or kept is overwritten; what its samples said of the
 * scatter of a discriminant, or did to the rows of other classes, stays.
 *
 * # Errors
 * GD_ERROR_CLASS if the class is not in use.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_remove_class(gd_learner *learner,
                                  uint32_t class_index);

/**
 * Keeps what a discriminant has learned with the weight of `samples` samples, in [1e-3, 1e6], each class with the weight of `most` at most: for
 * another user, 64 and 3. What belonged to the user before is forgotten: see gd_learner_forget. So are neighbours, whose samples are overwritten; a
 * trained head has its first weight again.
 *
 * # Errors
 * GD_ERROR_RANGE if `samples` is out of its range; GD_ERROR_NO_CLASSES if no class has a sample; GD_ERROR_PART if the head is linear.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_discount(gd_learner *learner,
                              float samples,
                              uint32_t most);

/**
 * Forgets what the learner knows of its samples: the memory, those held out, the calibration, the distances. The head and the units stay, the
 * samples of its neighbours among them, which gd_learner_discount overwrites.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_forget(gd_learner *learner);

/**
 * The state of the learner.
 *
 * # Safety
 * As gd_learner_init; `state` points to a gd_learner_state.
 */
gd_status gd_learner_get_state(gd_learner *learner, gd_learner_state *state);

/**
 * How far probabilities can be trusted, by what the learner would have answered for each sample before it learned it.
 *
 * # Errors
 * GD_ERROR_EMPTY if nothing was counted; GD_ERROR_PART if the learner has no gd_part_calibration.
 *
 * # Safety
 * As gd_learner_init; `calibration` points to a gd_calibration.
 */
gd_status gd_learner_get_calibration(gd_learner *learner,
                                     gd_calibration *calibration);

/**
 * Begins the calibration anew.
 *
 * # Errors
 * GD_ERROR_PART if the learner has no gd_part_calibration.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_reset_calibration(gd_learner *learner);

/**
 * Measures the head on the samples held out: `verdict` gets one of GD_VERDICT_..., and `loss`, which may be null, its negative log-likelihood
 * in nats, 0 if nothing is held out.
 *
 * # Errors
 * GD_ERROR_PART if the learner holds nothing out.
 *
 * # Safety
 * As gd_learner_init; `verdict` points to a number, `loss` to a float or is null.
 */
gd_status gd_learner_judge(gd_learner *learner,
                           gd_verdict *verdict,
                           float *loss);

/**
 * Fits the temperature to the samples held out by `steps` halvings of its range: 16 fix it to 1.5 parts in ten thousand. It stays as it is if
 * nothing is held out.
 *
 * # Errors
 * GD_ERROR_PART if the learner holds nothing out; GD_ERROR_NOT_FINITE if a logit leaves the range of a float.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_fit_temperature(gd_learner *learner,
                                     uint32_t steps);

/**
 * The bytes that a checkpoint of the learner takes: `bytes` gets them.
 *
 * # Errors
 * GD_ERROR_RANGE if `flags` are none of GD_SAVE_... .
 *
 * # Safety
 * As gd_learner_init; `bytes` points to a number.
 */
gd_status gd_learner_saved_bytes(gd_learner *learner, gd_contents flags, size_t *bytes);

/**
 * Writes a checkpoint, versioned bytes with a CRC, gd_learner_saved_bytes of them; `size` may be more. The Rust library reads it as well. The
 * settings, but for temperature and threshold, are not among them.
 *
 * # Errors
 * GD_ERROR_SHORT if `size` is less; GD_ERROR_NOT_FINITE if a number is NaN or infinite; GD_ERROR_RANGE if `flags` are none of GD_SAVE_... . The
 * bytes are then unchanged.
 *
 * # Safety
 * As gd_learner_init; `bytes` points to `size` bytes.
 */
gd_status gd_learner_save(gd_learner *learner,
                          gd_contents flags,
                          uint8_t *bytes,
                          size_t size);

/**
 * Reads a checkpoint of a learner with the same head and shape, from C or Rust, of this version of the library or an earlier one; `size` may be
 * more. A part that is not in it is as new; what else it holds is skipped. One of a head with a trained head mixed in names this by a CRC. Such a head
 * also reads the statistics of a training set, as `demo-host export` writes them: a discriminant alone that has counted no label.
 *
 * # Errors
 * GD_ERROR_CHECKPOINT if it is damaged, cut short, or another learner's; GD_ERROR_NOT_FINITE or GD_ERROR_RANGE if it holds a number that is NaN,
 * infinite or out of its range. Nothing is then changed.
 *
 * # Safety
 * As gd_learner_save.
 */
gd_status gd_learner_load(gd_learner *learner,
                          const uint8_t *bytes,
                          size_t size);

/**
 * Sets how a discriminant learns, alone, with a trained head or with neighbours: see gd_discriminant_set, whose defaults these are: 16, 0.5, 0.001
 * and UINT32_MAX.
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range; GD_ERROR_PART if the head is linear.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_lda(gd_learner *learner,
                             float prior_samples,
                             float prior_variance,
                             float ridge,
                             uint32_t most);

/**
 * Sets the optimizer of a linear head: see gd_set_optimizer. The defaults are 0.05, 0 and 0.
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range; GD_ERROR_PART if the head is not linear.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_optimizer(gd_learner *learner,
                                   float learning_rate,
                                   float weight_decay,
                                   float clip_norm);

/**
 * Sets beta of a linear head: see gd_set_beta. The default is 1.
 *
 * # Errors
 * As gd_set_beta; GD_ERROR_PART if the head is not linear.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_beta(gd_learner *learner,
                              float start,
                              float end,
                              uint32_t steps,
                              bool geometric);

/**
 * Sets the number of steps taken: 0 begins the warm-up of beta again.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_steps(gd_learner *learner, uint32_t steps);

/**
 * Sets how logits become an answer: they are divided by a temperature in [0.01, 100], above 1 for a head that is too sure; a probability
 * below a threshold in [0, 1] is "unknown".
 *
 * # Errors
 * GD_ERROR_RANGE if one is out of its range.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_readout(gd_learner *learner,
                                 float temperature,
                                 float threshold);

/**
 * Sets beyond how many deviations of the known samples' scores a sample is far, in [-3, 30]: fewer refuse more. The default is 0.5; it is not part
 * of a checkpoint.
 *
 * # Errors
 * GD_ERROR_RANGE if it is out of its range; GD_ERROR_PART if the learner has no gd_part_novelty.
 *
 * # Safety
 * As gd_learner_init.
 */
gd_status gd_learner_set_novelty(gd_learner *learner,
                                 float deviations);

/**
 * Sets the units of the standardizer to those of the features that the host has seen: the mean of each, in [-1e18, 1e18], and its deviation, in
 * [0, 1e18]; both have `feature_count` numbers. They are fixed then.
 *
 * # Errors
 * GD_ERROR_LENGTH if `feature_count` is not that of the configuration; GD_ERROR_RANGE if a number is out of its range; GD_ERROR_PART if the
 * learner has no gd_part_standardizer.
 *
 * # Safety
 * As gd_learner_init; `mean` and `deviation` point to as many floats.
 */
gd_status gd_learner_set_units(gd_learner *learner,
                               const float *mean,
                               const float *deviation,
                               size_t feature_count);

/**
 * The bytes of the buffer for a checkpoint of so many, for gd_store_save and gd_store_load.
 */
size_t gd_store_buffer_bytes(size_t checkpoint_bytes);

/**
 * Makes a store in a flash, of pages as `pages` says (&gd_pages_4k), for the checkpoints of `learner` with all its contents. Nothing is read or
 * written yet. The flash's functions must be there as long as the store is used; `flash` itself is not needed any more.
 *
 * # Errors
 * GD_ERROR_POINTER if a function is null as well; GD_ERROR_TRAINER if the learner was not initialised; GD_ERROR_FLASH_RANGE if the range is not
 * whole pages or does not hold two checkpoints. Nothing is then changed.
 *
 * # Safety
 * `store` points to a gd_store, `flash` to a gd_flash whose functions do what it says and call nothing of this library, `pages` to one of the
 * library's; `learner` is as for gd_learner_learn.
 */
gd_status gd_store_init(gd_store *store,
                        const gd_flash *flash,
                        const gd_pages *pages,
                        gd_learner *learner);

/**
 * Saves the learner in place of what was saved before, or, if `all_else_goes`, of whatever the range holds, of which nothing is left then but
 * this. `buffer` is room to work in, gd_store_buffer_bytes(gd_learner_saved_bytes) bytes or more, and may be anything before and after.
 *
 * # Errors
 * GD_ERROR_SHORT if `buffer` is too small; GD_ERROR_FLASH if the flash refused, GD_ERROR_WORN if it does not keep what is written, GD_ERROR_FOREIGN
 * if it holds something else; GD_ERROR_FLASH_RANGE, GD_ERROR_NOT_FINITE, GD_ERROR_RANGE as gd_store_init and gd_learner_save. What was saved
 * before is then still there.
 *
 * # Safety
 * As gd_store_init; `buffer` points to `size` bytes.
 */
gd_status gd_store_save(gd_store *store,
                        gd_learner *learner,
                        gd_contents flags,
                        bool all_else_goes,
                        uint8_t *buffer,
                        size_t size);

/**
 * Loads what was saved last. `buffer` is room to work in, as for gd_store_save.
 *
 * # Errors
 * GD_ERROR_EMPTY if nothing was saved; GD_ERROR_SHORT if `buffer` is too small; GD_ERROR_FLASH if the flash refused, GD_ERROR_FOREIGN if it holds
 * something else; those of gd_learner_load. The learner is then unchanged.
 *
 * # Safety
 * As gd_store_save.
 */
gd_status gd_store_load(gd_store *store,
                        gd_learner *learner,
                        uint8_t *buffer,
                        size_t size);

/**
 * Erases the whole range: all that was saved, the newest last. Checkpoints are a person's data, and older ones lie behind the newest until their
 * pages are used again.
 *
 * # Errors
 * GD_ERROR_FLASH if the flash refused; some of it may then be left.
 *
 * # Safety
 * As gd_store_init.
 */
gd_status gd_store_forget(gd_store *store);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GRADIENT_DECAY_H */
