//! The tables, for the terminal and for the page.

use crate::report::adaptation;
use crate::report::table::{Cell, Table, percent};
use crate::story::device::{MEASURE_EVERY, Trace};
use crate::story::newcomer::{Course, LATER, Reception, SHOWN};
use crate::story::{DEVICE_GOAL, NEWCOMER_SEEDS, ORDERS, SEEDS, Story, TRAINING_GOAL, TrainedLoss};

/// The story as text, a table after the other.
pub fn text(story: &Story) -> String {
    let [training, device, newcomer] = [training(story), device(story), newcomer(story)].map(|table| table.text());
    let user = adaptation::accuracy(&story.user).text();
    format!(
        "A device learns a user who is not in its training set:\n{user}\n{training}\n{}\n{device}\n{newcomer}",
        story.verification.summary()
    )
}

/// The results of training with each loss.
pub fn training(story: &Story) -> Table {
    let header = [
        "beta".to_owned(),
        "train acc".to_owned(),
        "test acc".to_owned(),
        "NLL".to_owned(),
        "ECE".to_owned(),
        "MCE".to_owned(),
        "NLL consistent".to_owned(),
        "ECE consistent".to_owned(),
        format!("epochs to {} train", percent(TRAINING_GOAL)),
    ];
    let row = |loss: &TrainedLoss| {
        vec![
            loss.label.clone(),
            percent(loss.train(|m| m.accuracy)),
            percent(loss.mean(|run| run.softmax.metrics.accuracy)),
            format!("{:.3}", loss.mean(|run| run.softmax.metrics.nll)),
            percent(loss.mean(|run| run.softmax.metrics.ece)),
            percent(loss.mean(|run| run.softmax.metrics.mce)),
            format!("{:.3}", loss.mean(|run| run.consistent.metrics.nll)),
            percent(loss.mean(|run| run.consistent.metrics.ece)),
            loss.epochs_to_goal().map_or("never".to_owned(), |epochs| format!("{epochs:.1}")),
        ]
    };
    Table {
        title: format!("Training on the host, means over {} seeds; NLL, ECE and MCE on the test images", SEEDS.len()),
        header: header.to_vec(),
        rows: cells(story.losses.iter().map(row)),
    }
}

/// The results of fine-tuning on the shifted digits.
pub fn device(story: &Story) -> Table {
    let points = story.traces.first().map_or(0, |trace| trace.mean(|m| m.accuracy).len());
    let last = points.saturating_sub(1) * MEASURE_EVERY;
    let header = [
        "beta on the device".to_owned(),
        "before".to_owned(),
        "after 50".to_owned(),
        "after 100".to_owned(),
        format!("after {last}"),
        "NLL".to_owned(),
        "ECE".to_owned(),
        "MCE".to_owned(),
        format!("samples to {}", percent(DEVICE_GOAL)),
        format!("own order, after {last}"),
    ];
    let row = |trace: &Trace| {
        let accuracy = trace.mean(|m| m.accuracy);
        let at = |samples: usize| accuracy.get(samples / MEASURE_EVERY).map_or("-".to_owned(), |a| percent(*a));
        let end = |figures: Vec<f32>| figures.last().copied().unwrap_or(f32::NAN);
        vec![
            trace.arm.label.clone(),
            at(0),
            at(50),
            at(100),
            at(last),
            format!("{:.3}", end(trace.mean(|m| m.nll))),
            percent(end(trace.mean(|m| m.ece))),
            percent(end(trace.mean(|m| m.mce))),
            trace.samples_to(DEVICE_GOAL).map_or("never".to_owned(), |samples| samples.to_string()),
            percent(trace.own_order.last().map_or(f32::NAN, |m| m.accuracy)),
        ]
    };
    Table {
        title: format!(
            "The core as the device: digits shifted by a pixel arrive one by one, means over {ORDERS} random orders; NLL, \
             ECE and MCE after {last}"
        ),
        header: header.to_vec(),
        rows: cells(story.traces.iter().map(row)),
    }
}

/// The results of adding a new class.
pub fn newcomer(story: &Story) -> Table {
    let header = [
        "beta".to_owned(),
        "repeated".to_owned(),
        "known before".to_owned(),
        format!("new after {LATER}"),
        format!("known after {LATER}"),
        "new at the end".to_owned(),
        "known at the end".to_owned(),
    ];
    let row = |reception: &Reception| {
        let spread = |accuracy: fn(&Course) -> f32| {
            let (mean, deviation) = reception.spread(accuracy);
            format!("{:.1} ± {:.1}", 100.0 * mean, 100.0 * deviation)
        };
        vec![
            reception.arm.beta.to_owned(),
            reception.arm.rehearsals.to_string(),
            spread(|course| course.before.known),
            spread(|course| course.later.new),
            spread(|course| course.later.known),
            spread(|course| course.end.new),
            spread(|course| course.end.known),
        ]
    };
    Table {
        title: format!(
            "A tenth digit arrives on the device, {SHOWN} samples of it at first: accuracy on it and on the nine known ones in \
             %, mean and standard deviation over {NEWCOMER_SEEDS} orders, each digit being the new one in a tenth of them"
        ),
        header: header.to_vec(),
        rows: cells(story.receptions.iter().map(row)),
    }
}

fn cells(rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<Cell>> {
    rows.map(|row| row.into_iter().map(Cell::from).collect()).collect()
}
