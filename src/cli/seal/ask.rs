//! What the cluster is asked: its certificate, whether it can open something, and to seal it anew.

use camino::Utf8PathBuf;

use super::{Seal, Unsealable, certificate, read_text, shown};
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::fs::DASH;
use crate::seal::{self, ErrorKind, Submission, Submissions, Verdict};

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

    /// TODO
    pub(super) fn re_encrypt(&self, settled: &super::args::Settled, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let _ = (settled, env, ui);
        Ok(Exit::Failure)
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
        let found = found.map_err(|source| Unsealable {
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
            return Err(Failure::usage(super::args::StdinTwice));
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
        "the cluster cannot open {object}{filled}: no key of its opens every value under this name, namespace and scope ({scope})"
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
