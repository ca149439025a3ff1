//! The command line.
use std::process::ExitCode;
/// Runs kship.
pub fn main(_args: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    ExitCode::SUCCESS
}
