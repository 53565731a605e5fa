//! Real digits in flash, written by the build script: what the device learns from, and what it is measured on.

use gradient_decay_app::digits::Sample;

include!(concat!(env!("OUT_DIR"), "/digits.rs"));
