/*
 * Teaches the learner of a header that `demo-host tune --c` wrote, which the compiler is told to include, as demo-host/tests/generated_learners.rs teaches
 * that of the module in Rust, and prints the same hashes of its answers.
 */

#include <stdio.h>
#include <string.h>

static gd_learner learner;
static uint64_t memory[GD_TUNED_BYTES / 8];

/* Sample number i; returns its class. */
static uint32_t sample(unsigned i, float *x)
{
    static const float means[3][2] = {{1.0f, 0.0f}, {-1.0f, 0.5f}, {0.0f, -1.0f}};
    uint32_t class_index = i % 3;
    for (unsigned j = 0; j < 2; j++) {
        x[j] = means[class_index][j] + (float)((7 * i + 3 * j + i / 11) % 16) / 64.0f;
    }
    return class_index;
}

int main(void)
{
    uint32_t hash = 0x811c9dc5u;
    float x[GD_TUNED_FEATURES], p[GD_TUNED_CLASSES];
    gd_status status = gd_tuned_init(&learner, memory, sizeof memory);
    for (unsigned i = 0; i < 6; i++) {
        sample(i, x);
        status |= gd_learner_observe(&learner, x, GD_TUNED_FEATURES);
    }
    /* All are in use where a trained head knows them. */
    gd_learner_state state;
    status |= gd_learner_get_state(&learner, &state);
    for (unsigned i = state.classes; i < GD_TUNED_CLASSES; i++) {
        status |= gd_learner_add_class(&learner, NULL);
    }
    for (unsigned i = 0; i < 300 && status == GD_OK; i++) {
        uint32_t class_index = sample(i, x);
        gd_answer answer;
        status |= gd_learner_learn(&learner, x, GD_TUNED_FEATURES, class_index, NULL);
        if (GD_TUNED_REHEARSALS > 0) {
            status |= gd_learner_rehearse(&learner, GD_TUNED_REHEARSALS, NULL);
        }
        sample(i + 500, x);
        status |= gd_learner_predict(&learner, x, GD_TUNED_FEATURES, p, GD_TUNED_CLASSES, &answer);
        for (unsigned j = 0; j < GD_TUNED_CLASSES; j++) {
            uint32_t bits;
            memcpy(&bits, &p[j], sizeof bits);
            hash = (hash ^ bits) * 16777619u;
        }
        if (i % 50 == 49) {
            printf("%08x\n", (unsigned)hash);
        }
    }
    if (status != GD_OK) {
        printf("refused: status %d\n", (int)status);
    }
    return status != GD_OK;
}
