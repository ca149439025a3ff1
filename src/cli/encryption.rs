//! `kship encryption`: the API server's EncryptionConfiguration, from its first key to its last.

mod init;
mod next;
mod provider;
mod rotate;

use clap::Subcommand;

pub(super) use init::Exists;
pub(super) use rotate::ProofNeeded;

use super::{Env, Exit, Failure, Ui};

/// Write, check, rotate and audit the API server's encryption of what it stores
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Encryption {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a new configuration with a new key
    Init(Box<init::Init>),
    /// Exchange the key, or the provider, one step at a time
    Rotate(Box<rotate::Rotate>),
}

impl Encryption {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Command::Init(verb) => verb.run(env, ui),
            Command::Rotate(verb) => verb.run(env, ui),
        }
    }
}

/// Random bytes for keys.
fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}
