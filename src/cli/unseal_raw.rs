//! `kship unseal --raw`: a sealed value without its document.

use camino::Utf8Path;

use super::seal::{ScopeName, give, read_text, shown};
use super::{Env, Exit, Failure, Ui};
use crate::seal::{self, OpeningKey, Scope, ValueError};

/// Whose a value is, where no document says it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RawArgs {
    /// Open one sealed value alone, as `kship seal --raw` prints it, and print it byte for byte
    #[arg(long, conflicts_with_all = ["key", "format"])]
    pub(super) raw: bool,

    /// With --raw: the name that it was sealed for
    #[arg(long, requires = "raw")]
    name: Option<String>,

    /// With --raw: the scope that it was sealed with; strict without it
    #[arg(long, value_enum, value_name = "SCOPE", requires = "raw")]
    scope: Option<ScopeName>,
}

impl RawArgs {
    /// Opens the value of a file.
    pub(super) fn open(
        &self,
        path: &Utf8Path,
        namespace: Option<&str>,
        keys: &[OpeningKey],
        write: Option<&Utf8Path>,
        env: &Env,
        ui: &mut Ui,
    ) -> Result<Exit, Failure> {
        let scope = self.scope.map_or(Scope::Strict, Scope::from);
        let flag = match (scope, self.name.as_deref(), namespace) {
            (Scope::Strict | Scope::NamespaceWide, _, None) => Some("--namespace"),
            (Scope::Strict, None, _) => Some("--name"),
            _ => None,
        };
        if let Some(flag) = flag {
            return Err(Failure::usage(NotNamed { scope, flag }));
        }
        let text = read_text(path, env)?;
        let (namespace, name) = (namespace.unwrap_or_default(), self.name.as_deref().unwrap_or_default());
        match seal::unseal_value(text.trim(), scope, namespace, name, keys) {
            Ok(value) => {
                give(write, &value, true, ui)?;
                Ok(Exit::Ok)
            }
            Err(error) => {
                let exit = match error {
                    ValueError::Scope { .. } | ValueError::Unopened { .. } => Exit::Finding,
                    _ => Exit::Failure,
                };
                let path = shown(path);
                Err(Failure {
                    exit,
                    ..Failure::new(Unopened { path, source: error })
                })
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path} does not open")]
struct Unopened {
    path: camino::Utf8PathBuf,
    source: ValueError,
}

#[derive(Debug, thiserror::Error)]
#[error("--raw with the scope {scope} needs {flag}")]
struct NotNamed {
    scope: Scope,
    flag: &'static str,
}
