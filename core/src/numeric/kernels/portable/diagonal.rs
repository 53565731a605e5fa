//! The loops over a diagonal in plain Rust.

/// See [`kernels::subtract`](crate::kernels::subtract).
pub fn subtract(a: &[f32], b: &[f32], to: &mut [f32]) -> f32 {
    add_subtract(a, b, to, 0.0)
}

/// The same, the magnitudes added to a sum.
#[inline]
pub(in crate::numeric::kernels) fn add_subtract(a: &[f32], b: &[f32], to: &mut [f32], mut sum: f32) -> f32 {
    for (to, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) {
        *to = a - b;
        sum += a.abs();
    }
    sum
}

/// See [`kernels::gain`](crate::kernels::gain).
pub fn gain(diagonal: &[f32], f: &[f32], gain: &mut [f32]) -> f32 {
    add_gain(diagonal, f, gain, 0.0)
}

/// The same, added to a sum.
#[inline]
pub(in crate::numeric::kernels) fn add_gain(diagonal: &[f32], f: &[f32], gain: &mut [f32], mut sum: f32) -> f32 {
    for (gain, (f, d)) in gain.iter_mut().zip(f.iter().zip(diagonal)) {
        *gain = d * f;
        sum += f * *gain;
    }
    sum
}

/// See [`kernels::update_diagonal`](crate::kernels::update_diagonal).
pub fn update_diagonal(diagonal: &mut [f32], f: &mut [f32], gain: &[f32], start: f32) -> f32 {
    Progress::new(start).update(diagonal, f, gain).inverse
}

/// How far the update of a diagonal has come. Assembly reads and writes it: four numbers and room for one.
#[repr(C)]
pub(in crate::numeric::kernels) struct Progress {
    sum: f32,
    alpha: f32,
    pub(in crate::numeric::kernels) inverse: f32,
    room: f32,
    start: f32,
}

impl Progress {
    #[inline]
    pub(in crate::numeric::kernels) fn new(start: f32) -> Self {
        Progress { sum: 0.0, alpha: start, inverse: 1.0 / start, room: 0.0, start }
    }

    #[inline]
    pub(in crate::numeric::kernels) fn update(mut self, diagonal: &mut [f32], f: &mut [f32], gain: &[f32]) -> Self {
        for (d, (f, gain)) in diagonal.iter_mut().zip(f.iter_mut().zip(gain)) {
            self.sum += *f * gain;
            *f = -(*f * self.inverse);
            let next = self.start + self.sum;
            self.inverse = 1.0 / next;
            *d *= self.alpha * self.inverse;
            self.alpha = next;
        }
        self
    }
}
