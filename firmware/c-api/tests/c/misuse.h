/*
 * Shared by the programs of random calls: random numbers, arguments that are wrong once in a while, and the memory in which after a call only that
 * may be different which may change.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_decay.h"

static unsigned long call;
/* Of the call: the function, what may change, and whether an argument is one that must be refused. */
static unsigned function;
static struct {
    void *start;
    size_t size;
    int after_errors;
} changes[6];
static int change_count, wrong_argument;

static uint32_t random32(void)
{
    static uint64_t state = 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static int once_in(uint32_t n)
{
    return random32() % n == 0;
}

static void fail(const char *what, gd_status status)
{
    printf("call %lu of function %u: %s: %s\n", call, function, what, gd_message(status));
    exit(1);
}

/* The place, which may change if the call is a success, or in any case. */
static void may_change(void *start, size_t size, int after_errors)
{
    changes[change_count].start = start;
    changes[change_count].size = size;
    changes[change_count++].after_errors = after_errors;
}

static size_t count(size_t right)
{
    static const size_t wrong[] = {0, SIZE_MAX, SIZE_MAX / 4 + 2, SIZE_MAX / 2};
    if (!once_in(12)) {
        return right;
    }
    wrong_argument = 1;
    uint32_t which = random32() % 6;
    return which < 4 ? wrong[which] : which == 4 ? right - 1 : right + 1;
}

static float number(void)
{
    static const float wrong[] = {0.0f, -0.0f, 1e-40f, -1.0f, 2.0f, 1e6f, 3e38f, -3e38f, 1e30f};
    if (!once_in(30)) {
        return (float)(random32() % 2001) / 1000.0f - 1.0f;
    }
    uint32_t which = random32() % 11, bits = which == 9 ? 0x7fc00000u : 0x7f800000u;
    float made;
    memcpy(&made, &bits, sizeof made);
    return which < 9 ? wrong[which] : made;
}

/* Of bytes that may be followed by more: a count that is too large but could be true is the one lie that cannot be found out. */
static inline size_t byte_count(size_t right)
{
    size_t given = count(right);
    if (given <= right || given == SIZE_MAX) {
        return given;
    }
    wrong_argument = 0;
    return right;
}

static inline float setting(float right)
{
    return once_in(8) ? number() : right;
}

/* Ends unless only that is different which may be: of the memory as it is now, and as it was, which is lost. */
static void compare(const void *now, void *was, size_t size, gd_status status)
{
    for (int i = 0; i < change_count; i++) {
        if (changes[i].size > 0 && (status == GD_OK || changes[i].after_errors)) {
            size_t at = (size_t)((const uint8_t *)changes[i].start - (const uint8_t *)now);
            memcpy((uint8_t *)was + at, changes[i].start, changes[i].size);
        }
    }
    const uint8_t *a = was, *b = now;
    for (size_t at = 0; at < size; at++) {
        if (a[at] != b[at]) {
            printf("byte %zu has changed\n", at);
            fail("this must not change", status);
        }
    }
}

/* Ends if the status is none, or a wrong argument was not refused; counts it. */
static void see(gd_status status, unsigned *seen)
{
    if (status > GD_OK || status < GD_ERROR_WORN || status == GD_ERROR_OTHER) {
        fail("this status is none", status);
    }
    if (wrong_argument && status == GD_OK) {
        fail("a wrong argument was not refused", status);
    }
    seen[-status]++;
}

#endif
