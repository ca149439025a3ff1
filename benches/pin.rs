//! How fast `kship pin` is, as ratios within one run: machines are noisy.
//!
//! `cargo bench --bench pin` measures
//! - 200 references behind 20 ms of latency, beside a bare loop of HEAD requests with as many in flight, and beside the
//!   request patterns of other tools (from measurements of kbld, ratchet and frizbee);
//! - `pin --check` over a folder of real files (`KSHIP_CORPUS`, or `../shared/corpus`), beside the YAML parser's own pass
//!   over the same bytes.
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

#[path = "ratios/mod.rs"]
mod ratios;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::stream::{StreamExt as _, iter};
use kship::oci::MediaType;
use ratios::{medians, table, timed};
use support::registry::{Auth, Setup, TestRegistry};

const REFERENCES: usize = 200;
const LATENCY: Duration = Duration::from_millis(20);
const RUNS: usize = 9;

fn main() {
    resolving(16);
    resolving(32);
    checking();
}

/// The whole process against request loops at the same number in flight.
fn resolving(in_flight: usize) {
    println!(
        "{REFERENCES} references, {} ms latency, {in_flight} in flight",
        LATENCY.as_millis()
    );
    let open = TestRegistry::start(Setup {
        latency: LATENCY,
        ..Setup::default()
    });
    let tokens = TestRegistry::start(Setup {
        latency: LATENCY,
        auth: Auth::Bearer,
        ..Setup::default()
    });
    let twice = [Step::Ping, Step::Head, Step::Ping, Step::Head];
    let times = medians(
        RUNS,
        [
            &|| requests(&open, in_flight, &[Step::Head]),
            &|| kship(&open, in_flight),
            &|| kship(&tokens, in_flight),
            &|| requests(&open, in_flight, &[Step::Ping, Step::Head]),
            &|| requests(&open, in_flight, &[Step::Ping, Step::Get]),
            &|| requests(&open, in_flight, &twice),
            &|| requests(&open, 4, &twice),
        ],
    );
    let names = [
        "bare HEAD loop",
        "kship pin, whole process",
        "kship pin, whole process, tokens for 20 repositories",
        "ping and HEAD, as ratchet asks",
        "ping and GET, as frizbee asks",
        "ping and HEAD twice, as kbld asks",
        "ping and HEAD twice, 4 in flight: kbld's default",
    ];
    table(&names, &times);
}

#[derive(Clone, Copy)]
enum Step {
    Get,
    Head,
    Ping,
}

/// Sends the same requests for each reference, with so many references in flight.
fn requests(registry: &TestRegistry, in_flight: usize, steps: &[Step]) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let (client, base) = (&client, &registry.url());
    let one = |at: usize| async move {
        let manifest = format!("{base}/v2/team/app{}/manifests/{}", at % 20, at / 20);
        for step in steps {
            let request = match step {
                Step::Get => client.get(&manifest),
                Step::Head => client.head(&manifest),
                Step::Ping => client.get(format!("{base}/v2/")),
            };
            let answer = request.header("accept", MediaType::ACCEPT).send().await.unwrap();
            answer.bytes().await.unwrap();
        }
    };
    timed(|| {
        runtime.block_on(
            iter(0..REFERENCES)
                .map(one)
                .buffer_unordered(in_flight)
                .collect::<Vec<()>>(),
        );
    })
}

fn kship(registry: &TestRegistry, in_flight: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let host = registry.host();
    let pod = |at: usize| {
        let image = format!("{host}/team/app{}:{}", at % 20, at / 20);
        format!("apiVersion: v1\nkind: Pod\nspec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n---\n")
    };
    let text: String = (0..REFERENCES).map(pod).collect();
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    let jobs = in_flight.to_string();
    timed(|| run(folder.path(), &["pin", "--quiet", "--jobs", &jobs, "a.yaml"], &[0]))
}

fn run(folder: &Path, args: &[&str], codes: &[i32]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kship"));
    command.args(args).current_dir(folder).env_clear().env("HOME", folder);
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(
        status.code().is_some_and(|code| codes.contains(&code)),
        "{args:?}: {status}"
    );
}

/// `pin --check` over real files against the event parser alone over the same bytes.
fn checking() {
    let corpus = std::env::var_os("KSHIP_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"),
        PathBuf::from,
    );
    if !corpus.exists() {
        println!(
            "skipped: {} is missing (KSHIP_CORPUS names another folder)",
            corpus.display()
        );
        return;
    }
    let mut paths = Vec::new();
    collect(&corpus, &mut paths);
    let bytes: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
    println!(
        "pin --check over {} YAML files, {:.1} MB",
        paths.len(),
        bytes as f64 / 1e6
    );
    let times = medians(
        RUNS,
        [&|| timed(|| parse_all(&paths)), &|| {
            timed(|| run(&corpus, &["pin", "--check", "--quiet"], &[0, 1, 3]))
        }],
    );
    table(
        &["the parser's own pass, one thread", "kship pin --check, whole process"],
        &times,
    );
}

/// Reads every file and lets the event parser run over it, to its end or to the first error.
fn parse_all(paths: &[PathBuf]) {
    for path in paths {
        let text = std::fs::read_to_string(path).unwrap();
        for event in granit_parser::Parser::new_from_str(&text) {
            if std::hint::black_box(event).is_err() {
                break;
            }
        }
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            paths.push(path);
        }
    }
}
