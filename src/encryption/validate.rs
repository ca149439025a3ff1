//! What `ValidateEncryptionConfiguration` of k8s.io/apiserver refuses, with its messages and in its order.

use std::collections::HashSet;
use std::ops::Range;

use super::config::{GroupResource, Spanned};
use super::decode::{Decoded, Key, Keys, Kms, List, Provider};
use super::load::{Loader, Problem};
use super::secrecy::{self, MASK};
use super::{endpoint, go};
use crate::k8s::base64;

/// Lengths of AES keys.
const AES_KEYS: &[usize] = &[16, 24, 32];
/// Lengths of secretbox keys.
const SECRETBOX_KEYS: &[usize] = &[32];

/// Checks every field; a list with the same message twice has it once.
pub(super) fn validate(decoded: &Decoded, root: &Range<usize>, loader: &Loader) -> Vec<Problem> {
    let mut check = Check {
        problems: Vec::new(),
        kms_names: HashSet::new(),
        reload: loader.reload,
    };
    check.configuration(decoded, root);
    let mut seen = HashSet::new();
    check.problems.retain(|problem| seen.insert(problem.message.clone()));
    check.problems
}

struct Check {
    problems: Vec<Problem>,
    /// Names so far, of all versions.
    kms_names: HashSet<String>,
    reload: bool,
}

impl Check {
    fn configuration(&mut self, decoded: &Decoded, root: &Range<usize>) {
        let entries = match &decoded.resources {
            Some(list) if !list.items.is_empty() => &list.items,
            empty => {
                let span = empty.as_ref().map_or(root, |list| &list.span);
                return self.required("resources", "at least one resources is required", span);
            }
        };
        for (at, entry) in entries.iter().enumerate() {
            let path = format!("resources[{at}].resources");
            let resources = entry.resources.as_ref().map_or(&[][..], |list| &list.items);
            let span = entry.resources.as_ref().map_or(&entry.span, |list| &list.span);
            if resources.is_empty() {
                self.required(&path, &format!("at least one {path} is required"), span);
            }
            self.overlap(resources, &path, span);
            for (at, resource) in resources.iter().enumerate() {
                if let Some(refusal) = refuse_name(&resource.value) {
                    self.invalid_text(&format!("{path}[{at}]"), resource, refusal);
                }
            }
            let path = format!("resources[{at}].providers");
            let providers = entry.providers.as_ref().map_or(&[][..], |list| &list.items);
            if providers.is_empty() {
                let span = entry.providers.as_ref().map_or(&entry.span, |list| &list.span);
                self.required(&path, &format!("at least one {path} is required"), span);
            }
            for (at, provider) in providers.iter().enumerate() {
                self.provider(provider, &format!("{path}[{at}]"));
            }
        }
    }

    fn overlap(&mut self, resources: &[Spanned<String>], path: &str, span: &Range<usize>) {
        let read: Vec<GroupResource> = resources.iter().map(|name| GroupResource::parse(&name.value)).collect();
        let (mut overlaps, mut repeats) = (None, None);
        for (i, one) in read.iter().enumerate() {
            for (j, other) in read.iter().enumerate() {
                if i == j {
                    continue;
                }
                let later = i.max(j);
                if one == other && repeats.is_none() {
                    repeats = Some(later);
                    continue;
                }
                let is_wild = one.resource == "*" || other.resource == "*";
                if one.is_everything() || (one.group == other.group && is_wild) {
                    overlaps = overlaps.or(Some(later));
                }
            }
        }
        let repeated = "the same resource cannot be specified multiple times";
        let overlapping = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
        for (place, refusal) in [(repeats, repeated), (overlaps, overlapping)] {
            let Some(at) = place else { continue };
            let value = go::json_strings(resources.iter().map(|name| name.value.as_str()));
            let span = resources.get(at).map_or(span, |resource| &resource.span);
            self.invalid(path, &value, refusal, span);
        }
    }

    fn provider(&mut self, provider: &Provider, path: &str) {
        let found = [
            provider.kms.is_some(),
            provider.aesgcm.is_some(),
            provider.aescbc.is_some(),
            provider.secretbox.is_some(),
            provider.identity.is_some(),
        ];
        let refusal = match found.iter().filter(|found| **found).count() {
            0 => "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity",
            1 => "",
            _ => "more than one provider specified in a single element, should split into different list elements",
        };
        if !refusal.is_empty() {
            self.invalid(path, &masked(provider), refusal, &provider.span);
        }
        let kinds = [
            (&provider.aesgcm, "aesgcm", AES_KEYS),
            (&provider.aescbc, "aescbc", AES_KEYS),
            (&provider.secretbox, "secretbox", SECRETBOX_KEYS),
        ];
        if let Some(kms) = &provider.kms {
            self.kms(kms, &format!("{path}.kms"));
        } else if let Some((Some(keys), name, lengths)) = kinds.into_iter().find(|(keys, ..)| keys.is_some()) {
            self.keys(keys, &format!("{path}.{name}.keys"), lengths);
        }
    }

    fn keys(&mut self, keys: &Keys, path: &str, lengths: &[usize]) {
        let list = match &keys.keys {
            Some(list) if !list.items.is_empty() => &list.items,
            empty => {
                let span = empty.as_ref().map_or(&keys.field, |list| &list.span);
                return self.required(path, "at least one keys is required", span);
            }
        };
        for (at, key) in list.iter().enumerate() {
            self.key(key, &format!("{path}[{at}]"), lengths);
        }
    }

    fn key(&mut self, key: &Key, path: &str, lengths: &[usize]) {
        if key.name.value.is_empty() {
            let span = place(&key.name.span, &key.span);
            self.required(&format!("{path}.name"), "name is a mandatory field for a key", span);
        }
        let path = format!("{path}.secret");
        let span = place(&key.secret.span, &key.span);
        if key.secret.value.is_empty() {
            return self.required(&path, "secret is a mandatory field for a key", span);
        }
        let refusal = match base64::decode(&key.secret.value) {
            None => "secrets must be base64 encoded".to_owned(),
            Some(secret) if lengths.contains(&secret.len()) => return,
            Some(secret) => {
                let expected: Vec<String> = lengths.iter().map(ToString::to_string).collect();
                format!(
                    "secret is not of the expected length, got {}, expected one of [{}]",
                    secret.len(),
                    expected.join(" ")
                )
            }
        };
        self.invalid(&path, &go::quote(MASK), &refusal, span);
    }

    fn kms(&mut self, kms: &Kms, path: &str) {
        let version = kms.version();
        let at = |span: &Range<usize>| place(span, &kms.field).clone();
        let (name, name_path) = (&kms.name.value, format!("{path}.name"));
        let quoted = go::quote(name);
        if name.is_empty() {
            self.required(
                &name_path,
                "name is a mandatory field for a provider",
                &at(&kms.name.span),
            );
        }
        if version != "v1" && name.contains(':') {
            let refusal = format!("invalid KMS provider name {name}, must not contain ':'");
            self.invalid(&name_path, &quoted, &refusal, &kms.name.span);
        }
        if (self.reload || version != "v1") && self.kms_names.contains(name) {
            let refusal = format!("duplicate KMS provider name {name}, names must be unique");
            self.invalid(&name_path, &quoted, &refusal, &at(&kms.name.span));
        }
        self.kms_names.insert(name.clone());
        if let Some(timeout) = kms.timeout.as_ref().filter(|timeout| timeout.value <= 0) {
            let value = go::json_string(&go::duration(timeout.value));
            let refusal = "timeout should be a positive value";
            self.invalid(&format!("{path}.timeout"), &value, refusal, &timeout.span);
        }
        if let Some(refusal) = refuse_endpoint(&kms.endpoint.value) {
            let value = go::quote(&kms.endpoint.value);
            self.invalid(&format!("{path}.endpoint"), &value, &refusal, &at(&kms.endpoint.span));
        }
        if let Some(size) = &kms.cache_size {
            let refusal = match (version, size.value) {
                ("v1", 0) => "cachesize should be a positive value, or negative to disable",
                ("v1", _) => "",
                _ => "cachesize is not supported in v2",
            };
            if !refusal.is_empty() {
                self.invalid(
                    &format!("{path}.cachesize"),
                    &size.value.to_string(),
                    refusal,
                    &size.span,
                );
            }
        }
        if !matches!(version, "v1" | "v2") {
            let refusal = "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported";
            self.invalid_text(&format!("{path}.apiVersion"), &kms.api_version, refusal);
        }
    }

    fn required(&mut self, path: &str, detail: &str, span: &Range<usize>) {
        let message = format!("{path}: Required value: {detail}");
        self.problems.push(Problem::new(path.to_owned(), message, span.clone()));
    }

    fn invalid_text(&mut self, path: &str, value: &Spanned<String>, detail: &str) {
        self.invalid(path, &go::quote(&value.value), detail, &value.span);
    }

    fn invalid(&mut self, path: &str, value: &str, detail: &str, span: &Range<usize>) {
        let message = format!("{path}: Invalid value: {value}: {detail}");
        self.problems.push(Problem::new(path.to_owned(), message, span.clone()));
    }
}

impl GroupResource {
    /// Whether it is `*.*`.
    pub(super) fn is_everything(&self) -> bool {
        self.resource == "*" && self.group == "*"
    }
}

impl Kms {
    /// The version, v1 where none is written.
    pub(super) fn version(&self) -> &str {
        if self.api_version.value.is_empty() {
            "v1"
        } else {
            &self.api_version.value
        }
    }
}

/// Where a field stands, or what should have it.
fn place<'r>(field: &'r Range<usize>, owner: &'r Range<usize>) -> &'r Range<usize> {
    if *field == Range::default() { owner } else { field }
}

fn refuse_name(name: &str) -> Option<&'static str> {
    let GroupResource { group, resource } = GroupResource::parse(name);
    Some(if name.to_lowercase() != name {
        "resource name should not contain capital letters"
    } else if name == "*" {
        "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
    } else if matches!(
        name,
        "apiserveripinfo" | "serviceipallocations" | "servicenodeportallocations"
    ) {
        "resources which do not have REST API/s cannot be encrypted"
    } else if group == "events.k8s.io" {
        "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
    } else if group == "extensions" {
        "'extensions' group has been removed and cannot be used for encryption"
    } else if group == "*" && resource != "*" {
        "encrypting the same resource across groups is not supported"
    } else {
        return None;
    })
}

fn refuse_endpoint(address: &str) -> Option<String> {
    if address.is_empty() {
        return Some("endpoint is a mandatory field for a kms".to_owned());
    }
    match endpoint::scheme(address) {
        // What is wrong is told with a part of the address, which may be a part of a key.
        Err(_) if secrecy::masked(address) != address => {
            Some(format!("invalid endpoint for kms provider, error: {MASK}"))
        }
        Err(problem) => Some(format!("invalid endpoint for kms provider, error: {problem}")),
        Ok(scheme) if scheme != "unix" => Some(format!(
            "unsupported scheme {} for KMS provider, only unix is supported",
            go::quote(&scheme)
        )),
        Ok(_) => None,
    }
}

/// A provider as `json.Marshal` writes it, with every key masked; upstream prints them.
fn masked(provider: &Provider) -> String {
    let keys = |keys: &Option<Keys>| match keys {
        None => "null".to_owned(),
        Some(keys) => format!(
            "{{\"Keys\":{}}}",
            keys.keys.as_ref().map_or("null".to_owned(), masked_keys)
        ),
    };
    let kms = provider.kms.as_ref().map_or("null".to_owned(), |kms| {
        let size = match (&kms.cache_size, kms.version()) {
            (Some(size), _) => size.value.to_string(),
            (None, "v1") => super::load::KMS_CACHE_SIZE.to_string(),
            (None, _) => "null".to_owned(),
        };
        let timeout = kms
            .timeout
            .as_ref()
            .map_or(super::load::KMS_TIMEOUT, |timeout| timeout.value);
        format!(
            "{{\"APIVersion\":{},\"Name\":{},\"CacheSize\":{size},\"Endpoint\":{},\"Timeout\":{}}}",
            go::json_string(kms.version()),
            go::json_string(&kms.name.value),
            go::json_string(&kms.endpoint.value),
            go::json_string(&go::duration(timeout)),
        )
    });
    format!(
        "{{\"AESGCM\":{},\"AESCBC\":{},\"Secretbox\":{},\"Identity\":{},\"KMS\":{kms}}}",
        keys(&provider.aesgcm),
        keys(&provider.aescbc),
        keys(&provider.secretbox),
        if provider.identity.is_some() { "{}" } else { "null" },
    )
}

fn masked_keys(keys: &List<Key>) -> String {
    let keys = keys.items.iter().map(|key| {
        let name = go::json_string(&secrecy::shown(&key.name.value));
        let secret = if key.secret.value.is_empty() { "" } else { MASK };
        format!("{{\"Name\":{name},\"Secret\":{}}}", go::json_string(secret))
    });
    format!("[{}]", keys.collect::<Vec<_>>().join(","))
}
