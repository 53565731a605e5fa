//! Learners that `tune` writes in Rust: they compile against the core, and learn. The answers of those that it writes in C as well are kept by a hash, for
//! `cargo xtask c`, which compares them with those in C.

mod generated;

use std::fs;
use std::path::Path;

use gradient_decay::{DiscriminantHead, LinearHead, MixedHead, Neighbours, Replay, Residual};

/// The samples without what varies, one a class.
const MEANS: [[f32; 2]; 3] = [[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]];

/// Number `i` of the samples, as in `firmware/c-api/tests/c/tuned.c`.
fn sample(i: usize) -> ([f32; 2], usize) {
    let class = i % 3;
    let varies = |j: usize| ((7 * i + 3 * j + i / 11) % 16) as f32 / 64.0;
    ([MEANS[class][0] + varies(0), MEANS[class][1] + varies(1)], class)
}

/// Compares hashes of answers with those committed, which `BLESS=1` writes anew.
fn compare(name: &str, hashes: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated").join(name).with_extension("log");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, hashes).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), hashes, "{}: BLESS=1 writes it anew", path.display());
}

#[test]
fn the_learners_of_the_modules_learn() {
    macro_rules! learns {
        ($module:ident, $head:expr, $rehearse:expr) => {{
            use generated::$module::*;
            let mut learner: Mine = learner($head);
            (0..6).for_each(|i| learner.observe(&sample(i).0).unwrap());
            while learner.classes() < CLASSES {
                learner.add_class().unwrap();
            }
            // FNV-1a by words.
            let (mut hash, mut hashes) = (0x811c_9dc5_u32, String::new());
            for i in 0..300 {
                let (x, class) = sample(i);
                learner.learn(&SETTINGS, &x, class).unwrap();
                $rehearse(&mut learner);
                let mut p = [0.0; CLASSES];
                learner.probabilities(&sample(i + 500).0, &mut p).unwrap();
                hash = p.iter().fold(hash, |hash, p| (hash ^ p.to_bits()).wrapping_mul(16_777_619));
                if i % 50 == 49 {
                    hashes += &format!("{hash:08x}\n");
                }
            }
            for (class, x) in MEANS.iter().enumerate() {
                assert_eq!(learner.answer(x).unwrap().class(), Some(class), stringify!($module));
            }
            ((FEATURES, REHEARSALS), hashes)
        }};
    }
    use generated::{head, prior, replay, residual};
    static TRAINED: LinearHead<3, 2> = head::HEAD;
    let mut statistics = prior::Head::new();
    prior::load(&mut statistics).unwrap();
    let based = MixedHead::new(statistics, &TRAINED);
    let (shape, discriminant) = learns!(discriminant, DiscriminantHead::empty(), |_: &mut _| ());
    assert_eq!(shape, (2, 0));
    let (shape, mixed) = learns!(mixed, based.clone(), |_: &mut _| ());
    assert_eq!(shape, (2, 0));
    let new = Neighbours::new(DiscriminantHead::empty(), Replay::new(1));
    let (shape, neighbours) = learns!(neighbours, new, |_: &mut _| ());
    assert_eq!(shape, (2, 0));
    let (shape, mixed_neighbours) = learns!(mixed_neighbours, Neighbours::new(based, Replay::new(1)), |_: &mut _| ());
    assert_eq!(shape, (2, 0));
    let new = Residual::new(DiscriminantHead::empty(), LinearHead::new());
    let rehearse = |learner: &mut residual::Mine| {
        learner.rehearse(&residual::SETTINGS, residual::REHEARSALS);
    };
    assert_eq!(learns!(residual, new, rehearse).0, (2, 4));
    let rehearse = |learner: &mut replay::Mine| {
        learner.rehearse(&replay::SETTINGS, replay::REHEARSALS);
    };
    let (shape, replay) = learns!(replay, LinearHead::new(), rehearse);
    assert_eq!(shape, (2, 4));
    let (shape, warm_up) = learns!(warm_up, LinearHead::empty(), |_: &mut _| ());
    assert_eq!(shape, (2, 0));
    assert_eq!(generated::mixed::DEVIATION, [1.0, 20.5]);
    for (name, hashes) in [
        ("discriminant", discriminant),
        ("mixed", mixed),
        ("neighbours", neighbours),
        ("mixed_neighbours", mixed_neighbours),
        ("replay", replay),
        ("warm_up", warm_up),
    ] {
        compare(name, &hashes);
    }
}
