//! How fast `kship seal` is beside kubeseal, whole processes, as ratios within one run: machines are noisy.
//!
//! `cargo bench --bench seal` measures 2,000 Secrets of two keys, and one Secret, with a certificate of 4096 bits. kubeseal is the one that
//! `tests/interop/go.mod` pins, built by Go.
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may panic, and prints"
)]

#[path = "ratios/mod.rs"]
mod ratios;

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ratios::{medians, table, timed};

const SECRETS: usize = 2000;

fn main() {
    let kubeseal = match kubeseal() {
        Ok(kubeseal) => kubeseal,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    for (secrets, runs) in [(SECRETS, 5), (1, 21)] {
        println!("{secrets} Secrets of two keys, 4096 bits");
        let folder = tempfile::tempdir().unwrap();
        let secrets: String = (0..secrets).map(secret).collect();
        std::fs::write(folder.path().join("secrets.yaml"), secrets).unwrap();
        let times = medians(
            runs,
            [
                &|| run(folder.path(), Path::new(env!("CARGO_BIN_EXE_kship")), &["seal"]),
                &|| run(folder.path(), &kubeseal, &[]),
            ],
        );
        table(&["kship seal", "kubeseal"], &times);
    }
}

fn secret(at: usize) -> String {
    let mut text = String::new();
    write!(
        text,
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app-{at}\n  namespace: shop\n  labels:\n    app: \"{at}\"\n\
         type: Opaque\ndata:\n  user: c2hvcA==\nstringData:\n  password: not a secret, number {at}\n"
    )
    .unwrap();
    text
}

/// Seals the folder's Secrets, as YAML into a pipe that nobody reads.
fn run(folder: &Path, program: &Path, verb: &[&str]) -> Duration {
    let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example/sealing-4096.crt");
    let mut command = Command::new(program);
    command.args(verb).args(["-o", "yaml", "-f", "secrets.yaml", "--cert"]);
    command
        .arg(certificate)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder);
    command
        .stdin(Stdio::null())
        .stdout(File::create(folder.join("sealed.yaml")).unwrap());
    timed(|| assert!(command.status().unwrap().success(), "{}", program.display()))
}

/// Builds the pinned kubeseal.
fn kubeseal() -> Result<PathBuf, String> {
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-kubeseal");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&binary)
        .arg("github.com/bitnami/sealed-secrets/cmd/kubeseal")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop"))
        .status()
        .map_err(|error| format!("go is not installed: {error}"))?;
    built
        .success()
        .then_some(binary)
        .ok_or_else(|| "kubeseal does not build".to_owned())
}
