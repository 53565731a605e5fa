/* As much of Zephyr's header as the sample uses. */
#pragma once

#include <stdio.h>

#define printk printf
