//! Streaming LDA at the limits of its numbers, which only its own factors reach.

use super::*;
use crate::DiscriminantHead;

type Mine = DiscriminantHead<3, 2, 1>;

fn taught(lda: &StreamingLda, samples: u8) -> Mine {
    let mut head = Mine::new();
    for i in 0..samples {
        let x = [f32::from(i % 7) - 3.0, f32::from(i % 5) / 2.0 - 1.0];
        head.learn(lda, &x, usize::from(i % 2)).unwrap();
    }
    head
}

#[test]
fn settings_at_the_ends_of_their_ranges_are_taken_and_beyond_them_refused() {
    let least = StreamingLda::default().with_prior(1e-3, 1e-6).with_ridge(0.0).with_most(0);
    let most = StreamingLda::new().with_prior(1e6, 1e6).with_ridge(1.0).with_most(7);
    let all = |lda: StreamingLda| (lda.prior_samples(), lda.prior_variance(), lda.ridge(), lda.most());
    assert_eq!((all(least), all(most)), ((1e-3, 1e-6, 0.0, 1), (1e6, 1e6, 1.0, 7)));
    let refused = |number, value| Err(Error::OutOfRange { number, value });
    for bad in [0.000_9, 1.1e6, -1.0] {
        assert_eq!(least.try_with_prior(bad, 1.0), refused(Number::PriorSamples, bad));
    }
    for bad in [0.9e-6, 1.1e6, -1.0] {
        assert_eq!(least.try_with_prior(1.0, bad), refused(Number::PriorVariance, bad));
    }
    for bad in [-0.1, 1.1] {
        assert_eq!(least.try_with_ridge(bad), refused(Number::Ridge, bad));
    }
    assert!(least.try_with_prior(f32::NAN, 1.0).is_err() && least.try_with_prior(1.0, f32::NAN).is_err());
    assert!(least.try_with_ridge(f32::NAN).is_err());
}

/// The scatter starts at `samples variance I`, and the first sample of each class leaves it so.
#[test]
fn the_prior_is_the_scatter_of_its_samples() {
    for (samples, variance) in [(16.0, 0.5), (4.0, 2.0), (1.0, 1.0)] {
        let lda = StreamingLda::new().with_prior(samples, variance).with_ridge(0.0);
        let mut head = Mine::new();
        head.learn(&lda, &[1.0, -2.0], 0).unwrap();
        head.learn(&lda, &[-3.0, 0.5], 1).unwrap();
        let numbers = head.storage.numbers();
        assert_eq!((numbers.diagonal, numbers.upper), (&[1.0 / (samples * variance); 2][..], &[0.0][..]));
        // A row is the mean by the inverse of the scatter.
        assert_eq!(numbers.rows[..4], [1.0, -2.0, -3.0, 0.5].map(|x| x / (samples * variance)));
    }
}

/// A refresh of a class removes the rounding errors of its own row, and of no other.
#[test]
fn a_refresh_takes_rounding_errors_out_of_a_row() {
    let exact = {
        let mut head = taught(&StreamingLda::new(), 40);
        (0..3).for_each(|class| head.refresh(class));
        head
    };
    let mut head = exact.clone();
    head.storage.numbers_mut().row(1).iter_mut().for_each(|x| *x *= 1.01);
    head.storage.numbers_mut().bias[1] += 0.1;
    assert_ne!(head, exact);
    head.refresh(0);
    head.refresh(7);
    assert_ne!(head, exact);
    head.refresh(1);
    assert_eq!(head, exact);
}

/// Each label refreshes a row in turn, so that an error does not stay.
#[test]
fn labels_refresh_every_row_in_turn() {
    let lda = StreamingLda::new();
    let mut head = taught(&lda, 20);
    let mut wrong = head.clone();
    wrong.storage.numbers_mut().row(1).iter_mut().for_each(|x| *x += 0.5);
    for i in 0..3 {
        for head in [&mut head, &mut wrong] {
            head.learn(&lda, &[f32::from(i as u8) - 1.0, 0.5], 0).unwrap();
        }
    }
    assert_eq!(head, wrong);
}

/// Factors that make a bias overflow are no reason for infinite logits: the class is then unknown.
#[test]
fn a_bias_beyond_a_float_leaves_a_row_of_zeros() {
    let mut head = taught(&StreamingLda::new(), 9);
    head.storage.numbers_mut().diagonal.fill(1e38);
    head.storage.numbers_mut().mean(0).fill(1e6);
    head.refresh(0);
    let numbers = head.storage.numbers();
    assert_eq!((&numbers.rows[..2], numbers.bias[0]), (&[0.0; 2][..], 0.0));
}

/// A sample whose distance in units of the scatter is beyond what f32 can square is refused, and changes nothing.
#[test]
fn an_update_that_could_overflow_is_refused() {
    let lda = StreamingLda::new();
    let mut head = taught(&lda, 9);
    head.storage.numbers_mut().diagonal.fill(1e20);
    let before = head.clone();
    assert_eq!(head.learn(&lda, &[1e6, -1e6], 0), Err(Error::UpdateTooLarge));
    assert_eq!(head, before);
}

#[test]
fn nothing_is_taken_back_from_a_head_without_labels() {
    let lda = StreamingLda::new();
    let mut head = taught(&lda, 9);
    head.discount(64.0, 3).unwrap();
    assert_eq!(head.unlearn(&lda, &[0.0, 0.0], 0), Err(Error::NotLearned { class: 0 }));
    assert_eq!(Mine::new().unlearn(&lda, &[0.0, 0.0], 2), Err(Error::NotLearned { class: 2 }));
}

/// The scatter, of two features, from its inverse `U D U^T`.
fn scatter(head: &Mine) -> [[f64; 2]; 2] {
    let numbers = head.storage.numbers();
    let (u, [a, b]) = (f64::from(numbers.upper[0]), [0, 1].map(|i| f64::from(numbers.diagonal[i])));
    let inverse = [[a + u * u * b, u * b], [u * b, b]];
    // Its determinant is that of D.
    [[inverse[1][1], -inverse[0][1]], [-inverse[1][0], inverse[0][0]]].map(|row| row.map(|x| x / (a * b)))
}

/// After 16 labels the second feature has what 16 labels add to both, after 32 the first as well, and with a ridge of 0 none.
#[test]
fn the_ridge_goes_to_one_feature_after_the_other() {
    for (labels, expected) in [(15, [0.0, 0.0]), (16, [0.0, 16.0]), (31, [0.0, 16.0]), (32, [16.0, 16.0])] {
        let plain = scatter(&taught(&StreamingLda::new().with_ridge(0.0), labels));
        let ridged = scatter(&taught(&StreamingLda::new().with_ridge(0.5), labels));
        let added = [ridged[0][0] - plain[0][0], ridged[1][1] - plain[1][1], ridged[0][1] - plain[0][1]];
        for (found, expected) in added.into_iter().zip([expected[0], expected[1], 0.0]) {
            assert!((found - expected).abs() < 1e-2, "{labels}: {added:?}");
        }
    }
}

/// A mean that comes out beyond the range of features was never the mean of samples.
#[test]
fn a_sample_whose_removal_takes_the_mean_out_of_range_was_not_learned() {
    let lda = StreamingLda::new();
    let mut head = Mine::new();
    // A wide scatter, so that nothing else refuses the sample.
    for i in 0..40 {
        head.learn(&lda, &[if i % 2 == 0 { 1e6 } else { -1e6 }, 0.0], 1).unwrap();
    }
    (0..2).for_each(|_| head.learn(&lda, &[9.9e5, 0.0], 0).unwrap());
    let before = head.clone();
    head.learn(&lda, &[8e5, 0.0], 0).unwrap();
    let after = head.clone();
    // The mean is 9.27e5, and without this sample it was 1.04e6.
    assert_eq!(head.unlearn(&lda, &[7e5, 0.0], 0), Err(Error::NotLearned { class: 0 }));
    assert_eq!(head, after);
    head.unlearn(&lda, &[8e5, 0.0], 0).unwrap();
    let mean = |head: &Mine| head.storage.numbers().means[0];
    assert!((mean(&head) - mean(&before)).abs() < 1.0 && head.samples(0) == 2, "{}", mean(&head));
}

/// Where a sample makes up the scatter in its direction, only rounding errors would be left behind it.
#[test]
fn a_sample_that_is_all_of_the_scatter_stays() {
    for (variance, stays) in [(1e-6, true), (1.0, false)] {
        let lda = StreamingLda::new().with_prior(1e-3, variance).with_ridge(0.0);
        let mut head = Mine::new();
        head.learn(&lda, &[0.0, 0.0], 0).unwrap();
        head.learn(&lda, &[1.0, 0.0], 0).unwrap();
        let before = head.clone();
        assert_eq!(head.unlearn(&lda, &[1.0, 0.0], 0).is_err(), stays, "{variance}");
        assert_eq!(head == before, stays);
    }
}
