//! `kship seal`: Secrets become SealedSecrets.

mod args;
mod ask;
mod certificate;
mod check;
mod cluster;
mod commands;
mod folder;
mod from;
mod klog;
mod merge;
mod variables;

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

pub(crate) use args::Seal;
pub(super) use args::{ScopeName, SyntaxName, give, settle_format};
pub(super) use certificate::{Checks, Source};
pub(super) use cluster::ClusterArgs;
pub(super) use variables::parse_switch;

use folder::Input;

use self::commands::Command;
use super::unseal::Unseal;
use super::{Env, Exit, Failure, Ui};
use crate::fs::{self, DASH};
use crate::limits;
use crate::seal::{self, Document, ErrorKind, Plan, Sealer, SecretSealError, Syntax};
use crate::text::Position;

impl Seal {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.check.is_asked()? {
            return self.check(env, ui);
        }
        let command = self.commands.choose(self.raw, env)?;
        if command == Command::RecoveryUnseal {
            return self.recovery_unseal(env)?.run(env, ui);
        }
        let settled = self.settle(command, env)?;
        if let Some(target) = self.merge_target(command, env)? {
            return self.merge_into(&target, &settled, env, ui);
        }
        match command {
            Command::Validate => return self.validate(settled.namespace.as_deref(), env, ui),
            Command::ReEncrypt => return self.re_encrypt(&settled, env, ui),
            Command::FetchCert => return self.fetch_cert(&settled.certificate, env, ui),
            Command::RecoveryUnseal | Command::Raw | Command::Seal => {}
        }
        let fetched = self.certificate(&settled.certificate, true, env, ui)?;
        let sealer = Sealer {
            key: fetched.certificate.key(),
            scope: settled.scope,
            name: settled.name.clone(),
            namespace: settled.namespace.clone(),
            default_namespace: None,
            allow_empty: settled.allow_empty,
        };
        if command == Command::Raw {
            self.seal_raw(sealer, env, ui)
        } else if self.from.makes_secret() {
            self.seal_values(sealer, &settled.syntax, env, ui)
        } else {
            self.seal_files(sealer, &settled.syntax, env, ui)
        }
    }

    /// kubeseal's flag for what is a verb here.
    fn recovery_unseal(&self, env: &Env) -> Result<Unseal, Failure> {
        let settled = self.settle(Command::RecoveryUnseal, env)?;
        Ok(Unseal::for_recovery(
            self.inputs(env)?,
            self.commands.recovery_private_key.clone(),
            settled.namespace,
            settled.syntax,
            self.output_path(env),
        ))
    }

    fn seal_raw(&self, mut sealer: Sealer<'_>, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let path = match self.from.from_file.as_slice() {
            [] => Utf8Path::new(DASH),
            [from] => args::path_of(from),
            _ => return Err(Failure::usage(SeveralValues)),
        };
        let value = read(path, limits::SECRET_VALUE_BYTES, env)?;
        let mut sealed = seal::seal_value(&sealer, &value, &mut random);
        if let Err(SecretSealError::NoNamespace { .. }) = sealed {
            sealer.default_namespace = self.cluster.namespace(env, ui)?;
            sealed = seal::seal_value(&sealer, &value, &mut random);
        }
        self.give(sealed?.as_bytes(), env, ui)?;
        Ok(Exit::Ok)
    }

    /// Seals a Secret that is made of the flags.
    fn seal_values(&self, mut sealer: Sealer<'_>, syntax: &Syntax, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let secret = self.create(env)?;
        let mut sealed = seal::seal_secret(&secret, &sealer, &mut random);
        if let Err(SecretSealError::NoNamespace { .. }) = sealed {
            sealer.default_namespace = self.cluster.namespace(env, ui)?;
            sealed = seal::seal_secret(&secret, &sealer, &mut random);
        }
        self.give(seal::render(&sealed?.documents, *syntax).as_bytes(), env, ui)?;
        Ok(Exit::Ok)
    }

    fn seal_files(&self, mut sealer: Sealer<'_>, syntax: &Syntax, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let paths = self.inputs(env)?;
        let inputs = folder::list(&paths, ui)?;
        let mut plans = Vec::with_capacity(inputs.len());
        for Input { path, .. } in &inputs {
            plans.push(self.plan_file(path, &mut sealer, env, ui)?);
        }
        let mut documents: Vec<Document> = Vec::new();
        let mut secrets = 0;
        let mut left_out = Vec::new();
        for (Input { path, of_folder }, sealed) in inputs.into_iter().zip(seal::seal_all(plans, sealer.key)?) {
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
        self.give(seal::render(&documents, *syntax).as_bytes(), env, ui)?;
        let others = documents.len() - secrets;
        if others > 0 {
            ui.status(format_args!(
                "sealed {secrets}, passed on unchanged what is no Secret: {others}"
            ));
        }
        folder::tell_left_out(&left_out, ui);
        Ok(Exit::Ok)
    }

    /// Reads a file and checks it; the kubeconfig is read only where nothing else says the namespace.
    fn plan_file(&self, path: &Utf8Path, sealer: &mut Sealer<'_>, env: &Env, ui: &mut Ui) -> Result<Plan, Failure> {
        let text = read_text(path, env)?;
        let mut plan = seal::plan(&text, sealer, &mut random);
        if let Err(error) = &plan
            && let ErrorKind::Seal(SecretSealError::NoNamespace { .. }) = error.kind
        {
            sealer.default_namespace = self.cluster.namespace(env, ui)?;
            plan = seal::plan(&text, sealer, &mut random);
        }
        Ok(plan.map_err(|source| Unsealable {
            path: shown(path),
            position: source.position,
            source,
        })?)
    }
}

/// The random bytes of session keys.
pub(super) fn random(buffer: &mut [u8]) -> std::io::Result<()> {
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
#[error("nothing to read, as standard input is a terminal: name a file, such as with -f, or pipe one in")]
struct StdinIsTerminal;
