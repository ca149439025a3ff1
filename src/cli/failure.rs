//! Failures as the command line tells them: an error, its causes, and hints that know flags.

use std::error::Error;

use super::Exit;
use crate::{cluster, encryption, fs, pin, registry, report, seal, verify};

/// What ends a verb before it has an answer.
///
/// Any error turns into one with `?`: it then means exit code 3, and [`hints_for`] adds what may help.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The error, with its chain of sources.
    pub source: Box<dyn Error + Send + Sync>,
    /// What the user may do: fragments in lower case, flags in backticks.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure to decide: exit code 3.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let source = source.into();
        let hints = hints_for(source.as_ref());
        Self {
            exit: Exit::Failure,
            source,
            hints,
        }
    }

    /// A wrong use of flags or arguments that clap cannot see: exit code 2.
    pub fn usage(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(source)
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The message of the error and of each of its sources; equal neighbours are told once.
    #[must_use]
    pub fn chain(&self) -> Vec<String> {
        report::chain(self.source.as_ref())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(source: E) -> Self {
        Self::new(source)
    }
}

/// What may help against an error, looked up by the types in its chain of sources.
#[must_use]
pub fn hints_for(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut hints = Vec::new();
    let mut link = Some(error);
    while let Some(error) = link {
        hints.extend(
            file_hint(error)
                .or_else(|| pin_hint(error))
                .or_else(|| encryption_hint(error))
                .or_else(|| seal_hint(error))
                .or_else(|| cluster_hint(error))
                .or_else(|| etcd_hint(error))
                .or_else(|| verify_hint(error))
                .or_else(|| registry_hint(error))
                .map(str::to_owned),
        );
        link = error.source();
    }
    hints
}

fn file_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    match error.downcast_ref()? {
        fs::Error::Changed { .. } => Some("run kship again once nothing else writes there"),
        fs::Error::NotUtf8 { .. } => {
            Some("convert the file to UTF-8; `kship pin` leaves out what `.kshipignore` names")
        }
        _ => None,
    }
}

fn pin_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if error.is::<pin::SpliceError>() {
        return Some("the file was left alone; this is a defect of kship, please report it with the file");
    }
    match error.downcast_ref()? {
        pin::ResolveError::NotLocked { .. } => Some("run once without `--frozen`, and commit the lock file"),
        _ => None,
    }
}

fn etcd_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use encryption::EtcdError as E;
    match error.downcast_ref()? {
        E::Unreachable { .. } => Some(
            "check the address; a member that asks for certificates needs `--cacert`, `--cert` and `--key`; a snapshot needs no network",
        ),
        E::Refused { .. } => Some("`--user` and `--password-file`, or `--cert` and `--key`, say who reads"),
        E::PlainPassword { .. } => Some("use `https://` and, if need be, `--cacert`"),
        _ => None,
    }
}

fn encryption_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use encryption::proof::ProofError as P;
    use encryption::rotate::RotateError as R;
    if error.is::<super::encryption::Exists>() {
        return Some("`kship encryption rotate` exchanges keys without losing any; `--force` replaces the file");
    }
    if error.is::<super::encryption::ProofNeeded>() {
        return Some(
            "`kship encryption audit --config FILE --etcd URL --format json > audit.json`, then `--proof audit.json`; `--force` removes it without",
        );
    }
    if let Some(error) = error.downcast_ref() {
        return match error {
            P::AnotherFile { .. } => Some("audit once more, with the file as it is now"),
            P::Needed { .. } => Some(
                "write those values anew, as in `kubectl get secrets -A -o json | kubectl replace -f -`, and audit again",
            ),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref() {
        use super::encryption::ScrapeError as S;
        return match error {
            S::Status { status: 401 | 403 } => Some(
                "`--token-file` names a token that may `get` /metrics; or save `kubectl get --raw /metrics` and name that file",
            ),
            S::Broken { reason } if reason.contains("UnknownIssuer") => {
                Some("`--ca-file` names the cluster's authority, such as /etc/kubernetes/pki/ca.crt")
            }
            S::TokenInClear => Some("the metrics of an API server are behind https"),
            _ => None,
        };
    }
    match error.downcast_ref()? {
        R::NotLoaded(_) | R::Unreadable(_) => Some("`kship encryption check FILE` shows every place that is wrong"),
        R::NothingOld { .. } => Some("`--identity` removes `identity`, once nothing is stored as plaintext"),
        R::NothingPrepared { .. } => Some("`rotate prepare` adds a key, `rotate add-provider` another provider"),
        R::OldKeysLeft { .. } => Some("`rotate prune` removes them, `--keep-old` leaves them in the file"),
        R::OutOfStep { .. } => Some("`--resource NAME` takes the step for one entry"),
        R::Plain { .. } => Some("`rotate add-provider` adds one"),
        R::PlaintextFirst { .. } | R::PruneBeforePromote { .. } | R::Waiting { .. } => Some(
            "`rotate promote` is next, once every API server runs the file: `rotate status --metrics` compares them",
        ),
        R::AmbiguousKey { .. } | R::Unclear { .. } => Some("`--key PROVIDER/NAME` names it"),
        R::NameNotYounger { .. } => Some("leave `--key-name` out: kship takes the date"),
        _ => None,
    }
}

fn seal_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use seal::{CertificateError as C, ErrorKind as K, MergeError as M, PrivateKeyError as P, SecretSealError as S};
    if let Some(error) = error.downcast_ref() {
        return match error {
            C::Expired { .. } => Some(
                "fetch the cluster's newest certificate; `--allow-expired` seals with this one, which the cluster can still open",
            ),
            C::Missing { .. } | C::Malformed { .. } => {
                Some("`kship seal --fetch-cert > cluster.crt` gets the cluster's certificate")
            }
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref() {
        return match error {
            P::Cipher { .. } | P::Traditional { .. } => {
                Some("`openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW` writes it in a form that kship reads")
            }
            P::Encrypted => Some("give the password with `--password-file`, or in KSHIP_PRIVATE_KEY_PASSWORD"),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref() {
        return match error {
            M::NotFound { .. } => Some("name it with `--name`"),
            M::Scope { .. } => Some("leave `--scope` out: the target decides"),
            _ => None,
        };
    }
    let error = match error.downcast_ref() {
        Some(K::Template { .. }) => {
            return Some("`--key NAME` opens one value without its template");
        }
        Some(K::Unnamed { .. }) => return Some("name the namespace with `--namespace`"),
        Some(K::Seal(error)) => error,
        _ => error.downcast_ref()?,
    };
    match error {
        S::Empty => Some("`--allow-empty-data` seals it all the same"),
        S::NoName => Some("name it with `--name`"),
        S::NoNamespace { .. } => Some("name it with `--namespace`, or in the context of a kubeconfig"),
        S::NamespaceMismatch { .. } => Some("change one of the two, or leave `--namespace` out"),
        _ => None,
    }
}

fn cluster_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use cluster::Error as E;
    if let Some(error) = error.downcast_ref() {
        use seal::ControllerError as C;
        return match error {
            C::Refused { .. } => Some("`kship seal --validate` says whether the cluster can open it"),
            C::Scopes { .. } => Some("make the annotations of metadata and spec.template.metadata agree first"),
            C::Version1 { .. } => Some("`kship reseal` does it with the private keys"),
            C::Unreadable { .. } => {
                Some("expected a `bitnami.com/v1alpha1` SealedSecret that `kubectl apply --dry-run=server` takes")
            }
            _ => None,
        };
    }
    match error.downcast_ref()? {
        E::Denied { answered, .. } if answered.status == 401 => Some(
            "the credentials are missing or have expired: log in to the cluster again, or name other ones with `--user` or `--token`",
        ),
        E::Denied { .. } => Some(
            "the user needs `get` on this service and `get` and `create` on `services/proxy` in the controller's namespace, as the chart's Role service-proxier grants; or seal with a file in `--cert`",
        ),
        E::NotFound { .. } => Some(
            "name the controller's service with `--controller-name` and `--controller-namespace`; the Helm chart calls it `sealed-secrets`",
        ),
        E::Missing { kind: "context", .. } => Some("`kubectl config get-contexts` lists the contexts"),
        E::NoCluster { .. } => Some(
            "name a certificate file with `--cert` or SEALED_SECRETS_CERT, or a kubeconfig with `--kubeconfig` or KUBECONFIG",
        ),
        E::Status { answered, .. } if answered.status == 503 => {
            Some("the controller is not running: look at its pods, or seal with a file in `--cert`")
        }
        E::Throttled { .. } => {
            Some("the controller answers two questions a second to all clients together: try again later")
        }
        E::TimedOut { .. } => Some("wait longer with `--request-timeout`"),
        E::Transport { .. } => Some("check the network and the address of the API server in the kubeconfig"),
        _ => None,
    }
}

fn verify_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use verify::{KeyError as K, Rejection as R};
    if let Some(error) = error.downcast_ref() {
        return match error {
            K::Missing { private: true, .. } => Some(
                "that is a private key, and nobody needs it to verify: name the public one beside it, such as cosign.pub",
            ),
            K::Several { .. } => Some("give `--key` several times, once for each file"),
            _ => None,
        };
    }
    match error.downcast_ref()? {
        R::Unsupported { .. } | R::Malformed { .. } => {
            Some("a Sigstore bundle is what `cosign sign-blob --bundle` writes, in the formats 0.1 to 0.3")
        }
        _ => None,
    }
}

fn registry_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use registry::Error as E;
    let error = match error.downcast_ref() {
        Some(pin::ResolveError::Registry(error)) => error,
        _ => match error.downcast_ref() {
            Some(verify::Error::Registry(E::NotFound { .. })) => {
                return Some("check the name and tag; `--exclude` leaves images of files out that are in no registry");
            }
            Some(verify::Error::Registry(error)) => error,
            _ => error.downcast_ref()?,
        },
    };
    match error {
        E::CaCertificate { .. } => Some(
            "give the registry a certificate that its authority signed, and name the authority's with `--registry-ca`",
        ),
        E::Denied { .. } => {
            Some("log in with `docker login` or `podman login`, or name credentials with `--registry-auth`")
        }
        E::NotFound { .. } => Some(
            "check the name and tag; leave images that are in no registry out with `--exclude` or `# kship:ignore=...`",
        ),
        E::Throttled { .. } => Some("log in for a higher limit, or ask less at once with `--jobs`"),
        E::Tls { .. } => Some("install the system's CA certificates, or name a file with `--registry-ca`"),
        E::Transport { .. } => Some(
            "check the network and the registry's name; `--registry-map` looks it up elsewhere, `--plain-http` speaks without TLS",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot plan")]
    struct Outer(#[source] fs::Error);

    #[test]
    fn an_error_becomes_a_failure_with_causes_and_hints() {
        let failure = Failure::from(Outer(fs::Error::Changed { path: "a.yaml".into() })).hint("try `--diff`");
        assert_eq!(failure.exit, Exit::Failure);
        assert_eq!(
            failure.chain(),
            [
                "cannot plan",
                "a.yaml changed while kship was at work: nothing was written to it"
            ]
        );
        assert_eq!(
            failure.hints,
            ["run kship again once nothing else writes there", "try `--diff`"]
        );
        assert_eq!(Failure::usage("`-` is given twice").exit, Exit::Usage);
    }
}
