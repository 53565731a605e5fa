//! The page of experiments.

use std::fmt::Write;

use anyhow::Result;

use super::claims::{Finding, Verdict, findings};
use super::groups::Group;
use super::{plots, read_outs, tables};
use crate::experiments::Row;
use crate::report::html::{WORDS, escape, page, scrolling};

/// The benchmarks of the paper, of which those without a run are named.
const BENCHMARKS: [&str; 4] = ["MNIST", "CIFAR-10", "CIFAR-100", "SVHN"];

/// The page of some runs.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn html(rows: &[Row]) -> Result<String> {
    let groups = Group::all(rows);
    let mut body = introduction(rows, &groups);
    body += WORDS;
    body += &claims_section(&groups);
    body += "<h2>Read-outs: what a validation set is worth</h2>\n<p>A head trained with beta other than 1 has softmax \
             probabilities that are biased by the loss itself. The consistent probabilities undo that in closed form, with nothing \
             fitted; temperature scaling and the fitted beta are fitted to the log-likelihood of held-out images. Differences count \
             beyond their 95 % confidence interval.</p>\n";
    body += &read_outs::comparison(&groups).html();
    body += &read_outs::by_group(&groups).html();
    for group in &groups {
        body += &section(group)?;
    }
    body += &runs_section(rows);
    Ok(page("Gradient decay: experiments", &body))
}

fn introduction(rows: &[Row], groups: &[Group<'_>]) -> String {
    let untested: Vec<&str> = BENCHMARKS
        .into_iter()
        .filter(|name| !groups.iter().any(|group| group.settings.dataset.title() == *name))
        .collect();
    let mut text = format!(
        "<p>{} finished runs in {} groups; the runs of a group differ in loss and seed alone. Figures are mean ± standard deviation \
         over seeds; a figure without ± is of one seed. Bold is the best mean of its column, which need not differ from the next by \
         more than chance.</p>\n",
        rows.len(),
        groups.len()
    );
    if !untested.is_empty() {
        let _ = writeln!(
            text,
            "<p>Of the paper's benchmarks, nothing is said here of {}: no run.</p>",
            untested.join(", ")
        );
    }
    text
}

fn claims_section(groups: &[Group<'_>]) -> String {
    let text = "<h2>The paper's claims</h2>\n<p>Each cell compares two losses by the same figure, paired over seeds: the means of \
                    the first and the second. A claim <span class=\"held\">held</span> if the difference is larger than its 95 % \
                    confidence interval by Student's t; it <span class=\"not-held\">did not hold</span> if no such difference was \
                    seen, or the reverse. Of so many comparisons about one in forty comes out either way by chance.</p>\n"
        .to_owned();
    let mut table = "<table class=\"text\"><thead><tr><th>claim</th><th>compared</th><th>figure</th>".to_owned();
    for group in groups {
        let _ = write!(table, "<th>{}</th>", escape(&group.title));
    }
    table += "</tr></thead>\n";
    for Finding { claim, compared, figure, verdicts } in findings(groups) {
        let _ = write!(table, "<tr><td>{claim}</td><td>{}</td><td>{figure}</td>", escape(&compared));
        for (verdict, means) in verdicts {
            let class = match verdict {
                Verdict::Held => "held",
                Verdict::NoDifference | Verdict::Reversed => "not-held",
                Verdict::NotTested => "not-tested",
            };
            let words = verdict.label();
            let _ = write!(table, "<td><span class=\"{class}\">{words}</span><br>{}</td>", escape(&means));
        }
        table += "</tr>\n";
    }
    text + &scrolling("The paper's claims", &(table + "</table>"))
}

/// One group: its tables, then its plots.
fn section(group: &Group<'_>) -> Result<String> {
    let settings = &group.settings;
    let mut text = format!(
        "<h2>{}</h2>\n<p>{} epochs, batches of {}, learning rate {}, momentum {}, weight decay {}, {}, \
         {} training images held out.</p>\n",
        escape(&group.title),
        settings.epochs,
        settings.batch_size,
        settings.learning_rate_label(),
        settings.momentum,
        settings.weight_decay,
        if settings.augment { "random crops and mirroring" } else { "no augmentation" },
        settings.held_out
    );
    let ece = tables::read_outs(group, "ECE on the test images, %", |e| 100.0 * f64::from(e.metrics.ece), 2);
    let nll = tables::read_outs(group, "NLL on the test images", |e| f64::from(e.metrics.nll), 4);
    for table in [tables::accuracy(group), tables::calibration(group), ece, nll, tables::geometry(group)] {
        text += &table.html();
    }
    text += "<p class=\"note\">-: not with every seed. Distances are Euclidean, of the penultimate features. The gradient norm and the \
             curvature (largest eigenvalue of the Hessian) are of the loss over the logits, means over training images: its local \
             Lipschitz constants.</p>\n<div class=\"grid\">";
    for plot in
        [plots::convergence(group)?, plots::calibration(group)?, plots::curriculum(group)?, plots::curvature(group)?]
    {
        text += &plot;
    }
    text += "</div>\n<p class=\"note\">Images are ordered by the loss of plain softmax at its end; an image counts as right since the \
             epoch after which it was never wrong again, and as one epoch more than all if it is wrong at the end.</p>\n";
    text += "<h3>Reliability</h3>\n<p>Bars: accuracy by confidence of the softmax, over all seeds. Points: the same for the consistent \
             probabilities.</p>\n<div class=\"grid\">";
    text += &plots::reliability(group)?;
    text += "</div>\n<h3>Confidence</h3>\n<p>The share of the test images by confidence of the softmax.</p>\n<div class=\"grid\">";
    text += &plots::histograms(group)?;
    Ok(text + "</div>\n")
}

/// What the runs were made with.
fn runs_section(rows: &[Row]) -> String {
    let mut made: Vec<String> = rows
        .iter()
        .map(|row| {
            let versions = &row.versions;
            let Row { device, .. } = row;
            format!(
                "demo-host {}, burn {}, {}, {}, {}",
                versions.demo_host,
                versions.burn,
                versions.rustc,
                versions.target,
                device.label()
            )
        })
        .collect();
    made.sort();
    made.dedup();
    let hours = rows.iter().map(|row| f64::from(row.seconds)).sum::<f64>() / 3600.0;
    let made: String = made.iter().map(|made| format!("<li>{}</li>", escape(made))).collect();
    format!("<h2>Made with</h2>\n<ul>{made}</ul>\n<p>{hours:.1} hours of training, several runs side by side.</p>\n")
}
