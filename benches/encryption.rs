//! How fast and how lean `kship encryption audit` is.
//!
//! `cargo bench --bench encryption` measures
//! - an audit over 100,000 Secrets of 2 KiB, whole process, beside the transformers of the API server itself (Go, from
//!   `tests/interop/oracle/encryption`) over the same file, in turn;
//! - the most memory that the process takes for dumps of 1,000, 100,000 and 1,000,000 keys, and for the snapshots that
//!   `KSHIP_SNAPSHOTS` names, parted by colons (Linux only).
#![allow(
    clippy::allow_attributes,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark may panic, and prints"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kship::encryption::{Configuration, GroupResource, Loader, Transformer};
use support::encryption::{IDENTITY, configuration, provider};

const VALUES: usize = 100_000;
const RUNS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let go = oracle();
    for kind in ["aescbc", "aesgcm", "secretbox"] {
        speed(folder.path(), kind, go.as_deref());
    }
    memory(folder.path());
}

/// The whole process against the Go transformers; the same file, in turn, the median of each.
fn speed(folder: &Path, kind: &str, go: Option<&Path>) {
    let (config, file) = write(folder, kind, VALUES, 2048);
    let size = file.metadata().unwrap().len();
    println!("{VALUES} Secrets of 2 KiB, {kind}, {:.0} MB of JSON", size as f64 / 1e6);
    let (mut ours, mut decrypting, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(timed(|| assert!(kship(&config, &file).wait().unwrap().success())));
        if let Some(go) = go {
            let (parse, decrypt) = measure(go, &config, &file);
            decrypting.push(decrypt);
            whole.push(parse + decrypt);
        }
    }
    let ours = median(ours);
    row("kship encryption audit, whole process", ours, ours);
    if go.is_some() {
        row("Go: its transformers alone, values in memory", median(decrypting), ours);
        row("Go: the JSON read and its transformers", median(whole), ours);
    }
    std::fs::remove_file(file).unwrap();
}

/// The most memory that the process takes.
fn memory(folder: &Path) {
    for count in [1_000, 100_000, 1_000_000] {
        let (config, file) = write(folder, "aescbc", count, 256);
        let (peak, time) = peak(&config, &file);
        println!(
            "{count:>9} keys of a dump: {peak:>8} KiB at most, {:.2} s",
            time.as_secs_f64()
        );
        std::fs::remove_file(file).unwrap();
    }
    let snapshots = std::env::var("KSHIP_SNAPSHOTS").unwrap_or_default();
    let config = folder.join("encryption.yaml");
    for snapshot in snapshots.split(':').filter(|path| !path.is_empty()) {
        let (peak, time) = peak(&config, Path::new(snapshot));
        println!("{snapshot}: {peak} KiB at most, {:.2} s", time.as_secs_f64());
    }
}

fn peak(config: &Path, file: &Path) -> (u64, Duration) {
    let start = Instant::now();
    let mut child = kship(config, file);
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    (peak, start.elapsed())
}

fn kship(config: &Path, file: &Path) -> std::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kship"));
    command
        .args(["encryption", "audit", "--quiet", "--config"])
        .arg(config)
        .arg(file);
    let quiet = command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.spawn().unwrap()
}

/// Writes a configuration and a dump of Secrets, with a key before and one behind them.
fn write(folder: &Path, kind: &str, count: usize, size: usize) -> (PathBuf, PathBuf) {
    let text = configuration(&(provider(kind, "ba") + IDENTITY));
    let (config, file) = (folder.join("encryption.yaml"), folder.join("dump.json"));
    std::fs::write(&config, &text).unwrap();
    let configuration = Configuration::parse(&text, &Loader::new("a")).unwrap();
    let providers = configuration.providers_of(&GroupResource::new("secrets", "")).unwrap();
    let transformer = Transformer::new(providers).unwrap();
    let plaintext = [&b"k8s\0"[..], &vec![b'x'; size]].concat();
    let mut out = BufWriter::new(File::create(&file).unwrap());
    write!(out, "{{\"header\":{{\"revision\":9}},\"kvs\":[").unwrap();
    for at in 0..count {
        let key = format!("/registry/secrets/ns{:03}/secret-{at:07}", at / 1000);
        let nonce = |bytes: &mut [u8]| bytes.iter_mut().zip(at.to_le_bytes()).for_each(|(to, from)| *to = from);
        let value = transformer.write(key.as_bytes(), &plaintext, nonce).unwrap().unwrap();
        let (key, value) = (STANDARD.encode(key), STANDARD.encode(value));
        let comma = if at > 0 { "," } else { "" };
        write!(
            out,
            "{comma}{{\"key\":\"{key}\",\"create_revision\":7,\"mod_revision\":7,\"version\":1,\"value\":\"{value}\"}}"
        )
        .unwrap();
    }
    writeln!(out, "],\"count\":{count}}}").unwrap();
    out.flush().unwrap();
    (config, file)
}

/// Builds the Go program, which holds the API server's own transformers.
fn oracle() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("encryption-oracle");
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&program).arg("./oracle/encryption");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop"));
    match command.env("GOFLAGS", "-mod=readonly -buildvcs=false").output() {
        Ok(built) if built.status.success() => Some(program),
        _ => {
            println!("skipped: the Go transformers do not build here");
            None
        }
    }
}

/// Seconds that Go takes to read the file, and to decrypt all of its values.
fn measure(go: &Path, config: &Path, file: &Path) -> (Duration, Duration) {
    let output = Command::new(go)
        .arg("measure")
        .arg(config)
        .arg("secrets")
        .arg(file)
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&answer["values"], &answer["failed"]),
        (&VALUES.into(), &0.into()),
        "{answer}"
    );
    let seconds = |name: &str| Duration::from_secs_f64(answer[name].as_f64().unwrap());
    (seconds("parse_seconds"), seconds("decrypt_seconds"))
}

fn row(name: &str, time: Duration, ours: Duration) {
    let ratio = time.as_secs_f64() / ours.as_secs_f64();
    println!("  {name:<52} {:>8.1} ms  {ratio:>6.2}x", time.as_secs_f64() * 1e3);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
