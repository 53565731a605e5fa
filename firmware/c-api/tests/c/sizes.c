/* Prints the sizes that the header's macros give, for shapes of up to `MOST` classes and features. */

#include <stdio.h>

#include "gradient_decay.h"

#define MOST 20

/* Each is a constant. */
static float numbers[GD_DISCRIMINANT_NUMBERS(3, 8)], scratch[GD_DISCRIMINANT_SCRATCH(3, 8)];
static uint8_t bytes[GD_DISCRIMINANT_CHECKPOINT_BYTES(3, 8)];

static void print(uint16_t classes, uint16_t features)
{
    printf("%u %u %zu %zu %zu\n", (unsigned)classes, (unsigned)features, GD_DISCRIMINANT_NUMBERS(classes, features),
           GD_DISCRIMINANT_SCRATCH(classes, features), GD_DISCRIMINANT_CHECKPOINT_BYTES(classes, features));
}

int main(void)
{
    for (uint16_t classes = 1; classes <= MOST; classes++) {
        for (uint16_t features = 1; features <= MOST; features++) {
            print(classes, features);
        }
    }
    print(UINT16_MAX, UINT16_MAX);
    return sizeof numbers / sizeof *numbers == GD_DISCRIMINANT_NUMBERS(3, 8) &&
                   sizeof scratch / sizeof *scratch == GD_DISCRIMINANT_SCRATCH(3, 8) &&
                   sizeof bytes == GD_DISCRIMINANT_CHECKPOINT_BYTES(3, 8)
               ? 0
               : 1;
}
