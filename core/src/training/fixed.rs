//! The update of a head in integers.

use crate::error::{Error, Slice, check_length, check_target};
use crate::heads::fixed::{Fixed, FixedStorage, WEIGHT_BITS};
use crate::heads::storage::Work;
use crate::numeric::fixed_point::LOGIT_MAX;
use crate::numeric::math::Math;
use crate::numeric::random::Random;
use crate::objective::fixed_point;
use crate::training::sgd::{FixedRate, FixedSettings};
use crate::training::state::State;
use crate::training::step::FixedStep;
use crate::training::train::Train;

impl<S: FixedStorage, M: Math> Train for Fixed<S, M> {
    type Optimizer = FixedRate;
    type Work = S::Work;

    /// Weights stay within their range, so that nothing is ever refused.
    #[inline]
    fn apply(
        &mut self,
        optimizer: &FixedRate,
        features: &S::Features,
        work: &mut S::Work,
        _: f32,
    ) -> Result<(), Error> {
        self.update(optimizer.rate, features, work.pair().1);
        Ok(())
    }
}

impl<S: FixedStorage, M> Fixed<S, M> {
    /// One training step on a sample of a class in use, without floating point: the step of a [`FineTuner`](crate::FineTuner), with settings
    /// that are integers.
    ///
    /// # Errors
    /// [`Error::Target`] if the class is not in use, [`Error::Length`] if there are not as many features as the head has or the work space is
    /// not that of its classes. Head and number of steps are then as they were.
    ///
    /// ```
    /// use gradient_decay::{BetaSchedule, FineTuner, FixedHead, FixedRate, FixedSettings, State};
    ///
    /// const SETTINGS: FixedSettings = FixedSettings::new(4096).with_ln_beta(-150_902, -150_902, 0);
    /// const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(0.1), FixedRate::new(0.125));
    /// let (mut head, mut state): (FixedHead<2, 2>, _) = (FixedHead::new(5, 1), State::new());
    /// let (mut same, mut its_state) = (head.clone(), state.clone());
    /// let step = head.learn(&SETTINGS, &mut state, &[64, -32], 1)?;
    /// let expected = TUNER.step(&mut same, &mut its_state, &[64, -32], 1)?;
    /// assert_eq!((step.loss as f32 / 65_536.0, step.class), (expected.loss(), expected.class()));
    /// assert_eq!(head, same);
    /// # Ok::<(), gradient_decay::Error>(())
    /// ```
    pub fn learn(
        &mut self,
        settings: &FixedSettings,
        state: &mut State<S::Work>,
        features: &S::Features,
        class: usize,
    ) -> Result<FixedStep, Error> {
        check_target(self.classes as usize, class)?;
        self.storage.check(features)?;
        let (logits, gradient) = state.work.pair();
        check_length(Slice::Logits, self.storage.bias().len(), logits.len())?;
        self.write_logits(features, logits);
        let sample = fixed_point::sample(logits, gradient, class, settings.ln_beta(state.steps));
        self.update(settings.rate().rate, features, gradient);
        state.steps = state.steps.saturating_add(1);
        Ok(FixedStep { loss: sample.loss, class: sample.class })
    }

    /// Updates the head by the gradient of its logits, which may hold anything afterwards.
    #[inline(always)]
    fn update(&mut self, rate: i32, features: &S::Features, gradient: &mut [i32]) {
        let mut random = self.random;
        for (g, bias) in gradient.iter_mut().zip(self.storage.numbers().1) {
            // 2^-15 times 2^-15 to 2^-16: the fraction below is rounded up with a probability equal to it.
            let below = (random.bits() >> 18).cast_signed();
            *g = (rate * *g + below) >> 14;
            if *g != 0 {
                // Both are small enough that their difference cannot overflow.
                *bias = (*bias - *g).clamp(-LOGIT_MAX, LOGIT_MAX);
            }
        }
        // A change of a weight has 16 + exponent fractional bits, which are rounded off.
        let shift = 16 - WEIGHT_BITS + self.exponent;
        self.random = Random(self.storage.update(gradient, features, shift, random.0));
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::heads::storage::Pair;
    use crate::{BetaSchedule, FineTuner, FixedHead, LinearHead};

    /// On the average an update is what it is in exact numbers, however small.
    #[test]
    #[cfg_attr(miri, ignore = "a mean over thousands of runs, minutes when interpreted")]
    fn rounding_has_no_bias() {
        const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.001));
        let mut sum = 0_i64;
        const SEEDS: u32 = 4000;
        for seed in 0..SEEDS {
            let mut head: FixedHead<2, 3> = FixedHead::new(5, seed);
            TUNER.step(&mut head, &mut State::new(), &[1, 2, -3], 0).unwrap();
            sum += i64::from(head.storage.weights[0][1]);
        }
        // rate 0.001 (33 of 2^-15), gradient -1/2, feature 2/32: 0.13 units of 2^-12.
        let mean = sum as f64 / f64::from(SEEDS);
        let exact = 33.0 / 32_768.0 * 0.5 * 2.0 / 32.0 * 4096.0;
        // Five standard deviations of a mean of 4000.
        assert!((mean - exact).abs() < 0.03, "{mean} for {exact}");
    }

    /// A rate of one and a half units moves the bias by one or by two.
    #[test]
    #[cfg_attr(miri, ignore = "a mean over thousands of runs, minutes when interpreted")]
    fn the_rate_of_a_row_is_rounded_without_bias() {
        const SEEDS: i32 = 4000;
        let mut sum = 0;
        for seed in 0..SEEDS {
            let mut head: FixedHead<2, 1> = FixedHead::new(5, seed as u32);
            let mut work = Pair { seen: [0; 2], gradient: [24_576, -24_576] };
            head.apply(&FixedRate { rate: 1 }, &[0], &mut work, 1.0).unwrap();
            assert!(head.storage.bias.iter().all(|bias| [1, 2].contains(&bias.abs())), "{:?}", head.storage.bias);
            sum += head.storage.bias[1] - head.storage.bias[0];
        }
        let mean = f64::from(sum) / f64::from(2 * SEEDS);
        // Five standard deviations.
        assert!((mean - 1.5).abs() < 0.03, "{mean}");
    }

    #[test]
    fn weights_end_at_their_range_and_a_bad_target_changes_nothing() {
        const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(1.0));
        let mut head: FixedHead<2, 2> = FixedHead::new(0, 3);
        let mut state = State::new();
        TUNER.step(&mut head, &mut state, &[127, -128], 0).unwrap();
        let ends = [[i16::MAX, i16::MIN], [i16::MIN, i16::MAX]];
        assert_eq!(head.storage.weights, ends);
        let before = (head.clone(), state.clone());
        assert!(TUNER.step(&mut head, &mut state, &[1, 1], 2).is_err());
        assert_eq!((head, state), before);
    }

    /// The ends of the range survive the conversion from floats and back.
    #[test]
    fn the_smallest_weight_goes_to_float_and_back() {
        let mut head: FixedHead<1, 2> = FixedHead::new(5, 1);
        head.storage.weights = [[i16::MIN, i16::MAX]];
        let float = head.to_head();
        let mut parameters = [0.0; 3];
        float.export(&mut parameters).unwrap();
        assert_eq!(parameters, [FixedHead::<1, 2>::MIN_WEIGHT, FixedHead::<1, 2>::MAX_WEIGHT, 0.0]);
        assert_eq!(FixedHead::from_head(&float, 5, 1), head);
        let mut beyond = LinearHead::<1, 2>::new();
        beyond.import(&[-9.0, 9.0, 0.0]).unwrap();
        assert_eq!(FixedHead::from_head(&beyond, 5, 1), head);
    }
}
