//! Real digits in flash, written by the build script: the stream that the device learns from, and the test images.

use gradient_decay_app::digits::Sample;

include!(concat!(env!("OUT_DIR"), "/digits.rs"));
