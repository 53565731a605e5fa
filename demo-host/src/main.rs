//! See `demo-host --help`.

use std::process::ExitCode;

/// A training step allocates and frees many large tensors: the system's allocator returns each to the kernel, and its
/// pages fault in again at the next step.
#[cfg(feature = "burn")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    demo_host::cli::main()
}
