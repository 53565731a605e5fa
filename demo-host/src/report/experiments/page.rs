//! The page of experiments.

use std::fmt::Write;

use anyhow::Result;

use super::claims::{Finding, HEADER, Verdict, findings, rows};
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
    body += "<h2>Read-outs: what a validation set is worth</h2>\n<p>The softmax probabilities of a head trained with a beta other than 1 are \
        biased by the loss itself. The consistent probabilities remove that bias by a formula, without fitting anything; temperature \
        scaling and the fitted beta are fitted to the log-likelihood of held-out images. A difference counts only if it is larger than its \
        95 % confidence interval.</p>\n";
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
        "<p>{} finished runs in {} groups; the runs of a group differ only in loss and seed. Figures are mean ± standard deviation \
            over seeds; a figure without ± is of one seed. Bold marks the best mean of its column, whose difference from the next may be \
            chance.</p>\n",
        rows.len(),
        groups.len()
    );
    if !untested.is_empty() {
        let _ = writeln!(text, "<p>The paper's benchmarks without a run here: {}.</p>", untested.join(", "));
    }
    text
}

/// Each claim with its verdicts, followed by the other comparisons, folded.
fn claims_section(groups: &[Group<'_>]) -> String {
    let (declared, others): (Vec<Finding>, Vec<Finding>) =
        findings(groups).into_iter().filter(|finding| !finding.seen.is_empty()).partition(|finding| finding.declared);
    let mut text = "<h2>The paper's claims</h2>\n<p>One comparison of one figure decides each claim: the claim says that the first of two kinds of runs has \
        the smaller figure. Runs are paired over seeds. The claim <span class=\"held\">held</span>, or the \
        <span class=\"not-held\">reverse</span> was seen, if the difference is beyond chance: p below 0.05 by Student's t, \
        corrected by Holm's method for the number of data sets and models on which the claim is tested. Otherwise it is \
        not decided, which does not mean that there is no difference: three seeds can only show large ones. Figures of whole epochs \
        are treated as rounded. ± is a 95 % confidence interval, not corrected. The comparisons were declared after the runs of MNIST and \
        Fashion-MNIST with the seeds 1 to 3 had been seen, and before all others.</p>\n"
        .to_owned();
    let mut table = "<table class=\"text\"><caption>In short</caption><thead><tr><th>claim</th><th>decided by</th><th>held</th><th>reversed</th>\
             <th>not decided</th></tr></thead>\n"
        .to_owned();
    for finding in &declared {
        let count = |verdict| finding.seen.iter().filter(|(_, seen)| seen.verdict == Some(verdict)).count();
        let [held, reversed, not_decided] = [Verdict::Held, Verdict::Reversed, Verdict::NotDecided].map(count);
        let Finding { claim, compared, figure, .. } = finding;
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{}: {}</td><td>{held}</td><td>{reversed}</td><td>{not_decided}</td></tr>",
            escape(claim),
            escape(compared),
            escape(figure)
        );
    }
    text += &scrolling("In short", &(table + "</table>"));
    text += &claims_table("On which runs, and by how much", &declared);
    text +=
        "<details><summary>Other comparisons, which decide nothing since they were not declared beforehand</summary>\n";
    text += &claims_table("Other comparisons", &others);
    text + "</details>\n"
}

/// The rows of findings; a claim is named where it begins.
fn claims_table(title: &str, findings: &[Finding]) -> String {
    let header: String = HEADER.iter().map(|name| format!("<th>{name}</th>")).collect();
    let mut text = format!("<table class=\"text claims\"><caption>{title}</caption><thead><tr>{header}</tr></thead>\n");
    for row in rows(findings) {
        let cell = |cell: &String| match cell.as_str() {
            "held" => "<td class=\"held\">held</td>".to_owned(),
            "reversed" => "<td class=\"not-held\">reversed</td>".to_owned(),
            _ => format!("<td>{}</td>", escape(cell)),
        };
        let _ = writeln!(text, "<tr>{}</tr>", row.iter().map(cell).collect::<String>());
    }
    scrolling(title, &(text + "</table>"))
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
    text += "<p class=\"note\">-: not reached with every seed. Distances are Euclidean, between the features that the head takes. The gradient norm and \
        the curvature (largest eigenvalue of the Hessian) are those of the loss as a function of the logits, means over training images: its local \
        Lipschitz constants.</p>\n<div class=\"grid\">";
    for plot in
        [plots::convergence(group)?, plots::calibration(group)?, plots::curriculum(group)?, plots::curvature(group)?]
    {
        text += &plot;
    }
    text += "</div>\n<p class=\"note\">Images are ordered by their loss after training with plain softmax. An image counts as right from the \
        epoch on after which it was never wrong again; if it is wrong at the end, it counts as one epoch more than there are.</p>\n";
    text += "</div>\n<h3>Reliability</h3>\n<p>Accuracy over confidence, over all seeds, of bins with at least 50 images. A curve below the \
        straight diagonal means that the model is overconfident. The last plot shows the share of images up to each confidence.</p>\n<div \
        class=\"grid\">";
    text += &plots::reliability(group, |row| &row.test.softmax, "confidence by softmax")?;
    text += &plots::reliability(group, |row| &row.test.consistent, "confidence by the consistent probabilities")?;
    text += &plots::histograms(group)?;
    Ok(text + "</div>\n")
}

/// The versions that the runs were trained with.
fn runs_section(rows: &[Row]) -> String {
    let mut made: Vec<String> = rows
        .iter()
        .map(|row| {
            let versions = &row.versions;
            let Row { device, .. } = row;
            format!(
                "demo-host {}, burn {}, {}, {}, {}{}",
                versions.demo_host,
                versions.burn,
                versions.rustc,
                versions.target,
                device.label(),
                versions.torch.as_ref().map(|torch| format!(": {torch}")).unwrap_or_default()
            )
        })
        .collect();
    made.sort();
    made.dedup();
    let hours = rows.iter().map(|row| f64::from(row.seconds)).sum::<f64>() / 3600.0;
    let made: String = made.iter().map(|made| format!("<li>{}</li>", escape(made))).collect();
    format!("<h2>Made with</h2>\n<ul>{made}</ul>\n<p>{hours:.1} hours of training, several runs side by side.</p>\n")
}
