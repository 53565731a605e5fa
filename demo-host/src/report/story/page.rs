//! The page of the story.

use std::fmt::Write;

use anyhow::Result;

use super::plots;
use super::tables;
use crate::report::adaptation;
use crate::report::html::{WORDS, escape, page};
use crate::story::{SEEDS, Story, TrainedLoss};
use crate::training::Loss;

/// The page of a story.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn html(story: &Story) -> Result<String> {
    let diagrams: String = story.losses.iter().map(plots::reliability).collect::<Result<_>>()?;
    let seeds = SEEDS.map(|seed| seed.to_string()).join(", ");
    let body = format!(
        "<p>The gradient-decay Softmax is cross-entropy with a coefficient beta that sets how fast a sample's gradient fades as its
probability grows. A small beta asks for a large margin and becomes overconfident; a large one lets go of a sample early; a
warm-up goes from small to large. Here an MLP 64-64-10 is trained on 1,197 of the 8x8 digits of UCI (seeds {seeds}) and tested on
600 by other writers; then its head is fine-tuned as on a device.</p>

<h2>What a device learns a label</h2>
<p>The sensor of a device sits one pixel off, and its user is none of those in the training set: every image is shifted to the right by a
pixel. The hidden layer stays frozen; the head learns from 300 labelled images that arrive one by one, and is measured on 300 others. The
learners have settings that are the same for every task.</p>
{user}
{user_plot}
<p class=\"note\">Accuracy on the shifted test images, means over the orders of arrival.</p>

<h2>The loss</h2>
{curves}
<p class=\"note\">g(p) = (1 - p) / (1 - (1 - beta) p): concave below beta 1, straight at 1, convex above.</p>

<h2>Training on the host</h2>
{WORDS}
{training}
{convergence}
<p class=\"note\">Training error after each epoch, means over the seeds.</p>
{claims}

<h2>Reliability</h2>
<p>Bars: accuracy by confidence of the softmax, over all seeds; above the diagonal is underconfident, below it overconfident. Points: the
same for the consistent probabilities, which undo the bias of the loss but not that of overfitting.</p>
<div class=\"grid\">{diagrams}</div>

<h2>The core against f64</h2>
<pre tabindex=\"0\">{verification}</pre>

<h2>Beta on the device</h2>
<p>The head of the network above, trained with plain softmax, learns from the same images by a step each. The rate divided by 2 G(beta) has the same mean gradient as plain cross-entropy.</p>
{device}
{adaptation}
<p class=\"note\">Accuracy on the shifted test images, means over the orders of arrival.</p>
<p>Then a class arrives that the head does not know, with a row of zeros. Where samples are repeated, they come from a memory of ten
samples a class, stored as bytes.</p>
{newcomer}
",
        user = adaptation::accuracy(&story.user).html(),
        user_plot = adaptation::plot(&story.user)?,
        curves = plots::gradient_decay()?,
        training = tables::training(story).html(),
        convergence = plots::convergence(story)?,
        claims = claims(story),
        verification = escape(&story.verification.to_string()),
        device = tables::device(story).html(),
        adaptation = plots::adaptation(story)?,
        newcomer = tables::newcomer(story).html(),
    );
    Ok(page("Gradient decay on the digits", &body))
}

/// The paper's claims about beta, and whether these runs confirm them.
fn claims(story: &Story) -> String {
    let constant = |beta: f32| {
        story
            .losses
            .iter()
            .find(|loss| loss.settings.loss == Loss::GradientDecay { beta, warm_up: None, scale_rate: false })
    };
    let (Some(plain), Some(small), Some(large)) = (constant(1.0), constant(0.01), constant(5.0)) else {
        return String::new();
    };
    let ece = |loss: &TrainedLoss| loss.mean(|run| run.softmax.metrics.ece);
    let epochs = |loss: &TrainedLoss| loss.epochs_to_goal().unwrap_or(f32::INFINITY);
    let verdict = |held: bool| if held { "held" } else { "did not hold" };
    let claims = [
        ("A small beta (0.01) converges in fewer epochs than plain softmax", epochs(small) < epochs(plain)),
        (
            "A small beta (0.01) is more overconfident: a larger ECE by softmax than plain softmax",
            ece(small) > ece(plain),
        ),
        ("A large beta (5) has a smaller ECE by softmax than plain softmax", ece(large) < ece(plain)),
    ];
    let mut list = String::from("<p>The paper's claims, in these runs:</p><ul>");
    for (claim, held) in claims {
        // Writing into a String cannot fail.
        let _ = write!(list, "<li>{claim}: <b>{}</b></li>", verdict(held));
    }
    list + "</ul>"
}
