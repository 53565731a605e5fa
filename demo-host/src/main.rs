//! quick
use demo_host::{data::*, models::*, training::*};
use std::sync::atomic::AtomicBool;
fn main() {
    let stop = AtomicBool::new(false);
    let args: Vec<String> = std::env::args().collect();
    let (d, m) =
        if args.len() > 1 { (DatasetName::Mnist, ModelName::LeNet5) } else { (DatasetName::Digits, ModelName::Mlp) };
    let data = d.load(args.get(1).map(|s| s.into())).unwrap();
    for beta in [1.0, 0.1] {
        let mut s = Settings::new(d, m);
        s.beta = beta;
        if args.len() > 1 {
            s.epochs = 2;
        }
        let mut run = Run::new(s).unwrap();
        let t = std::time::Instant::now();
        while !run.is_done() {
            run.epoch(&data, &stop, || ()).unwrap().unwrap();
            let e = run.epochs.last().unwrap();
            if run.epochs.len() % 10 == 0 || args.len() > 1 {
                println!("{:?}", e);
            }
        }
        println!("{beta} {:?}", t.elapsed());
    }
}
