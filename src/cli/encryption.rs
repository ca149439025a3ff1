//! `kship encryption`: the API server's EncryptionConfiguration, and what etcd holds.

mod audit;
mod check;
mod decrypt;
mod etcd;
mod init;
mod next;
mod provider;
mod rotate;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Subcommand;
use zeroize::Zeroizing;

pub(super) use init::Exists;
pub(super) use rotate::{ProofNeeded, ScrapeError};

use super::{Env, Exit, Failure, Ui};
use crate::encryption::{Configuration, Loader, Refusal};
use crate::fs;
use crate::limits;
use crate::text::{LineIndex, Position};

/// Write, check, rotate and prove the encryption of what etcd stores
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Encryption {
    #[command(subcommand)]
    command: Command,
}

/// What is done; each is a file in the folder beside this one.
#[derive(Debug, Subcommand)]
enum Command {
    /// Count what etcd stores as plaintext, and under which key
    Audit(Box<audit::Audit>),
    /// Say whether the API server loads a file, and what it does not see in it
    ///
    /// What kube-apiserver v1.37 would refuse is the finding `invalid`, with its own message. Folders are searched for
    /// EncryptionConfiguration files, also those within ConfigMaps, Secrets and Talos configurations. No key is ever printed.
    Check(Box<check::Check>),
    /// Decrypt one value of etcd, from standard input
    Decrypt(Box<decrypt::Decrypt>),
    /// Write a new configuration with a new key
    Init(Box<init::Init>),
    /// Exchange the key, or the provider, one step at a time
    Rotate(Box<rotate::Rotate>),
}

impl Encryption {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Command::Audit(verb) => verb.run(env, ui),
            Command::Check(verb) => verb.run(env, ui),
            Command::Decrypt(verb) => verb.run(env, ui),
            Command::Init(verb) => verb.run(env, ui),
            Command::Rotate(verb) => verb.run(env, ui),
        }
    }
}

/// A configuration with the text that it was read from.
struct Read {
    text: Zeroizing<String>,
    configuration: Configuration,
}

/// Reads the configuration with which the API server reads and writes.
fn read_configuration(path: &Utf8Path) -> Result<Read, Failure> {
    let text = Zeroizing::new(fs::read_text(path, limits::KEY_FILE_BYTES)?);
    let loader = Loader {
        // What is stored may be of a time when the feature gate was on.
        kms_v1: true,
        ..Loader::new(path.as_str())
    };
    match Configuration::parse(&text, &loader) {
        Ok(configuration) => Ok(Read { text, configuration }),
        Err(source) => {
            let start = source.problems.first().map_or(0, |problem| problem.span.start);
            let position = LineIndex::new(&text).position(&text, start);
            let path = path.to_owned();
            Err(UnusableConfiguration { path, position, source }.into())
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path}:{position} is no configuration that the API server takes")]
struct UnusableConfiguration {
    path: Utf8PathBuf,
    position: Position,
    source: Refusal,
}

/// Random bytes for keys.
fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}
