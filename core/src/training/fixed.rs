//! The update of a head in integers.

use crate::error::Error;
use crate::heads::fixed::{FixedHead, WEIGHT_BITS};
use crate::heads::storage::Pair;
use crate::numeric::fixed_point::LOGIT_MAX;
use crate::numeric::math::Math;
use crate::training::sgd::FixedRate;
use crate::training::train::Train;

impl<const CLASSES: usize, const FEATURES: usize, M: Math> Train for FixedHead<CLASSES, FEATURES, M> {
    type Optimizer = FixedRate;
    type Work = Pair<i32, CLASSES>;

    /// Weights stay within their range, so that nothing is ever refused.
    #[inline]
    fn apply(
        &mut self,
        optimizer: &FixedRate,
        features: &[i8; FEATURES],
        work: &mut Pair<i32, CLASSES>,
        _: f32,
    ) -> Result<(), Error> {
        // A change of a weight has 16 + exponent fractional bits: so many are rounded.
        let shift = 16 - WEIGHT_BITS + self.exponent;
        let mask = (1_u32 << shift) - 1;
        // In a register: as a field it is stored and loaded between any two weights, which might be it.
        let mut random = self.random;
        for ((row, bias), g) in self.weights.iter_mut().zip(&mut self.bias).zip(&work.gradient) {
            // 2^-15 times 2^-15 to 2^-16, to the nearest.
            let rate = (optimizer.rate * *g + (1 << 13)) >> 14;
            *bias = bias.saturating_sub(rate).clamp(-LOGIT_MAX, LOGIT_MAX);
            for (pair, x) in row.chunks_mut(2).zip(features.chunks(2)) {
                let bits = random.bits();
                for ((w, x), bits) in pair.iter_mut().zip(x).zip([bits & mask, (bits >> 16) & mask]) {
                    let change = (rate * i32::from(*x) + bits as i32) >> shift;
                    *w = (i32::from(*w) - change).clamp(-32_767, 32_767) as i16;
                }
            }
        }
        self.random = random;
        Ok(())
    }
}

#[cfg(all(test, feature = "libm"))]
mod tests {
    use super::*;
    use crate::{BetaSchedule, FineTuner, State};

    /// On the average an update is what it is in exact numbers, however small.
    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn rounding_has_no_bias() {
        const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(0.001));
        let mut sum = 0_i64;
        const SEEDS: u32 = 4000;
        for seed in 0..SEEDS {
            let mut head: FixedHead<2, 3> = FixedHead::new(5, seed);
            TUNER.step(&mut head, &mut State::new(), &[1, 2, -3], 0).unwrap();
            sum += i64::from(head.weights[0][1]);
        }
        // rate 0.001 (33 of 2^-15), gradient -1/2, feature 2/32: 0.13 units of 2^-12.
        let mean = sum as f64 / f64::from(SEEDS);
        let exact = 33.0 / 32_768.0 * 0.5 * 2.0 / 32.0 * 4096.0;
        // Five standard deviations of a mean of 4000.
        assert!((mean - exact).abs() < 0.03, "{mean} for {exact}");
    }

    #[test]
    fn the_rate_of_a_row_is_the_nearest() {
        let mut head: FixedHead<2, 1> = FixedHead::new(5, 1);
        // 2^-15 times 3/4 is one and a half of the units of a bias, to the nearest, ties up.
        let mut work = Pair { seen: [0; 2], gradient: [24_576, -24_576] };
        head.apply(&FixedRate { rate: 1 }, &[0], &mut work, 1.0).unwrap();
        assert_eq!(head.bias, [-2, 1]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes when interpreted")]
    fn weights_stay_in_range_and_a_bad_target_changes_nothing() {
        const TUNER: FineTuner<FixedRate> = FineTuner::new(BetaSchedule::constant(1.0), FixedRate::new(1.0));
        let mut head: FixedHead<2, 2> = FixedHead::new(0, 3);
        let mut state = State::new();
        for i in 0..2000_usize {
            TUNER.step(&mut head, &mut state, &[127, -128], (i / 100) % 2).unwrap();
        }
        assert!(head.weights.as_flattened().iter().all(|w| *w > i16::MIN));
        let before = (head.clone(), state.clone());
        assert!(TUNER.step(&mut head, &mut state, &[1, 1], 2).is_err());
        assert_eq!((head, state), before);
    }
}
