//! See `demo-host --help`.

use std::process::ExitCode;

/// A training step allocates and frees many large tensors. The system's allocator returns each to the kernel, so that its
/// pages fault in again at the next step; mimalloc keeps them.
#[cfg(feature = "burn")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    demo_host::cli::main()
}
