/* gradient-decay for Arduino: the classes of gradient_decay.hpp and gradient_decay_learner.hpp. */
#pragma once

#include "gradient_decay.hpp"
#include "gradient_decay_learner.hpp"
