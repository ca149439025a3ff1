//! `kship encryption`: the API server's EncryptionConfiguration.

mod check;

use clap::Subcommand;

use super::{Env, Exit, Failure, Ui};

/// Check the files that tell the API server how to encrypt what it stores
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Encryption {
    #[command(subcommand)]
    command: Command,
}

/// What is done; each is a file in the folder beside this one.
#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the API server loads a file, and what it does not see in it
    Check(Box<check::Check>),
}

impl Encryption {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        match self.command {
            Command::Check(command) => command.run(env, ui),
        }
    }
}
