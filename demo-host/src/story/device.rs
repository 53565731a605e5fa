//! Acting as the device: labelled samples from a shifted distribution arrive one by one, and the core fine-tunes the
//! head.

use anyhow::Result;
use gradient_decay::{BetaSchedule, FineTuner, Learner, LinearHead, Parts, Sgd};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::data::digits::CLASSES;
use crate::evaluation::{Metrics, Outputs, ReadOut};
use crate::models::MLP_FEATURES as FEATURES;

type Head = LinearHead<CLASSES, FEATURES>;

/// How often the head is measured, in labelled samples.
pub const MEASURE_EVERY: usize = 10;

/// Features with their labels.
pub struct Samples {
    /// `FEATURES` a sample.
    pub features: Vec<f32>,
    /// The class of each sample.
    pub labels: Vec<usize>,
}

/// A way to fine-tune.
#[derive(Clone)]
pub struct Arm {
    /// Its name in tables and plots.
    pub label: String,
    /// Beta by the labelled sample.
    pub schedule: BetaSchedule,
    /// The learning rate.
    pub learning_rate: f32,
}

/// How an arm fared, over several orders of the same stream.
pub struct Trace {
    /// The arm.
    pub arm: Arm,
    /// The metrics before any and after every [`MEASURE_EVERY`] labelled samples: one list an order.
    pub orders: Vec<Vec<Metrics>>,
    /// The same in the order in which the samples came, writer after writer with the digits of the same form: as in the
    /// firmware.
    pub own_order: Vec<Metrics>,
}

/// Fine-tunes `head` on `stream` by every arm, in so many random orders, measuring on `test`. `progress` is called once
/// an arm and order.
///
/// # Errors
/// If the head does not fit, or a sample is refused.
pub fn adapt(
    head: &[f32],
    stream: &Samples,
    test: &Samples,
    arms: &[Arm],
    orders: u64,
    mut progress: impl FnMut(),
) -> Result<Vec<Trace>> {
    let mut traces = Vec::new();
    for arm in arms {
        let own_order: Vec<usize> = (0..stream.labels.len()).collect();
        let measured = adapt_in_order(head, stream, test, arm, &own_order)?;
        let mut trace = Trace { arm: arm.clone(), orders: Vec::new(), own_order: measured };
        for seed in 0..orders {
            let mut order = own_order.clone();
            order.shuffle(&mut StdRng::seed_from_u64(seed));
            trace.orders.push(adapt_in_order(head, stream, test, arm, &order)?);
            progress();
        }
        traces.push(trace);
    }
    Ok(traces)
}

fn adapt_in_order(head: &[f32], stream: &Samples, test: &Samples, arm: &Arm, order: &[usize]) -> Result<Vec<Metrics>> {
    let tuner = FineTuner::new(arm.schedule, Sgd::try_new(arm.learning_rate)?);
    let mut device = Learner::new(Head::new(), Parts::NONE);
    device.replace(0, |own| own.import(head))?;
    let mut measured = vec![measure(device.head(), test)?];
    for (count, &sample) in order.iter().enumerate() {
        device.learn(&tuner, stream.features(sample), stream.labels[sample])?;
        if (count + 1) % MEASURE_EVERY == 0 {
            measured.push(measure(device.head(), test)?);
        }
    }
    Ok(measured)
}

fn measure(head: &Head, test: &Samples) -> Result<Metrics> {
    let mut logits = vec![0.0; test.labels.len() * CLASSES];
    for (sample, row) in logits.as_chunks_mut::<CLASSES>().0.iter_mut().enumerate() {
        head.logits(test.features(sample), row)?;
    }
    let outputs = Outputs { features: Vec::new(), logits, classes: CLASSES };
    Ok(outputs.evaluate(&test.labels, ReadOut::Softmax)?.metrics)
}

impl Samples {
    /// The features of a sample.
    pub fn features(&self, sample: usize) -> &[f32; FEATURES] {
        &self.features.as_chunks::<FEATURES>().0[sample]
    }
}

impl Trace {
    /// The mean over the orders of a metric, at each point of measurement.
    pub fn mean(&self, metric: impl Fn(&Metrics) -> f32) -> Vec<f32> {
        let points = self.orders.first().map_or(0, Vec::len);
        let at = |point: usize| self.orders.iter().map(|order| metric(&order[point])).sum::<f32>();
        (0..points).map(|point| at(point) / self.orders.len() as f32).collect()
    }

    /// The labelled samples after which the mean accuracy is at least `accuracy`, to the nearest measurement.
    pub fn samples_to(&self, accuracy: f32) -> Option<usize> {
        self.mean(|metrics| metrics.accuracy)
            .iter()
            .position(|mean| *mean >= accuracy)
            .map(|point| point * MEASURE_EVERY)
    }
}
