//! The discriminant against linear discriminant analysis solved from scratch in f64: 10^4 labels, and with full lengths 10^6.

use gradient_decay::statistics::StatisticsView;
use gradient_decay::{DiscriminantView, Head, StreamingLda};
use oracle::discriminant::Discriminant;
use oracle::{lengths, tolerances};

/// The labels between two that put the ridge back: see the documentation of `streaming`.
const RIDGE_EVERY: u32 = 16;

/// Reproducible noise.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    /// Nearly Gaussian, with standard deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// The kind of features that are made from noise around a class's mean.
#[derive(Clone, Copy, Debug)]
enum Features {
    Random,
    Duplicated,
    /// Features with a third of the full rank.
    Collinear,
    /// One feature in four never varies, one in eight is always 0.
    Constant,
    Large,
    Small,
    /// Half of the features are a million times as large as the others.
    Mixed,
    /// Twenty standard deviations from the origin. At 100, a logit is off by 0.07 at 64 features, from the rounding of the features themselves.
    Offset,
    /// Large and duplicated.
    LargeDuplicated,
}

const ALL: [Features; 9] = [
    Features::Random,
    Features::Duplicated,
    Features::Collinear,
    Features::Constant,
    Features::Large,
    Features::Small,
    Features::Mixed,
    Features::Offset,
    Features::LargeDuplicated,
];

struct Data {
    kind: Features,
    means: Vec<Vec<f64>>,
}

impl Data {
    fn new(kind: Features, classes: usize, features: usize) -> Self {
        let mut noise = Noise(classes as u64);
        let means = (0..classes).map(|_| (0..features).map(|_| 0.6 * noise.normal()).collect()).collect();
        Data { kind, means }
    }

    fn sample(&self, noise: &mut Noise, class: usize) -> Vec<f32> {
        let z: Vec<f64> = self.means[class].iter().map(|mean| mean + noise.normal()).collect();
        let n = z.len();
        let mixed = |i: usize| 0.8 * z[i] + 0.5 * z[(7 * i + 3) % n] - 0.4 * z[(5 * i + 1) % n];
        let rank = n.div_ceil(3);
        let of = |i: usize| match self.kind {
            Features::Random => mixed(i),
            Features::Duplicated => mixed(i % n.div_ceil(2)),
            Features::Collinear => z[i % rank] + 0.7 * z[(i / rank + i) % rank] - 0.3 * z[(2 * i + 1) % rank],
            Features::Constant if i % 8 == 1 => 0.0,
            Features::Constant if i.is_multiple_of(4) => 1.0,
            Features::Constant => mixed(i),
            Features::Large => 1e3 * mixed(i),
            Features::Small => 1e-3 * mixed(i),
            Features::Mixed => mixed(i) * if i.is_multiple_of(2) { 1e3 } else { 1e-3 },
            Features::Offset => 20.0 + mixed(i),
            Features::LargeDuplicated => 1e3 * mixed(i % n.div_ceil(2)),
        };
        (0..n).map(|i| of(i) as f32).collect()
    }
}

/// The largest difference of a logit before the temperature, each sample's logits shifted to the mean 0, in units of their root mean square;
/// and the share of samples on which both predict the same class.
fn difference(head: &DiscriminantView<'_>, batch: &Discriminant, samples: &[Vec<f32>], classes: usize) -> (f64, f64) {
    let (exact, temperature) = (batch.logits(), f64::from(head.temperature()));
    let (mut largest, mut squares, mut same) = (0.0_f64, 0.0, 0);
    let mut logits = vec![0.0; classes];
    for x in samples {
        head.logits(x, &mut logits).unwrap();
        let (found, expected): (Vec<f64>, Vec<f64>) =
            (logits.iter().map(|z| f64::from(*z) * temperature).collect(), exact(x));
        let mean = |z: &[f64]| z.iter().sum::<f64>() / classes as f64;
        let (shift, its) = (mean(&found), mean(&expected));
        for (found, expected) in found.iter().zip(&expected) {
            largest = largest.max(((found - shift) - (expected - its)).abs());
            squares += (expected - its) * (expected - its);
        }
        let top = |z: &[f64]| (0..classes).max_by(|a, b| z[*a].total_cmp(&z[*b])).unwrap();
        same += usize::from(top(&found) == top(&expected));
    }
    let count = samples.len();
    (largest / (squares / (count * classes) as f64).sqrt(), same as f64 / count as f64)
}

fn follow(kind: Features, classes: usize, features: usize, labels: u32) -> (f64, f64) {
    const LDA: StreamingLda = StreamingLda::new();
    let data = Data::new(kind, classes, features);
    let mut noise = Noise(42);
    let tests: Vec<_> = (0..200).map(|i| data.sample(&mut noise, i % classes)).collect();
    let mut numbers = vec![0.0; StatisticsView::numbers_of(classes, features)];
    let (mut counts, mut scratch) = (vec![0; classes], vec![0.0; StatisticsView::scratch_of(classes, features)]);
    let mut head = DiscriminantView::new(&mut numbers, &mut counts, &mut scratch, features).unwrap();
    let prior = (f64::from(LDA.prior_samples()), f64::from(LDA.prior_variance()));
    let mut batch = Discriminant::new(classes, features, prior.0, prior.1);
    for label in 1..=labels {
        // Each class once, then at random; the last class only once.
        let by_chance = noise.uniform() * classes.max(2).saturating_sub(1) as f64;
        let class = if label as usize <= classes { label as usize - 1 } else { by_chance as usize };
        let x = data.sample(&mut noise, class);
        head.learn(&LDA, &x, class).unwrap();
        batch.learn(&x, class);
        if label.is_multiple_of(RIDGE_EVERY) {
            let weight = f64::from(LDA.ridge()) * f64::from(RIDGE_EVERY) * features as f64;
            batch.add_ridge((label / RIDGE_EVERY) as usize % features, weight);
        }
    }
    difference(&head, &batch, &tests, classes)
}

#[test]
fn it_stays_right_on_features_of_all_kinds() {
    let labels = lengths::steps(10_000, 1_000_000);
    let shapes = [(2, 9), (3, 24), (10, 64), (100, 20)];
    let mut worst = 0.0_f64;
    for (classes, features) in shapes {
        std::thread::scope(|scope| {
            let runs = ALL.map(|kind| (kind, scope.spawn(move || follow(kind, classes, features, labels))));
            for (kind, run) in runs {
                let (largest, same) = run.join().unwrap();
                println!(
                    "{classes:3} classes, {features} features, {kind:?}: {largest:.1e}, {:.1} % alike",
                    100.0 * same
                );
                assert!(largest < tolerances::DISCRIMINANT, "{classes} {features} {kind:?}: {largest}");
                assert!(same > 0.97, "{classes} {features} {kind:?}: {same}");
                worst = worst.max(largest);
            }
        });
    }
    println!("the largest of all after {labels} labels: {worst:.1e} of the logits' spread");
}
