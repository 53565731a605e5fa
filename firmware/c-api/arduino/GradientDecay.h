/* gradient-decay for Arduino: the classes of gradient_decay.hpp. */
#pragma once

#include "gradient_decay.hpp"
