//! Secrets from flags: what `kubectl create secret generic` does, without kubectl.

use camino::{Utf8Path, Utf8PathBuf};

use super::variables::switch;
use super::{Seal, read, shown};
use crate::cli::{Env, Failure, env};
use crate::fs::DASH;
use crate::k8s::Secret;
use crate::limits;
use crate::seal::{CreateError, Creation, file_source};

/// The flags that make a Secret.
#[derive(Debug, clap::Args)]
pub(crate) struct FromArgs {
    /// Make a Secret of files, FILE or KEY=FILE, or of those in a folder; with --raw the file with the value. The last line
    /// feed counts
    #[arg(
        long,
        value_name = "[KEY=]FILE",
        value_delimiter = ',',
        help_heading = "Secret from values"
    )]
    pub(super) from_file: Vec<Utf8PathBuf>,

    /// Make a Secret of values; other users of this machine can see them
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Secret from values")]
    from_literal: Vec<String>,

    /// Make a Secret of the lines NAME=VALUE of a file; a NAME alone takes its value from the environment
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Secret from values",
        conflicts_with_all = ["from_file", "from_literal", "raw"]
    )]
    from_env_file: Vec<Utf8PathBuf>,

    /// The type of that Secret, such as kubernetes.io/tls; its keys are checked
    #[arg(long = "type", value_name = "TYPE", help_heading = "Secret from values", conflicts_with_all = ["files", "raw"])]
    kind: Option<String>,
}

impl FromArgs {
    /// Whether a Secret is made of values.
    pub(super) fn makes_secret(&self) -> bool {
        !(self.from_file.is_empty() && self.from_literal.is_empty() && self.from_env_file.is_empty())
    }

    /// How many of the sources are standard input.
    pub(super) fn dashes(&self) -> usize {
        let files = self.from_file.iter().map(|source| {
            let source = source.as_str();
            file_source(source).map_or(source, |(_, path)| path)
        });
        let env_files = self.from_env_file.iter().map(|path| path.as_str());
        files.chain(env_files).filter(|path| *path == DASH).count()
    }
}

impl Seal {
    /// Refuses what kubeseal refuses and kship does: a Secret from files.
    pub(in crate::cli) fn check_as_kubeseal(&self, env: &Env) -> Result<(), Failure> {
        if self.from.from_file.is_empty() || switch(env, "raw", self.raw)? {
            return Ok(());
        }
        Err(Failure::usage(FilesWithoutRaw))
    }

    /// Makes the Secret of the flags.
    pub(super) fn create(&self, env: &Env) -> Result<Secret, Failure> {
        let mut creation = Creation::default();
        for source in &self.from.from_file {
            add_file(&mut creation, source.as_str(), env)?;
        }
        for literal in &self.from.from_literal {
            creation.add_literal(literal).map_err(usage("--from-literal"))?;
        }
        for path in &self.from.from_env_file {
            let bytes = read(path, limits::SECRET_VALUE_BYTES, env)?;
            creation.add_env_file(&bytes, env::var).map_err(|source| UnusableFile {
                path: shown(path),
                source,
            })?;
        }
        let kind = self.from.kind.clone().unwrap_or_default();
        creation.finish(kind).map_err(usage("--type"))
    }
}

fn add_file(creation: &mut Creation, source: &str, env: &Env) -> Result<(), Failure> {
    let (key, path) = file_source(source).map_err(usage("--from-file"))?;
    let path = Utf8Path::new(path);
    if !path.is_dir() {
        let name = match (key, path.file_name()) {
            (None, _) if path == DASH => return Err(Failure::usage(StdinNeedsKey)),
            (Some(key), _) => key,
            (None, name) => name.unwrap_or_default(),
        };
        let value = read(path, limits::SECRET_VALUE_BYTES, env)?;
        return creation.add(name, value).map_err(usage("--from-file"));
    }
    if key.is_some() {
        return Err(Failure::usage(FolderWithKey { path: path.to_owned() }));
    }
    // As with kubectl: the regular files, not those of folders below.
    let mut files = Vec::new();
    for entry in path.read_dir_utf8()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.into_path());
        }
    }
    files.sort();
    for file in files {
        let value = read(&file, limits::SECRET_VALUE_BYTES, env)?;
        let name = file.file_name().unwrap_or_default();
        creation.add(name, value).map_err(|source| UnusableFile {
            path: file.clone(),
            source,
        })?;
    }
    Ok(())
}

fn usage(flag: &'static str) -> impl Fn(CreateError) -> Failure {
    move |source| Failure::usage(UnusableFlag { flag, source })
}

#[derive(Debug, thiserror::Error)]
#[error("the values of {flag} make no Secret")]
struct UnusableFlag {
    flag: &'static str,
    source: CreateError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} makes no Secret")]
struct UnusableFile {
    path: Utf8PathBuf,
    source: CreateError,
}

#[derive(Debug, thiserror::Error)]
#[error("kubeseal takes `--from-file` with `--raw` only: `kship seal` makes Secrets of files")]
struct FilesWithoutRaw;

#[derive(Debug, thiserror::Error)]
#[error("`{path}` is a folder, whose files are the keys: expected no KEY= before it")]
struct FolderWithKey {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input has no name: expected KEY=-")]
struct StdinNeedsKey;
