//! The exponential of the default math backend over its whole domain.

use gradient_decay::{Libm, Math};
use system_tests::tolerances::EXPONENTIAL_ULPS;

/// Checks every f32 from `first` to `last`, as bits, and returns the largest error in ulps of the result, with its argument.
fn largest_error(first: u32, last: u32) -> (f64, f32) {
    let mut largest = (0.0, 0.0);
    for bits in first..=last {
        let x = f32::from_bits(bits);
        let (found, exact) = (Libm::exp(x), f64::from(x).exp());
        assert!((0.0..=1.0).contains(&found), "exp({x:e}) is {found}");
        // The spacing of f32 just below the result rounded up: that of its binade, and below a power of two the smaller one.
        let spacing = match exact as f32 {
            below if below < f32::MIN_POSITIVE => f32::from_bits(1),
            near => near - near.next_down(),
        };
        let error = (f64::from(found) - exact).abs() / f64::from(spacing);
        if error > largest.0 {
            largest = (error, x);
        }
    }
    largest
}

#[test]
fn exp_is_within_its_stated_error_for_every_number() {
    // From -0 down to -104: 1,120,927,745 numbers, in eight parts that threads share.
    const PARTS: u32 = 8;
    let (first, last) = ((-0.0_f32).to_bits(), (-104.0_f32).to_bits());
    let part = (last - first) / PARTS + 1;
    let errors: Vec<_> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..PARTS)
            .map(|i| scope.spawn(move || largest_error(first + i * part, last.min(first + (i + 1) * part - 1))))
            .collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let (error, x) = errors.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    println!("the largest error of exp is {error} ulp, at {x:e}");
    assert!(error <= EXPONENTIAL_ULPS, "{error} ulp at {x:e}");
    // Below, everything is 0.
    for x in [-104.000_01, -105.0, -1e3, -1e30, f32::MIN, f32::NEG_INFINITY] {
        assert_eq!(Libm::exp(x).to_bits(), 0, "exp({x})");
    }
    assert_eq!(Libm::exp(0.0), 1.0);
}
