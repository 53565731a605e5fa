//! The kernels of the discriminant against the portable ones, at many lengths and on random numbers: the same bits. They leave a fingerprint,
//! which is that of every core, with an FPU and without.
#![no_std]
#![no_main]

use bench::{Random, entry, exit_success};
use gradient_decay::kernels::{self, portable};
use semihosting::println;

#[entry]
fn main() -> ! {
    let mut random = Random(1);
    let (mut lengths, mut fingerprint) = (0, 0x811c_9dc5);
    for n in (1..=40).chain([64, 65, 127, 128]) {
        for _ in 0..ROUNDS {
            compare_triangle(n, &mut random, &mut fingerprint);
            compare_diagonal(n, &mut random, &mut fingerprint);
        }
        lengths += 1;
    }
    println!("same bits of the discriminant's kernels at {lengths} lengths, fingerprint {fingerprint:08x}");
    exit_success()
}

/// How often each length is tried.
const ROUNDS: usize = 10;
/// The longest.
const MOST: usize = 128;
/// The numbers of its triangle.
const UPPER: usize = kernels::packed(MOST);

/// Numbers of all magnitudes, zeros of both signs, subnormal numbers and some whose products leave the range of f32 among them.
fn number(random: &mut Random) -> f32 {
    match random.bits() % 64 {
        0..4 => 0.0,
        4..8 => -0.0,
        8..12 => f32::from_bits(random.bits() & 0x807f_ffff),
        12..16 => random.symmetric() * 1e18,
        16..20 => random.symmetric() * 1e-18,
        20 => random.symmetric() * 1e30,
        _ => random.symmetric(),
    }
}

/// Compares the bits, and mixes them into the fingerprint (FNV-1a, a word at a time). One NaN is as another: its sign is
/// left open by Rust, and is not that of every core.
fn same(found: &[f32], expected: &[f32], fingerprint: &mut u32, of: &str) {
    let n = found.len();
    let bits = |x: f32| if x.is_nan() { u32::MAX } else { x.to_bits() };
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(bits(*found), bits(*expected), "{of} of {n}");
        *fingerprint = (*fingerprint ^ bits(*found)).wrapping_mul(0x0100_0193);
    }
}

/// The first numbers of an array, random ones.
fn filled<'a>(array: &'a mut [f32], n: usize, random: &mut Random) -> &'a mut [f32] {
    let numbers = &mut array[..n];
    numbers.fill_with(|| number(random));
    numbers
}

fn compare_triangle(n: usize, random: &mut Random, fingerprint: &mut u32) {
    let (mut upper, mut a, mut b) = ([0.0; UPPER], [0.0; MOST], [0.0; MOST]);
    let upper = filled(&mut upper, kernels::packed(n), random);
    let (x, rates) = (filled(&mut a, n, random), filled(&mut b, n, random));
    let (mut found, mut expected) = ([1.0; MOST], [2.0; MOST]);
    kernels::transposed_product(upper, x, &mut found[..n]);
    portable::transposed_product(upper, x, &mut expected[..n]);
    same(&found[..n], &expected[..n], fingerprint, "transposed_product");

    found[..n].copy_from_slice(x);
    expected[..n].copy_from_slice(x);
    kernels::product(upper, &mut found[..n]);
    portable::product(upper, &mut expected[..n]);
    same(&found[..n], &expected[..n], fingerprint, "product");

    let mut other = [0.0; UPPER];
    let other = &mut other[..upper.len()];
    other.copy_from_slice(upper);
    found[..n].copy_from_slice(x);
    expected[..n].copy_from_slice(x);
    kernels::update_product(upper, rates, &mut found[..n]);
    portable::update_product(other, rates, &mut expected[..n]);
    same(&found[..n], &expected[..n], fingerprint, "update_product, x");
    same(upper, other, fingerprint, "update_product, the triangle");
    // Too small a triangle is left alone, and so is what is beyond.
    if n > 1 {
        let short = kernels::packed(n) - 1;
        kernels::product(&upper[..short], &mut found[..n]);
        same(&found[..n], &expected[..n], fingerprint, "product, too short");
    }
    assert!(found[n..].iter().all(|x| *x == 1.0));
}

fn compare_diagonal(n: usize, random: &mut Random, fingerprint: &mut u32) {
    let (mut a, mut b) = ([0.0; MOST], [0.0; MOST]);
    let (a, b) = (filled(&mut a, n, random), filled(&mut b, n, random));
    let (mut found, mut expected) = ([1.0; MOST], [2.0; MOST]);
    let sums = (kernels::subtract(a, b, &mut found[..n]), portable::subtract(a, b, &mut expected[..n]));
    same(&found[..n], &expected[..n], fingerprint, "subtract");
    same(&[sums.0], &[sums.1], fingerprint, "the sum of subtract");

    let (mut gain, mut other_gain) = ([1.0; MOST], [2.0; MOST]);
    let sums = (kernels::gain(a, b, &mut gain[..n]), portable::gain(a, b, &mut other_gain[..n]));
    same(&gain[..n], &other_gain[..n], fingerprint, "gain");
    same(&[sums.0], &[sums.1], fingerprint, "the sum of gain");

    let (mut d, mut e) = (found, found);
    let (mut f, mut g) = ([0.0; MOST], [0.0; MOST]);
    f[..n].copy_from_slice(b);
    g[..n].copy_from_slice(b);
    for start in [2.0, 1.25, -1.5] {
        let last = (
            kernels::update_diagonal(&mut d[..n], &mut f[..n], &gain[..n], start),
            portable::update_diagonal(&mut e[..n], &mut g[..n], &gain[..n], start),
        );
        same(&d[..n], &e[..n], fingerprint, "update_diagonal, D");
        same(&f[..n], &g[..n], fingerprint, "update_diagonal, the rates");
        same(&[last.0], &[last.1], fingerprint, "update_diagonal, the last");
    }
    assert!(gain[n..].iter().chain(&d[n..]).all(|x| *x == 1.0));
}
