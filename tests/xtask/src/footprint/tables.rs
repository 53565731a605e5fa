//! The figures as Markdown, as the READMEs have them.

use std::fmt::Write;

use anyhow::Result;

use super::measure::{CORTEX_M4F, CORTEX_M33_DSP, MACHINES, Machine, RISC_V};
use super::{CALLS, DISCRIMINANTS, ESTIMATED, Figures, OTHERS, SHAPES, TRAINERS, c_figure, get, integers_figure, name};
use crate::c;

/// What others need, measured by others of this project under the same QEMU, machine and `-icount shift=6`, one sample each:
/// a name, an inference with softmax and a step of a 64 -> 10 head, steps of 784 -> 10 and 128 -> 100.
const QUOTED: [(&str, &str, &str, &str, &str); 5] = [
    ("AIfES (C)", "5,467", "77,387", "916,907", "1,479,781"),
    ("PULP-TrainLib, 1 core (C; no softmax)", "4,133", "15,917", "158,087", "283,887"),
    ("CMSIS-DSP, composed by hand (C)", "3,150", "10,638", "112,848", "189,828"),
    ("CMSIS-NN f32 (C)", "4,173", "does not train", "", ""),
    ("a blocked kernel of vldm, vmul and vadd, unchecked", "2,096", "3,962", "", ""),
];

/// All tables.
pub fn markdown(figures: &Figures) -> Result<String> {
    let mut text = String::new();
    peers(&mut text, figures)?;
    kinds(&mut text, figures)?;
    shapes(&mut text, figures)?;
    parts(&mut text, figures)?;
    cycles(&mut text, figures)?;
    cores(&mut text, figures)?;
    discriminants(&mut text, figures)?;
    calls(&mut text, figures)?;
    trainers(&mut text, figures)?;
    in_c(&mut text, figures)?;
    Ok(text)
}

/// A number with commas between thousands.
fn grouped(value: u32) -> String {
    let digits = value.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn peers(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        text,
        "\n| Cortex-M4F, instructions | inference 64 -> 10 | step 64 -> 10 | step 784 -> 10 | step 128 -> 100 |"
    )?;
    writeln!(text, "|---|---|---|---|---|")?;
    for (label, build) in [("gradient-decay, `asm`", "asm"), ("gradient-decay, portable", "portable")] {
        write!(text, "| {label} ")?;
        write!(text, "| {} ", grouped(get(figures, &format!("Cortex-M4F/{build}/64->10/inference"))?))?;
        for (_, shape) in SHAPES {
            write!(text, "| {} ", grouped(get(figures, &format!("Cortex-M4F/{build}/{shape}/step"))?))?;
        }
        writeln!(text, "|")?;
    }
    for (label, prefix, trains) in [
        ("naive loops in Rust, unchecked", "naive", true),
        ("mynn 0.1.2 (squared error, no softmax)", "mynn", true),
        ("embedded-nn 0.2.3", "embedded-nn", false),
    ] {
        write!(text, "| {label} ")?;
        write!(text, "| {} ", grouped(get(figures, &format!("Cortex-M4F/reference/64->10/{prefix}-inference"))?))?;
        if !trains {
            writeln!(text, "| does not train | | |")?;
            continue;
        }
        for (_, shape) in SHAPES {
            write!(text, "| {} ", grouped(get(figures, &format!("Cortex-M4F/reference/{shape}/{prefix}-step"))?))?;
        }
        writeln!(text, "|")?;
    }
    for (label, inference, step, wide, many) in QUOTED {
        writeln!(text, "| {label}, quoted | {inference} | {step} | {wide} | {many} |")?;
    }
    Ok(())
}

/// A step by schedule and optimizer, and the exponential.
fn kinds(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(text, "\n| Cortex-M4F, a step of 64 -> 10 | `asm` | portable |")?;
    writeln!(text, "|---|---|---|")?;
    for (label, what) in [
        ("beta 1", "step"),
        ("beta 0.1", "step-beta-0.1"),
        ("beta 5", "step-beta-5"),
        ("inside a geometric warm-up", "step-geometric-warm-up"),
        ("inside a linear warm-up", "step-linear-warm-up"),
    ] {
        write!(text, "| {label} ")?;
        for build in ["asm", "portable"] {
            let value = get(figures, &format!("Cortex-M4F/{build}/64->10/{what}"))?;
            let base = get(figures, &format!("Cortex-M4F/{build}/64->10/step"))?;
            let percent = 100.0 * (f64::from(value) / f64::from(base) - 1.0);
            write!(text, "| {} ({percent:+.1} %) ", grouped(value))?;
        }
        writeln!(text, "|")?;
    }
    for (label, what) in [
        ("beta 1, weight decay", "step-decay"),
        ("beta 1, momentum 0.9, with weight decay or without", "step-momentum"),
        ("beta 1, Nesterov's momentum", "step-nesterov"),
        ("beta 1, in a program with these three as well", "step-beside"),
        ("beta 1, the shape known at run time", "view-step"),
    ] {
        writeln!(text, "| {label} | {} | |", grouped(get(figures, &format!("Cortex-M4F/asm/64->10/{what}"))?))?;
    }
    let call = |what: &str| get(figures, &format!("Cortex-M4F/reference/a call/{what}"));
    let (own, libm, micromath) = (call("exp")?, call("exp-libm")?, call("exp-micromath")?);
    writeln!(text, "\n`exp`, the most that a call takes: {own} instructions; libm's {libm}, micromath's {micromath}.")?;
    Ok(())
}

/// Inference and step by shape, in all and a weight.
fn shapes(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(text, "\n| Cortex-M4F, `asm`, instructions | inference | step | of it a weight |\n|---|---|---|---|")?;
    for (_, shape) in SHAPES.into_iter().chain(OTHERS) {
        let value = |what| get(figures, &format!("Cortex-M4F/asm/{shape}/{what}"));
        let (inference, step) = (value("inference")?, value("step")?);
        let weights = shape.split("->").filter_map(|number| number.parse::<f64>().ok()).product::<f64>();
        writeln!(text, "| {shape} | {} | {} | {:.2} |", grouped(inference), grouped(step), f64::from(step) / weights)?;
    }
    Ok(())
}

/// The parts of a step, each called by itself.
fn parts(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(text, "\n| Cortex-M4F, `asm`, 64 -> 10 | instructions |\n|---|---|")?;
    for (label, what) in [
        ("forward: `add_dot_rows`", "forward"),
        ("update: `update_rows`", "update"),
        ("bound of the step: `sum_of_magnitudes`", "magnitudes"),
        ("ten exponentials: `exp_and_sum`", "exponentials"),
        ("one logarithm: libm's `logf`", "ln"),
        ("loss and gradient of 10 logits, these two included", "loss-and-gradient"),
        ("before a step: `Standardizer::apply`, its check of 64 features included", "standardize"),
    ] {
        writeln!(text, "| {label} | {} |", grouped(get(figures, &format!("Cortex-M4F/asm/64->10/part-{what}"))?))?;
    }
    Ok(())
}

/// Instructions beside cycles, which are estimates.
fn cycles(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        text,
        "\n| Cortex-M4F, 64 -> 10 | inference | cycles, estimated | step | cycles, estimated |\n|---|---|---|---|---|"
    )?;
    for (label, build, prefix) in [
        ("f32", "asm", ""),
        ("f32, opt-level `s`, flash {}", "bare s", ""),
        ("f32, opt-level `s` and feature `small`, flash {}", "bare small s", ""),
        ("in integers", "integers", "fixed-"),
    ] {
        let value = |what: &str| get(figures, &format!("Cortex-M4F/{build}/64->10/{what}"));
        write!(text, "| {} ", label.replace("{}", &value("flash").map(grouped).unwrap_or_default()))?;
        for what in ["inference", "step"] {
            let (count, cycles) = (value(&format!("{prefix}{what}"))?, value(&format!("cycles {prefix}{what}"))?);
            write!(text, "| {} | {} ", grouped(count), grouped(cycles))?;
        }
        writeln!(text, "|")?;
    }
    let value = |what: &str| get(figures, &format!("Cortex-M4F/integers/64->10/{what}")).map(grouped);
    let (count, cycles) = (value("quantized-logits")?, value("cycles quantized-logits")?);
    writeln!(text, "| in i8: `QuantizedHead::logits` | {count} | {cycles} | | |")?;
    writeln!(
        text,
        "\nCycles are estimates: each instruction by its weight in Arm's manual of the core, without wait states of the flash. A step in f32 is within \
         a warm-up."
    )?;
    Ok(())
}

fn cores(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(text, "\n| instructions, 64 -> 10 | inference | step |")?;
    writeln!(text, "|---|---|---|")?;
    for machine in MACHINES.iter().chain([&CORTEX_M33_DSP]).chain(&RISC_V) {
        let builds = if machine.core == CORTEX_M33_DSP.core { &[] } else { machine.builds() };
        for (build, _) in builds {
            let value = |what| get(figures, &format!("{}/{build}/64->10/{what}", machine.core));
            let (inference, step) = (grouped(value("inference")?), grouped(value("step")?));
            writeln!(text, "| {}, {build} | {inference} | {step} |", machine.core)?;
        }
        if machine.counts_integers() {
            integers(text, figures, machine, SHAPES[0].1, "")?;
        }
        if machine.core == CORTEX_M4F.core {
            integers(text, figures, machine, OTHERS[0].1, ", 63 -> 10")?;
        }
    }
    Ok(())
}

/// The heads in integers of one shape.
fn integers(text: &mut String, figures: &Figures, machine: &Machine, shape: &str, label: &str) -> Result<()> {
    let core = machine.core;
    let value = |what| get(figures, &format!("{core}/integers/{shape}/{what}")).map(grouped);
    writeln!(text, "| {core}, in integers{label} | {} | {} |", value("fixed-inference")?, value("fixed-step")?)?;
    writeln!(text, "| {core}, in integers{label}, a sample that is learned | | {} |", value("fixed-step-learned")?)?;
    writeln!(text, "| {core}, in i8{label}: `QuantizedHead::logits` | {} | |", value("quantized-logits")?)?;
    Ok(())
}

/// Cycles an instruction of code that computes floats without an FPU, estimated: most of it is arithmetic of one cycle, loads and stores of
/// two, and branches.
const SOFT_FLOAT_CYCLES: f64 = 1.8;

/// Cores with soft float, each with a chip of it and that chip's clock in kHz.
const CLOCKS: [(&str, &str, f64); 2] =
    [("Cortex-M0", "at the nRF51822's 16 MHz", 16_000.0), ("riscv32imc", "at the ESP32-C3's 160 MHz", 160_000.0)];

/// The cycles of a label and the row that it refreshes, estimated, of a core with soft float.
fn soft_float_cycles(figures: &Figures, core: &str) -> Result<f64> {
    let count = get(figures, &format!("{core}/portable/{}/lda-learn", SHAPES[0].1))?;
    Ok(SOFT_FLOAT_CYCLES * f64::from(count))
}

/// The cost of a label of a discriminant.
fn discriminants(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        text,
        "\n| discriminant, instructions | label | + a row refreshed | label with the ridge, both | taken back | inference | head, bytes | stack | cycles of a label, estimated |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---|---|---|")?;
    for machine in MACHINES.iter().chain(&RISC_V) {
        for (build, _) in machine.builds() {
            for (_, shape) in DISCRIMINANTS {
                let value = |what: &str| get(figures, &format!("{}/{build}/{shape}/{what}", machine.core));
                let Ok(label) = value("lda-label") else { continue };
                write!(text, "| {}, {build}, {shape} | {} ", machine.core, grouped(label))?;
                for what in ["refresh", "learn-ridge", "unlearn", "inference"] {
                    write!(text, "| {} ", grouped(value(&format!("lda-{what}"))?))?;
                }
                write!(text, "| {} | {} ", grouped(value("bytes lda-head")?), value("stack lda-learn")?)?;
                let cycles = if machine.has_soft_float() {
                    grouped(soft_float_cycles(figures, machine.core)? as u32)
                } else if machine.core == CORTEX_M4F.core && ESTIMATED.contains(&shape) {
                    grouped(value("cycles lda-learn")?)
                } else {
                    String::new()
                };
                writeln!(text, "| {cycles} |")?;
            }
        }
    }
    write!(
        text,
        "\nCycles are estimates, of a label and the row that it refreshes: on the Cortex-M4F each instruction by its weight, where there is no \
         FPU {SOFT_FLOAT_CYCLES} cycles an instruction. By that a label takes"
    )?;
    let times = CLOCKS.map(|(core, clock, kilohertz)| {
        soft_float_cycles(figures, core).map(|cycles| format!(" {:.0} ms on a {core} {clock}", cycles / kilohertz))
    });
    let [first, second] = times;
    writeln!(text, "{},{}.", first?, second?)?;
    neighbours(text, figures)
}

/// A head with nearest neighbours, on the machines that have room for it.
fn neighbours(text: &mut String, figures: &Figures) -> Result<()> {
    let near =
        |machine: &Machine, what| get(figures, &name(machine, machine.builds()[0].0, SHAPES[0].1, what)).map(grouped);
    let bytes = near(&CORTEX_M4F, "bytes near-learner")?;
    writeln!(
        text,
        "\n| 64 -> 10, with nearest neighbours (`Neighbours`), ten kept samples of each class as bytes; {bytes} bytes the learner | label | answer |\n\
         |---|---|---|"
    )?;
    for machine in MACHINES.iter().filter(|machine| machine.has_room()) {
        let build = machine.builds()[0].0;
        let (label, answer) = (near(machine, "near-learn")?, near(machine, "near-inference")?);
        writeln!(text, "| {}, {build} | {label} | {answer} |", machine.core)?;
    }
    Ok(())
}

/// Each call of a learner with all its parts.
fn calls(text: &mut String, figures: &Figures) -> Result<()> {
    let cores = MACHINES
        .map(|machine| if machine.has_fpu() { machine.core.to_owned() } else { format!("{}, integers", machine.core) });
    writeln!(text, "\n| 64 -> 10, all parts, instructions | {} |", cores.join(" | "))?;
    writeln!(text, "|---|{}", "---|".repeat(MACHINES.len()))?;
    for (label, what) in [
        ("`answer`", "answer"),
        ("`learn`", "learn"),
        ("`learn`, the sample held out", "hold-out"),
        ("`rehearse`, one sample", "rehearse-1"),
        ("`judge`, 20 samples held out", "judge-20"),
        ("`fit_temperature`, 16 halvings, 20 samples", "fit-20x16"),
        ("`checkpoint::write`", "checkpoint-write"),
        ("`checkpoint::read`", "checkpoint-read"),
        ("bytes of the learner", "bytes learner"),
        ("bytes of its checkpoint", "bytes checkpoint"),
    ] {
        write!(text, "| {label} ")?;
        for machine in &MACHINES {
            let value = get(figures, &format!("{}/{CALLS}/64->10/{what}", machine.core))?;
            write!(text, "| {} ", grouped(value))?;
        }
        writeln!(text, "|")?;
    }
    Ok(())
}

fn trainers(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        text,
        "\n| opt-level `s`, bytes | shape | flash | RAM | RAM / parameters | stack: inference | step | instructions: inference | step |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|---|---|---|")?;
    let shapes = || SHAPES.into_iter().map(|(_, shape)| shape).zip([650.0, 7850.0, 12_900.0]);
    let trainers = TRAINERS.into_iter().flat_map(|(build, _)| shapes().map(move |shape| (build, build, shape)));
    let without = [
        ("without calibration, in a learner", "learner"),
        ("without calibration, by itself", "bare"),
        ("`small`, without calibration, in a learner", "learner small"),
        ("`small`, without calibration, by itself", "bare small"),
    ];
    let without = without.into_iter().map(|(label, build)| (label, build, (SHAPES[0].1, 650.0)));
    for (label, build, (shape, parameters)) in trainers.chain(without) {
        let value = |what: &str| get(figures, &format!("Cortex-M4F/{build} s/{shape}/{what}"));
        let ram = value("ram")?;
        writeln!(
            text,
            "| {label} | {shape} | {} | {} | {:.2} | {} | {} | {} | {} |",
            grouped(value("flash")?),
            grouped(ram),
            f64::from(ram) / (4.0 * parameters),
            value("stack inference")?,
            value("stack step")?,
            grouped(value("inference")?),
            grouped(value("step")?),
        )?;
    }
    Ok(())
}

/// The flash of a learner in C: alone, and how much more with each part.
fn in_c(text: &mut String, figures: &Figures) -> Result<()> {
    let names = c::HEADS.map(|(_, head)| head).join(" | ");
    writeln!(
        text,
        "\n| a program in C on a Cortex-M4F, bytes of flash | {names} |\n|---|{}",
        "---|".repeat(c::HEADS.len())
    )?;
    let mut row = |label: &str, cell: &dyn Fn(&str) -> Result<String>| -> Result<()> {
        let cells = c::HEADS.iter().map(|(_, head)| cell(head)).collect::<Result<Vec<_>>>()?;
        Ok(writeln!(text, "| {label} | {} |", cells.join(" | "))?)
    };
    let of = |head: &str, part: &str| get(figures, &c_figure(head, part));
    row("`gd_learner_init`, `_learn`, `_predict`", &|head| Ok(grouped(of(head, "alone")?)))?;
    for (_, part) in c::PARTS {
        row(part, &|head| {
            let alone = of(head, "alone")?;
            let more = figures.get(&c_figure(head, part)).map(|bytes| format!("+{}", grouped(bytes - alone)));
            Ok(more.unwrap_or("cannot".to_owned()))
        })?;
    }
    for (label, part) in [
        ("all of it", "all"),
        ("the first row, with the feature `small`", "alone, small"),
        ("all of it, with that", "all, small"),
    ] {
        row(label, &|head| Ok(grouped(of(head, part)?)))?;
    }
    in_integers_in_c(text, figures)?;
    trainers_in_c(text, figures)
}

/// The cost of a head in integers in C.
fn in_integers_in_c(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(text, "\n| a head in integers in C | {} |\n|---|---|---|", c::CORE_NAMES.join(" | "))?;
    let of = |core: &str, what: usize| get(figures, &integers_figure(core, c::INTEGERS[what]));
    for (what, label) in [
        "`gd_fixed_init`, `_learn`, `_predict`, bytes of flash",
        "classes added and removed",
        "checkpoint",
        "a label, 64 -> 10, instructions",
        "an answer",
        "a label of a `gd_trainer`",
        "its answer",
    ]
    .into_iter()
    .enumerate()
    {
        write!(text, "| {label} ")?;
        for core in c::CORE_NAMES {
            let value = of(core, what)?;
            let cell =
                if what == 1 || what == 2 { format!("+{}", grouped(value - of(core, 0)?)) } else { grouped(value) };
            write!(text, "| {cell} ")?;
        }
        writeln!(text, "|")?;
    }
    Ok(())
}

/// The trainer in C with which those that call more are compared.
const SMALLEST: &str = "Cortex-M4F, `small`";

/// The flash of a trainer in C.
fn trainers_in_c(text: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        text,
        "\n| a program in C that calls `gd_init`, `gd_learn`, `gd_predict` | bytes of flash | of them soft float |\n|---|---|---|"
    )?;
    for (core, ..) in c::TRAINERS {
        let (flash, soft) =
            (get(figures, &c_figure("trainer", core))?, get(figures, &format!("C/trainer/{core}/soft float"))?);
        writeln!(text, "| {core} | {} | {} |", grouped(flash), grouped(soft))?;
    }
    let least = get(figures, &c_figure("trainer", SMALLEST))?;
    writeln!(text, "\n| with it, on a {SMALLEST} | bytes of flash more |\n|---|---|")?;
    for call in c::TRAINER_CALLS.map(|(_, call)| call).into_iter().chain([c::ALL_CALLS]) {
        let more = get(figures, &c_figure("trainer with", call))?.saturating_sub(least);
        writeln!(text, "| {call} | +{} |", grouped(more))?;
    }
    Ok(())
}
