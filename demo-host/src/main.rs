//! See [`demo_host::cli`].

fn main() -> std::process::ExitCode {
    demo_host::cli::main()
}
