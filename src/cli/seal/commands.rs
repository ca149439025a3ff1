//! What `kship seal` does beside sealing: kubeseal has flags for it where kship would have verbs.

use camino::Utf8PathBuf;

use super::variables::switch;
use crate::cli::{Env, Failure};

/// The flags that are commands; one at a time.
#[derive(Debug, clap::Args)]
pub(crate) struct Commands {
    /// Print the certificate, of the cluster or from --cert, and seal nothing
    #[arg(long, help_heading = "Instead of sealing")]
    fetch_cert: bool,

    /// Ask the cluster whether it can open SealedSecrets
    #[arg(long, help_heading = "Instead of sealing")]
    validate: bool,

    /// Have the cluster seal the values of SealedSecrets anew with its newest key; files are changed in place
    #[arg(long, alias = "rotate", help_heading = "Instead of sealing")]
    re_encrypt: bool,

    /// Open SealedSecrets, as `kship unseal` does
    #[arg(long, help_heading = "Instead of sealing")]
    recovery_unseal: bool,

    /// Files with private keys, for --recovery-unseal [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]
    #[arg(
        long,
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Instead of sealing"
    )]
    pub(super) recovery_private_key: Vec<Utf8PathBuf>,
}

/// What is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Command {
    FetchCert,
    Raw,
    ReEncrypt,
    RecoveryUnseal,
    Seal,
    Validate,
}

impl Commands {
    /// The one command that is asked for; kubeseal takes the first of several and forgets the others.
    pub(super) fn choose(&self, raw: bool, env: &Env) -> Result<Command, Failure> {
        let rotate = switch(env, "rotate", false)?;
        // The order is kubeseal's.
        let all = [
            ("recovery-unseal", self.recovery_unseal, Command::RecoveryUnseal),
            ("validate", self.validate, Command::Validate),
            ("re-encrypt", self.re_encrypt || rotate, Command::ReEncrypt),
            ("fetch-cert", self.fetch_cert, Command::FetchCert),
            ("raw", raw, Command::Raw),
        ];
        let mut asked = Vec::new();
        for (flag, given, command) in all {
            if switch(env, flag, given)? {
                asked.push((flag, command));
            }
        }
        match asked.as_slice() {
            [] => Ok(Command::Seal),
            [(_, command)] => Ok(*command),
            [(first, _), (second, _), ..] => Err(Failure::usage(TwoCommands { first, second })),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`--{first}` and `--{second}` are two commands: expected one of them")]
struct TwoCommands {
    first: &'static str,
    second: &'static str,
}
