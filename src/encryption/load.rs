//! A file to a configuration, or the API server's refusal.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::config::{
    Configuration, GroupResource, Key, Kms, KmsVersion, Provider, ProviderKind, Resource, ResourceConfiguration,
    Spanned,
};
use super::decode::{self, Decoded};
use super::tabs::misplaced_tab;
use super::tree::{Tree, Value};
use super::validate::validate;
use super::{go, json};
use crate::k8s::base64;
use crate::yaml;

/// Values that KMS v1 keeps in memory where nothing is written.
pub(super) const KMS_CACHE_SIZE: i32 = 1000;
/// How long a call to a key management service may take where nothing is written, in nanoseconds.
pub(super) const KMS_TIMEOUT: i64 = 3_000_000_000;

/// How the API server is told to load the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loader {
    /// How its messages call the file: the value of `--encryption-provider-config`.
    pub path: String,
    /// `--encryption-provider-config-automatic-reload`: names of KMS v1 must be unique, too.
    pub reload: bool,
    /// The feature gate `KMSv1`: off by default since Kubernetes 1.29.
    pub kms_v1: bool,
}

impl Loader {
    /// A loader with its defaults, of the newest Kubernetes.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reload: false,
            kms_v1: false,
        }
    }
}

/// Why the API server does not load a file.
///
/// `Display` is its message, with keys masked; the file, which some of its messages repeat, is left out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// What comes before the problems.
    prefix: String,
    /// What is wrong, in the order in which it is told; at least one.
    pub problems: Vec<Problem>,
    /// How the message lists several problems.
    join: Join,
    /// Whether the API server says this in the same words. Not so where its YAML reader does not take the text, or kship
    /// is stricter than it.
    pub exact: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Join {
    /// `[one, two]`
    Aggregate,
    /// `one, two`
    Strict,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The field: `resources[0].providers[0].aescbc.keys[0].secret`; empty where it is the file.
    pub field: String,
    /// The API server's words.
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Problem {
    pub(super) fn new(field: String, message: String, span: Range<usize>) -> Self {
        // Keys stand in the wrong place, too, and upstream's messages repeat what is wrong.
        let [field, message] = [field, message].map(|text| super::secrecy::masked(&text));
        Self { field, message, span }
    }
}

impl Refusal {
    /// Whether fields are unknown or set twice.
    pub(super) fn is_strict_decoding(&self) -> bool {
        self.prefix.ends_with(STRICT)
    }
}

/// What comes before the fields that are unknown or set twice.
const STRICT: &str = "strict decoding error: ";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_list = self.join == Join::Aggregate && self.problems.len() > 1;
        f.write_str(&self.prefix)?;
        f.write_str(if is_list { "[" } else { "" })?;
        for (at, problem) in self.problems.iter().enumerate() {
            f.write_str(if at > 0 { ", " } else { "" })?;
            f.write_str(&problem.message)?;
        }
        f.write_str(if is_list { "]" } else { "" })
    }
}

impl std::error::Error for Refusal {}

/// A configuration, and where its document ends: the API server does not read what follows.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub configuration: Configuration,
    /// The byte where it ends.
    pub end: usize,
}

impl Configuration {
    /// Reads a file as the API server of Kubernetes 1.37 does: `encryptionconfig.LoadEncryptionConfig`.
    ///
    /// # Errors
    /// It would refuse the file.
    pub fn parse(text: &str, loader: &Loader) -> Result<Self, Refusal> {
        Ok(load(text, loader)?.configuration)
    }
}

/// As [`Configuration::parse`], and tells how much of the text was read.
///
/// # Errors
/// As there.
pub fn load(text: &str, loader: &Loader) -> Result<Loaded, Refusal> {
    if text.is_empty() {
        let message = format!(
            "encryption provider configuration file {} is empty",
            go::quote(&loader.path)
        );
        return Err(refuse(
            "error while parsing file: error while loading file: ",
            message,
            0..0,
        ));
    }
    let decoding = decoding(loader);
    let fail = |message: String, span: Range<usize>| refuse(&decoding, message, span);
    let document = read(text).map_err(|unread| Refusal {
        exact: unread.exact,
        ..fail(unread.message, unread.span)
    })?;
    let root = &document.root;
    let header = Header::read(root).map_err(|(message, span)| fail(message, span))?;
    header
        .check()
        .map_err(|message| fail(message, root.span.start..root.span.start))?;
    let configuration = settle(root, header, document.duplicates, &decoding, loader)?;
    Ok(Loaded {
        configuration,
        end: document.end,
    })
}

/// Reads the fields of a configuration without its kind and version, as Talos Linux writes it.
pub(super) fn load_fields(root: &Tree, loader: &Loader) -> Result<Loaded, Refusal> {
    let absent = |value: &str| Spanned {
        value: value.to_owned(),
        span: Range::default(),
    };
    let header = Header {
        api_version: absent("apiserver.config.k8s.io/v1"),
        kind: absent("EncryptionConfiguration"),
    };
    let configuration = settle(root, header, Vec::new(), &decoding(loader), loader)?;
    Ok(Loaded {
        configuration,
        end: root.span.end,
    })
}

/// What comes before the problems of decoding.
fn decoding(loader: &Loader) -> String {
    let path = go::quote(&loader.path);
    format!("error while parsing file: error decoding encryption provider configuration file {path}: ")
}

/// Decodes, checks and uses the fields of a document.
fn settle(
    root: &Tree,
    header: Header,
    duplicates: Vec<Problem>,
    decoding: &str,
    loader: &Loader,
) -> Result<Configuration, Refusal> {
    let (decoded, unknown) = decode::decode(root).map_err(|problem| Refusal {
        prefix: decoding.to_owned(),
        problems: vec![problem],
        join: Join::Strict,
        exact: true,
    })?;
    let problems: Vec<Problem> = duplicates.into_iter().chain(unknown).collect();
    if !problems.is_empty() {
        return Err(Refusal {
            prefix: format!("{decoding}{STRICT}"),
            problems,
            join: Join::Strict,
            exact: true,
        });
    }
    let problems = validate(&decoded, &root.span, loader);
    if !problems.is_empty() {
        return Err(Refusal {
            prefix: "error while parsing file: ".to_owned(),
            problems,
            join: Join::Aggregate,
            exact: true,
        });
    }
    let configuration = build(decoded, header);
    check_transformers(&configuration, loader)
        .map_err(|(message, span)| refuse("error while building transformers: ", message, span))?;
    Ok(configuration)
}

fn refuse(prefix: &str, message: String, span: Range<usize>) -> Refusal {
    Refusal {
        prefix: prefix.to_owned(),
        problems: vec![Problem::new(String::new(), message, span)],
        join: Join::Strict,
        exact: true,
    }
}

/// The first document of a text.
struct Document {
    root: Tree,
    /// Keys that stand twice, as the YAML reader tells them.
    duplicates: Vec<Problem>,
    end: usize,
}

struct Unread {
    message: String,
    span: Range<usize>,
    exact: bool,
}

/// Reads JSON if the text begins like an object, else YAML.
fn read(text: &str) -> Result<Document, Unread> {
    // The byte order mark is no blank for Go.
    if text.trim_start().starts_with('{') {
        let root = json::parse(text).map_err(|fault| Unread {
            message: format!("couldn't get version/kind; json parse error: {}", fault.message),
            span: fault.offset..fault.offset,
            exact: true,
        })?;
        return Ok(Document {
            root,
            duplicates: Vec::new(),
            end: text.len(),
        });
    }
    let first = yaml::parse_first(text).map_err(|error| Unread {
        message: format!("yaml: line {}: {}", error.position().line, told(error.kind())),
        span: error.offset()..error.offset(),
        exact: false,
    })?;
    if let Some(at) = misplaced_tab(text, &first) {
        let line = crate::text::LineIndex::new(text).line_of(at) + 1;
        return Err(Unread {
            message: format!("yaml: line {line}: found character that cannot start any token"),
            span: at..at + 1,
            exact: false,
        });
    }
    let root = first.root().map_or(
        Tree {
            value: Value::Null,
            span: 0..0,
        },
        Tree::of_yaml,
    );
    Ok(Document {
        root,
        duplicates: duplicates(text, &first.duplicates),
        end: first.end,
    })
}

/// The message of the YAML reader, without values of the file.
fn told(kind: &yaml::ErrorKind) -> String {
    match kind {
        yaml::ErrorKind::InfiniteNumber { .. } => "a number that JSON cannot carry: quote it".to_owned(),
        yaml::ErrorKind::Key { .. } => "a key that is not text for kubectl: quote it".to_owned(),
        other => other.to_string(),
    }
}

/// `yaml: unmarshal errors:` is told once, and a line for each key.
fn duplicates(text: &str, found: &[yaml::Duplicate]) -> Vec<Problem> {
    let lines = crate::text::LineIndex::new(text);
    let message = found
        .iter()
        .fold("yaml: unmarshal errors:".to_owned(), |mut message, duplicate| {
            let line = lines.line_of(duplicate.value.start) + 1;
            let shown = super::secrecy::shown(&duplicate.text);
            let key = if duplicate.is_string {
                go::quote(&shown)
            } else {
                shown.into_owned()
            };
            message.push_str(&format!("\n  line {line}: key {key} already set in map"));
            message
        });
    let first = found.first();
    first
        .map(|first| {
            Problem::new(
                super::secrecy::shown(&first.text).into_owned(),
                message,
                first.key.clone(),
            )
        })
        .into_iter()
        .collect()
}

/// Kind and version of a document.
#[derive(Debug, Default)]
struct Header {
    api_version: Spanned<String>,
    kind: Spanned<String>,
}

impl Header {
    /// `SimpleMetaFactory.Interpret`, which does not mind the case of names.
    fn read(root: &Tree) -> Result<Self, (String, Range<usize>)> {
        const TYPE: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
        let fail = |problem: String, span: &Range<usize>| {
            let message = format!("couldn't get version/kind; json parse error: json: cannot unmarshal {problem}");
            (message, span.clone())
        };
        let members = match &root.value {
            Value::Object(members) => members,
            Value::Null => return Ok(Self::default()),
            _ => {
                let problem = format!("{} into Go value of type {TYPE}", root.kind());
                return Err(fail(problem, &root.span));
            }
        };
        let mut header = Self::default();
        let mut mismatch = None;
        for member in members {
            let (field, target) = match folded(&member.key).as_str() {
                "apiversion" => ("apiVersion", &mut header.api_version),
                "kind" => ("kind", &mut header.kind),
                _ => continue,
            };
            match &member.value.value {
                Value::Null => {}
                Value::String(text) => {
                    *target = Spanned {
                        value: text.as_str().to_owned(),
                        span: member.value.span.clone(),
                    };
                }
                _ => {
                    let kind = member.value.kind();
                    let problem = format!("{kind} into Go struct field .{field} of type string");
                    mismatch.get_or_insert_with(|| fail(problem, &member.value.span));
                }
            }
        }
        match mismatch {
            Some(mismatch) => Err(mismatch),
            None => Ok(header),
        }
    }

    /// Whether the API server knows this kind as a configuration of encryption.
    fn check(&self) -> Result<(), String> {
        let (version, kind) = (self.api_version.value.as_str(), self.kind.value.as_str());
        let (group, number) = match version.split_once('/') {
            Some((_, rest)) if version != "/" && rest.contains('/') => {
                return Err(format!("unexpected GroupVersion string: {version}"));
            }
            Some(parts) => parts,
            None => ("", version),
        };
        if kind.is_empty() {
            return Err("Object 'Kind' is missing in 'REDACTED'".to_owned());
        }
        if number.is_empty() {
            return Err("Object 'apiVersion' is missing in 'REDACTED'".to_owned());
        }
        match (group, number, kind) {
            (GROUP, "v1", "EncryptionConfiguration") | ("", "v1", "EncryptionConfig") => Ok(()),
            (GROUP, "v1", kind) if OTHER_KINDS.contains(&kind) => {
                Err(format!("got unexpected config type: {version}, Kind={kind}"))
            }
            (group, "__internal", kind) => Err(format!(
                "no kind {} is registered for the internal version of group {} in scheme {SCHEME}",
                go::quote(kind),
                go::quote(group)
            )),
            _ => Err(format!(
                "no kind {} is registered for version {} in scheme {SCHEME}",
                go::quote(kind),
                go::quote(version)
            )),
        }
    }
}

const GROUP: &str = "apiserver.config.k8s.io";

/// How the API server's scheme calls itself.
const SCHEME: &str = "\"pkg/runtime/scheme.go:111\"";

/// Other kinds of the same group and version.
const OTHER_KINDS: [&str; 4] = [
    "AdmissionConfiguration",
    "AuthenticationConfiguration",
    "AuthorizationConfiguration",
    "TracingConfiguration",
];

/// A field's name as `encoding/json` folds it.
fn folded(name: &str) -> String {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

/// Makes the configuration of fields that have been checked.
fn build(decoded: Decoded, header: Header) -> Configuration {
    let list = decoded.resources.unwrap_or_default();
    let entries = list.items.into_iter().map(|entry| {
        let resources = entry.resources.unwrap_or_default();
        let providers = entry.providers.unwrap_or_default();
        ResourceConfiguration {
            resources: resources.items.into_iter().map(resource).collect(),
            providers: providers.items.into_iter().filter_map(provider).collect(),
            span: entry.span,
            resources_span: resources.span,
            providers_span: providers.span,
        }
    });
    Configuration {
        api_version: header.api_version,
        kind: header.kind,
        resources: entries.collect(),
        span: list.span,
    }
}

fn resource(name: Spanned<String>) -> Resource {
    Resource {
        group_resource: GroupResource::parse(&name.value),
        name: name.value,
        span: name.span,
    }
}

fn provider(decoded: decode::Provider) -> Option<Provider> {
    let span = decoded.span;
    let none = span.end..span.end;
    type Make = fn(Vec<Key>) -> ProviderKind;
    let kinds: [(_, Make); 3] = [
        (decoded.aesgcm, ProviderKind::AesGcm),
        (decoded.aescbc, ProviderKind::AesCbc),
        (decoded.secretbox, ProviderKind::Secretbox),
    ];
    for (keys, kind) in kinds {
        if let Some(keys) = keys {
            let list = keys.keys.unwrap_or_default();
            return Some(Provider {
                kind: kind(list.items.into_iter().filter_map(key).collect()),
                span,
                field_span: keys.field,
                keys_span: list.span,
            });
        }
    }
    if let Some(kms) = decoded.kms {
        return Some(Provider {
            span,
            field_span: kms.field.clone(),
            keys_span: none,
            kind: ProviderKind::Kms(self::kms(kms)),
        });
    }
    decoded.identity.map(|field_span| Provider {
        kind: ProviderKind::Identity,
        span,
        field_span,
        keys_span: none,
    })
}

fn key(decoded: decode::Key) -> Option<Key> {
    Some(Key {
        secret: base64::decode(&decoded.secret.value)?,
        name: decoded.name,
        span: decoded.span,
        secret_span: decoded.secret.span,
    })
}

fn kms(decoded: decode::Kms) -> Kms {
    let version = if decoded.version() == "v1" {
        KmsVersion::V1
    } else {
        KmsVersion::V2
    };
    let size = decoded.cache_size.map(|size| size.value);
    let timeout = decoded.timeout.map_or(KMS_TIMEOUT, |timeout| timeout.value);
    Kms {
        version,
        name: decoded.name,
        endpoint: decoded.endpoint.value,
        timeout: Duration::from_nanos(timeout.unsigned_abs()),
        cache_size: size.or((version == KmsVersion::V1).then_some(KMS_CACHE_SIZE)),
    }
}

/// What only fails when the API server makes use of the file: KMS v1, and entries that an earlier one masks.
fn check_transformers(configuration: &Configuration, loader: &Loader) -> Result<(), (String, Range<usize>)> {
    let mut seen: Vec<&GroupResource> = Vec::new();
    for entry in &configuration.resources {
        for provider in &entry.providers {
            if matches!(&provider.kind, ProviderKind::Kms(kms) if kms.version == KmsVersion::V1) && !loader.kms_v1 {
                let message = "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.";
                return Err((message.to_owned(), provider.field_span.clone()));
            }
        }
        for resource in &entry.resources {
            let wanted = &resource.group_resource;
            let everything = GroupResource::new("*", "*");
            for mask in [GroupResource::new("*", &wanted.group), everything] {
                if seen.contains(&&mask) {
                    let (name, mask) = (go::quote(&wanted.to_string()), go::quote(&mask.to_string()));
                    let message = format!("resource {name} is masked by earlier rule {mask}");
                    return Err((message, resource.span.clone()));
                }
            }
            seen.push(wanted);
        }
    }
    Ok(())
}
