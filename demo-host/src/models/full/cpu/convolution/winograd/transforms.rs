//! The matrices of F(4x4, 3x3) in one dimension (Lavin and Gray 2016, section 4.3), applied to vectors of channels, and
//! their transposes, by which the gradients go back.

use crate::models::full::cpu::lanes::{Lanes, add, add_scaled, scale, sub};

/// A transform of one dimension. A type and no function pointer, so that it is compiled into the loop that applies it.
pub trait Transform<const FROM: usize, const TO: usize> {
    /// The product with the matrix; `#[inline(always)]`.
    fn apply(from: [Lanes; FROM]) -> [Lanes; TO];
}

/// `B^T`: six pixels to six points.
pub struct Pixels;

impl Transform<6, 6> for Pixels {
    #[inline(always)]
    fn apply(d: [Lanes; 6]) -> [Lanes; 6] {
        let (even, odd) = (add_scaled(d[4], -4.0, d[2]), add_scaled(d[3], -4.0, d[1]));
        let (p, q) = (sub(d[4], d[2]), sub(d[3], d[1]));
        [
            add_scaled(add_scaled(d[4], -5.0, d[2]), 4.0, d[0]),
            add(even, odd),
            sub(even, odd),
            add_scaled(p, 2.0, q),
            add_scaled(p, -2.0, q),
            add_scaled(add_scaled(d[5], -5.0, d[3]), 4.0, d[1]),
        ]
    }
}

/// `B`: the transpose of [`Pixels`].
pub struct PixelsTransposed;

impl Transform<6, 6> for PixelsTransposed {
    #[inline(always)]
    fn apply(v: [Lanes; 6]) -> [Lanes; 6] {
        let (p, q, r, s) = (add(v[1], v[2]), sub(v[1], v[2]), add(v[3], v[4]), sub(v[3], v[4]));
        [
            scale(4.0, v[0]),
            add_scaled(add_scaled(scale(4.0, v[5]), -4.0, q), -2.0, s),
            add_scaled(add_scaled(scale(-1.0, r), -4.0, p), -5.0, v[0]),
            add_scaled(add_scaled(q, 2.0, s), -5.0, v[5]),
            add(v[0], add(p, r)),
            v[5],
        ]
    }
}

/// `A^T`: six points to four pixels of a map.
pub struct Map;

impl Transform<6, 4> for Map {
    #[inline(always)]
    fn apply(m: [Lanes; 6]) -> [Lanes; 4] {
        let (p, q, r, s) = (add(m[1], m[2]), sub(m[1], m[2]), add(m[3], m[4]), sub(m[3], m[4]));
        [add(m[0], add(p, r)), add_scaled(q, 2.0, s), add_scaled(p, 4.0, r), add_scaled(add(q, m[5]), 8.0, s)]
    }
}

/// `A`: the transpose of [`Map`].
pub struct MapTransposed;

impl Transform<4, 6> for MapTransposed {
    #[inline(always)]
    fn apply(y: [Lanes; 4]) -> [Lanes; 6] {
        let (even, odd) = (add(y[0], y[2]), add(y[1], y[3]));
        let (p, q) = (add_scaled(y[0], 4.0, y[2]), add_scaled(y[1], 4.0, y[3]));
        [y[0], add(even, odd), sub(even, odd), add_scaled(p, 2.0, q), add_scaled(p, -2.0, q), y[3]]
    }
}

/// `G`: three weights to six points.
#[inline(always)]
pub fn weights(g: [Lanes; 3]) -> [Lanes; 6] {
    let (even, wide) = (add(g[0], g[2]), add_scaled(scale(1.0 / 24.0, g[0]), 1.0 / 6.0, g[2]));
    [
        scale(0.25, g[0]),
        scale(-1.0 / 6.0, add(even, g[1])),
        scale(-1.0 / 6.0, sub(even, g[1])),
        add_scaled(wide, 1.0 / 12.0, g[1]),
        add_scaled(wide, -1.0 / 12.0, g[1]),
        g[2],
    ]
}

/// `G^T`: the transpose of [`weights`].
#[inline(always)]
pub fn weights_transposed(u: [Lanes; 6]) -> [Lanes; 3] {
    let (p, q, r, s) = (add(u[1], u[2]), sub(u[1], u[2]), add(u[3], u[4]), sub(u[3], u[4]));
    [
        add_scaled(add_scaled(scale(0.25, u[0]), -1.0 / 6.0, p), 1.0 / 24.0, r),
        add_scaled(scale(-1.0 / 6.0, q), 1.0 / 12.0, s),
        add_scaled(u[5], 1.0 / 6.0, sub(r, p)),
    ]
}
