//! The resource `bitnami.com/v1alpha1` SealedSecret.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::crypto::{SealError, SealingKey, SessionKey};
use super::scope::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use crate::k8s::{Metadata, NameError, Secret, base64, check_data_key, check_name, check_namespace};
use crate::parallel;

/// The `apiVersion`.
pub(super) const API_VERSION: &str = "bitnami.com/v1alpha1";

/// The `kind`.
pub(super) const KIND: &str = "SealedSecret";

/// What messages call the value of version 1, which holds the whole Secret.
pub(super) const WHOLE: &str = "spec.data";

/// A Secret whose values only a cluster can open.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// What the unsealed Secret will have; its name and namespace are those of this object too.
    pub template: Metadata,
    /// The `type` of the Secret; empty if absent.
    pub kind: String,
    /// The Secret's `immutable`.
    pub immutable: Option<bool>,
    /// How far the values may travel.
    pub scope: Scope,
    /// The sealed values, in base64.
    pub encrypted: BTreeMap<String, String>,
}

/// What keeps a Secret from being sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretSealError {
    /// There is nothing to seal.
    #[error("the Secret has neither data nor stringData")]
    Empty,
    /// Kubernetes would refuse a name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The Secret says another namespace than the user.
    #[error("the Secret is in the namespace `{found}`, but `{asked}` was asked for")]
    NamespaceMismatch {
        /// The Secret's.
        found: String,
        /// The user's.
        asked: String,
    },
    /// The name is part of the seal.
    #[error("the Secret has no metadata.name")]
    NoName,
    /// The namespace is part of the seal.
    #[error("the Secret has no metadata.namespace, which the scope {scope} needs")]
    NoNamespace {
        /// The scope.
        scope: Scope,
    },
    /// No randomness.
    #[error("the system has no random bytes")]
    Random(#[source] std::io::Error),
    /// The library refused.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Fills a buffer with random bytes of a cryptographic source.
pub(super) type Random<'r> = dyn FnMut(&mut [u8]) -> std::io::Result<()> + 'r;

/// What the user asks for beside what stands in the Secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    pub(super) scope: Option<Scope>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) default_namespace: Option<String>,
    pub(super) allow_empty: bool,
}

/// A Secret that has been checked, with the keys of its values drawn: nothing but the sealing is left.
pub(super) struct Plan {
    sealed: SealedSecret,
    label: String,
    values: Vec<(String, SessionKey, Zeroizing<Vec<u8>>)>,
}

impl Plan {
    pub(super) fn new(secret: &Secret, wishes: &Wishes, random: &mut Random<'_>) -> Result<Self, SecretSealError> {
        if secret.data.is_empty() && !wishes.allow_empty {
            return Err(SecretSealError::Empty);
        }
        let mut template = secret.metadata.clone();
        if let Some(name) = &wishes.name {
            template.name.clone_from(name);
        }
        if template.name.is_empty() {
            return Err(SecretSealError::NoName);
        }
        check_name(&template.name)?;
        let scope = match wishes.scope {
            Some(scope) => {
                template.annotations.remove(CLUSTER_WIDE);
                template.annotations.remove(NAMESPACE_WIDE);
                if let Some(annotation) = scope.annotation() {
                    template.annotations.insert(annotation.to_owned(), "true".to_owned());
                }
                scope
            }
            None => Scope::of_annotations(|name| template.annotations.get(name).map(String::as_str)),
        };
        if scope != Scope::ClusterWide {
            settle_namespace(&mut template.namespace, wishes, scope)?;
        }
        if !template.namespace.is_empty() {
            check_namespace(&template.namespace)?;
        }
        let label = scope.label(&template.namespace, &template.name);
        let mut values = Vec::new();
        for (name, value) in &secret.data {
            check_data_key(name)?;
            values.push((name.clone(), session_key(random)?, value.clone()));
        }
        let sealed = SealedSecret {
            template,
            kind: secret.kind.clone(),
            immutable: secret.immutable,
            scope,
            encrypted: BTreeMap::new(),
        };
        Ok(Self { sealed, label, values })
    }
}

/// Seals all that is planned, on all cores: RSA takes nearly all of the time.
pub(super) fn seal_all(plans: Vec<Plan>, key: &SealingKey) -> Result<Vec<SealedSecret>, SecretSealError> {
    let mut all = Vec::with_capacity(plans.len());
    let mut labels = Vec::with_capacity(plans.len());
    let mut values = Vec::new();
    for (at, plan) in plans.into_iter().enumerate() {
        all.push(plan.sealed);
        labels.push(plan.label);
        values.extend(plan.values.into_iter().map(|value| (at, value)));
    }
    let sealed = parallel::map(values, |(at, (name, session_key, value))| {
        let label = labels.get(at).map(String::as_str).unwrap_or_default();
        (at, name, key.seal(session_key, label, &value))
    });
    for (at, name, bytes) in sealed {
        let text = base64::encode(&bytes?);
        if let Some(sealed) = all.get_mut(at) {
            sealed.encrypted.insert(name, text);
        }
    }
    Ok(all)
}

impl SealedSecret {
    /// The JSON of the resource, in the order of the Go type.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), self.template.name.as_str().into());
        if !self.template.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), self.template.namespace.as_str().into());
        }
        if let Some(annotation) = self.scope.annotation() {
            metadata.insert("annotations".to_owned(), json!({annotation: "true"}));
        }
        let mut template = Map::new();
        template.insert("metadata".to_owned(), self.template.to_json().into());
        if !self.kind.is_empty() {
            template.insert("type".to_owned(), self.kind.as_str().into());
        }
        if let Some(immutable) = self.immutable {
            template.insert("immutable".to_owned(), immutable.into());
        }
        json!({
            "kind": KIND,
            "apiVersion": API_VERSION,
            "metadata": metadata,
            "spec": {"template": template, "encryptedData": self.encrypted},
        })
    }
}

/// A value as it stands in `encryptedData`.
pub(super) fn seal_value(
    key: &SealingKey,
    label: &str,
    value: &[u8],
    random: &mut Random<'_>,
) -> Result<String, SecretSealError> {
    Ok(base64::encode(&key.seal(session_key(random)?, label, value)?))
}

fn session_key(random: &mut Random<'_>) -> Result<SessionKey, SecretSealError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(bytes.as_mut_slice()).map_err(SecretSealError::Random)?;
    Ok(SessionKey::new(bytes))
}

fn settle_namespace(namespace: &mut String, wishes: &Wishes, scope: Scope) -> Result<(), SecretSealError> {
    if let (true, None, Some(default)) = (namespace.is_empty(), &wishes.namespace, &wishes.default_namespace) {
        namespace.clone_from(default);
    }
    match wishes.namespace.as_deref() {
        Some(asked) if namespace.is_empty() => asked.clone_into(namespace),
        Some(asked) if asked != namespace => {
            return Err(SecretSealError::NamespaceMismatch {
                found: namespace.clone(),
                asked: asked.to_owned(),
            });
        }
        None if namespace.is_empty() => return Err(SecretSealError::NoNamespace { scope }),
        _ => {}
    }
    Ok(())
}
