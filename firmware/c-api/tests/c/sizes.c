/* Prints the sizes that the header's macros give, for shapes of up to `MOST` classes and features. */

#include <stdio.h>

#include "gradient_decay.h"

#define MOST 20

/* Each is a constant. */
static float numbers[GD_DISCRIMINANT_NUMBERS(3, 8)], scratch[GD_DISCRIMINANT_SCRATCH(3, 8)];
static uint32_t in_integers[GD_FIXED_BYTES(3, 8) / 4];
static uint8_t its_bytes[GD_FIXED_CHECKPOINT_BYTES(3, 8)];
static uint8_t bytes[GD_DISCRIMINANT_CHECKPOINT_BYTES(3, 8)];
static uint64_t memory[GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(3, 8) + GD_PART_STANDARDIZER_BYTES(8) + GD_PART_NOVELTY_BYTES(3, 8) +
                                        GD_PART_CALIBRATION_BYTES + GD_HELD_OUT_BYTES(3) + GD_PART_MEMORY_I8_BYTES(3, 8, 2)) / 8];
static uint64_t near[GD_LEARNER_BYTES(GD_HEAD_NEIGHBOURS_I8_BYTES(3, 8, 5)) / 8];

static void print(uint16_t classes, uint16_t features)
{
    printf("%u %u %zu %zu %zu %zu %zu\n", (unsigned)classes, (unsigned)features, GD_DISCRIMINANT_NUMBERS(classes, features),
           GD_DISCRIMINANT_SCRATCH(classes, features), GD_DISCRIMINANT_CHECKPOINT_BYTES(classes, features),
           GD_FIXED_BYTES(classes, features), GD_FIXED_CHECKPOINT_BYTES(classes, features));
}

/* The flash of a learner by head and part. */
static void print_learner(uint16_t classes, uint16_t features)
{
    unsigned slots = (classes + 3u * features) % 5 + 1;
    size_t plain = GD_LEARNER_BYTES(GD_HEAD_LINEAR_BYTES(classes, features));
    printf("%zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu\n", plain, GD_LEARNER_BYTES(GD_HEAD_DISCRIMINANT_BYTES(classes, features)),
           GD_LEARNER_BYTES(GD_HEAD_NEIGHBOURS_I8_BYTES(classes, features, slots)),
           GD_LEARNER_BYTES(GD_HEAD_NEIGHBOURS_F32_BYTES(classes, features, slots)),
           GD_LEARNER_BYTES(GD_HEAD_MIXED_BYTES(classes, features)),
           GD_LEARNER_BYTES(GD_HEAD_MIXED_NEIGHBOURS_I8_BYTES(classes, features, slots)),
           GD_LEARNER_BYTES(GD_HEAD_MIXED_NEIGHBOURS_F32_BYTES(classes, features, slots)),
           plain + GD_PART_STANDARDIZER_BYTES(features), plain + GD_PART_MEMORY_F32_BYTES(classes, features, slots),
           plain + GD_PART_MEMORY_I8_BYTES(classes, features, slots) + GD_HELD_OUT_BYTES(classes),
           plain + GD_PART_NOVELTY_BYTES(classes, features), plain + GD_PART_CALIBRATION_BYTES);
}

int main(void)
{
    for (uint16_t classes = 1; classes <= MOST; classes++) {
        for (uint16_t features = 1; features <= MOST; features++) {
            print(classes, features);
            print_learner(classes, features);
        }
    }
    print(UINT16_MAX, UINT16_MAX);
    return sizeof numbers / sizeof *numbers == GD_DISCRIMINANT_NUMBERS(3, 8) &&
                   sizeof scratch / sizeof *scratch == GD_DISCRIMINANT_SCRATCH(3, 8) &&
                   sizeof bytes == GD_DISCRIMINANT_CHECKPOINT_BYTES(3, 8) && sizeof memory % 8 == 0 && sizeof near % 8 == 0 &&
                   sizeof in_integers == GD_FIXED_BYTES(3, 8) && sizeof its_bytes == GD_FIXED_CHECKPOINT_BYTES(3, 8)
               ? 0
               : 1;
}
