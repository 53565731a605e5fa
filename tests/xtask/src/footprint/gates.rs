//! Upper limits of the figures, independent of the committed ones.

use anyhow::{Result, ensure};

use super::{Figures, get};

/// The upper limit of a figure: a factor times another figure, or a number.
struct Gate {
    figure: &'static str,
    most: f64,
    times: Option<&'static str>,
}

const fn most(figure: &'static str, most: f64) -> Gate {
    Gate { figure, most, times: None }
}

const fn ratio(figure: &'static str, most: f64, of: &'static str) -> Gate {
    Gate { figure, most, times: Some(of) }
}

const STEP: &str = "Cortex-M4F/asm/64->10/step";
const PORTABLE_STEP: &str = "Cortex-M4F/portable/64->10/step";

/// The limit of a step's instructions for each weight, at the larger shapes.
const A_WEIGHT: f64 = 5.5;

const GATES: [Gate; 52] = [
    most(STEP, 3990.0),
    most("Cortex-M4F/asm/64->10/step-beta-0.1", 4000.0),
    most("Cortex-M4F/asm/64->10/step-beta-5", 4000.0),
    most("Cortex-M4F/asm/64->10/step-beside", 4000.0),
    most("Cortex-M4F/asm/64->10/step-decay", 4800.0),
    most("Cortex-M4F/asm/64->10/step-momentum", 8100.0),
    most("Cortex-M4F/asm/64->10/inference", 2001.0),
    // Rows that are no multiple of eight.
    ratio("Cortex-M4F/asm/63->10/inference", 1.03, "Cortex-M4F/asm/64->10/inference"),
    most("Cortex-M4F/asm/64->10/part-standardize", 500.0),
    most(PORTABLE_STEP, 6000.0),
    most("Cortex-M4F/portable/64->10/inference", 3000.0),
    most("Cortex-M4F/asm/784->10/step", A_WEIGHT * 7840.0),
    most("Cortex-M4F/asm/128->100/step", A_WEIGHT * 12_800.0),
    ratio("Cortex-M4F/asm/64->10/step-beta-0.1", 1.03, STEP),
    ratio("Cortex-M4F/asm/64->10/step-beta-5", 1.03, STEP),
    ratio("Cortex-M4F/asm/64->10/step-geometric-warm-up", 1.01, STEP),
    ratio("Cortex-M4F/portable/64->10/step-beta-0.1", 1.03, PORTABLE_STEP),
    ratio("Cortex-M4F/portable/64->10/step-beta-5", 1.03, PORTABLE_STEP),
    ratio("Cortex-M4F/portable/64->10/step-geometric-warm-up", 1.01, PORTABLE_STEP),
    most("Cortex-M4F/reference/a call/exp", 45.0),
    // In integers, by the DSP extension where there is one.
    most("Cortex-M4F/integers/64->10/quantized-logits", 1550.0),
    most("Cortex-M4F/integers/64->10/fixed-inference", 1050.0),
    most("Cortex-M4F/integers/64->10/fixed-step", 6900.0),
    // Rows that are no multiple of a block; those of odd length begin within a word every second time.
    ratio("Cortex-M4F/integers/63->10/quantized-logits", 1.03, "Cortex-M4F/integers/64->10/quantized-logits"),
    ratio("Cortex-M4F/integers/63->10/fixed-inference", 1.06, "Cortex-M4F/integers/64->10/fixed-inference"),
    ratio("Cortex-M4F/integers/63->10/fixed-step", 1.03, "Cortex-M4F/integers/64->10/fixed-step"),
    most("Cortex-M3/integers/64->10/quantized-logits", 2600.0),
    most("Cortex-M3/integers/64->10/fixed-step", 10_300.0),
    most("Cortex-M3/integers/64->10/fixed-step-learned", 4000.0),
    most("Cortex-M0/integers/64->10/quantized-logits", 5150.0),
    most("riscv32imc/integers/64->10/quantized-logits", 3600.0),
    most("Cortex-M4F/asm/64->10/view-step", 4420.0),
    // The discriminant: a label without the row that it refreshes, that row, and both.
    most("Cortex-M4F/asm/64->10/lda-label", 19_500.0),
    most("Cortex-M4F/asm/64->10/lda-refresh", 10_500.0),
    most("Cortex-M4F/asm/64->10/cycles lda-learn", 50_000.0),
    most("Cortex-M4F/portable/64->10/lda-label", 26_500.0),
    most("Cortex-M4F/portable/64->10/lda-refresh", 14_000.0),
    most("Cortex-M4F/asm/24->4/lda-label", 3500.0),
    most("Cortex-M4F/asm/24->4/lda-refresh", 1800.0),
    most("Cortex-M4F/asm/64->10/bytes lda-head", 13_600.0),
    most("Cortex-M0/portable/64->10/bytes lda-head", 13_600.0),
    most("Cortex-M0/portable/64->10/lda-label", 1_800_000.0),
    // It infers as a linear head does.
    ratio("Cortex-M4F/asm/64->10/lda-inference", 1.15, "Cortex-M4F/asm/64->10/inference"),
    // 1.2 times the bytes of the parameters.
    most("Cortex-M4F/asm s/64->10/ram", 1.2 * 4.0 * 650.0),
    most("Cortex-M4F/asm s/64->10/flash", 4058.0),
    most("Cortex-M4F/bare small s/64->10/flash", 2048.0),
    most("Cortex-M4F/learner small s/64->10/flash", 2048.0),
    most("C/trainer/Cortex-M4F, `small`/flash", 4096.0),
    // Absent parts cost nothing: a learner without parts compared with a bare head.
    ratio("Cortex-M4F/learner s/64->10/flash", 1.03, "Cortex-M4F/bare s/64->10/flash"),
    ratio("Cortex-M4F/learner s/64->10/ram", 1.0, "Cortex-M4F/bare s/64->10/ram"),
    ratio("Cortex-M4F/learner s/64->10/step", 1.01, "Cortex-M4F/bare s/64->10/step"),
    ratio("Cortex-M4F/learner s/64->10/inference", 1.02, "Cortex-M4F/bare s/64->10/inference"),
];

/// Fails if a gate does not hold.
pub fn check(figures: &Figures) -> Result<()> {
    let mut broken = Vec::new();
    for gate in &GATES {
        let base = gate.times.map_or(Ok(1), |of| get(figures, of))?;
        let (value, most) = (get(figures, gate.figure)?, gate.most * f64::from(base));
        if f64::from(value) > most {
            broken.push(format!("{} is {value}, but must be at most {most:.0}", gate.figure));
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    println!("All {} gates hold.", GATES.len());
    Ok(())
}
