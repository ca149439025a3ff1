//! What the cluster is asked: its certificate, whether it can open something, and to seal it anew.

use camino::Utf8PathBuf;

use super::args::{Settled, StdinTwice};
use super::{Seal, certificate, give, read_text, shown};
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::fs::{self, DASH};
use crate::limits;
use crate::seal::{self, ControllerError, ErrorKind, SpliceError, Submission, Submissions, Verdict};
use crate::text::Position;

impl Seal {
    /// Prints the certificate; unlike kubeseal, only if it is one.
    pub(super) fn fetch_cert(&self, source: &certificate::Source, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let fetched = self.certificate(source, false, env, ui)?;
        self.give(&fetched.bytes, env, ui)?;
        Ok(Exit::Ok)
    }

    /// Asks about every SealedSecret of the files.
    pub(super) fn validate(&self, namespace: Option<&str>, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        if self.output_path(env).is_some() {
            return Err(Failure::usage(NothingToWrite));
        }
        let mut read: Vec<(Utf8PathBuf, Submissions)> = Vec::new();
        for path in self.inputs(env)? {
            let text = read_text(&path, env)?;
            let found = self.submissions(&path, &text, namespace, env, ui)?;
            read.push((path, found));
        }
        let total: usize = read.iter().map(|(_, found)| found.sealed.len()).sum();
        let progress = ui.progress("validating", total);
        let mut refused = Vec::new();
        let work = async {
            let controller = self.cluster.controller(env).await?;
            for (path, found) in &read {
                for sealed in &found.sealed {
                    if controller.verify(sealed).await? == Verdict::DoesNotOpen {
                        refused.push((path, sealed));
                    }
                    progress.step();
                }
            }
            Ok::<_, Failure>(())
        };
        let result = interrupt::run(work)?;
        drop(progress);
        for (path, sealed) in &refused {
            let place = shown(path);
            let reason = no(sealed);
            ui.error(format_args!("{place}:{}: {reason}", sealed.position));
        }
        match result {
            Ok(()) if refused.is_empty() => {
                let others: usize = read.iter().map(|(_, found)| found.others).sum();
                let rest = match others {
                    0 => String::new(),
                    others => format!(", left out {others} that are no SealedSecret"),
                };
                ui.status(format_args!("the cluster can open {total}{rest}"));
                Ok(Exit::Ok)
            }
            // A definite no beats what could not be decided.
            Ok(()) => Ok(Exit::Finding),
            Err(failure) if refused.is_empty() => Err(failure),
            Err(failure) => {
                ui.failure(&failure);
                Ok(Exit::Finding)
            }
        }
    }

    /// Has the controller seal every value anew, and puts the new ones where the old ones stand.
    ///
    /// Files are changed in place, all or none; with `-w`, and from standard input, the text goes there.
    pub(super) fn re_encrypt(&self, settled: &Settled, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let paths = self.inputs(env)?;
        let output = self.output_path(env);
        if output.is_some() && paths.len() > 1 {
            return Err(Failure::usage(SeveralIntoOne));
        }
        let mut read = Vec::new();
        for path in &paths {
            // What is written back must be what was read: UTF-8.
            let text = match path == DASH {
                true => read_text(path, env)?,
                false => zeroize::Zeroizing::new(fs::read_text(path, limits::FILE_BYTES)?),
            };
            let found = self.submissions(path, &text, settled.namespace.as_deref(), env, ui)?;
            read.push((path, text, found));
        }
        let total: usize = read.iter().map(|(_, _, found)| found.sealed.len()).sum();
        let progress = ui.progress("re-encrypting", total);
        let work = async {
            let controller = self.cluster.controller(env).await?;
            let mut texts = Vec::new();
            for (path, text, found) in &read {
                let mut values = Vec::new();
                for sealed in &found.sealed {
                    let rotated = controller.rotate(sealed).await;
                    values.push(rotated.map_err(|source| NotReEncrypted {
                        path: shown(path),
                        position: sealed.position,
                        source,
                    })?);
                    progress.step();
                }
                let new = seal::splice(text, &values).map_err(|source| NotReplaced {
                    path: shown(path),
                    source,
                })?;
                texts.push(zeroize::Zeroizing::new(new));
            }
            Ok::<_, Failure>(texts)
        };
        let texts = interrupt::run(work)??;
        drop(progress);
        if settled.format.is_some() {
            ui.status("each document keeps its own format");
        }
        let mut staged = Vec::new();
        for ((path, before, _), text) in read.iter().zip(&texts) {
            if output.is_some() || *path == DASH {
                give(output.as_deref(), text.as_bytes(), false, ui)?;
            } else {
                staged.push(fs::stage(path, Some(before.as_bytes()), text.as_bytes())?);
            }
        }
        interrupt::shielded(|| fs::commit_all(staged))??;
        ui.status(format_args!("sealed {total} anew"));
        Ok(Exit::Ok)
    }

    /// The SealedSecrets of a text; one without a namespace is taken for one of the kubeconfig's.
    pub(super) fn submissions(
        &self,
        path: &camino::Utf8Path,
        text: &str,
        namespace: Option<&str>,
        env: &Env,
        ui: &mut Ui,
    ) -> Result<Submissions, Failure> {
        let mut found = seal::submissions(text, namespace);
        if let (Err(error), None) = (&found, namespace)
            && matches!(error.kind, ErrorKind::Unnamed { field, .. } if field == "metadata.namespace")
            && let Some(default) = self.cluster.namespace(env, ui)?
        {
            found = seal::submissions(text, Some(&default));
        }
        let found = found.map_err(|source| Unusable {
            path: shown(path),
            position: source.position,
            source,
        })?;
        if found.sealed.is_empty() {
            return Err(NoSealedSecret { path: shown(path) }.into());
        }
        Ok(found)
    }

    /// The files, or standard input.
    pub(super) fn inputs(&self, env: &Env) -> Result<Vec<Utf8PathBuf>, Failure> {
        let mut files = self.files.clone();
        if files.is_empty() {
            files.extend(env.sealing.variables.get("secret-file").map(Utf8PathBuf::from));
        }
        if files.is_empty() {
            files.push(DASH.into());
        }
        if files.iter().filter(|path| *path == DASH).count() > 1 {
            return Err(Failure::usage(StdinTwice));
        }
        Ok(files)
    }
}

/// Why a cluster may not open a SealedSecret: it does not say itself.
fn no(sealed: &Submission) -> String {
    let Submission { object, scope, .. } = sealed;
    let filled = if sealed.namespace_filled {
        " (the file names no namespace)"
    } else {
        ""
    };
    format!(
        "the cluster cannot open {object}{filled}: none of its keys opens every value under this name, namespace and scope ({scope})"
    )
}

#[derive(Debug, thiserror::Error)]
#[error("{path} holds no SealedSecret: expected a document with `kind: SealedSecret`")]
pub(super) struct NoSealedSecret {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("`--validate` makes nothing that could be written into a file")]
struct NothingToWrite;

#[derive(Debug, thiserror::Error)]
#[error("{path}:{position} is no SealedSecret that the cluster could be asked about")]
struct Unusable {
    path: Utf8PathBuf,
    position: Position,
    source: seal::Error,
}

#[derive(Debug, thiserror::Error)]
#[error("{path}:{position} is not re-encrypted: nothing was written")]
struct NotReEncrypted {
    path: Utf8PathBuf,
    position: Position,
    source: ControllerError,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} is not re-encrypted: nothing was written")]
struct NotReplaced {
    path: Utf8PathBuf,
    source: SpliceError,
}

#[derive(Debug, thiserror::Error)]
#[error("several files cannot be written into one: leave `--sealed-secret-file` out to change each in place")]
struct SeveralIntoOne;
