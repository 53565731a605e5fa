//! The matrices of F(4x4, 3x3) in one dimension (Lavin and Gray 2016, section 4.3), applied to vectors of channels, and
//! their transposes, by which the gradients go back.

use pulp::Simd;

use crate::models::full::cpu::lanes::Scale as _;

/// A transform of one dimension. A type and no function pointer, so that it is compiled into the loop that applies it.
pub trait Transform<const FROM: usize, const TO: usize> {
    /// The product with the matrix; `#[inline(always)]`.
    fn apply<S: Simd>(simd: S, from: [S::f32s; FROM]) -> [S::f32s; TO];
}

/// `B^T`: six pixels to six points.
pub struct Pixels;

impl Transform<6, 6> for Pixels {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, d: [S::f32s; 6]) -> [S::f32s; 6] {
        let (even, odd) = (simd.add_scaled(d[4], -4.0, d[2]), simd.add_scaled(d[3], -4.0, d[1]));
        let (p, q) = (simd.sub_f32s(d[4], d[2]), simd.sub_f32s(d[3], d[1]));
        [
            simd.add_scaled(simd.add_scaled(d[4], -5.0, d[2]), 4.0, d[0]),
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            simd.add_scaled(p, 2.0, q),
            simd.add_scaled(p, -2.0, q),
            simd.add_scaled(simd.add_scaled(d[5], -5.0, d[3]), 4.0, d[1]),
        ]
    }
}

/// `B`: the transpose of [`Pixels`].
pub struct PixelsTransposed;

impl Transform<6, 6> for PixelsTransposed {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, v: [S::f32s; 6]) -> [S::f32s; 6] {
        let (p, q, r, s) = (
            simd.add_f32s(v[1], v[2]),
            simd.sub_f32s(v[1], v[2]),
            simd.add_f32s(v[3], v[4]),
            simd.sub_f32s(v[3], v[4]),
        );
        [
            simd.scale(4.0, v[0]),
            simd.add_scaled(simd.add_scaled(simd.scale(4.0, v[5]), -4.0, q), -2.0, s),
            simd.add_scaled(simd.add_scaled(simd.scale(-1.0, r), -4.0, p), -5.0, v[0]),
            simd.add_scaled(simd.add_scaled(q, 2.0, s), -5.0, v[5]),
            simd.add_f32s(v[0], simd.add_f32s(p, r)),
            v[5],
        ]
    }
}

/// `A^T`: six points to four pixels of a map.
pub struct Map;

impl Transform<6, 4> for Map {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, m: [S::f32s; 6]) -> [S::f32s; 4] {
        let (p, q, r, s) = (
            simd.add_f32s(m[1], m[2]),
            simd.sub_f32s(m[1], m[2]),
            simd.add_f32s(m[3], m[4]),
            simd.sub_f32s(m[3], m[4]),
        );
        [
            simd.add_f32s(m[0], simd.add_f32s(p, r)),
            simd.add_scaled(q, 2.0, s),
            simd.add_scaled(p, 4.0, r),
            simd.add_scaled(simd.add_f32s(q, m[5]), 8.0, s),
        ]
    }
}

/// `A`: the transpose of [`Map`].
pub struct MapTransposed;

impl Transform<4, 6> for MapTransposed {
    #[inline(always)]
    fn apply<S: Simd>(simd: S, y: [S::f32s; 4]) -> [S::f32s; 6] {
        let (even, odd) = (simd.add_f32s(y[0], y[2]), simd.add_f32s(y[1], y[3]));
        let (p, q) = (simd.add_scaled(y[0], 4.0, y[2]), simd.add_scaled(y[1], 4.0, y[3]));
        [
            y[0],
            simd.add_f32s(even, odd),
            simd.sub_f32s(even, odd),
            simd.add_scaled(p, 2.0, q),
            simd.add_scaled(p, -2.0, q),
            y[3],
        ]
    }
}

/// `G`: three weights to six points.
#[inline(always)]
pub fn weights<S: Simd>(simd: S, g: [S::f32s; 3]) -> [S::f32s; 6] {
    let (even, wide) = (simd.add_f32s(g[0], g[2]), simd.add_scaled(simd.scale(1.0 / 24.0, g[0]), 1.0 / 6.0, g[2]));
    [
        simd.scale(0.25, g[0]),
        simd.scale(-1.0 / 6.0, simd.add_f32s(even, g[1])),
        simd.scale(-1.0 / 6.0, simd.sub_f32s(even, g[1])),
        simd.add_scaled(wide, 1.0 / 12.0, g[1]),
        simd.add_scaled(wide, -1.0 / 12.0, g[1]),
        g[2],
    ]
}

/// `G^T`: the transpose of [`weights`].
#[inline(always)]
pub fn weights_transposed<S: Simd>(simd: S, u: [S::f32s; 6]) -> [S::f32s; 3] {
    let (p, q, r, s) =
        (simd.add_f32s(u[1], u[2]), simd.sub_f32s(u[1], u[2]), simd.add_f32s(u[3], u[4]), simd.sub_f32s(u[3], u[4]));
    [
        simd.add_scaled(simd.add_scaled(simd.scale(0.25, u[0]), -1.0 / 6.0, p), 1.0 / 24.0, r),
        simd.add_scaled(simd.scale(-1.0 / 6.0, q), 1.0 / 12.0, s),
        simd.add_scaled(u[5], 1.0 / 6.0, simd.sub_f32s(r, p)),
    ]
}
