//! Digits of other writers, a pixel off: features are the 64 hidden activations of the trained network that the firmware has.

use std::sync::Arc;

use ::digits::{CLASSES, Digit, PIXELS, SIDE};
use anyhow::Result;
use gradient_decay_app::digits::{FEATURES, HIDDEN, extract, trained_head};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use simulation::samples::{Base, Samples};
use simulation::tasks::{Host, Pool, Purpose, Task, User};

/// The samples of a tuning stream, and of its test.
const TUNING: usize = 300;

/// The task; the second user's images are off to the other side.
pub struct Digits {
    base: Arc<Base>,
    users: [User; 2],
    /// The training images off by a pixel, which rivals are tuned on: of other writers than those tested.
    tuning: [Samples; 2],
}

impl Digits {
    /// Computes all features.
    ///
    /// # Errors
    /// If the network in `firmware/app/assets` gives a feature that is not finite.
    pub fn new() -> Result<Self> {
        let training = ::digits::training();
        let mut head = vec![0.0; CLASSES * (FEATURES + 1)];
        trained_head().export(&mut head)?;
        let (even, odd): (Vec<_>, Vec<_>) = ::digits::test().into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
        let moved = |digits: &[(usize, Digit)]| features(digits.iter().map(|(_, digit)| shifted(digit, false)));
        Ok(Digits {
            base: Arc::new(Base { samples: features(training.iter().copied())?, head }),
            users: [
                User { stream: features(::digits::device_stream())?, test: features(::digits::device_test())? },
                User { stream: moved(&even)?, test: moved(&odd)? },
            ],
            tuning: [
                features(training.iter().map(|digit| shifted(digit, true)))?,
                features(training.iter().map(|digit| shifted(digit, false)))?,
            ],
        })
    }
}

/// The digit a pixel further right or left; the column that comes in is empty.
fn shifted(digit: &Digit, right: bool) -> Digit {
    let pixels: [u8; PIXELS] = std::array::from_fn(|i| match (right, i % SIDE) {
        (true, 0) => 0,
        (true, _) => digit.pixels[i - 1],
        (false, column) if column == SIDE - 1 => 0,
        (false, _) => digit.pixels[i + 1],
    });
    Digit { pixels, ..*digit }
}

fn features(digits: impl IntoIterator<Item = Digit>) -> Result<Samples> {
    let mut samples = Samples::new(FEATURES);
    for digit in digits {
        let mut row = [0.0; FEATURES];
        extract(&HIDDEN, &digit.pixels, &mut row)?;
        samples.push(&row, usize::from(digit.label));
    }
    Ok(samples)
}

impl Task for Digits {
    fn name(&self) -> &str {
        "digits"
    }

    fn shape(&self) -> (usize, usize) {
        (CLASSES, FEATURES)
    }

    fn folds(&self) -> usize {
        1
    }

    fn fold(&self, _: u64) -> usize {
        0
    }

    fn pool(&self, purpose: Purpose, seed: u64, _: bool) -> Pool {
        let users = match purpose {
            Purpose::Test => self.users.clone(),
            Purpose::Tune { .. } => {
                let mut order: Vec<usize> = (0..self.tuning[0].len()).collect();
                order.shuffle(&mut StdRng::seed_from_u64(seed));
                let (stream, rest) = order.split_at(TUNING);
                [0, 1].map(|user: usize| User {
                    stream: self.tuning[user].select(stream),
                    test: self.tuning[user].select(&rest[..TUNING]),
                })
            }
        };
        Pool { classes: CLASSES, users, host: Some(Host { base: Arc::clone(&self.base), units: None }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_users_are_off_to_either_side() {
        let digit = ::digits::test()[0];
        let (right, left) = (shifted(&digit, true), shifted(&digit, false));
        for row in 0..SIDE {
            let of = |digit: &Digit| digit.pixels[row * SIDE..][..SIDE].to_vec();
            assert_eq!((of(&right)[0], &of(&right)[1..]), (0, &of(&digit)[..SIDE - 1]));
            assert_eq!((of(&left)[SIDE - 1], &of(&left)[..SIDE - 1]), (0, &of(&digit)[1..]));
        }
        assert_eq!(::digits::device_stream()[0], right);
    }

    #[test]
    fn tuning_never_sees_a_tested_image() {
        let digits = Digits::new().unwrap();
        let tuned = digits.pool(Purpose::Tune { fold: 0 }, 3, false);
        let tested = digits.pool(Purpose::Test, 3, false);
        assert_eq!((tuned.users[0].stream.len(), tested.users[0].test.len()), (300, 300));
        let rows = |user: &User| {
            let both = user.stream.rows().chain(user.test.rows());
            both.map(|(row, _)| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let tuned = rows(&tuned.users[0]);
        assert!(rows(&tested.users[0]).iter().all(|row| !tuned.contains(row)));
    }
}
