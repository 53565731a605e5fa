/* As much of Zephyr's header as the sample uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>
