//! The firmware in QEMU, its logs against the committed ones.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::setup::search_path;
use super::shell::{Background, boards, cargo, folders, output, run};
use super::workspace;

/// The programs that run in QEMU: the board's folder, the program, and its log there.
const PROGRAMS: [(&str, &str, &str); 5] = [
    ("qemu-mps2-an386", "qemu-mps2-an386", "expected.log"),
    ("qemu-mps2-an386", "digits", "digits.log"),
    ("qemu-mps2-an500", "qemu-mps2-an500", "expected.log"),
    ("qemu-microbit", "qemu-microbit", "expected.log"),
    ("riscv32imc", "riscv32imc", "expected.log"),
];

/// The targets of the boards.
pub const TARGETS: [&str; 3] = ["thumbv6m-none-eabi", "thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf"];

/// The boards whose vendors' libraries take three quarters of the build time of all boards.
const SLOW: [&str; 3] = ["microbit-v2", "rp2040-pico", "stm32f411e-disco"];

/// Builds the boards, and lints those in QEMU; with `all` builds and lints every one.
pub fn check_boards(all: bool) -> Result<()> {
    for board in folders(&boards())? {
        let name = board.file_name().unwrap_or_default().to_string_lossy();
        if !board.join(".cargo").exists() || (!all && SLOW.contains(&name.as_ref())) {
            continue;
        }
        cargo(&board, &["build", "--release"])?;
        if all || name.starts_with("qemu-") {
            cargo(&board, &["clippy", "--release", "--", "-D", "warnings"])?;
        }
    }
    Ok(())
}

/// Runs the programs and compares their logs with the expected ones.
pub fn compare() -> Result<()> {
    PROGRAMS.iter().try_for_each(|program| compare_log(*program))?;
    println!("The logs are as expected.");
    Ok(())
}

/// Runs one of the programs, by its name, and compares its log.
pub fn compare_one(name: &str) -> Result<()> {
    PROGRAMS.iter().filter(|(_, program, _)| *program == name).try_for_each(|program| compare_log(*program))
}

fn compare_log((board, program, log_file): (&str, &str, &str)) -> Result<()> {
    let path = boards().join(board).join(log_file);
    let expected = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let log = log(&boards().join(board), program)?;
    print!("{log}");
    compare_logs(&log, &expected, &path)
}

fn compare_logs(log: &str, expected: &str, path: &Path) -> Result<()> {
    for (line, expected) in log.lines().zip(expected.lines()) {
        ensure!(line == expected, "the firmware logged\n  {line}\nbut {} has\n  {expected}", path.display());
    }
    let (logged, expected) = (log.lines().count(), expected.lines().count());
    ensure!(logged == expected, "the firmware logged {logged} lines, but {} has {expected}", path.display());
    Ok(())
}

/// Runs the programs and writes their logs as the expected ones.
pub fn bless() -> Result<()> {
    for (board, program, log_file) in PROGRAMS {
        let path: PathBuf = boards().join(board).join(log_file);
        fs::write(&path, log(&boards().join(board), program)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{} is written: look at the difference before you commit it.", path.display());
    }
    Ok(())
}

/// The link: demo-host sends the digits to a head in QEMU over a serial port, after garbage was sent to it.
pub fn link() -> Result<()> {
    let board = boards().join("qemu-mps2-an386");
    cargo(&board, &["build", "--release", "--bin", "link"])?;
    let demo_host = workspace::demo_host()?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-machine", "mps2-an386", "-nographic", "-monitor", "none"]);
    qemu.args(["-semihosting-config", "enable=on,target=native", "-serial"]);
    qemu.arg(format!("tcp:{address},server=on,wait=off,nodelay=on"));
    qemu.arg("-kernel").arg(boards().join("target/thumbv7em-none-eabihf/release/link"));
    // Its log is not of interest here.
    let _qemu = Background::start(&mut qemu)?;
    send_garbage(&address)?;
    let mut host = Command::new(demo_host);
    run(host.args(["device", "--port", &format!("tcp:{address}")]))
}

/// A port that nobody listens on.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    Ok(listener.local_addr().context("a listener has an address")?.port())
}

/// Sends every byte value and a frame that is too long, and waits until the device has refused it.
fn send_garbage(address: &str) -> Result<()> {
    let begun = Instant::now();
    let mut port = loop {
        match TcpStream::connect(address) {
            Ok(port) => break port,
            Err(error) if begun.elapsed() > Duration::from_secs(10) => {
                return Err(error).context("QEMU does not listen");
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let garbage: Vec<u8> = (0..4000_u32).map(|i| if i < 1000 { i as u8 } else { 0x55 }).collect();
    port.write_all(&garbage).context("QEMU does not take the garbage")?;
    port.set_read_timeout(Some(Duration::from_secs(10))).context("the socket refused its settings")?;
    let mut answer = [0; 1];
    port.read_exact(&mut answer).context("the device does not answer to garbage")
}

fn log(board: &Path, program: &str) -> Result<String> {
    let mut run = Command::new("cargo");
    run.args(["run", "--release", "--quiet", "--bin", program]).current_dir(board).env("PATH", search_path()?);
    output(&mut run)
}
