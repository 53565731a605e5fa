//! A small task for tests: four classes at the corners of a square, in two features.

use std::sync::Arc;

use super::samples::{Base, Samples};
use super::tasks::{Host, Pool, Purpose, Task, User};

/// The task; the second user is 100 further up in the first feature.
pub struct Synthetic {
    host: Option<Host>,
}

impl Synthetic {
    /// With a host that knows 200 samples, or without one.
    pub fn new(host: bool) -> Self {
        let base = || {
            // The weights of a class are its number, so that rows can be told apart.
            let weights = (0..4).flat_map(|class| [class as f32; 2]);
            Arc::new(Base { samples: samples(200, 9, 0.0), head: weights.chain([0.0; 4]).collect() })
        };
        Synthetic { host: host.then(|| Host { base: base(), units: None }) }
    }
}

fn samples(count: usize, seed: u64, up: f32) -> Samples {
    let mut samples = Samples::new(2);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    for i in 0..count {
        let class = i % 4;
        let corner = [if class % 2 == 0 { -1.0 } else { 1.0 }, if class < 2 { -1.0 } else { 1.0 }];
        samples.push(&[corner[0] + 1.5 * noise() + up, corner[1] + 1.5 * noise()], class);
    }
    samples
}

impl Task for Synthetic {
    fn name(&self) -> &str {
        "synthetic"
    }

    fn shape(&self) -> (usize, usize) {
        (4, 2)
    }

    fn folds(&self) -> usize {
        2
    }

    fn fold(&self, seed: u64) -> usize {
        seed as usize % 2
    }

    fn pool(&self, purpose: Purpose, seed: u64, _: bool) -> Pool {
        let seed = if purpose == Purpose::Test { seed } else { seed + 1000 };
        let users = [0.0, 100.0].map(|up| User { stream: samples(320, seed, up), test: samples(100, seed + 7, up) });
        Pool { classes: 4, users, host: self.host.clone() }
    }
}
