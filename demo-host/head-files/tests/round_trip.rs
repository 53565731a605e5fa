//! A head that is written and read again has the same bits, in every format; and so have the core's own checkpoints.

use gradient_decay::kernels::packed;
use gradient_decay::{
    BetaSchedule, Contents, DiscriminantHead, FineTuner, Head as _, Learner, LinearHead, Parts, Sgd, Standardizer,
    StreamingLda, checkpoint,
};
use head_files::checkpoint::{Content, is_checkpoint, read};
use head_files::{Format, Head, Integers, Meaning, Options, Prior, PriorSettings, Source, Standardization, write};
use proptest::prelude::*;

const READ_AND_WRITTEN: [Format; 4] = [Format::Checkpoint, Format::Parameters, Format::Npz, Format::Safetensors];

/// Any finite number, of any size.
fn finite() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_map(|x| if x.is_finite() { x } else { 0.5 })
}

fn heads() -> impl Strategy<Value = Head> {
    (1_usize..6, 1_usize..6).prop_flat_map(|(classes, features)| {
        let floats = |count| prop::collection::vec(finite(), count);
        let standard =
            (prop::collection::vec(-1e18_f32..1e18, features), prop::collection::vec(0.0_f32..1e18, features));
        (floats(classes * features), floats(classes), prop::option::of(standard)).prop_map(
            move |(weights, bias, standard)| {
                let head = Head::new(weights, &bias, features).unwrap();
                match standard {
                    Some((mean, deviation)) => {
                        head.with_standardization(Standardization::new(mean, deviation).unwrap()).unwrap()
                    }
                    None => head,
                }
            },
        )
    })
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn heads_keep_their_bits(head in heads()) {
        for format in READ_AND_WRITTEN {
            let Ok(bytes) = write(Source::Head(&head), format, "a test") else {
                prop_assert!(format == Format::Parameters && head.standardization.is_some());
                continue;
            };
            let options = Options { classes: Some(head.classes()), ..Options::default() };
            let again = format.head(&bytes, &options).unwrap().head;
            prop_assert_eq!(bits(again.parameters()), bits(head.parameters()), "{:?}", format);
            prop_assert_eq!(again.classes(), head.classes());
            match (&again.standardization, &head.standardization) {
                (Some(again), Some(first)) => {
                    prop_assert_eq!(bits(again.mean()), bits(first.mean()));
                    // What a device multiplies by; in a checkpoint the deviation is a square and this.
                    prop_assert_eq!(bits(&again.scale()), bits(&first.scale()));
                }
                (again, first) => prop_assert_eq!(again, first),
            }
            // And the second file is the first.
            prop_assert_eq!(&write(Source::Head(&again), format, "a test").unwrap(), &bytes);
        }
    }

    #[test]
    fn integers_keep_their_bits(
        (features, weights) in (1_usize..6).prop_flat_map(|features| (Just(features), prop::collection::vec(any::<i8>(), 3 * features))),
        bias in prop::collection::vec(any::<i32>(), 3),
        scales in prop::collection::vec(1e-6_f32..1e3, 3),
        zero_points in any::<(i8, i8)>(),
    ) {
        let (input, output) = (Meaning::new(0.03, zero_points.0.into()).unwrap(), Meaning::new(0.1, zero_points.1.into()).unwrap());
        let integers = Integers::new(weights, scales, bias, features, input, output).unwrap();
        for format in [Format::Npz, Format::Safetensors] {
            let bytes = write(Source::Integers(&integers, None), format, "a test").unwrap();
            prop_assert_eq!(format.head(&bytes, &Options::default()).unwrap().integers, Some(integers.clone()));
        }
    }

    /// Numbers in source code are the bits that a reader takes them for.
    #[test]
    fn numbers_of_source_code_keep_their_bits(head in heads()) {
        let text = String::from_utf8(write(Source::Head(&head), Format::C, "a test").unwrap()).unwrap();
        let list = text.split_once("head_parameters[HEAD_PARAMETERS] = {").unwrap().1.split_once('}').unwrap().0;
        let numbers = list.split(',').map(str::trim).filter(|number| !number.is_empty());
        let numbers: Vec<f32> = numbers.map(|number| number.strip_suffix('f').unwrap().parse().unwrap()).collect();
        prop_assert_eq!(bits(&numbers), bits(head.parameters()));
    }
}

/// A checkpoint that is written here is read by the core's learner; one that the core writes is read here.
#[test]
fn checkpoints_are_the_cores() {
    type Device = Learner<LinearHead<3, 2>, Parts<Standardizer<2>, (), (), (), ()>>;
    let new = || {
        Device::new(
            LinearHead::new(),
            Parts { preprocess: Standardizer::new(8), memory: (), guard: (), calibration: (), readout: () },
        )
    };
    let mut device = new();
    let tuner = FineTuner::new(BetaSchedule::constant(1.0), Sgd::new(0.1));
    for i in 0..8_u8 {
        device.observe(&[f32::from(i % 3), f32::from(i) * 10.0]).unwrap();
    }
    for i in 0..9_u8 {
        device.learn(&tuner, &[f32::from(i % 3), 40.0], usize::from(i % 3)).unwrap();
    }
    let mut bytes = vec![0; checkpoint::bytes::<Device>()];
    checkpoint::write(&device, Contents::ALL, &mut bytes).unwrap();
    assert!(is_checkpoint(&bytes));
    let Content::Head(found) = read(&bytes).unwrap() else { panic!("it is a linear head") };

    let mut again = new();
    checkpoint::read(&write(Source::Head(&found.head), Format::Checkpoint, "").unwrap(), &mut again).unwrap();
    assert_eq!(again.head(), device.head());
    let x = [1.5, 33.0];
    let answers = [&mut device, &mut again].map(|device| {
        let mut p = [0.0; 3];
        device.probabilities(&x, &mut p).unwrap();
        bits(&p)
    });
    assert_eq!(answers[0], answers[1]);
}

/// Rows that are not in use are left out, and it is said.
#[test]
fn only_classes_in_use_are_taken() {
    let mut head = LinearHead::<4, 2>::new();
    head.import(&[1.0; 12]).unwrap();
    head.truncate(3).unwrap();
    let mut bytes = vec![0; checkpoint::bytes::<LinearHead<4, 2>>()];
    checkpoint::write(&head, Contents::ALL, &mut bytes).unwrap();
    let Content::Head(found) = read(&bytes).unwrap() else { panic!("it is a linear head") };
    assert_eq!((found.head.classes(), found.notes.len()), (3, 1));
    for (at, part) in [(0, "a checkpoint starts with"), (20, "CRC")] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let message = read(&damaged).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

const FEATURES: usize = 20;
const LOGITS: f32 = 1.5e-3;

/// The prior is what the core has learned of every sample; its logits are off by as much of their spread as the core's module
/// `discriminant` states for ten thousand labels.
#[test]
fn a_prior_is_what_the_core_learns_from_the_table() {
    // Without a ridge, which the core adds to one feature at a time.
    let lda = StreamingLda::new().with_ridge(0.0);
    let settings = PriorSettings { samples: 50.0, most: 4, lda, standardize: false };
    let (mut seed, mut table, mut labels) = (1_u64, Vec::new(), Vec::new());
    let mut number = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f32 / 8_388_608.0 - 1.0
    };
    for i in 0..600 {
        let shared = number();
        labels.push(i % 3);
        table.extend(
            (0..FEATURES)
                .map(|feature| number() + shared * (feature % 4) as f32 + if feature == i % 3 { 1.0 } else { 0.0 }),
        );
    }
    let prior = Prior::of_table(&table, FEATURES, &labels, &settings).unwrap();

    type Own = DiscriminantHead<3, FEATURES, { packed(FEATURES) }>;
    let (mut learned, mut read_back) = (Own::new(), Own::new());
    let rows = || table.as_chunks::<FEATURES>().0.iter().zip(&labels);
    rows().for_each(|(row, label)| learned.learn(&lda, row, *label).unwrap());
    learned.discount(settings.samples, settings.most).unwrap();
    checkpoint::read(prior.checkpoint(), &mut read_back).unwrap();
    assert_eq!((read_back.samples(0), read_back.labels(), read_back.progress()), (4, 0, learned.progress()));
    let logits = |head: &Own, x| {
        let mut z = [0.0; 3];
        head.logits(x, &mut z).unwrap();
        z
    };
    let all: Vec<([f32; 3], [f32; 3])> =
        rows().map(|(row, _)| (logits(&learned, row), logits(&read_back, row))).collect();
    let spread = all.iter().flat_map(|(z, _)| z).fold(0.0_f32, |most, z| most.max(z.abs()));
    let off = all.iter().flat_map(|(a, b)| a.iter().zip(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off <= LOGITS * spread, "{off} of {spread}");

    // Its covariance is that of its factors, which a checkpoint has.
    let Content::Prior(again) = read(prior.checkpoint()).unwrap() else { panic!("it is a discriminant") };
    assert_eq!(
        (again.means(), again.counts(), again.checkpoint()),
        (prior.means(), prior.counts(), prior.checkpoint())
    );
    for (own, other) in again.covariance().iter().zip(prior.covariance()) {
        assert!((own - other).abs() < 1e-4, "{own} {other}");
    }
}

#[test]
fn tables_that_no_prior_can_be_made_of_are_refused() {
    let table = [1.0, 2.0, 3.0, 4.0];
    for (features, labels, part) in [
        (2, &[0, 0][..], "all samples are of one class"),
        (2, &[0], "2 rows of 2 features, but 1 labels"),
        (2, &[0, 5], "there is a label 5, but only 2 samples"),
        (1, &[0, 0, 2, 2], "class 1 has no sample"),
        (0, &[0], "empty"),
    ] {
        let message = Prior::of_table(&table, features, labels, &PriorSettings::default()).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let settings = PriorSettings { standardize: false, ..PriorSettings::default() };
    let message = Prior::of_table(&[1.0, 1e7, 3.0, 4.0], 2, &[0, 1], &settings).unwrap_err().to_string();
    assert!(message.contains("row 0, column 1 is 10000000"), "{message}");
}
