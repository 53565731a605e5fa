//! Prints the simulation's script for emulators outside of Rust: one line for each outage of the sensor, for the beginning of each segment, and
//! for each reading, with the acceleration in units of g/1000 and whether the label and the save button are down.

use embedded_hal::digital::InputPin;
use gradient_decay_app::simulation::script::{Finger, OUTAGES, SCRIPT, Walker};

fn main() {
    for outage in &OUTAGES {
        println!("outage {} {} {}", outage.after, outage.transactions, u8::from(outage.reset));
    }
    let (mut walker, mut label, mut save) = (Walker::new(&SCRIPT), Finger::label(&SCRIPT), Finger::save(&SCRIPT));
    for segment in &SCRIPT {
        println!("segment {}", segment.gesture);
        for _ in 0..segment.readings {
            let [x, y, z] = walker.sample();
            let [label, save] = [&mut label, &mut save].map(|finger| u8::from(finger.is_low().unwrap_or(false)));
            println!("reading {x} {y} {z} {label} {save}");
        }
    }
}
