//! Errors of functions of one f32, over a chosen number of arguments.

/// The largest error of `found` against `exact`, in ulps of the result, with its argument; over the f32 whose bits are `first`, and every
/// `stride`-th after it up to `last`. `exact` computes in f64, whose own error of an ulp or two is 4e-9 ulps of an f32.
///
/// The ulp is the spacing of f32 just below the rounded result: that of its binade, and below a power of two the smaller one.
pub fn largest_error(
    first: u32,
    last: u32,
    stride: u32,
    found: impl Fn(f32) -> f32 + Sync,
    exact: impl Fn(f64) -> f64 + Sync,
) -> (f64, f32) {
    // Parts that threads share.
    const PARTS: u32 = 8;
    let part = (last - first) / PARTS + 1;
    let largest = |from: u32| {
        let to = last.min(from + (part - 1));
        let mut largest = (0.0, f32::from_bits(from));
        let begin = from.next_multiple_of(stride);
        for bits in (begin..=to).step_by(stride as usize) {
            let x = f32::from_bits(bits);
            let exact = exact(f64::from(x));
            let near = exact.abs() as f32;
            let spacing = if near < f32::MIN_POSITIVE { f32::from_bits(1) } else { near - near.next_down() };
            let error = (f64::from(found(x)) - exact).abs() / f64::from(spacing);
            // NaN counts as the largest error.
            if error > largest.0 || error.is_nan() {
                largest = (error, x);
            }
        }
        largest
    };
    let errors: Vec<(f64, f32)> = std::thread::scope(|scope| {
        let largest = &largest;
        let threads: Vec<_> = (0..PARTS).map(|i| scope.spawn(move || largest(first + i * part))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    assert_eq!(errors.len(), PARTS as usize, "a thread panicked");
    errors
        .into_iter()
        .fold((0.0, 0.0), |most: (f64, f32), error| if error.0 > most.0 || error.0.is_nan() { error } else { most })
}
