//! A device at a serial port.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use gradient_decay_link::{Changed, Seen, Summary, Unknown};

use crate::link::{self, Client, Recorder};
use crate::{exchange, files};

/// The time between two looks: a device answers four times a window of 1.28 s.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Args)]
pub struct DeviceArgs {
    /// The port, like /dev/ttyACM0 or COM3, or tcp:HOST:PORT for QEMU's
    #[arg(long)]
    port: String,
    /// Only write the device's head to this file
    #[arg(long, group = "only")]
    read_head: Option<PathBuf>,
    /// Only replace the device's head by the one in this file, which `export` or --read-head wrote as .bin (needs consent)
    #[arg(long, group = "only")]
    write_head: Option<PathBuf>,
    /// Only write all that the device has learned to this file, for --write-checkpoint
    #[arg(long, group = "only")]
    read_checkpoint: Option<PathBuf>,
    /// Only replace all that the device has learned by what is in this file, which --read-checkpoint wrote (needs consent)
    #[arg(long, group = "only")]
    write_checkpoint: Option<PathBuf>,
    /// Only have the device forget the gesture of this number, from 1; those above it move down (needs consent)
    #[arg(long, group = "only", value_name = "NUMBER")]
    remove: Option<NonZeroU16>,
    /// Only print what the device sees, and what its user teaches it, for so many seconds
    #[arg(long, group = "only", value_name = "SECONDS")]
    watch: Option<u64>,
    /// Only record the windows that the device's user teaches it by its buttons, for `adapt --features`: the features of each in this file, the
    /// accelerations in another beside it, .windows.csv; until it is stopped, or for --seconds
    #[arg(long, group = "only", value_name = "FILE.csv")]
    record: Option<PathBuf>,
    /// Whom the recorded windows are from: a column `group`
    #[arg(long, value_name = "NAME", requires = "record", value_parser = group)]
    group: Option<String>,
    /// The seconds to record for
    #[arg(long, requires = "record")]
    seconds: Option<u64>,
    /// Only print how far the device's probabilities can be trusted
    #[arg(long, group = "only")]
    calibration: bool,
    /// Leave the device with what it learned, in place of its own head
    #[arg(long, conflicts_with = "only")]
    keep: bool,
    /// At the end, have the device save what it knows in flash (needs consent)
    #[arg(long)]
    save: bool,
}

/// Does what is asked. Whether device and program came to the same bits.
pub fn device(args: &DeviceArgs) -> Result<bool> {
    for path in args.read_head.iter().chain(&args.read_checkpoint).chain(&args.record) {
        files::check_writable(path)?;
    }
    let new_checkpoint = args.write_checkpoint.as_deref().map(read).transpose()?;
    let new_head = args.write_head.as_deref().map(exchange::read_parameters).transpose()?;
    let mut client = Client::new(link::open(&args.port)?);
    let mut holds = true;
    if let Some(path) = &args.read_head {
        exchange::write_parameters(&client.read_head()?, path)?;
        println!("The device's head is in {}", path.display());
    } else if let Some(head) = new_head {
        // The head that is sent has been trained: its warm-up is over.
        client.write_head(&head, u32::MAX)?;
        println!("The device has the new head.");
    } else if let Some(path) = &args.read_checkpoint {
        files::write_whole(path, &client.read_checkpoint()?)?;
        println!("All that the device has learned is in {}", path.display());
    } else if let Some(checkpoint) = new_checkpoint {
        client.write_checkpoint(&checkpoint)?;
        println!("The device knows what was in the file.");
    } else if let Some(number) = args.remove {
        client.remove(usize::from(number.get()) - 1)?;
        println!("The device has forgotten gesture {number}.");
    } else if let Some(seconds) = args.watch {
        watch(&mut client, Duration::from_secs(seconds))?;
    } else if let Some(path) = &args.record {
        record(&mut client, path, args.group.clone(), args.seconds.map(Duration::from_secs))?;
    } else if args.calibration {
        match client.calibration()? {
            None => println!("The device has not learned anything yet."),
            Some(Summary { count, accuracy, confidence, nll, brier, ece, mce }) => println!(
                "{count} labels: accuracy {accuracy:.3}, confidence {confidence:.3}, NLL {nll:.3}, Brier score {brier:.3}, \
                 ECE {ece:.3}, MCE {mce:.3}"
            ),
        }
    } else {
        let demonstration = link::demonstrate(&mut client, args.keep)?;
        print!("{demonstration}");
        holds = demonstration.holds();
    }
    if args.save {
        client.save()?;
        println!("The device has saved what it knows.");
    }
    Ok(holds)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A name that can be a cell of CSV as it is.
fn group(text: &str) -> Result<String, String> {
    match text.contains([',', '"', '\n', '\r']) || text.trim().is_empty() {
        true => Err("it must be a name without commas, quotes and line ends".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Records for so long, and writes the tables whole after each change, so that whenever it is stopped they have all.
fn record<P: Read + Write>(
    client: &mut Client<P>,
    path: &Path,
    group: Option<String>,
    time: Option<Duration>,
) -> Result<()> {
    let begun = Instant::now();
    let windows = path.with_extension("windows.csv");
    let mut recorder = Recorder::new(group);
    println!("Teach the device by its buttons. Recording into {} and {}", path.display(), windows.display());
    while time.is_none_or(|time| begun.elapsed() < time) {
        let said = recorder.look(client)?;
        if !said.is_empty() {
            files::write_whole(path, recorder.features().as_bytes())?;
            files::write_whole(&windows, recorder.windows().as_bytes())?;
        }
        said.iter().for_each(|sentence| println!("{sentence}"));
        std::thread::sleep(LOOK);
    }
    println!("{} windows are recorded", recorder.len());
    Ok(())
}

/// Prints what the device sees, when it is another than before, and what its user changes.
fn watch<P: Read + Write>(client: &mut Client<P>, time: Duration) -> Result<()> {
    let begun = Instant::now();
    let (mut said, mut changes) = (String::new(), client.look()?.change.map(|change| change.number));
    loop {
        let sight = client.look()?;
        if let Some(change) = sight.change.filter(|change| Some(change.number) != changes) {
            changes = Some(change.number);
            match change.what {
                Changed::Learned { class, .. } => println!("its user taught it gesture {}", class + 1),
                Changed::TookBack { class } => println!("its user took the last label back, of gesture {}", class + 1),
                Changed::Removed { class } => println!("its user removed gesture {}", class + 1),
            }
        }
        let says = match sight.seen {
            None => "nothing yet".to_owned(),
            Some(Seen { class, probability, unknown: None }) => {
                format!("gesture {} (probability {probability:.2})", class + 1)
            }
            Some(Seen { unknown: Some(Unknown::Far), .. }) => "unknown: far from all that it was taught".to_owned(),
            Some(Seen { unknown: Some(Unknown::Between), .. }) => "unknown: between gestures".to_owned(),
        };
        // The probability varies from one look to the next.
        let kind = says.split(" (").next().unwrap_or_default();
        if kind != said {
            println!("{says}");
            said = kind.to_owned();
        }
        if begun.elapsed() >= time {
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}
