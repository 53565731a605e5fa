//! The kernels against the portable ones, on random numbers and in many shapes, whole blocks and broken: the same bits.
#![no_std]
#![no_main]

use bench::{Random, exit_success};
use cortex_m_rt::entry;
use gradient_decay::kernels::{self, MomentumFactors, portable};
use semihosting::println;

#[entry]
fn main() -> ! {
    let mut random = Random(1);
    let mut shapes = 0;
    macro_rules! shapes {
        ($compare:ident: $($rows:literal: $($n:literal)*;)*) => {
            $($(
                $compare::<$rows, $n>(&mut random);
                shapes += 1;
            )*)*
        };
    }
    shapes! {
        compare:
        1: 1 2 3 4 5 7 8 9 11 12 13 15 16 17 23 24 31 64 65;
        2: 1 3 7 8 9 16 33;
        3: 1 2 3 5 7 8 11 13 16 21 64;
        4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 31 64 65;
        5: 1 3 8 15 24 63;
        6: 3 8 12;
        7: 1 3 13 16;
        8: 1 7 8 64;
        9: 5 8 17;
        10: 1 3 64 65 784;
        100: 1 13 128;
    }
    shapes! {
        compare_integers:
        1: 1 2 7 8 9 10 16 31 64;
        2: 3 8 9 12 14 63;
        3: 1 7 8 9 11 15 24 26 63;
        4: 8 18 23 65;
        5: 6 9 13 40 63;
        6: 10 17 60;
        9: 11 62;
        10: 1 63 64 784;
    }
    let counted = roots(&mut random);
    println!("same bits in {shapes} shapes and for {counted} square roots");
    exit_success()
}

/// Numbers of all magnitudes that products can have without leaving the range of f32, zeros of both signs and subnormal
/// numbers among them.
fn number(random: &mut Random) -> f32 {
    match random.bits() % 16 {
        0 => 0.0,
        1 => -0.0,
        2 => f32::from_bits(random.bits() & 0x807f_ffff),
        3 => random.symmetric() * 1e18,
        4 => random.symmetric() * 1e-18,
        _ => random.symmetric(),
    }
}

fn numbers<const N: usize>(random: &mut Random) -> [f32; N] {
    core::array::from_fn(|_| number(random))
}

fn compare<const ROWS: usize, const N: usize>(random: &mut Random) {
    for round in 0..20 {
        let rates: [f32; ROWS] = numbers(random);
        let x: [f32; N] = numbers(random);
        let rows: [[f32; N]; ROWS] = core::array::from_fn(|_| numbers(random));
        let (mut found, mut expected) = (rates, rates);
        kernels::add_dot_rows(&rows, &x, &mut found);
        portable::add_dot_rows(&rows, &x, &mut expected);
        assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits), "add_dot_rows of {ROWS} x {N}");
        let (mut found, mut expected) = (rates, rates);
        kernels::add_dot_matrix(rows.as_flattened(), &x, &mut found);
        portable::add_dot_matrix(rows.as_flattened(), &x, &mut expected);
        assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits), "add_dot_matrix of {ROWS} x {N}");
        for keep in [1.0, 0.99] {
            let (mut found, mut expected) = (rows, rows);
            kernels::update_rows(&mut found, keep, &rates, &x);
            portable::update_rows(&mut expected, keep, &rates, &x);
            for (found, expected) in found.as_flattened().iter().zip(expected.as_flattened()) {
                assert_eq!(found.to_bits(), expected.to_bits(), "update_rows of {ROWS} x {N} in round {round}");
            }
        }
        let velocities: [[f32; N]; ROWS] = core::array::from_fn(|_| numbers(random));
        for nesterov in [false, true] {
            let weight_decay = if round % 2 == 0 { 0.0 } else { 0.01 };
            let factors = MomentumFactors { learning_rate: 0.1, momentum: 0.9, nesterov, weight_decay };
            let (mut found, mut expected) = ((rows, velocities), (rows, velocities));
            let update = [kernels::update_matrix_with_momentum, portable::update_matrix_with_momentum];
            for (update, (rows, velocities)) in update.into_iter().zip([&mut found, &mut expected]) {
                update(rows.as_flattened_mut(), velocities.as_flattened_mut(), &factors, &rates, &x);
            }
            for (found, expected) in [(found.0, expected.0), (found.1, expected.1)] {
                let (found, expected) = (found.as_flattened().iter(), expected.as_flattened().iter());
                assert!(
                    found.map(|x| x.to_bits()).eq(expected.map(|x| x.to_bits())),
                    "update_matrix_with_momentum of {ROWS} x {N} in round {round}, {factors:?}"
                );
            }
        }
        let (mean, scale): ([f32; N], [f32; N]) = (numbers(random), numbers(random));
        let (mut found, mut expected) = ([0.0; N], [0.0; N]);
        kernels::standardize(&x, &mean, &scale, &mut found);
        portable::standardize(&x, &mean, &scale, &mut expected);
        assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits), "standardize of {N}");
        for limit in [0.0, 1.0, 1e18] {
            assert_eq!(kernels::all_within(&x, limit), x.iter().all(|x| x.abs() <= limit), "all_within of {N}");
        }
        let (found, expected) = (kernels::sum_of_magnitudes(&x), portable::sum_of_magnitudes(&x));
        assert_eq!(found.to_bits(), expected.to_bits(), "sum_of_magnitudes of {N}");
    }
}

/// The products of integers, extreme ones among them; some of the sums leave an i32.
fn compare_integers<const ROWS: usize, const N: usize>(random: &mut Random) {
    for round in 0..20 {
        let mut byte = || match random.bits() % 8 {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => (random.bits() >> 24) as i8,
        };
        let x: [i8; N] = core::array::from_fn(|_| byte());
        let rows: [[i8; N]; ROWS] = core::array::from_fn(|_| core::array::from_fn(|_| byte()));
        let sums: [i32; ROWS] = core::array::from_fn(|_| random.bits() as i32);
        let (mut found, mut expected) = (sums, sums);
        kernels::add_dot_rows_i8(&rows, &x, &mut found);
        portable::add_dot_rows_i8(&rows, &x, &mut expected);
        assert_eq!(found, expected, "add_dot_rows_i8 of {ROWS} x {N} in round {round}");
        for row in &rows {
            let (found, expected) = (kernels::dot_and_square_i8(row, &x), portable::dot_and_square_i8(row, &x));
            assert_eq!(found, expected, "dot_and_square_i8 of {N} in round {round}");
        }
        let mut halfword = || match random.bits() % 8 {
            0 => i16::MIN,
            1 => i16::MAX,
            _ => (random.bits() >> 16) as i16,
        };
        let rows: [[i16; N]; ROWS] = core::array::from_fn(|_| core::array::from_fn(|_| halfword()));
        let shift = random.bits() % 17;
        // From rates that do not move a weight to those that move all to their ends; of some rows none.
        let rates: [i32; ROWS] = core::array::from_fn(|_| match random.bits() % 8 {
            0 => 0,
            1 => (random.bits() & 0x1_ffff) as i32 - 0x1_0000,
            bits => (random.bits() as i32) >> (13 + 2 * bits),
        });
        let (mut found, mut expected, seed) = (rows, rows, random.bits() | 1);
        let after = kernels::update_rows_i16(&mut found, &rates, &x, shift, seed);
        let expected_after = portable::update_rows_i16(&mut expected, &rates, &x, shift, seed);
        assert!(
            found == expected && after == expected_after,
            "update_rows_i16 of {ROWS} x {N} in round {round}, shift {shift}, rates {rates:?}"
        );
        let mut found = rows;
        let after = kernels::update_matrix_i16(found.as_flattened_mut(), &rates, &x, shift, seed);
        assert!(found == expected && after == expected_after, "update_matrix_i16 of {ROWS} x {N} in round {round}");
        let (mut found, mut expected) = (sums, sums);
        kernels::add_dot_rows_i16(&rows, &x, &mut found, i32::wrapping_add);
        portable::add_dot_rows_i16(&rows, &x, &mut expected, i32::wrapping_add);
        assert_eq!(found, expected, "add_dot_rows_i16 of {ROWS} x {N} in round {round}");
        let mut found = sums;
        kernels::add_dot_matrix_i16(rows.as_flattened(), &x, &mut found);
        assert_eq!(found, expected, "add_dot_matrix_i16 of {ROWS} x {N} in round {round}");
    }
}

/// The FPU's square root against libm's.
fn roots(random: &mut Random) -> u32 {
    use gradient_decay::{Libm, Math};

    const COUNT: u32 = 2000;
    for _ in 0..COUNT {
        let x = f32::from_bits(random.bits() % f32::INFINITY.to_bits());
        assert_eq!(Libm::sqrt(x).to_bits(), libm::sqrtf(x).to_bits(), "the square root of {x:e}");
    }
    COUNT
}
