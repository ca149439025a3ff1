//! `kship encryption decrypt`: one stored value, for the day of the disaster.

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::{Read, read_configuration};
use crate::cli::input::STDIN;
use crate::cli::{Env, Exit, Failure, Ui};
use crate::encryption::cipher::{Buffer, OpenError};
use crate::encryption::envelope::Scheme;
use crate::encryption::{Configuration, Place, Reading, Slot, Transformer, resource_of, shown};
use crate::fs;
use crate::k8s::base64;
use crate::limits;

/// Decrypt one value of etcd, from standard input
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Decrypt {
    /// The EncryptionConfiguration with the keys
    #[arg(long, value_name = "FILE")]
    config: Utf8PathBuf,

    /// The value's key in etcd, such as `/registry/secrets/shop/db`: aesgcm authenticates it
    #[arg(long, value_name = "KEY")]
    etcd_key: String,

    /// What the API server puts before each key: its own `--etcd-prefix`
    #[arg(long, value_name = "PREFIX", default_value = "/registry")]
    etcd_prefix: String,

    /// Standard input is base64, as in the JSON of `etcdctl`
    #[arg(long)]
    base64: bool,

    /// Print what an aescbc key makes of the value even if that is no Kubernetes object
    #[arg(long)]
    any_content: bool,
}

const EXAMPLES: &str = "\
The plaintext goes to standard output as the API server would see it: protobuf for built-in \
resources (`k8s`, a zero byte, the object), JSON for custom ones.

Examples:
  etcdctl get /registry/secrets/shop/db --print-value-only |
    kship encryption decrypt --config encryption.yaml --etcd-key /registry/secrets/shop/db | strings";

impl Decrypt {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let Read { configuration, .. } = read_configuration(&self.config)?;
        let value = self.value(env)?;
        let own = transformer(&configuration, &self.etcd_key, &self.etcd_prefix)?;
        let mut buffer = Buffer::default();
        let (mut opened, mut used) = (self.open(&own, &value, &mut buffer), &own);
        let all = Transformer::new(configuration.resources.iter().flat_map(|entry| &entry.providers))?;
        if matches!(opened, Reading::Unknown { .. } | Reading::Damaged { .. }) {
            let other = self.open(&all, &value, &mut buffer);
            // The key may be configured for other resources only.
            if matches!(other, Reading::Opened(_)) {
                (opened, used) = (other, &all);
                ui.warning(
                    "the configuration has this key for other resources only: the API server cannot read the value",
                );
            }
        }
        let name = |slot: Slot| named(used, slot);
        match opened {
            Reading::Opened(slot) => {
                ui.product_bytes(buffer.bytes())?;
                ui.status(format_args!("opened with `{}`", name(slot)));
                Ok(Exit::Ok)
            }
            Reading::Plain { .. } => {
                ui.product_bytes(&value)?;
                ui.status("the value is not encrypted: it is printed as it is");
                Ok(Exit::Ok)
            }
            Reading::Garbage(slot) if self.any_content => {
                ui.product_bytes(buffer.bytes())?;
                ui.warning(format_args!(
                    "what `{}` makes of the value is no Kubernetes object: the key may be the wrong one",
                    name(slot)
                ));
                Ok(Exit::Ok)
            }
            Reading::Garbage(slot) => Err(no(Garbage { key: name(slot) })
                .hint("aescbc does not notice a wrong key: `--any-content` prints what comes out")),
            Reading::Kms { slot, key_id } => Err(Failure::new(NeedsService {
                name: name(slot),
                key_id: key_id.unwrap_or_else(|| "unknown".to_owned()),
            })),
            Reading::Damaged { slot, error } => {
                let failure = no(Unopened {
                    key: name(slot),
                    source: error,
                });
                let is_gcm = used
                    .names(slot)
                    .is_some_and(|(provider, _)| provider == Scheme::AesGcm.provider());
                Err(if is_gcm && error == Some(OpenError::Authentication) {
                    failure.hint("is `--etcd-key` exactly the key that the value stands under? aesgcm authenticates it")
                } else {
                    failure
                })
            }
            Reading::Unknown { scheme, name } => Err(no(UnknownKey {
                provider: scheme.map_or("an unknown provider", |scheme| scheme.provider()),
                name: name.map_or_else(
                    || "without a readable name".to_owned(),
                    |name| shown(&name).into_owned(),
                ),
            })),
        }
    }

    /// Reads a value; what `etcdctl --print-value-only` prints has a line end behind it.
    fn open(&self, transformer: &Transformer, value: &[u8], buffer: &mut Buffer) -> Reading {
        let key = self.etcd_key.as_bytes();
        let reading = transformer.read(key, value, buffer);
        match value.strip_suffix(b"\n") {
            Some(shorter) if matches!(reading, Reading::Damaged { .. } | Reading::Garbage(_)) => {
                match transformer.read(key, shorter, buffer) {
                    Reading::Damaged { .. } => transformer.read(key, value, buffer),
                    other => other,
                }
            }
            _ => reading,
        }
    }

    fn value(&self, env: &Env) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if env.stdin_is_terminal {
            return Err(Failure::usage(StdinIsTerminal));
        }
        let limit = u64::try_from(limits::STORED_ITEM_BYTES).unwrap_or(u64::MAX);
        let name = Utf8Path::new(STDIN);
        let bytes = Zeroizing::new(fs::read_stream_bytes(std::io::stdin().lock(), name, limit)?);
        if bytes.is_empty() {
            return Err(Failure::new(Empty));
        }
        if !self.base64 {
            return Ok(bytes);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| NotBase64)?;
        Ok(base64::decode(text.trim()).ok_or(NotBase64)?)
    }
}

/// The keys that the API server has for what stands under a key of etcd.
fn transformer(configuration: &Configuration, etcd_key: &str, prefix: &str) -> Result<Transformer, Failure> {
    let Place::Object { directory, .. } = Place::of(etcd_key.as_bytes(), prefix) else {
        return Ok(Transformer::default());
    };
    let providers = configuration.providers_of(&resource_of(directory, configuration));
    Ok(Transformer::new(providers.unwrap_or_default())?)
}

fn named(transformer: &Transformer, slot: Slot) -> String {
    match transformer.names(slot) {
        Some((provider, Some(key))) => format!("{provider}/{}", shown(key)),
        Some((provider, None)) => provider.to_owned(),
        None => String::new(),
    }
}

/// A definite no: exit code 1.
fn no(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure {
        exit: Exit::Finding,
        ..Failure::new(error)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is empty: expected a value of etcd")]
struct Empty;

#[derive(Debug, thiserror::Error)]
#[error("`{key}` opens the value, but to no Kubernetes object: it is likely a wrong key of the same name")]
struct Garbage {
    key: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the value is encrypted by the service `{name}`, which alone can open it; its key there: `{key_id}`")]
struct NeedsService {
    name: String,
    key_id: String,
}

#[derive(Debug, thiserror::Error)]
#[error("standard input is not base64: leave `--base64` out for raw values")]
struct NotBase64;

#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal: expected a value of etcd from a file or a pipe")]
struct StdinIsTerminal;

#[derive(Debug, thiserror::Error)]
#[error("the value names the key `{key}`, which does not open it")]
struct Unopened {
    key: String,
    source: Option<OpenError>,
}

#[derive(Debug, thiserror::Error)]
#[error("the value was encrypted by {provider} with the key `{name}`, which is not in the configuration")]
struct UnknownKey {
    provider: &'static str,
    name: String,
}
