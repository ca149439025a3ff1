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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encryption::Loader;
    use crate::report::Level;

    const A: &str = "xQ+B7jKbR9a3Zk1e8mTq0LwYvN2cFhUiJp5sRdGoA4k=";
    const B: &str = "q7Rk0ZtVbW3xYc9LmN8pQ2sDfGh4Jk6TzXyUvIoPa1E=";

    /// The code and field of each finding, notes left out.
    fn told(entries: &str, settings: &Settings) -> Vec<String> {
        let entries = entries.replace("AAAA", A).replace("BBBB", B);
        let text =
            format!("kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources: {entries}\n");
        let loader = Loader {
            kms_v1: true,
            ..Loader::new("a.yaml")
        };
        let configuration = Configuration::parse(&text, &loader).unwrap_or_else(|refusal| panic!("{refusal}"));
        let found = lint(&configuration, settings);
        for found in &found {
            assert!(
                rules::RULES.iter().any(|rule| rule.code == found.rule.code),
                "{}",
                found.rule.code
            );
            assert!(text.get(found.span.clone()).is_some());
            for key in [A, B] {
                assert!(!found.message.contains(key) && !found.field.contains(key));
            }
        }
        let loud = found.iter().filter(|found| found.rule.level != Level::Note);
        loud.map(|found| format!("{} {}", found.rule.code, found.field))
            .collect()
    }

    fn one(entries: &str) -> String {
        told(entries, &Settings::default()).join(", ")
    }

    const GOOD: &str =
        "{resources: [secrets], providers: [{secretbox: {keys: [{name: k, secret: AAAA}]}}, {identity: {}}]}";

    #[test]
    fn good_configurations_have_no_finding() {
        for entries in [
            format!("[{GOOD}]"),
            "[{resources: [secrets], providers: [{aescbc: {keys: [{name: b, secret: AAAA}, {name: a, secret: BBBB}]}}]}]".to_owned(),
            "[{resources: [secrets], providers: [{kms: {apiVersion: v2, name: k, endpoint: 'unix:///a'}}]}]".to_owned(),
            "[{resources: [events], providers: [{identity: {}}]}, {resources: ['*.*'], providers: [{secretbox: {keys: [{name: k, secret: AAAA}]}}]}]".to_owned(),
            // One key for several entries is one key.
            format!("[{GOOD}, {}]", GOOD.replace("[secrets]", "[configmaps, pandas.example.com]")),
        ] {
            assert_eq!(one(&entries), "", "{entries}");
        }
    }

    #[test]
    fn plaintext_is_told() {
        assert_eq!(
            one(
                "[{resources: [secrets], providers: [{identity: {}}, {secretbox: {keys: [{name: k, secret: AAAA}]}}]}]"
            ),
            "identity-first resources[0].providers[0].identity, cis-1.2.28 "
        );
        // Secrets are no opt-out.
        assert_eq!(
            one(&format!(
                "[{{resources: [secrets], providers: [{{identity: {{}}}}]}}, {}]",
                GOOD.replace("[secrets]", "['*.*']")
            )),
            "identity-first resources[0].providers[0].identity, cis-1.2.28 "
        );
        assert_eq!(
            one(&format!("[{}]", GOOD.replace("secrets", "configmaps"))),
            "secrets-plaintext resources"
        );
        let wild = "[{resources: ['*.'], providers: [{aesgcm: {keys: [{name: k, secret: AAAA}]}}]}]";
        assert_eq!(
            one(wild),
            "aesgcm-rotation resources[0].providers[0].aesgcm, cis-1.2.28 "
        );
    }

    #[test]
    fn keys_and_their_names_are_judged() {
        let keys = |keys: &str| {
            one(&format!(
                "[{{resources: [secrets], providers: [{{aescbc: {{keys: [{keys}]}}}}, {{identity: {{}}}}]}}]"
            ))
        };
        let at = |code: &str, key: usize, field: &str| {
            format!("{code} resources[0].providers[0].aescbc.keys[{key}].{field}")
        };
        for (list, expected) in [
            (
                "{name: a, secret: YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=}",
                vec![at("example-key", 0, "secret")],
            ),
            (
                "{name: a, secret: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=}",
                vec![at("weak-key", 0, "secret")],
            ),
            (
                "{name: a, secret: a+/ksN7wp8rBPPnfPF9bUw==}",
                vec![at("short-key", 0, "secret")],
            ),
            ("{name: 'a b', secret: AAAA}", vec![at("key-name", 0, "name")]),
            ("{name: 'ä', secret: AAAA}", vec![at("key-name", 0, "name")]),
            (
                "{name: a, secret: AAAA}, {name: a, secret: BBBB}",
                vec![at("duplicate-key-name", 1, "name")],
            ),
            (
                "{name: a, secret: AAAA}, {name: b, secret: AAAA}",
                vec![at("reused-key", 1, "secret")],
            ),
            (
                "{name: a, secret: AAAA}, {name: 'a:b', secret: BBBB}",
                vec![at("key-name", 1, "name"), at("ambiguous-key-name", 1, "name")],
            ),
        ] {
            assert_eq!(keys(list), expected.join(", "), "{list}");
        }
        assert_eq!(
            one(
                "[{resources: [secrets], providers: [{aescbc: {keys: [{name: a, secret: AAAA}]}}, {aesgcm: {keys: [{name: a, secret: AAAA}]}}]}]"
            ),
            "reused-key resources[0].providers[1].aesgcm.keys[0].secret"
        );
        // Two entries for one resource read together.
        assert_eq!(
            one(&format!("[{GOOD}, {}]", GOOD.replace("AAAA", "BBBB"))),
            "duplicate-key-name resources[1].providers[0].secretbox.keys[0].name, repeated-resource resources[1].resources[0]"
        );
    }

    #[test]
    fn resources_and_versions_are_judged() {
        let of = |resources: &str| one(&format!("[{}]", GOOD.replace("[secrets]", resources)));
        assert_eq!(
            of("[secrets, sekrets, x.apps]"),
            "unknown-resource resources[0].resources[1], unknown-resource resources[0].resources[2]"
        );
        let v2 = "[{resources: ['*.*'], providers: [{kms: {apiVersion: v2, name: k, endpoint: 'unix:///a'}}]}]";
        let on = |kubernetes| Settings {
            kubernetes: Some(kubernetes),
            ..Settings::default()
        };
        assert_eq!(
            told(v2, &on(26)),
            [
                "unsupported resources[0].providers[0].kms",
                "unsupported resources[0].resources[0]"
            ]
        );
        assert!(told(v2, &on(27)).is_empty());
        let v1 = v2.replace("apiVersion: v2, ", "");
        assert_eq!(told(&v1, &on(28)), ["kms-v1 resources[0].providers[0].kms"]);
    }

    #[test]
    fn notes_are_told_quietly() {
        let text = format!(
            "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources: [{{resources: [events], providers: [{{identity: {{}}}}]}}, {{resources: ['*.*'], providers: [{{aescbc: {{keys: [{{name: k, secret: {A}}}]}}}}]}}]\n"
        );
        let configuration = Configuration::parse(&text, &Loader::new("a.yaml")).unwrap();
        let found = lint(&configuration, &Settings::default());
        let notes: Vec<&str> = found.iter().map(|found| found.rule.code).collect();
        assert_eq!(notes, ["opted-out", "aescbc", "no-identity"]);
    }
}
