//! PyTorch, where a Python has it: the same networks in a script of its own.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{Measurement, Workload};
use crate::torch::MODELS;

const SCRIPT: &str = include_str!("torch.py");

/// Whether a Python can import torch.
pub fn found(python: &str) -> bool {
    let import = Command::new(python).args(["-c", "import torch"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    import.is_ok_and(|status| status.success())
}

/// The throughput in images per second.
///
/// # Errors
/// If the script fails, or its network has another number of parameters than ours.
pub fn measure(python: &str, workload: &Workload) -> Result<Measurement> {
    let Workload { model, batch_size, steps, dataset } = workload;
    let [channels, height, width] = dataset.shape();
    let numbers = [channels, height, width, *batch_size, dataset.classes(), *steps].map(|number| number.to_string());
    let mut child = Command::new(python)
        .args(["-", model.label()])
        .args(numbers)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {python}"))?;
    child
        .stdin
        .take()
        .context("the script cannot be given to Python")?
        .write_all([MODELS, SCRIPT].concat().as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the script for PyTorch failed: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let words: Vec<&str> = text.split_whitespace().collect();
    let [images_per_second, parameters, version, threads] = words[..] else {
        anyhow::bail!("the script for PyTorch printed {text:?}");
    };
    Ok(Measurement {
        framework: format!("PyTorch {version}, {threads} threads"),
        images_per_second: images_per_second.parse()?,
        parameters: parameters.parse()?,
    })
}
