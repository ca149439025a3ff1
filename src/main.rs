//! The `kship` binary: everything happens in [`kship::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    kship::cli::main(std::env::args_os())
}
