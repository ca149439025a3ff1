//! `kship encryption rotate status`: the phase of each entry, and which API servers run the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use super::scrape::Client;
use super::{Refused, loader, read};
use crate::cli::{Env, Exit, Failure, Ui, input, interrupt};
use crate::encryption::Configuration;
use crate::encryption::metrics::{self, Loaded, METRIC};
use crate::encryption::rotate::{Phase, RotateError, State};
use crate::fs::{self, DASH};
use crate::limits;
use crate::report::visible;

/// Tell where the file stands in a rotation, and which API servers run it
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// The EncryptionConfiguration, in YAML or JSON
    #[arg(value_name = "FILE")]
    file: Utf8PathBuf,

    /// The metrics of an API server: a file, an address, or `-`; fails unless every one runs this file
    #[arg(long, value_name = "FILE|URL", num_args = 1..)]
    metrics: Vec<String>,

    /// The bearer token for the addresses
    #[arg(long, value_name = "FILE", requires = "metrics")]
    token_file: Option<Utf8PathBuf>,

    /// The certificate authorities of the addresses in PEM, in place of the system's
    #[arg(long, value_name = "FILE", requires = "metrics")]
    ca_file: Vec<Utf8PathBuf>,
}

/// What one source of metrics says.
struct Answer {
    source: String,
    found: Result<Vec<Loaded>, Failure>,
}

impl Status {
    pub(super) fn run(&self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let text = read(&self.file)?;
        let configuration = Configuration::parse(&text, &loader(&self.file))
            .map_err(|refusal| Refused::failure(&self.file, RotateError::NotLoaded(refusal)))?;
        let hash = super::next::hash(text.as_bytes());
        let answers = self.ask(env)?;
        let mut out = format!("{}\n  {hash}\n", self.file);
        for state in State::all(&configuration) {
            describe(&state, &mut out);
        }
        let (exit, failures) = compare(&answers, &hash, &mut out, ui);
        ui.product(&out)?;
        for failure in &failures {
            ui.failure(failure);
        }
        Ok(exit)
    }

    /// Reads all metrics, the addresses at once.
    fn ask(&self, env: &Env) -> Result<Vec<Answer>, Failure> {
        if self.metrics.iter().filter(|source| *source == DASH).count() > 1 {
            return Err(Failure::usage(StdinTwice));
        }
        let is_url = |source: &str| source.contains("://");
        let mut urls = Vec::new();
        for source in self.metrics.iter().filter(|source| is_url(source)) {
            let url = Url::parse(source)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"));
            urls.push(url.ok_or_else(|| Failure::usage(NotAnAddress { text: source.clone() }))?);
        }
        let mut fetched = if urls.is_empty() {
            Vec::new()
        } else {
            let client = Client::new(self.token_file.as_deref(), &self.ca_file)?;
            let fetches = urls.iter().map(|url| client.fetch(url));
            interrupt::run(futures_util::future::join_all(fetches))?
        }
        .into_iter();
        let answer = |source: &String| {
            let text = match source.as_str() {
                DASH => input::read_stdin(env),
                url if is_url(url) => match fetched.next() {
                    Some(Ok(text)) => Ok(text),
                    Some(Err(source)) => Err(Failure::new(source)),
                    None => Ok(String::new()),
                },
                path => fs::read_text(Utf8Path::new(path), limits::METRICS_BYTES).map_err(Failure::new),
            };
            Answer {
                source: source.clone(),
                found: text.map(|text| metrics::loaded(&text)),
            }
        };
        Ok(self.metrics.iter().map(answer).collect())
    }
}

/// The lines of one entry.
fn describe(state: &State, out: &mut String) {
    let role = |at: usize| match &state.phase {
        Phase::Prepared { next } if *next == at => " (prepared)",
        Phase::Promoted { old } if old.contains(&at) => " (older)",
        _ => "",
    };
    let readers = state.readers.iter().enumerate();
    let readers: Vec<String> = readers.map(|(at, reader)| format!("{reader}{}", role(at))).collect();
    let (writer, others) = readers
        .split_first()
        .map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let next = match &state.phase {
        Phase::Plain => "nothing is encrypted; `rotate add-provider` begins",
        Phase::PlaintextFirst { .. } => "plaintext is written; `rotate promote` encrypts",
        Phase::Prepared { .. } => "`rotate promote`, once every API server runs this file",
        Phase::Promoted { .. } => "rewrite what is stored, audit, `rotate prune`",
        Phase::Settled => "`rotate prepare` begins",
        Phase::Unclear { .. } => "the names do not tell which key is younger; name it with `--key`",
    };
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}: {}", visible(&state.title()), state.phase.name());
    let _ = writeln!(out, "  writes  {}", visible(writer));
    if !others.is_empty() {
        let _ = writeln!(out, "  reads   {}", visible(&others.join(", ")));
    }
    let _ = writeln!(out, "  next    {next}");
}

/// The lines of the API servers, and whether all of them run the file.
fn compare(answers: &[Answer], hash: &str, out: &mut String, ui: &mut Ui) -> (Exit, Vec<Failure>) {
    let (mut exit, mut failures) = (Exit::Ok, Vec::new());
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    if !answers.is_empty() {
        out.push_str("API servers\n");
    }
    for Answer { source, found } in answers {
        let found = match found {
            Ok(found) if !found.is_empty() => found,
            Ok(_) => {
                failures.push(Failure::new(NoMetric { from: source.clone() }));
                let _ = writeln!(out, "  {}: unknown", visible(source));
                continue;
            }
            Err(failure) => {
                failures.push(Failure {
                    hints: failure.hints.clone(),
                    ..Failure::new(NoMetrics {
                        from: source.clone(),
                        reason: failure.chain().join(": "),
                    })
                });
                let _ = writeln!(out, "  {}: unknown", visible(source));
                continue;
            }
        };
        for Loaded { server, hash: loaded } in found {
            if loaded == hash {
                let _ = writeln!(out, "  {}: runs this file", visible(source));
            } else {
                exit = Exit::Finding;
                let _ = writeln!(out, "  {}: runs another file, {}", visible(source), visible(loaded));
            }
            if let Some(other) = seen.insert(server, source).filter(|_| !server.is_empty()) {
                ui.warning(format_args!(
                    "`{other}` and `{source}` are the same API server: ask each one at its own address, not at the load balancer's"
                ));
            }
        }
    }
    if exit == Exit::Ok && !failures.is_empty() {
        exit = Exit::Failure;
    }
    (exit, failures)
}

#[derive(Debug, thiserror::Error)]
#[error("{from} does not have the metric `{METRIC}`: expected the metrics of an API server that encrypts")]
struct NoMetric {
    from: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{from} gives no metrics: {reason}")]
struct NoMetrics {
    from: String,
    reason: String,
}

#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no address: expected http:// or https://")]
struct NotAnAddress {
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is asked for twice")]
struct StdinTwice;
