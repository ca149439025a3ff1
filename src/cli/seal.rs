//! `kship seal`: Secrets become SealedSecrets.

mod args;
mod check;
mod folder;
mod from;

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

pub(crate) use args::Seal;
pub(super) use args::{ScopeName, SyntaxName, give, settle_format};

use folder::Input;

use super::{Env, Exit, Failure, Ui};
use crate::fs::{self, DASH};
use crate::limits;
use crate::seal::{self, Certificate, CertificateError, Document, Sealer, Syntax};
use crate::text::Position;

impl Seal {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.check.is_asked()? {
            return self.check(env, ui);
        }
        let settled = self.settle(env)?;
        let certificate = self.certificate(&settled, env, ui)?;
        let sealer = Sealer {
            key: certificate.key(),
            scope: settled.scope,
            name: settled.name.clone(),
            namespace: settled.namespace.clone(),
            allow_empty: self.allow_empty_data,
        };
        if self.raw {
            self.seal_raw(&sealer, env, ui)
        } else if self.from.makes_secret() {
            let document = seal::seal_secret(&self.create(env)?, &sealer, &mut random)?;
            self.output
                .give(seal::render(&[document], settled.syntax).as_bytes(), false, ui)?;
            Ok(Exit::Ok)
        } else {
            self.seal_files(&sealer, &settled.syntax, env, ui)
        }
    }

    fn certificate(&self, settled: &args::Settled, env: &Env, ui: &mut Ui) -> Result<Certificate, Failure> {
        let path = &settled.certificate;
        let certificate = self.read_certificate(path, env)?;
        let unusable = |source| UnusableCertificate {
            path: shown(path),
            source,
        };
        match certificate.check_expiry(env.now) {
            Err(expired) if self.allow_expired => ui.warning(format_args!("{}: {expired}", shown(path))),
            checked => checked.map_err(unusable)?,
        }
        let left = certificate.not_after().duration_since(env.now).as_hours() / 24;
        if (0..EXPIRES_SOON_DAYS).contains(&left) && certificate.check_expiry(env.now).is_ok() {
            let day = certificate.not_after().strftime("%Y-%m-%d");
            ui.warning(format_args!("{}: the certificate expires on {day}", shown(path)));
        }
        Ok(certificate)
    }

    /// Reads a certificate, and holds it to its fingerprint.
    fn read_certificate(&self, path: &Utf8Path, env: &Env) -> Result<Certificate, Failure> {
        let bytes = read(path, limits::KEY_FILE_BYTES, env)?;
        let unusable = |source| UnusableCertificate {
            path: shown(path),
            source,
        };
        // PowerShell writes certificates in UTF-16, too.
        let text = seal::decode(bytes.clone()).map(|text| Zeroizing::new(text.as_bytes().to_vec()));
        let certificate = Certificate::parse(&text.unwrap_or(bytes)).map_err(unusable)?;
        if let Some(expected) = &self.cert_sha256 {
            certificate.check_fingerprint(expected).map_err(|source| Failure {
                exit: Exit::Finding,
                ..Failure::new(unusable(source))
            })?;
        }
        Ok(certificate)
    }

    fn seal_raw(&self, sealer: &Sealer<'_>, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let path = match self.from.from_file.as_slice() {
            [] => Utf8Path::new(DASH),
            [from] => args::path_of(from),
            _ => return Err(Failure::usage(SeveralValues)),
        };
        let value = read(path, limits::SECRET_VALUE_BYTES, env)?;
        let sealed = seal::seal_value(sealer, &value, &mut random)?;
        self.output.give(sealed.as_bytes(), false, ui)?;
        Ok(Exit::Ok)
    }

    fn seal_files(&self, sealer: &Sealer<'_>, syntax: &Syntax, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let stdin = [Utf8PathBuf::from(DASH)];
        let paths = if self.files.is_empty() {
            &stdin
        } else {
            self.files.as_slice()
        };
        let mut documents: Vec<Document> = Vec::new();
        let mut secrets = 0;
        let mut left_out = Vec::new();
        for Input { path, of_folder } in folder::list(paths, ui)? {
            let text = read_text(&path, env)?;
            let sealed = seal::seal(&text, sealer, &mut random).map_err(|source| Unsealable {
                path: shown(&path),
                position: source.position,
                source,
            })?;
            if sealed.secrets == 0 && !of_folder {
                return Err(NoSecret { path: shown(&path) }.into());
            }
            if sealed.secrets == 0 && !folder::are_resources(&sealed.documents) {
                left_out.push(path);
                continue;
            }
            for note in sealed.notes {
                ui.warning(format_args!("{}:{}: {}", shown(&path), note.position, note.what));
            }
            secrets += sealed.secrets;
            documents.extend(sealed.documents);
        }
        if secrets == 0 {
            let path = paths.first().map(|path| shown(path)).unwrap_or_default();
            return Err(NoSecret { path }.into());
        }
        self.output
            .give(seal::render(&documents, *syntax).as_bytes(), false, ui)?;
        let others = documents.len() - secrets;
        if others > 0 {
            ui.status(format_args!("sealed {secrets}, passed on {others} that are no Secret"));
        }
        folder::tell_left_out(&left_out, ui);
        Ok(Exit::Ok)
    }
}

/// A warning is given this long before a certificate expires.
const EXPIRES_SOON_DAYS: i64 = 30;

/// The random bytes of session keys.
fn random(buffer: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(buffer).map_err(std::io::Error::other)
}

/// Reads a file, or standard input.
pub(super) fn read(path: &Utf8Path, limit: u64, env: &Env) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if path != DASH {
        return Ok(Zeroizing::new(fs::read_bytes(path, limit)?));
    }
    if env.stdin_is_terminal {
        return Err(Failure::usage(StdinIsTerminal));
    }
    let bytes = fs::read_stream_bytes(std::io::stdin().lock(), Utf8Path::new(STDIN), limit)?;
    Ok(Zeroizing::new(bytes))
}

/// Reads documents, in UTF-8 or UTF-16.
pub(super) fn read_text(path: &Utf8Path, env: &Env) -> Result<Zeroizing<String>, Failure> {
    seal::decode(read(path, limits::FILE_BYTES, env)?).map_err(|offset| {
        Failure::new(fs::Error::NotUtf8 {
            path: shown(path),
            offset,
        })
    })
}

/// A path as messages show it.
pub(super) fn shown(path: &Utf8Path) -> Utf8PathBuf {
    if path == DASH { STDIN.into() } else { path.to_owned() }
}

/// How standard input is called in messages.
const STDIN: &str = "<stdin>";

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used for sealing")]
struct UnusableCertificate {
    path: Utf8PathBuf,
    source: CertificateError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}:{position} cannot be sealed")]
struct Unsealable {
    path: Utf8PathBuf,
    position: Position,
    source: seal::Error,
}

/// A file without a Secret: sealing it would leave everything as it is.
#[derive(Debug, thiserror::Error)]
#[error("{path} holds no Secret: expected a document with `kind: Secret`")]
pub(super) struct NoSecret {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("--raw seals one value: expected one --from-file")]
struct SeveralValues;

#[derive(Debug, thiserror::Error)]
#[error("standard input is a terminal: expected a file or a pipe")]
struct StdinIsTerminal;
