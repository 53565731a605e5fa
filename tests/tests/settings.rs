//! The settings of a device that learns, measured on the digits. This test prints the tables of `core/docs/settings.md`, and compares.
//!
//! `BLESS=1 cargo test -p system-tests --release --test settings` writes them anew.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use digits::Digit;
use gradient_decay::storage::Empty;
use gradient_decay::{
    BetaSchedule, FineTuner, FixedHead, FixedRate, Learner, LinearHead, Memory, MlpHead, MomentumHead, Parts,
    Preprocess, Quantized, Quantizer, Replay, Sgd, Standardizer, Train,
};
use gradient_decay_app::digits::{FEATURES, HIDDEN, extract, trained_head};

type Features = [f32; FEATURES];
type Samples = Vec<(Features, usize)>;
type Head = LinearHead<10, FEATURES>;

/// The number of random orders of the stream, and the numbers of labels after which accuracy is measured.
const ORDERS: u32 = 20;
const LABELS: [usize; 4] = [20, 50, 100, 300];

/// How features are standardised.
#[derive(Clone, Copy)]
enum Units {
    Raw,
    /// By the images that the network was trained on.
    Host,
    /// By the first unlabelled samples.
    First(u32),
}

#[derive(Clone, Copy)]
struct Settings {
    /// Whether the head starts from the network's own head, or from zeros.
    trained: bool,
    rate: f32,
    schedule: BetaSchedule,
    rehearsals: u32,
    units: Units,
    /// Added to every feature.
    offset: f32,
}

const BASE: Settings = Settings {
    trained: false,
    rate: 0.02,
    schedule: BetaSchedule::constant(1.0),
    rehearsals: 4,
    units: Units::Host,
    offset: 0.0,
};

fn samples(digits: Vec<Digit>, offset: f32) -> Samples {
    let one = |digit: Digit| {
        let mut features = [0.0; FEATURES];
        extract(&HIDDEN, &digit.pixels, &mut features).unwrap();
        (features.map(|x| x + offset), usize::from(digit.label))
    };
    digits.into_iter().map(one).collect()
}

/// The mean and the deviation of each feature.
fn statistics(samples: &Samples) -> (Features, Features) {
    let n = samples.len() as f64;
    let mean = |j: usize| samples.iter().map(|(x, _)| f64::from(x[j])).sum::<f64>() / n;
    let variance = |j: usize| samples.iter().map(|(x, _)| (f64::from(x[j]) - mean(j)).powi(2)).sum::<f64>() / n;
    (std::array::from_fn(|j| mean(j) as f32), std::array::from_fn(|j| variance(j).sqrt() as f32))
}

/// Converts a head for raw features to a head for standardised features with the same logits.
fn in_units(head: &Head, (mean, deviation): &(Features, Features)) -> Head {
    let mut parameters = vec![0.0; Head::PARAMETERS];
    head.export(&mut parameters).unwrap();
    for class in 0..10 {
        let mut bias = f64::from(parameters[10 * FEATURES + class]);
        for j in 0..FEATURES {
            let w = &mut parameters[class * FEATURES + j];
            bias += f64::from(*w) * f64::from(mean[j]);
            *w *= if deviation[j] > 1e-12 { deviation[j] } else { 1.0 };
        }
        parameters[10 * FEATURES + class] = bias as f32;
    }
    let mut new = Head::new();
    new.import(&parameters).unwrap();
    new
}

/// Deterministic shuffles.
fn order(seed: u32, n: usize) -> Vec<usize> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        order.swap(i, state as usize % (i + 1));
    }
    order
}

/// Mean accuracies in percent, after [`LABELS`] labels.
fn measure<const SLOTS: usize>(settings: &Settings) -> [f64; 4] {
    let statistics = statistics(&samples(digits::training(), settings.offset));
    let sgd = Sgd::try_new(settings.rate).unwrap();
    let make = |seed, stream: &Samples| {
        let mut standardizer = match settings.units {
            Units::Raw => Standardizer::from_statistics(&[0.0; FEATURES], &[1.0; FEATURES]),
            Units::Host => Standardizer::from_statistics(&statistics.0, &statistics.1),
            Units::First(n) => Standardizer::new(n),
        };
        for (x, _) in stream {
            standardizer.observe(x).unwrap();
        }
        let head = match (settings.trained, settings.units) {
            (false, _) => Head::new(),
            (true, Units::Host) => in_units(&trained_head(), &statistics),
            (true, _) => trained_head(),
        };
        let memory: Replay<10, SLOTS, Features, Quantized<FEATURES>> = Replay::new(seed);
        Learner::new(head, Parts { preprocess: standardizer, memory, guard: (), calibration: (), readout: () })
    };
    measure_learner(make, &FineTuner::new(settings.schedule, sgd), settings.rehearsals, settings.offset)
}

/// The same for other heads, which start from zeros with features standardised by the training set.
fn measure_head<H>(head: impl Fn(u32) -> H, sgd: Sgd) -> [f64; 4]
where
    H: Train<Features = Features, Number = f32, Optimizer = Sgd, Work: Empty>,
{
    let statistics = statistics(&samples(digits::training(), 0.0));
    let make = |seed, _: &Samples| {
        let preprocess = Standardizer::from_statistics(&statistics.0, &statistics.1);
        let memory: Replay<10, 8, Features, Quantized<FEATURES>> = Replay::new(seed);
        Learner::new(head(seed), Parts { preprocess, memory, guard: (), calibration: (), readout: () })
    };
    measure_learner(make, &FineTuner::new(BASE.schedule, sgd), BASE.rehearsals, 0.0)
}

/// The same for the head in integers.
fn measure_fixed() -> [f64; 4] {
    let statistics = statistics(&samples(digits::training(), 0.0));
    let make = |seed, _: &Samples| {
        let head: FixedHead<10, FEATURES> = FixedHead::new(5, seed);
        let preprocess = Quantizer::of(&head, Standardizer::from_statistics(&statistics.0, &statistics.1));
        let memory: Replay<10, 8, [i8; FEATURES]> = Replay::new(seed);
        Learner::new(head, Parts { preprocess, memory, guard: (), calibration: (), readout: () })
    };
    measure_learner(make, &FineTuner::new(BASE.schedule, FixedRate::try_new(BASE.rate).unwrap()), BASE.rehearsals, 0.0)
}

fn measure_learner<H, P, R>(
    make: impl Fn(u32, &Samples) -> Learner<H, Parts<P, R>>,
    tuner: &FineTuner<H::Optimizer>,
    rehearsals: u32,
    offset: f32,
) -> [f64; 4]
where
    H: Train,
    P: Preprocess<H::Features, Input = Features>,
    R: Memory<H::Features>,
{
    let (stream, test) = (samples(digits::device_stream(), offset), samples(digits::device_test(), offset));
    let mut right = [0_u32; 4];
    for seed in 0..ORDERS {
        let stream: Samples = order(seed + 1, stream.len()).into_iter().map(|i| stream[i]).collect();
        let mut learner = Box::new(make(seed, &stream));
        for (count, (x, label)) in stream.iter().enumerate() {
            learner.learn(tuner, x, *label).unwrap();
            learner.rehearse(tuner, rehearsals);
            if let Some(at) = LABELS.iter().position(|labels| *labels == count + 1) {
                for (x, label) in &test {
                    right[at] += u32::from(learner.answer(x).unwrap().prediction().class == *label);
                }
            }
        }
    }
    right.map(|right| 100.0 * f64::from(right) / f64::from(ORDERS * test.len() as u32))
}

struct Table {
    text: String,
}

impl Table {
    fn new() -> Self {
        Table { text: String::new() }
    }

    fn begin(&mut self, what: &str) {
        let labels = LABELS.map(|labels| labels.to_string()).join(" | ");
        writeln!(self.text, "\n| {what} | {labels} |\n|---|---|---|---|---|").unwrap();
    }

    fn row(&mut self, name: &str, accuracies: [f64; 4]) -> [f64; 4] {
        writeln!(self.text, "| {name} | {} |", accuracies.map(|a| format!("{a:.1}")).join(" | ")).unwrap();
        accuracies
    }
}

#[test]
fn the_page_of_settings_has_the_figures_that_are_measured() {
    let mut table = Table::new();
    for trained in [false, true] {
        let base = Settings { trained, ..BASE };
        let start = if trained { "from the trained head" } else { "from nothing" };
        table.begin(&format!("rate, {start}"));
        for rate in [0.005, 0.01, 0.02, 0.05, 0.1, 0.3] {
            table.row(&rate.to_string(), measure::<8>(&Settings { rate, ..base }));
        }
        table.begin(&format!("beta, {start}"));
        for (name, schedule) in [
            ("0.01", BetaSchedule::constant(0.01)),
            ("0.1", BetaSchedule::constant(0.1)),
            ("1, plain softmax", BetaSchedule::constant(1.0)),
            ("5", BetaSchedule::constant(5.0)),
            ("0.1 -> 1, geometric, 100 labels", BetaSchedule::geometric(0.1, 1.0, 500)),
        ] {
            table.row(name, measure::<8>(&Settings { schedule, ..base }));
        }
        table.begin(&format!("rehearsals a label, {start}"));
        let without = table.row("0", measure::<8>(&Settings { rehearsals: 0, ..base }));
        for rehearsals in [1, 2, 4] {
            table.row(&rehearsals.to_string(), measure::<8>(&Settings { rehearsals, ..base }));
        }
        let many = table.row("8", measure::<8>(&Settings { rehearsals: 8, ..base }));
        assert!(many[1] > without[1] && many[3] > without[3], "rehearsals are said to pay");
        table.begin(&format!("samples remembered a class, {start}"));
        table.row("2", measure::<2>(&base));
        table.row("4", measure::<4>(&base));
        table.row("8", measure::<8>(&base));
        table.row("16", measure::<16>(&base));
        table.row("32, all there are", measure::<32>(&base));
    }
    table.begin("head, from nothing");
    let momentum = |rate| Sgd::try_new(rate).and_then(|sgd| sgd.try_with_momentum(0.9)).unwrap();
    table.row("`LinearHead`, rate 0.02", measure_head(|_| Head::new(), Sgd::new(0.02)));
    table
        .row("`MomentumHead`, 0.9, rate 0.002", measure_head(|_| MomentumHead::<10, FEATURES>::new(), momentum(0.002)));
    table
        .row("`MomentumHead`, 0.9, rate 0.005", measure_head(|_| MomentumHead::<10, FEATURES>::new(), momentum(0.005)));
    for rate in [0.02, 0.05] {
        let mlp = |seed| {
            let mut head: MlpHead<10, 16, FEATURES> = MlpHead::new();
            head.initialise(seed);
            head
        };
        table.row(&format!("`MlpHead`, 16 hidden units, rate {rate}"), measure_head(mlp, Sgd::try_new(rate).unwrap()));
    }
    table.row("`FixedHead`, rate 0.02", measure_fixed());
    table.begin("features, from nothing");
    let host = table.row("standardised by the training set", measure::<8>(&BASE));
    let first =
        table.row("standardised by the first 50 samples", measure::<8>(&Settings { units: Units::First(50), ..BASE }));
    table.row("standardised by the first 10 samples", measure::<8>(&Settings { units: Units::First(10), ..BASE }));
    table.row("raw, of a ReLU", measure::<8>(&Settings { units: Units::Raw, ..BASE }));
    let offset = Settings { units: Units::Raw, offset: 20.0, ..BASE };
    let shifted = table.row("raw, with an offset of 20", measure::<8>(&offset));
    let mended = table.row("the same, standardised", measure::<8>(&Settings { units: Units::Host, ..offset }));
    assert!(shifted[3] < 25.0 && mended[3] > 80.0, "an offset is said to keep a head at chance");
    assert!((host[3] - first[3]).abs() < 5.0, "some unlabelled samples are said to do");

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/docs/settings.md");
    let text = fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- measured -->\n").expect("the page has a mark where the tables begin");
    let (_, after) = rest.split_once("<!-- end -->").expect("and one where they end");
    let measured = format!("{before}<!-- measured -->\n{}\n<!-- end -->{after}", table.text);
    if env::var_os("BLESS").is_some() {
        return fs::write(&page, &measured).unwrap();
    }
    assert!(text == measured, "{} does not have the figures that are measured:{}", page.display(), table.text);
}
