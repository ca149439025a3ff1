//! The password of private keys: from a file, the environment, or a person at a terminal.

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::seal::{read, shown};
use super::{Env, Failure, Ui, env};
use crate::fs::DASH;
use crate::limits;
use crate::seal::{self, OpeningKey, PrivateKeyError};

/// Where the password comes from.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PasswordArgs {
    /// The file whose first line is the password of encrypted private keys; `-` reads standard input
    /// [env: KSHIP_PRIVATE_KEY_PASSWORD has the password itself]
    #[arg(long, value_name = "FILE")]
    password_file: Option<Utf8PathBuf>,
}

impl PasswordArgs {
    /// Whether standard input is the file.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.password_file.as_deref().is_some_and(|path| path == DASH)
    }

    /// Reads the files of private keys; the password is asked for when the first encrypted key is met.
    pub(crate) fn read_keys(&self, files: &[Utf8PathBuf], env: &Env, ui: &mut Ui) -> Result<Vec<OpeningKey>, Failure> {
        let mut keys = Vec::new();
        self.each_file(files, env, ui, |_, text, password| {
            keys.extend(seal::opening_keys_with(text, password)?);
            Ok(())
        })?;
        Ok(keys)
    }

    /// Calls `read_text` for the text of each file, again with the password where it meets an encrypted key.
    pub(crate) fn each_file(
        &self,
        files: &[Utf8PathBuf],
        env: &Env,
        ui: &mut Ui,
        mut read_text: impl FnMut(&Utf8Path, &str, Option<&str>) -> Result<(), PrivateKeyError>,
    ) -> Result<(), Failure> {
        let mut password = None;
        for path in files {
            let unusable = |source| UnusableKey {
                path: shown(path),
                source,
            };
            let bytes = read(path, limits::KEY_FILE_BYTES, env)?;
            let text = seal::decode(bytes).map_err(|_| unusable(PrivateKeyError::Missing))?;
            let known = password.as_ref().map(|password: &Zeroizing<String>| password.as_str());
            let mut done = read_text(path, &text, known);
            if let Err(PrivateKeyError::Encrypted) = done
                && let Some(given) = self.password(path, env, ui)?
            {
                done = read_text(path, &text, Some(&given));
                password = Some(given);
            }
            done.map_err(unusable)?;
        }
        Ok(())
    }

    fn password(&self, key: &Utf8Path, env: &Env, ui: &mut Ui) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = &self.password_file {
            let text = seal::decode(read(path, limits::PASSWORD_BYTES, env)?)
                .map_err(|_| Failure::new(NoText { path: shown(path) }))?;
            let line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
            return Ok(Some(Zeroizing::new(line.to_owned())));
        }
        if let Some(password) = env::var("KSHIP_PRIVATE_KEY_PASSWORD") {
            return Ok(Some(Zeroizing::new(password)));
        }
        if env.stdin_is_terminal {
            return ui.ask_password(format_args!("password of {}: ", shown(key)));
        }
        Ok(None)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used for opening")]
struct UnusableKey {
    path: Utf8PathBuf,
    source: PrivateKeyError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} holds no password: expected text")]
struct NoText {
    path: Utf8PathBuf,
}
