//! `kship encryption audit`: what is stored, counted by key.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;

use super::etcd::EtcdArgs;
use super::{Read as Config, read_configuration};
use crate::cli::input::STDIN;
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::encryption::audit::{self, Auditor, Origin, State, Stopped};
use crate::encryption::snapshot::{Snapshot, is_bolt};
use crate::encryption::{Age, Each, Etcd, Extent, dump};
use crate::fs::{self, DASH};
use crate::report::{Format, relative_path};

/// Count what etcd stores as plaintext, and under which key
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Audit {
    /// What etcd stores: the output of `etcdctl get /registry --prefix -w json`, or a snapshot; `-` reads standard input
    #[arg(value_name = "INPUT", default_value = DASH)]
    input: Utf8PathBuf,

    /// The EncryptionConfiguration of the API server
    #[arg(long, value_name = "FILE")]
    config: Utf8PathBuf,

    /// What the API server puts before each key: its own `--etcd-prefix`
    #[arg(long, value_name = "PREFIX", default_value = "/registry")]
    etcd_prefix: String,

    /// Vouch that the input holds every key below the prefix, where it does not show that itself
    #[arg(long)]
    assume_complete: bool,

    /// How the report is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,

    #[command(flatten)]
    etcd: EtcdArgs,
}

const EXAMPLES: &str = "\
A value that is not stored with the first key of the first provider is a finding (exit code 1): \
plaintext, an older key, an unknown key, or one that does not open it. A snapshot also shows \
overwritten and deleted values that were not compacted yet; of those, plaintext is a finding.

Examples:
  etcdctl get /registry --prefix -w json | kship encryption audit --config encryption.yaml
  kship encryption audit --config encryption.yaml --etcd https://127.0.0.1:2379 \\
    --cacert etcd/ca.crt --cert etcd/healthcheck-client.crt --key etcd/healthcheck-client.key
  etcdctl snapshot save etcd.db && kship encryption audit --config encryption.yaml etcd.db
  kship encryption audit --config encryption.yaml etcd.db --format json > proof.json";

impl Audit {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let Config { text, configuration } = read_configuration(&self.config)?;
        let auditor = Auditor::new(&configuration, &self.etcd_prefix)?;
        let (mut input, name) = match self.etcd.open()? {
            Some((etcd, name)) => (Input::Etcd(Box::new(etcd)), name),
            None if self.input == DASH => (Input::open(&self.input, env)?, STDIN.into()),
            None => (Input::open(&self.input, env)?, self.input.clone()),
        };
        let progress = ui.progress_open("auditing");
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let audit = auditor.run(threads, &|items| progress.advance(items), |each| {
            input.read(&self.etcd_prefix, &name, each)
        });
        drop(progress);
        let audit = audit.map_err(|stopped| match stopped {
            Stopped::Source(failure) => failure,
            Stopped::Value(error) => InputError::of(&name)(error).into(),
        })?;
        if audit.items == audit.outside {
            return Err(Failure::new(NothingBelow {
                name: name.to_owned(),
                prefix: self.etcd_prefix.clone(),
            })
            .hint("`--etcd-prefix` says what the API server puts before each key"));
        }
        let missing = auditor.missing(&audit.extent).filter(|_| !self.assume_complete);
        let working_directory = env.working_directory.as_deref();
        let config = working_directory.map_or_else(|| self.config.clone(), |here| relative_path(&self.config, here));
        let origin = Origin {
            kind: input.kind(),
            name: name.as_str(),
            checksum: input.has_checksum(),
            config: &config,
            config_text: &text,
            incomplete: missing.as_deref(),
        };
        let report = audit::report(&auditor, &audit, &origin);
        if self.format == Format::Human && !(ui.is_quiet() && report.findings.is_empty()) {
            ui.product(&audit::table(&audit))?;
            if !report.findings.is_empty() {
                ui.product("\n")?;
            }
        }
        ui.report(&report, self.format, false)?;
        if let Some(missing) = &missing {
            ui.warning(format_args!("{name} may not be everything: {missing}"));
            ui.hint(format_args!(
                "`etcdctl get {} --prefix -w json` prints everything; `--assume-complete` vouches for this input",
                self.etcd_prefix
            ));
        } else {
            tell_keys(&audit, ui);
        }
        Ok(report.answer().into())
    }
}

/// Says of each key that does not write any more whether it is still needed.
fn tell_keys(audit: &audit::Audit, ui: &mut Ui) {
    let mut needed: BTreeMap<String, u64> = BTreeMap::new();
    for (group, count) in audit.resources.values().flat_map(|resource| &resource.counts) {
        let (Age::Current, State::OlderKey, Some(provider)) = (group.age, group.state, group.provider) else {
            continue;
        };
        let name = format!("{provider}/{}", group.key.as_deref().unwrap_or_default());
        let sum = needed.entry(name).or_default();
        *sum = sum.saturating_add(count.count);
    }
    for (name, count) in needed {
        match count {
            0 => ui.status(format_args!("no value needs `{name}` any more")),
            _ => ui.status(format_args!("`{name}` is still needed")),
        }
    }
}

/// What is audited; its first bytes tell which it is.
enum Input {
    Dump(Box<dyn Read>),
    Etcd(Box<Etcd>),
    Snapshot(Box<Snapshot<File>>),
}

/// Enough to tell the kinds apart.
const START: u64 = 24;

impl Input {
    fn open(path: &Utf8Path, env: &Env) -> Result<Self, Failure> {
        if path == DASH {
            if env.stdin_is_terminal {
                return Err(Failure::usage(StdinIsTerminal));
            }
            return Self::stream(io::stdin(), Utf8Path::new(STDIN));
        }
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            let path = path.to_owned();
            return Err(fs::Error::NotAFile { path }.into());
        }
        if !metadata.is_file() {
            return Self::stream(file, path);
        }
        let mut start = Vec::new();
        (&mut file).take(START).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        match Kind::of(&start) {
            Some(Kind::Dump) => Ok(Self::Dump(Box::new(file))),
            Some(Kind::Snapshot) => {
                let snapshot = Snapshot::open(file).map_err(InputError::of(path))?;
                Ok(Self::Snapshot(Box::new(snapshot)))
            }
            None => Err(UnknownKind { name: path.to_owned() }.into()),
        }
    }

    fn stream(mut stream: impl Read + 'static, name: &Utf8Path) -> Result<Self, Failure> {
        let mut start = Vec::new();
        (&mut stream).take(START).read_to_end(&mut start)?;
        let name = name.to_owned();
        match Kind::of(&start) {
            Some(Kind::Dump) => Ok(Self::Dump(Box::new(Cursor::new(start).chain(stream)))),
            Some(Kind::Snapshot) => Err(Failure::usage(SnapshotInStream { name })),
            None => Err(UnknownKind { name }.into()),
        }
    }

    /// Hands out what is stored below the API server's prefix, or more.
    fn read(&mut self, prefix: &str, name: &Utf8Path, each: &mut Each<'_>) -> Result<Extent, Failure> {
        Ok(match self {
            Self::Dump(stream) => dump::read(stream, each).map_err(InputError::of(name))?,
            Self::Etcd(etcd) => {
                let prefix = format!("{}/", prefix.trim_end_matches('/'));
                interrupt::run(etcd.read(prefix.as_bytes(), each))?.map_err(InputError::of(name))?
            }
            Self::Snapshot(snapshot) => snapshot.read(each).map_err(InputError::of(name))?,
        })
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Dump(_) => "etcdctl",
            Self::Etcd(_) => "etcd",
            Self::Snapshot(_) => "snapshot",
        }
    }

    fn has_checksum(&self) -> bool {
        matches!(self, Self::Snapshot(snapshot) if snapshot.has_checksum())
    }
}

enum Kind {
    Dump,
    Snapshot,
}

impl Kind {
    fn of(start: &[u8]) -> Option<Self> {
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'{') => Some(Self::Dump),
            // A database starts with the number of its first page.
            Some(0) => Some(Self::Snapshot),
            _ if is_bolt(start) => Some(Self::Snapshot),
            _ => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{name} cannot be audited")]
struct InputError {
    name: Utf8PathBuf,
    source: Box<dyn Error + Send + Sync>,
}

impl InputError {
    fn of<E: Error + Send + Sync + 'static>(name: &Utf8Path) -> impl FnOnce(E) -> Self {
        |source| Self {
            name: name.to_owned(),
            source: source.into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no key in {name} starts with `{prefix}`, the prefix of the API server")]
struct NothingBelow {
    name: Utf8PathBuf,
    prefix: String,
}

#[derive(Debug, thiserror::Error)]
#[error("{name} is a snapshot: it cannot be read from a pipe, name the file")]
struct SnapshotInStream {
    name: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal: expected the output of `etcdctl get /registry --prefix -w json`")]
struct StdinIsTerminal;

#[derive(Debug, thiserror::Error)]
#[error("{name} is neither the output of `etcdctl get -w json` nor a snapshot of etcd")]
struct UnknownKind {
    name: Utf8PathBuf,
}
