mod audit;
mod check;
mod decrypt;
mod init;
mod rotate;

use crate::support::cli::{Output, Run, kship};

/// `kship encryption` with the files of `fixtures/encryption/audit`, whose keys are public.
fn run(args: &[&str]) -> Run {
    kship(&[&["encryption"], args].concat()).folder("fixtures/encryption/audit", ".")
}

/// The keys of a configuration in base64, found as a reader without YAML finds them.
fn secrets(text: &str) -> Vec<String> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    text.split(|c| !is_base64(c))
        .filter(|word| word.len() == 44 && word.ends_with('='))
        .map(str::to_owned)
        .collect()
}

/// Demands that a run prints none of some keys.
fn assert_hidden(output: &Output, keys: &[String]) {
    for key in keys {
        assert!(!output.stdout.contains(key) && !output.stderr.contains(key), "{output}");
    }
}

#[cfg(unix)]
fn mode(output: &Output, path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(output.path().join(path))
        .unwrap()
        .permissions()
        .mode()
        & 0o777
}
