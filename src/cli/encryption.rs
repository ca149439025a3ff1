//! `kship encryption`: the API server's EncryptionConfiguration, from its first key to its last.

mod check;
mod init;
mod next;
mod provider;
mod rotate;

use clap::Subcommand;

pub(super) use init::Exists;
pub(super) use rotate::{ProofNeeded, ScrapeError};

use super::{Env, Exit, Failure, Ui};

/// Write, check and rotate the files that tell the API server how to encrypt what it stores
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Encryption {
    #[command(subcommand)]
    command: Command,
}

/// What is done; each is a file in the folder beside this one.
#[derive(Debug, Subcommand)]
enum Command {
    /// Write a new configuration with a new key
    Init(Box<init::Init>),
    /// Say whether the API server loads a file, and what it does not see in it
    ///
    /// What kube-apiserver v1.37 would refuse is the finding `invalid`, with its own message. Folders are searched for
    /// EncryptionConfiguration files, also those within ConfigMaps, Secrets and Talos configurations. No key is ever printed.
    Check(Box<check::Check>),
    /// Exchange the key, or the provider, one step at a time
    Rotate(Box<rotate::Rotate>),
}

impl Encryption {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Command::Init(command) => command.run(env, ui),
            Command::Check(command) => command.run(env, ui),
            Command::Rotate(command) => command.run(env, ui),
        }
    }
}

/// Random bytes for keys.
fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}
