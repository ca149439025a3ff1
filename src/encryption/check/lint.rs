//! What the loader does not see: each rule looks at a configuration that loads.

use std::ops::Range;

use super::super::config::{
    Configuration, GroupResource, Key, KmsVersion, Provider, ProviderKind, ResourceConfiguration,
};
use super::super::secrecy::shown;
use super::resources::{Standing, standing};
use super::{Settings, rules, strength};
use crate::report::Rule;

/// What a rule has found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rule: &'static Rule,
    pub(super) message: String,
    pub(super) field: String,
    pub(super) span: Range<usize>,
}

/// Runs every rule.
pub(super) fn lint(configuration: &Configuration, settings: &Settings) -> Vec<Found> {
    let mut lint = Lint {
        configuration,
        settings,
        found: Vec::new(),
    };
    lint.providers();
    lint.keys();
    lint.key_names();
    lint.reuse();
    lint.resources();
    lint.secrets();
    lint.found
}

struct Lint<'c> {
    configuration: &'c Configuration,
    settings: &'c Settings,
    found: Vec<Found>,
}

/// A key with where it stands.
#[derive(Clone, Copy)]
struct Placed<'c> {
    entry: usize,
    provider_at: usize,
    at: usize,
    provider: &'c Provider,
    key: &'c Key,
}

impl Placed<'_> {
    fn field(&self, name: &str) -> String {
        format!(
            "resources[{}].providers[{}].{}.keys[{}].{name}",
            self.entry,
            self.provider_at,
            self.provider.kind.name(),
            self.at
        )
    }

    fn is_same_cipher(&self, other: &Self) -> bool {
        self.provider.kind.name() == other.provider.kind.name()
    }
}

impl<'c> Lint<'c> {
    fn tell(&mut self, rule: &'static Rule, field: String, span: &Range<usize>, message: String) {
        self.found.push(Found {
            rule,
            message,
            field,
            span: span.clone(),
        });
    }

    fn entries(&self) -> impl Iterator<Item = (usize, &'c ResourceConfiguration)> + use<'c> {
        self.configuration.resources.iter().enumerate()
    }

    fn placed(&self) -> Vec<Placed<'c>> {
        let mut all = Vec::new();
        for (entry, of) in self.entries() {
            for (provider_at, provider) in of.providers.iter().enumerate() {
                for (at, key) in provider.keys().iter().enumerate() {
                    all.push(Placed {
                        entry,
                        provider_at,
                        at,
                        provider,
                        key,
                    });
                }
            }
        }
        all
    }

    /// What the first provider of each entry writes, and whether plaintext can be read.
    fn providers(&mut self) {
        for (at, entry) in self.entries() {
            for (provider_at, provider) in entry.providers.iter().enumerate() {
                self.kms(provider, &format!("resources[{at}].providers[{provider_at}].kms"));
            }
            let Some(first) = entry.providers.first() else { continue };
            let field = format!("resources[{at}].providers[0].{}", first.kind.name());
            let span = &first.field_span;
            let names = names(entry);
            match &first.kind {
                ProviderKind::Identity if self.is_opt_out(at, entry) => {
                    self.tell(&rules::OPTED_OUT, field, span, format!("{names} stay in plaintext"));
                }
                ProviderKind::Identity => {
                    let message = format!("`identity` is the first provider: {names} are written in plaintext");
                    self.tell(&rules::IDENTITY_FIRST, field, span, message);
                }
                ProviderKind::AesCbc(_) => {
                    let message = format!("{names} are written with aescbc, the weakest choice");
                    self.tell(&rules::AESCBC, field, span, message);
                }
                ProviderKind::AesGcm(_) => {
                    let message = format!("{names} are written with aesgcm: its key must change every 200,000 writes");
                    self.tell(&rules::AESGCM_ROTATION, field, span, message);
                }
                ProviderKind::Kms(_) | ProviderKind::Secretbox(_) => {}
            }
            let reads_plaintext = |provider: &Provider| matches!(provider.kind, ProviderKind::Identity);
            if !entry.providers.iter().any(reads_plaintext) {
                let message = format!("{names} that are still stored in plaintext cannot be read");
                let field = format!("resources[{at}].providers");
                self.tell(&rules::NO_IDENTITY, field, &(span.start..span.end), message);
            }
        }
    }

    /// Whether an entry leaves resources out of a wildcard that follows, and `secrets` are not among them.
    fn is_opt_out(&self, at: usize, entry: &ResourceConfiguration) -> bool {
        let later = || self.configuration.resources.iter().skip(at + 1);
        entry.resources.iter().all(|resource| {
            let wanted = &resource.group_resource;
            let covers = |other: &ResourceConfiguration| {
                let mut wild = other.resources.iter().map(|resource| &resource.group_resource);
                wild.any(|wild| wild.resource == "*" && (wild.group == wanted.group || wild.group == "*"))
            };
            wanted.resource != "*" && !wanted.is_secrets() && later().any(covers)
        })
    }

    fn kms(&mut self, provider: &Provider, field: &str) {
        let ProviderKind::Kms(kms) = &provider.kind else { return };
        let name = shown(&kms.name.value).into_owned();
        match kms.version {
            KmsVersion::V1 => {
                let message = format!("the KMS provider `{name}` speaks v1");
                self.tell(&rules::KMS_V1, field.to_owned(), &provider.field_span, message);
            }
            KmsVersion::V2 if self.settings.before(27) => {
                let message =
                    format!("the KMS provider `{name}` speaks v2, which is alpha and off before Kubernetes 1.27");
                self.tell(&rules::UNSUPPORTED, field.to_owned(), &provider.field_span, message);
            }
            KmsVersion::V2 => {}
        }
    }

    /// Each key by itself.
    fn keys(&mut self) {
        for placed in self.placed() {
            let secret = &placed.key.secret;
            let name = shown(&placed.key.name.value).into_owned();
            let field = placed.field("secret");
            let span = &placed.key.secret_span;
            if let Some(origin) = strength::example(secret) {
                let message = format!("the key `{name}` is an example from {origin}");
                self.tell(&rules::EXAMPLE_KEY, field.clone(), span, message);
            } else if let Some(reason) = strength::weakness(secret) {
                self.tell(
                    &rules::WEAK_KEY,
                    field.clone(),
                    span,
                    format!("the key `{name}` {reason}"),
                );
            }
            if secret.len() < 32 {
                let message = format!("the key `{name}` has {} bytes: expected 32", secret.len());
                self.tell(&rules::SHORT_KEY, field, span, message);
            }
            if let Some(what) = trouble(&placed.key.name.value) {
                let message = format!("the key name `{name}` {what}");
                self.tell(&rules::KEY_NAME, placed.field("name"), &placed.key.name.span, message);
            }
        }
    }

    /// Names among the keys that read the same values: those of one cipher in one entry, or in entries that share a resource.
    fn key_names(&mut self) {
        let all = self.placed();
        for (at, later) in all.iter().enumerate() {
            let earlier = all.iter().take(at).filter(|earlier| earlier.is_same_cipher(later));
            let mut read_together = earlier.filter(|earlier| self.share_a_resource(earlier.entry, later.entry));
            let begins = |one: &str, other: &str| other.strip_prefix(one).is_some_and(|rest| rest.starts_with(':'));
            let clash = read_together.find_map(|earlier| {
                let (one, other) = (&earlier.key.name.value, &later.key.name.value);
                if one == other {
                    Some((&rules::DUPLICATE_KEY_NAME, one))
                } else if begins(one, other) || begins(other, one) {
                    Some((&rules::AMBIGUOUS_KEY_NAME, one))
                } else {
                    None
                }
            });
            let Some((rule, other)) = clash else { continue };
            let (name, other) = (shown(&later.key.name.value), shown(other));
            let message = if *rule == rules::DUPLICATE_KEY_NAME {
                format!("the key name `{name}` stands twice in {}", later.provider.kind.name())
            } else {
                format!("the key names `{other}` and `{name}` cannot be told apart in stored values")
            };
            self.tell(rule, later.field("name"), &later.key.name.span, message);
        }
    }

    fn share_a_resource(&self, one: usize, other: usize) -> bool {
        let resources = |at: usize| {
            self.configuration
                .resources
                .get(at)
                .map_or(&[][..], |entry| &entry.resources)
        };
        let mut shared = resources(one).iter();
        one == other || shared.any(|a| resources(other).iter().any(|b| a.group_resource == b.group_resource))
    }

    /// The same key under another name, or for another cipher; one key for several entries is one key.
    fn reuse(&mut self) {
        let all = self.placed();
        for (at, later) in all.iter().enumerate() {
            let mut earlier = all.iter().take(at);
            let same = earlier.find(|earlier| {
                let is_one = earlier.is_same_cipher(later) && earlier.key.name.value == later.key.name.value;
                earlier.key.secret == later.key.secret && (!is_one || earlier.entry == later.entry)
            });
            if let Some(same) = same {
                let message = format!(
                    "the key `{}` of {} is the same as `{}` of {}",
                    shown(&later.key.name.value),
                    later.provider.kind.name(),
                    shown(&same.key.name.value),
                    same.provider.kind.name()
                );
                self.tell(
                    &rules::REUSED_KEY,
                    later.field("secret"),
                    &later.key.secret_span,
                    message,
                );
            }
        }
    }

    fn resources(&mut self) {
        let mut seen: Vec<&GroupResource> = Vec::new();
        for (entry_at, entry) in self.entries() {
            for (at, resource) in entry.resources.iter().enumerate() {
                let field = format!("resources[{entry_at}].resources[{at}]");
                let name = &resource.name;
                let wanted = &resource.group_resource;
                if let Standing::Unknown(similar) = standing(wanted) {
                    let rule = if wanted.group.is_empty() {
                        &rules::UNKNOWN_RESOURCE
                    } else {
                        &rules::UNKNOWN_GROUPED_RESOURCE
                    };
                    let hint = similar.map_or(String::new(), |similar| format!(": did you mean `{similar}`?"));
                    let message = format!("Kubernetes has no resource `{name}`{hint}");
                    self.tell(rule, field.clone(), &resource.span, message);
                }
                if wanted.resource == "*" && self.settings.before(27) {
                    let message = format!("`{name}`: wildcards are read since Kubernetes 1.27");
                    self.tell(&rules::UNSUPPORTED, field.clone(), &resource.span, message);
                }
                if seen.contains(&wanted) {
                    let message = format!("`{name}` stands in an earlier entry, which writes it");
                    self.tell(&rules::REPEATED_RESOURCE, field, &resource.span, message);
                }
                seen.push(wanted);
            }
        }
    }

    /// Whether Secrets are encrypted, and as the benchmark wants it.
    fn secrets(&mut self) {
        let secrets = GroupResource::new("secrets", "");
        let Some(providers) = self.configuration.providers_of(&secrets) else {
            let message = "`secrets` are in no entry, and stay in plaintext".to_owned();
            let start = self.configuration.span.start;
            return self.tell(
                &rules::SECRETS_PLAINTEXT,
                "resources".to_owned(),
                &(start..start),
                message,
            );
        };
        let Some(writer) = providers.first() else { return };
        if !passes_cis(writer) {
            let message = format!("Secrets are written with {}", writer.kind.name());
            self.tell(&rules::CIS_1_2_28, String::new(), &writer.field_span, message);
        }
    }
}

/// Whether a provider is one that section 1.2.28 of the CIS benchmark accepts.
pub(super) const fn passes_cis(writer: &Provider) -> bool {
    matches!(
        writer.kind,
        ProviderKind::AesCbc(_) | ProviderKind::Kms(_) | ProviderKind::Secretbox(_)
    )
}

impl GroupResource {
    fn is_secrets(&self) -> bool {
        self.group.is_empty() && self.resource == "secrets"
    }
}

/// Resources as a sentence names them.
fn names(entry: &ResourceConfiguration) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = entry
        .resources
        .iter()
        .map(|resource| format!("`{}`", resource.name))
        .collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!(
            "{} and {more} more",
            names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// What is wrong with a key's name.
fn trouble(name: &str) -> Option<&'static str> {
    if name.contains(':') {
        Some("has a colon, which ends names in stored values")
    } else if name.contains(char::is_whitespace) {
        Some("has a blank")
    } else if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("has characters beyond ASCII")
    } else {
        None
    }
}
