//! `kship seal --check`: no plaintext Secret in the tree.

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;
use serde_json::Value;
use zeroize::Zeroizing;

use super::args::SyntaxName;
use super::certificate::{Checks, Source};
use super::{Seal, read};
use crate::cli::input::{self, STDIN};
use crate::cli::{Env, Exit, Failure, Ui, hints_for, policy};
use crate::fs::{self, DASH};
use crate::limits;
use crate::parallel;
use crate::policy::Accepted;
use crate::report::{self, Count, Format, Report, relative_path};
use crate::seal::check::{self, Checked, Prefilter, rules};
use crate::seal::decode;
use crate::tree::{self, Tree};

/// The flags of the check.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Write nothing; fail if a Secret is in plain text, or a SealedSecret is damaged (with --cert: does not fit it)
    #[arg(
        long,
        help_heading = "Check",
        conflicts_with_all = ["files", "raw", "scope", "name", "namespace", "allow_empty_data", "allow_expired", "write", "from_file", "from_literal", "from_env_file"]
    )]
    check: bool,

    /// With --check: list what was passed over, and why
    #[arg(long, help_heading = "Check", requires = "check")]
    explain: bool,

    /// With --check: files and folders, this one by default; `-` reads standard input
    #[arg(value_name = "PATH")]
    paths: Vec<Utf8PathBuf>,
}

impl CheckArgs {
    /// Whether the run is a check.
    ///
    /// # Errors
    /// It is none, and paths are given, which kubeseal ignores.
    pub(super) fn is_asked(&self) -> Result<bool, Failure> {
        match self.paths.first() {
            Some(path) if !self.check => Err(Failure::usage(NeedsFlag { path: path.clone() })),
            _ => Ok(self.check),
        }
    }
}

/// What `--format` names: documents, or the report of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FormatName {
    /// JSON: documents, or one report
    Json,
    /// YAML documents
    Yaml,
    /// with --check: text with the line, for people
    Human,
    /// with --check: SARIF 2.1.0, for code scanning
    Sarif,
    /// with --check: annotations of GitHub Actions
    Github,
}

impl FormatName {
    /// The format of documents.
    pub(super) fn syntax(self) -> Result<SyntaxName, Failure> {
        match self {
            Self::Json => Ok(SyntaxName::Json),
            Self::Yaml => Ok(SyntaxName::Yaml),
            Self::Human | Self::Sarif | Self::Github => Err(Failure::usage(NeedsCheck)),
        }
    }

    fn report(self) -> Result<Format, Failure> {
        match self {
            Self::Json => Ok(Format::Json),
            Self::Human => Ok(Format::Human),
            Self::Sarif => Ok(Format::Sarif),
            Self::Github => Ok(Format::Github),
            Self::Yaml => Err(Failure::usage(NoReport)),
        }
    }
}

/// The name and version of the JSON form.
const SCHEMA: &str = "kship.seal/v1";

impl Seal {
    /// Checks files and trees.
    pub(super) fn check(&self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let format = self.format.map_or(Ok(Format::Human), FormatName::report)?;
        let here = [Utf8PathBuf::from(".")];
        let paths = if self.check.paths.is_empty() {
            &here
        } else {
            self.check.paths.as_slice()
        };
        let stdin = input::is_stdin(paths)?;
        // The variable would let a laptop and CI disagree.
        let modulus_bytes = match &self.cert {
            Some(path) if stdin && path == DASH => return Err(Failure::usage(StdinTwice)),
            Some(path) => {
                let (bytes, place) = Source::parse(Some(path))?.read(env)?;
                // Nothing is sealed, so that its end does not matter.
                let checks = Checks {
                    sha256: self.cert_sha256.as_deref(),
                    allow_expired: true,
                };
                Some(checks.read(&bytes, &place, env, ui)?.key().modulus_bytes())
            }
            None => None,
        };
        let (policy, root) = policy::load(env)?;
        let working_directory = env.working_directory.clone().unwrap_or_default();
        let accepted = Accepted {
            policy: &policy,
            here: &working_directory,
            root: &root,
            today: env.today,
        };
        let mut run = Run {
            report: Report::new(SCHEMA, &rules::RULES),
            hints: Vec::new(),
            prefilter: Prefilter::new()?,
            modulus_bytes,
            here: &working_directory,
            files: 1,
        };
        let checked = if stdin {
            vec![run.check_text(
                Utf8Path::new(STDIN),
                read(Utf8Path::new(DASH), limits::FILE_BYTES, env)?,
            )?]
        } else {
            run.tree(paths, ui)?
        };
        let objects = checked.iter().map(|file| file.objects).sum();
        check::conclude(checked, &accepted, &mut run.report);
        run.print(objects, format, self.check.explain, ui)
    }
}

/// A check on its way.
struct Run<'e> {
    report: Report,
    hints: Vec<String>,
    prefilter: Prefilter,
    modulus_bytes: Option<usize>,
    here: &'e Utf8Path,
    files: usize,
}

impl Run<'_> {
    /// Reads and checks every file on all cores; what cannot be read is a failure in the report.
    fn tree(&mut self, paths: &[Utf8PathBuf], ui: &Ui) -> Result<Vec<Checked>, Failure> {
        input::check(paths)?;
        let tree = tree::list(paths, check::is_wanted);
        self.listed(&tree);
        let progress = ui.progress("reading", tree.files.len());
        let results = parallel::map(&tree.files, |path| {
            let bytes = fs::read_bytes(path, limits::FILE_BYTES).map(Zeroizing::new);
            let checked = bytes.and_then(|bytes| self.check_text(path, bytes));
            progress.step();
            checked
        });
        drop(progress);
        let mut all = Vec::new();
        for (path, result) in tree.files.iter().zip(results) {
            match result {
                Ok(checked) => all.push(checked),
                Err(error) => {
                    self.hints.extend(hints_for(&error));
                    let failure = report::Failure::new(&error).at(relative_path(path, self.here), None);
                    self.report.failures.push(failure);
                }
            }
        }
        Ok(all)
    }

    fn check_text(&self, path: &Utf8Path, bytes: Zeroizing<Vec<u8>>) -> Result<Checked, fs::Error> {
        if !self.prefilter.may_hold(&bytes) {
            return Ok(Checked::default());
        }
        let shown = if path == STDIN {
            path.to_owned()
        } else {
            relative_path(path, self.here)
        };
        let text = decode(bytes).map_err(|offset| fs::Error::NotUtf8 {
            path: path.to_owned(),
            offset,
        })?;
        Ok(check::check(&shown, &text, &self.prefilter, self.modulus_bytes))
    }

    /// Records what the listing of files met.
    fn listed(&mut self, tree: &Tree) {
        self.files = tree.files.len();
        input::record_listing(tree, &mut self.report);
    }

    fn print(mut self, objects: usize, format: Format, explain: bool, ui: &mut Ui) -> Result<Exit, Failure> {
        let report = &mut self.report;
        report.sort();
        report
            .summary
            .push(Count::new("objects", objects).with_label("Secrets and SealedSecrets checked"));
        for rule in report.rules {
            let of_rule = |finding: &&report::Finding| finding.rule.code == rule.code;
            let count = report.findings.iter().filter(of_rule).count();
            report.summary.push(Count::new(rule.code, count));
        }
        report.summary.extend([
            Count::new("skipped", report.skips.len()),
            Count::new("failed", report.failures.len()),
        ]);
        report.details.insert("files".to_owned(), Value::from(self.files));
        if format != Format::Github {
            ui.failures(report);
        }
        self.hints.sort();
        self.hints.dedup();
        self.hints.iter().for_each(|hint| ui.hint(hint));
        ui.report(report, format, explain)?;
        if report.summary.iter().all(|count| count.count == 0) {
            ui.status(format_args!("no Secrets found; files looked at: {}", self.files));
        }
        Ok(report.answer().into())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{path}` needs a flag before it: `-f` seals it, `--check` checks it")]
struct NeedsFlag {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("the formats human, sarif and github are those of --check: documents are json or yaml")]
struct NeedsCheck;

#[derive(Debug, thiserror::Error)]
#[error("--check has no format yaml: expected human, json, sarif or github")]
struct NoReport;

#[derive(Debug, thiserror::Error)]
#[error("standard input is asked for twice")]
struct StdinTwice;
