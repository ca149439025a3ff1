//! `kship encryption check`: from flags to a report.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::input::{self, STDIN};
use crate::cli::{Env, Exit, Failure, Ui, hints_for, policy};
use crate::encryption::check::{self, Checked, File, Settings, rules};
use crate::policy::Accepted;
use crate::report::{self, Count, Format, Report, relative_path};
use crate::tree::{self, Tree};
use crate::{fs, limits, parallel};

const EXAMPLES: &str = "Examples:
  kship encryption check /etc/kubernetes/enc/encryption.yaml
  kship encryption check --kubernetes 1.31 --format sarif clusters/
  ssh node sudo cat /etc/kubernetes/enc/encryption.yaml | kship encryption check -";

/// Say whether the API server loads a file, and what it does not see in it
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Check {
    /// Files and folders; `-` reads standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<Utf8PathBuf>,

    /// The Kubernetes version of the cluster, 1.26 to 1.37; the newest by default
    #[arg(long, value_name = "VERSION", value_parser = minor_version)]
    kubernetes: Option<u8>,

    /// The API server's flag of the same name; only KMSv1 matters here
    #[arg(long, value_name = "GATE=BOOL", value_delimiter = ',', value_parser = gate)]
    feature_gates: Vec<Gate>,

    /// The API server runs with --encryption-provider-config-automatic-reload
    #[arg(long)]
    reload: bool,

    /// List what was passed over, and why
    #[arg(long)]
    explain: bool,

    /// How to report
    #[arg(long, value_name = "FORMAT", default_value_t, value_enum)]
    format: Format,
}

/// The name and version of the JSON form.
const SCHEMA: &str = "kship.encryption/v1";

impl Check {
    /// Runs the check.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let (policy, root) = policy::load(env)?;
        let here = env.working_directory.clone().unwrap_or_default();
        let accepted = Accepted {
            policy: &policy,
            here: &here,
            root: &root,
            today: env.today,
        };
        let gate = self.feature_gates.iter().rev().find(|gate| gate.name == "KMSv1");
        let mut run = Run {
            report: Report::new(SCHEMA, &rules::RULES),
            hints: Vec::new(),
            settings: Settings {
                kubernetes: self.kubernetes,
                kms_v1: gate.map(|gate| gate.is_on),
                reload: self.reload,
            },
            here: &here,
            files: 1,
        };
        let checked = if input::is_stdin(&self.paths)? {
            let text = Zeroizing::new(input::read_stdin(env)?);
            vec![run.check_text(Utf8Path::new(STDIN), &text, None, true)]
        } else {
            run.tree(&self.paths, ui)?
        };
        let configurations = checked.iter().map(|file| file.configurations.len()).sum();
        check::conclude(checked, &accepted, &mut run.report);
        run.print(configurations, self.format, self.explain, ui)
    }
}

/// A check on its way.
struct Run<'e> {
    report: Report,
    hints: Vec<String>,
    settings: Settings,
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
            let checked = self.check_file(path, paths.contains(path));
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

    fn check_file(&self, path: &Utf8Path, is_named: bool) -> Result<Checked, fs::Error> {
        let text = Zeroizing::new(fs::read_text(path, limits::FILE_BYTES)?);
        Ok(self.check_text(&relative_path(path, self.here), &text, mode(path), is_named))
    }

    fn check_text(&self, path: &Utf8Path, text: &str, mode: Option<u32>, is_named: bool) -> Checked {
        let file = File {
            path,
            text,
            mode,
            is_named,
        };
        check::check(&file, &self.settings)
    }

    /// Records what the listing of files met.
    fn listed(&mut self, tree: &Tree) {
        self.files = tree.files.len();
        input::record_listing(tree, &mut self.report);
    }

    fn print(mut self, configurations: usize, format: Format, explain: bool, ui: &mut Ui) -> Result<Exit, Failure> {
        let report = &mut self.report;
        report.sort();
        report
            .summary
            .push(Count::new("configurations", configurations).with_label("checked"));
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
            ui.status(format_args!(
                "no EncryptionConfiguration found; files looked at: {}",
                self.files
            ));
        }
        Ok(report.answer().into())
    }
}

/// The permissions of a file, on systems that have them.
#[cfg(unix)]
fn mode(path: &Utf8Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().ok().map(|metadata| metadata.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_path: &Utf8Path) -> Option<u32> {
    None
}

/// A feature gate as it is given on the command line.
#[derive(Clone, Debug)]
struct Gate {
    name: String,
    is_on: bool,
}

fn gate(text: &str) -> Result<Gate, NoGate> {
    let (name, value) = text.split_once('=').ok_or(NoGate)?;
    let is_on = value.parse().map_err(|_| NoGate)?;
    Ok(Gate {
        name: name.to_owned(),
        is_on,
    })
}

/// Reads `1.31`, `v1.31` and `v1.31.2` as 31.
fn minor_version(text: &str) -> Result<u8, NoVersion> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let (major, minor) = (parts.next(), parts.next().and_then(|minor| minor.parse().ok()));
    let is_patch = |part: &str| !part.is_empty() && part.starts_with(|first: char| first.is_ascii_digit());
    let rest_fits = parts.next().is_none_or(is_patch);
    minor
        .filter(|minor| major == Some("1") && (26..=37).contains(minor) && rest_fits)
        .ok_or(NoVersion)
}

#[derive(Debug, thiserror::Error)]
#[error("expected a name and true or false, such as KMSv1=true")]
struct NoGate;

#[derive(Debug, thiserror::Error)]
#[error("expected a version from 1.26 to 1.37")]
struct NoVersion;
