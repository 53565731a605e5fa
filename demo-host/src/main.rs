//! quick
use demo_host::{data::*, device::*, evaluation::*, models::*, training::*};
use gradient_decay::*;
use std::sync::atomic::AtomicBool;
fn main() {
    let stop = AtomicBool::new(false);
    let data = DatasetName::Digits.load(None).unwrap();
    let mut run = Run::new(Settings::new(DatasetName::Digits, ModelName::Mlp)).unwrap();
    while !run.is_done() {
        run.epoch(&data, &stop, || ()).unwrap().unwrap();
    }
    let (model, device) = run.trained();
    let samples = |d: Vec<digits::Digit>| {
        let s = digits::split(&d);
        Samples { features: features(&model, &s, &device), labels: s.labels }
    };
    let stream = samples(digits::source::device_stream());
    let test = samples(digits::source::device_test());
    let head = core_parameters(model.head());
    std::fs::write("firmware/app/assets/head.bin", head.iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<u8>>())
        .unwrap();
    if let Model::Mlp(m) = &model {
        std::fs::write(
            "firmware/app/assets/hidden.bin",
            core_parameters(&m.hidden).iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<u8>>(),
        )
        .unwrap();
    }
    let mut arms = vec![];
    for lr in [0.01, 0.02, 0.05, 0.1] {
        for (s, l) in [
            (BetaSchedule::constant(1.0), "1"),
            (BetaSchedule::constant(0.1), ".1"),
            (BetaSchedule::constant(0.01), ".01"),
            (BetaSchedule::linear(0.01, 1.0, 150), "lin.01-1"),
            (BetaSchedule::geometric(0.01, 1.0, 150), "geo.01-1"),
            (BetaSchedule::linear(0.1, 1.0, 150), "lin.1-1"),
            (BetaSchedule::constant(5.0), "5"),
        ] {
            arms.push(Arm { label: format!("{l} lr{lr}"), schedule: s, learning_rate: lr });
        }
    }
    for t in adapt(&head, &stream, &test, &arms, 10, || ()).unwrap() {
        let a = t.mean(|m| m.accuracy);
        let e = t.mean(|m| m.ece);
        let n = t.mean(|m| m.nll);
        println!(
            "{:16} acc {:.3} {:.3} {:.3} {:.3} {:.3} {:.3} nll {:.3} {:.3} ece {:.3} {:.3} to.85 {:?}",
            t.arm.label,
            a[0],
            a[2],
            a[5],
            a[10],
            a[20],
            a[30],
            n[10],
            n[30],
            e[10],
            e[30],
            t.samples_to(0.85)
        );
    }
}
