//! See `demo-host --help`.

use std::process::ExitCode;

/// A training step allocates and frees many large tensors. The system's allocator returns each to the kernel, so that its
/// pages fault in again at the next step; mimalloc keeps them, if [`keep_freed_memory`] tells it so.
#[cfg(feature = "burn")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(all(feature = "burn", unix))]
    keep_freed_memory();
    demo_host::cli::main()
}

/// Begins the program anew with the setting by which mimalloc keeps freed memory for 100 seconds, unless the user has one. mimalloc reads
/// its settings from the environment before `main`.
#[cfg(all(feature = "burn", unix))]
fn keep_freed_memory() {
    use std::os::unix::process::CommandExt;

    const DELAY: &str = "MIMALLOC_PURGE_DELAY";
    let mut args = std::env::args_os();
    if let (None, Ok(program), Some(name)) = (std::env::var_os(DELAY), std::env::current_exe(), args.next()) {
        // Comes back only if it fails: then training is slower.
        let _ = std::process::Command::new(program).arg0(name).args(args).env(DELAY, "100000").exec();
    }
}
