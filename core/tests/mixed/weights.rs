//! The weights of a trained head and the discriminant that it is mixed into, and the linear head made of both.

use super::*;

#[test]
fn it_starts_as_the_trained_head_and_ends_as_the_discriminant() {
    let trained = trained();
    let mut mixed = Mixed::new(Plain::new(), &trained);
    mixed.truncate(3).unwrap();
    for i in 0..60 {
        let x = sample(4000 + i, i % 3);
        assert_eq!(mixed.predict(&x).unwrap().class, trained.predict(&x).unwrap().class);
    }
    let mut plain = Plain::new();
    for i in 0..2000 {
        mixed.learn(&LDA, &sample(i, i % 3), i % 3).unwrap();
        plain.learn(&LDA, &sample(i, i % 3), i % 3).unwrap();
    }
    let x = sample(5000, 1);
    for (mixed, plain) in logits(&mixed, &x).into_iter().zip(logits(&plain, &x)).take(3) {
        assert!((mixed - plain).abs() < 0.1 * (1.0 + plain.abs()), "{mixed} {plain}");
    }
}

/// With the statistics of the training set, and without.
#[test]
fn it_is_never_worse_than_at_its_start() {
    let trained = trained();
    let mut statistics = Plain::new();
    (0..300).for_each(|i| statistics.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    statistics.discount(64.0, 3).unwrap();
    for (statistics, loss) in [(statistics, 3), (Plain::new(), 6)] {
        let mut mixed = Mixed::new(statistics, &trained);
        mixed.truncate(3).unwrap();
        let start = right(&mixed, 3);
        for i in 0..300 {
            mixed.learn(&LDA, &sample(8000 + i, i % 3), i % 3).unwrap();
            if [0, 2, 9, 49, 199].contains(&i) {
                assert!(right(&mixed, 3) + loss >= start, "{i}: {} {start}", right(&mixed, 3));
            }
        }
        assert!(right(&mixed, 3) + 3 >= start);
    }
}

/// The weight of the trained head's logits that the module states, for a head whose classes are all in use.
fn weight(head: &Mixed<'_>, trained: usize) -> f32 {
    let (n, kept) = (head.head().labels() as f32, head.head().progress().base);
    let samples = n + kept + n * kept / (n + kept);
    let alone = head.head().temperature() * ((30.0 + trained as f32) / samples).powi(3);
    alone.max(40.0 / (10.0 + n))
}

#[test]
fn the_logits_are_those_of_the_equation() {
    let trained = trained();
    let mut statistics = Plain::new();
    (0..300).for_each(|i| statistics.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    statistics.discount(64.0, 3).unwrap();
    for (statistics, from_nothing) in [(statistics, false), (Plain::new(), true)] {
        let mut head = Mixed::new(statistics, &trained);
        head.truncate(3).unwrap();
        for i in 0..200 {
            head.learn(&LDA, &sample(i, i % 3), i % 3).unwrap();
            let (w, own) = (weight(&head, 3), head.head().temperature());
            let faded = 40.0 / (11.0 + i as f32);
            // From nothing, the trained head fades later.
            assert!(if i < 30 { (w > faded) == from_nothing } else { i < 60 || w == faded }, "{i}: {w} {faded}");
            if i < 2 {
                continue; // not every class has a sample
            }
            let x = sample(5000 + i, i % 3);
            let (mut z, raw) = ([0.0; 3], logits(head.head(), &x));
            Head::logits(&trained, &x, &mut z).unwrap();
            for ((found, raw), z) in logits(&head, &x).into_iter().zip(raw).zip(z) {
                let expected = (raw * own + w * z) / (own + w);
                assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{i}: {found} {expected}");
            }
        }
    }
}

#[test]
fn a_class_without_a_sample_is_judged_by_the_trained_head_until_labels_say_otherwise() {
    let trained = trained();
    for labels in [2, 10, 50, 500] {
        let mut head = Mixed::new(Plain::new(), &trained);
        head.truncate(3).unwrap();
        (0..labels).for_each(|i| head.learn(&LDA, &sample(i, i % 2), i % 2).unwrap());
        let w = weight(&head, 3);
        let share = w / (head.head().temperature() + w);
        let mut others = 0;
        for i in 0..60 {
            let x = sample(4000 + i, i % 3);
            let (class, of_trained) = (head.predict(&x).unwrap().class, trained.predict(&x).unwrap().class);
            others += usize::from((class == 2) != (of_trained == 2));
            // A class with samples can be far from all of them; one that the trained head prefers is not passed over.
            assert!(labels > 10 || class == 2 || of_trained != 2, "{labels}: {class} {of_trained}");
            let mut z = [0.0; 3];
            Head::logits(&trained, &x, &mut z).unwrap();
            let sums = logits(&head, &x);
            let raised = (1.0 - share) * z[2] + sums[0].max(sums[1]) - z[0].max(z[1]);
            let expected = share * (z[2] + raised.max(0.0));
            assert!((sums[2] - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{labels}: {sums:?} {expected}");
        }
        assert!(labels > 10 || others < 3, "{labels}: {others}");
    }
}

/// The user's class 0 looks as class 2 did in training, whose own samples are never labelled.
#[test]
fn a_user_who_only_labels_wrong_answers_is_followed() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(3).unwrap();
    for i in 0..200 {
        head.learn(&LDA, &sample(2 * i, 2), 0).unwrap();
        head.learn(&LDA, &sample(2 * i + 1, 1), 1).unwrap();
    }
    let right =
        |answer: &dyn Fn(&[f32; FEATURES]) -> usize| (0..100).filter(|i| answer(&sample(4000 + i, 2)) == 0).count();
    let before = right(&|x| trained.predict(x).unwrap().class);
    let after = right(&|x| head.predict(x).unwrap().class);
    assert!(before < 20 && after > 60, "{before} {after}");
}

#[test]
fn the_linear_head_made_of_it_has_its_logits() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(3).unwrap();
    (0..30).for_each(|i| head.learn(&LDA, &sample(i, i % 3), i % 3).unwrap());
    let linear = head.to_linear(2.0).unwrap();
    for i in 0..30 {
        let x = sample(5000 + i, i % 3);
        for (z, expected) in logits(&linear, &x).into_iter().zip(logits(&head, &x)).take(3) {
            assert!((z - expected / 2.0).abs() < 1e-4 * (1.0 + expected.abs()), "{z} {expected}");
        }
    }
    assert_eq!(linear.classes(), 3);
    assert!(head.to_linear(0.0).is_err());
}

/// The linear head does not raise a trained class without a sample.
#[test]
fn the_linear_head_made_of_it_has_a_mean_at_the_origin_for_a_class_without_a_sample() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(4).unwrap();
    // Classes 0 and 1 of the trained head, and one that is new.
    (0..30).for_each(|i| head.learn(&LDA, &sample(i, [0, 1, 3][i % 3]), [0, 1, 3][i % 3]).unwrap());
    let linear = head.to_linear(2.0).unwrap();
    let w = weight(&head, 3);
    let share = w / (head.head().temperature() + w);
    for i in 0..30 {
        let x = sample(5000 + i, i % 4);
        let mut z = [0.0; 3];
        Head::logits(&trained, &x, &mut z).unwrap();
        let (found, sums) = (logits(&linear, &x), logits(&head, &x));
        let expected = [sums[0], sums[1], share * z[2]];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected / 2.0).abs() < 1e-4 * (1.0 + expected.abs()), "{found} {expected}");
        }
    }
}

/// For a class that the trained head does not have, its rows' mean stands for its largest logit in the linear head.
#[test]
fn the_linear_head_made_of_it_has_the_mean_of_the_trained_rows_for_a_new_class() {
    let trained = trained();
    let mut head = Mixed::new(Plain::new(), &trained);
    head.truncate(4).unwrap();
    (0..40).for_each(|i| head.learn(&LDA, &sample(i, i % 4), i % 4).unwrap());
    let linear = head.to_linear(2.0).unwrap();
    let (g, own) = (weight(&head, 3), head.head().temperature());
    for i in 0..20 {
        let x = sample(5000 + i, i % 4);
        let mut z = [0.0; 3];
        Head::logits(&trained, &x, &mut z).unwrap();
        let raw = logits(head.head(), &x)[3] * own;
        let expected = (raw + g * z.iter().sum::<f32>() / 3.0) / (own + g) / 2.0;
        let found = logits(&linear, &x)[3];
        assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{found} {expected}");
    }
    assert_eq!(linear.classes(), 4);
}
