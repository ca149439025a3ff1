//! `kship unseal`: SealedSecrets become Secrets, with the private keys of their cluster.

use camino::Utf8PathBuf;

use super::password::PasswordArgs;
use super::seal::{SyntaxName, give, read_text, settle_format, shown};
use super::unseal_raw::RawArgs;
use super::{Env, Exit, Failure, Ui};
use crate::fs::DASH;
use crate::seal::{self, Document, Opened, OpeningKey, Syntax, Unopened};
use crate::text::Position;

/// Open SealedSecrets with the private keys of their cluster
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Unseal {
    /// Files with SealedSecrets, in YAML or JSON; `-` and none at all read standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<Utf8PathBuf>,

    /// Files with private keys: PEM, or a backup of the cluster's key Secrets [env: SEALED_SECRETS_RECOVERY_PRIVATE_KEY]
    #[arg(
        long,
        visible_alias = "recovery-private-key",
        value_name = "FILE",
        value_delimiter = ','
    )]
    private_key: Vec<Utf8PathBuf>,

    #[command(flatten)]
    password: PasswordArgs,

    /// Print one value alone, byte for byte
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    key: Option<String>,

    #[command(flatten)]
    raw: RawArgs,

    /// The namespace of SealedSecrets that name none, or of the value of --raw
    #[arg(short = 'n', long)]
    namespace: Option<String>,

    /// How the Secrets are written: JSON, but YAML into a file of that name [env: SEALED_SECRETS_FORMAT]
    #[arg(short = 'o', long, value_enum, value_name = "FORMAT", ignore_case = true)]
    format: Option<SyntaxName>,

    /// Write a file, readable by its owner alone, instead of standard output
    #[arg(short = 'w', long, value_name = "FILE")]
    write: Option<Utf8PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml > backup.yaml
  kship unseal -f sealed.yaml --private-key backup.yaml -o yaml
  kship unseal -f sealed.yaml --private-key backup.yaml --key password";

impl Unseal {
    /// What `kship seal --recovery-unseal` does.
    pub(super) fn for_recovery(
        files: Vec<Utf8PathBuf>,
        private_key: Vec<Utf8PathBuf>,
        namespace: Option<String>,
        syntax: Syntax,
        write: Option<Utf8PathBuf>,
    ) -> Self {
        let format = match syntax {
            Syntax::Json => SyntaxName::Json,
            Syntax::Yaml => SyntaxName::Yaml,
        };
        Self {
            files,
            private_key,
            password: PasswordArgs::default(),
            raw: RawArgs::default(),
            key: None,
            namespace,
            format: Some(format),
            write,
        }
    }

    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let stdin = [Utf8PathBuf::from(DASH)];
        let paths = if self.files.is_empty() {
            &stdin
        } else {
            self.files.as_slice()
        };
        let format = settle_format(self.format, env)?;
        let keys = self.keys(paths, env, ui)?;
        if self.raw.raw {
            let [path] = paths else {
                return Err(Failure::usage(SeveralRaw));
            };
            return self
                .raw
                .open(path, self.namespace.as_deref(), &keys, self.write.as_deref(), env, ui);
        }
        let mut opened: Vec<Opened> = Vec::new();
        let mut unopened: Vec<(Utf8PathBuf, Unopened)> = Vec::new();
        let mut others = 0;
        for path in paths {
            let text = read_text(path, env)?;
            let unsealed =
                seal::unseal(&text, &keys, self.namespace.as_deref(), self.key.as_deref()).map_err(|source| {
                    Unreadable {
                        path: shown(path),
                        position: source.position,
                        source,
                    }
                })?;
            if unsealed.opened.is_empty() {
                return Err(NoSealedSecret { path: shown(path) }.into());
            }
            opened.extend(unsealed.opened);
            unopened.extend(unsealed.unopened.into_iter().map(|value| (shown(path), value)));
            others += unsealed.others;
        }
        if !unopened.is_empty() {
            for (path, value) in &unopened {
                let Unopened {
                    position,
                    object,
                    key,
                    reason,
                } = value;
                ui.error(format_args!(
                    "{path}:{position}: {key} of {object} does not open: {reason}"
                ));
            }
            return Ok(Exit::Finding);
        }
        if let Some(key) = &self.key {
            return self.give_value(key, &opened, ui);
        }
        let documents: Vec<Document> = opened.iter().map(|one| Document::Made(one.to_json())).collect();
        let syntax = SyntaxName::settle(format, self.write.as_deref());
        let text = zeroize::Zeroizing::new(seal::render(&documents, syntax));
        give(self.write.as_deref(), text.as_bytes(), true, ui)?;
        if others > 0 {
            ui.status(format_args!(
                "opened {}, left out {others} that are no SealedSecret",
                documents.len()
            ));
        }
        Ok(Exit::Ok)
    }

    fn give_value(&self, key: &str, opened: &[Opened], ui: &mut Ui) -> Result<Exit, Failure> {
        let mut values = opened.iter().filter_map(|one| one.secret.data.get(key));
        let value = values.next().ok_or_else(|| NoValue { key: key.to_owned() })?;
        if values.next().is_some() {
            return Err(SeveralValues { key: key.to_owned() }.into());
        }
        give(self.write.as_deref(), value, true, ui)?;
        Ok(Exit::Ok)
    }

    fn keys(&self, paths: &[Utf8PathBuf], env: &Env, ui: &mut Ui) -> Result<Vec<OpeningKey>, Failure> {
        let from_env = env.sealing.private_keys.iter().map(Utf8PathBuf::from);
        // As with kubeseal, flags add to the variable.
        let files: Vec<Utf8PathBuf> = from_env.chain(self.private_key.iter().cloned()).collect();
        if files.is_empty() {
            return Err(Failure::usage(NoPrivateKey));
        }
        let dashes = files.iter().chain(paths).filter(|path| *path == DASH).count();
        if dashes + usize::from(self.password.reads_stdin()) > 1 {
            return Err(Failure::usage(StdinTwice));
        }
        self.password.read_keys(&files, env, ui)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path}:{position} cannot be opened")]
struct Unreadable {
    path: Utf8PathBuf,
    position: Position,
    source: seal::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("no private key: name a file with --private-key")]
pub(super) struct NoPrivateKey;

#[derive(Debug, thiserror::Error)]
#[error("{path} holds no SealedSecret: expected a document with `kind: SealedSecret`")]
struct NoSealedSecret {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("no SealedSecret has the key `{key}`")]
struct NoValue {
    key: String,
}

#[derive(Debug, thiserror::Error)]
#[error("several SealedSecrets have the key `{key}`: expected one")]
struct SeveralValues {
    key: String,
}

#[derive(Debug, thiserror::Error)]
#[error("--raw opens one value: expected one file")]
struct SeveralRaw;

#[derive(Debug, thiserror::Error)]
#[error("standard input is asked for twice")]
struct StdinTwice;
