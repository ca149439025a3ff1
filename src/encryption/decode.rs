//! Values to fields, as the API machinery's strict decoder (`sigs.k8s.io/json`) does it.
//!
//! A value of another type is told, the first one only; what is unknown or set twice is told if all types fit.

use std::ops::Range;

use zeroize::Zeroizing;

use super::config::Spanned;
use super::go;
use super::load::Problem;
use super::tree::{Member, Tree, Value};

/// The fields of a document, before anything is checked: `v1.EncryptionConfiguration`.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) resources: Option<List<Entry>>,
}

/// A list and its bytes.
#[derive(Debug, Default)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    pub(super) span: Range<usize>,
}

/// `v1.ResourceConfiguration`.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) span: Range<usize>,
    pub(super) resources: Option<List<Spanned<String>>>,
    pub(super) providers: Option<List<Provider>>,
}

/// `v1.ProviderConfiguration`: of its members exactly one should be there.
#[derive(Debug, Default)]
pub(super) struct Provider {
    pub(super) span: Range<usize>,
    pub(super) aesgcm: Option<Keys>,
    pub(super) aescbc: Option<Keys>,
    pub(super) secretbox: Option<Keys>,
    /// Bytes of the field's name.
    pub(super) identity: Option<Range<usize>>,
    pub(super) kms: Option<Kms>,
}

/// `v1.AESConfiguration` and `v1.SecretboxConfiguration`.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Bytes of the field's name.
    pub(super) field: Range<usize>,
    pub(super) keys: Option<List<Key>>,
}

/// `v1.Key`.
#[derive(Debug, Default)]
pub(super) struct Key {
    pub(super) span: Range<usize>,
    pub(super) name: Spanned<String>,
    pub(super) secret: Spanned<Zeroizing<String>>,
}

/// `v1.KMSConfiguration`.
#[derive(Debug, Default)]
pub(super) struct Kms {
    /// Bytes of the field's name.
    pub(super) field: Range<usize>,
    pub(super) api_version: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) cache_size: Option<Spanned<i32>>,
    pub(super) endpoint: Spanned<String>,
    /// In nanoseconds.
    pub(super) timeout: Option<Spanned<i64>>,
}

/// Reads the fields of a document.
///
/// # Errors
/// A value has another type than its field, or is no duration.
pub(super) fn decode(root: &Tree) -> Result<(Decoded, Vec<Problem>), Problem> {
    let mut decoder = Decoder::default();
    let decoded = decoder.configuration(root)?;
    match decoder.mismatch {
        Some(problem) => Err(problem),
        None => Ok((decoded, decoder.strict)),
    }
}

/// The most unknown and repeated fields that the API machinery tells.
const STRICT_ERRORS: usize = 100;

#[derive(Default)]
struct Decoder {
    /// The struct whose field is read.
    owner: &'static str,
    /// The fields on the way, without the indices of lists.
    fields: Vec<&'static str>,
    /// The way with them: `resources[0].providers`.
    path: String,
    /// The first value of another type.
    mismatch: Option<Problem>,
    strict: Vec<Problem>,
}

/// A Go type as messages name it.
#[derive(Clone, Copy)]
struct Type {
    name: &'static str,
    fields: &'static [&'static str],
}

impl Decoder {
    fn configuration(&mut self, root: &Tree) -> Result<Decoded, Problem> {
        const TYPE: Type = Type {
            name: "EncryptionConfiguration",
            fields: &["kind", "apiVersion", "resources"],
        };
        let mut decoded = Decoded::default();
        self.object(root, TYPE, |this, field, member| {
            if field == "resources" {
                decoded.resources = this.list(&member.value, "[]v1.ResourceConfiguration", Self::entry)?;
            }
            Ok(())
        })?;
        Ok(decoded)
    }

    fn entry(&mut self, tree: &Tree) -> Result<Entry, Problem> {
        const TYPE: Type = Type {
            name: "ResourceConfiguration",
            fields: &["resources", "providers"],
        };
        let mut entry = Entry {
            span: tree.span.clone(),
            ..Entry::default()
        };
        self.object(tree, TYPE, |this, field, member| {
            match field {
                "resources" => entry.resources = this.list(&member.value, "[]string", Self::string)?,
                _ => entry.providers = this.list(&member.value, "[]v1.ProviderConfiguration", Self::provider)?,
            }
            Ok(())
        })?;
        Ok(entry)
    }

    fn provider(&mut self, tree: &Tree) -> Result<Provider, Problem> {
        const TYPE: Type = Type {
            name: "ProviderConfiguration",
            fields: &["aesgcm", "aescbc", "secretbox", "identity", "kms"],
        };
        const IDENTITY: Type = Type {
            name: "IdentityConfiguration",
            fields: &[],
        };
        let mut provider = Provider {
            span: tree.span.clone(),
            ..Provider::default()
        };
        self.object(tree, TYPE, |this, field, member| {
            let is_null = matches!(member.value.value, Value::Null);
            match field {
                "aesgcm" => provider.aesgcm = this.keys(member, "AESConfiguration")?,
                "aescbc" => provider.aescbc = this.keys(member, "AESConfiguration")?,
                "secretbox" => provider.secretbox = this.keys(member, "SecretboxConfiguration")?,
                "identity" => {
                    this.object(&member.value, IDENTITY, |_, _, _| Ok(()))?;
                    provider.identity = (!is_null).then(|| member.key_span.clone());
                }
                _ => provider.kms = this.kms(member)?,
            }
            Ok(())
        })?;
        Ok(provider)
    }

    fn keys(&mut self, member: &Member, name: &'static str) -> Result<Option<Keys>, Problem> {
        if matches!(member.value.value, Value::Null) {
            return Ok(None);
        }
        let mut keys = Keys {
            field: member.key_span.clone(),
            ..Keys::default()
        };
        let is = Type {
            name,
            fields: &["keys"],
        };
        self.object(&member.value, is, |this, _, member| {
            keys.keys = this.list(&member.value, "[]v1.Key", Self::key)?;
            Ok(())
        })?;
        Ok(Some(keys))
    }

    fn key(&mut self, tree: &Tree) -> Result<Key, Problem> {
        const TYPE: Type = Type {
            name: "Key",
            fields: &["name", "secret"],
        };
        let mut key = Key {
            span: tree.span.clone(),
            ..Key::default()
        };
        self.object(tree, TYPE, |this, field, member| {
            match field {
                "name" => key.name = this.string(&member.value)?,
                _ => {
                    let span = member.value.span.clone();
                    key.secret = match &member.value.value {
                        Value::String(value) => Spanned {
                            value: value.clone(),
                            span,
                        },
                        _ => Spanned {
                            value: Zeroizing::new(this.string(&member.value)?.value),
                            span,
                        },
                    };
                }
            }
            Ok(())
        })?;
        Ok(key)
    }

    fn kms(&mut self, member: &Member) -> Result<Option<Kms>, Problem> {
        const TYPE: Type = Type {
            name: "KMSConfiguration",
            fields: &["apiVersion", "name", "cachesize", "endpoint", "timeout"],
        };
        if matches!(member.value.value, Value::Null) {
            return Ok(None);
        }
        let mut kms = Kms {
            field: member.key_span.clone(),
            ..Kms::default()
        };
        self.object(&member.value, TYPE, |this, field, member| {
            match field {
                "apiVersion" => kms.api_version = this.string(&member.value)?,
                "name" => kms.name = this.string(&member.value)?,
                "cachesize" => kms.cache_size = this.int32(&member.value),
                "endpoint" => kms.endpoint = this.string(&member.value)?,
                _ => kms.timeout = this.duration(&member.value)?,
            }
            Ok(())
        })?;
        Ok(Some(kms))
    }

    /// Goes through the members of an object; null is an object without any.
    fn object(
        &mut self,
        tree: &Tree,
        is: Type,
        mut read: impl FnMut(&mut Self, &'static str, &Member) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let members = match &tree.value {
            Value::Object(members) => members,
            Value::Null => return Ok(()),
            _ => {
                self.differs(tree, &format!("v1.{}", is.name));
                return Ok(());
            }
        };
        let (owner, length) = (self.owner, self.path.len());
        let mut seen: Vec<&str> = Vec::new();
        for member in members {
            let Some(&field) = is.fields.iter().find(|field| **field == member.key) else {
                self.strict("unknown field", member);
                continue;
            };
            if seen.contains(&field) {
                self.strict("duplicate field", member);
            }
            seen.push(field);
            self.owner = is.name;
            self.fields.push(field);
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(field);
            read(self, field, member)?;
            self.path.truncate(length);
            self.fields.pop();
        }
        self.owner = owner;
        Ok(())
    }

    fn list<T>(
        &mut self,
        tree: &Tree,
        is: &str,
        read: fn(&mut Self, &Tree) -> Result<T, Problem>,
    ) -> Result<Option<List<T>>, Problem> {
        let items = match &tree.value {
            Value::Array(items) => items,
            Value::Null => return Ok(None),
            _ => {
                self.differs(tree, is);
                return Ok(None);
            }
        };
        let length = self.path.len();
        let mut list = List {
            items: Vec::with_capacity(items.len()),
            span: tree.span.clone(),
        };
        for (at, item) in items.iter().enumerate() {
            self.path.push_str(&format!("[{at}]"));
            list.items.push(read(self, item)?);
            self.path.truncate(length);
        }
        Ok(Some(list))
    }

    /// A text; null leaves it empty.
    fn string(&mut self, tree: &Tree) -> Result<Spanned<String>, Problem> {
        let value = match &tree.value {
            Value::String(text) => text.as_str().to_owned(),
            Value::Null => String::new(),
            _ => {
                self.differs(tree, "string");
                String::new()
            }
        };
        Ok(Spanned {
            value,
            span: tree.span.clone(),
        })
    }

    fn int32(&mut self, tree: &Tree) -> Option<Spanned<i32>> {
        match &tree.value {
            Value::Null => None,
            Value::Number(text) => match text.parse() {
                Ok(value) => Some(Spanned {
                    value,
                    span: tree.span.clone(),
                }),
                Err(_) => {
                    self.mismatch(format!("number {text}"), tree, "int32");
                    None
                }
            },
            _ => {
                self.differs(tree, "int32");
                None
            }
        }
    }

    /// A duration has a reader of its own, whose error ends the reading of everything.
    fn duration(&self, tree: &Tree) -> Result<Option<Spanned<i64>>, Problem> {
        let text = match &tree.value {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            _ => return Err(self.told(self.type_message(tree.kind(), "string"), tree)),
        };
        let value = go::parse_duration(text).map_err(|message| self.told(message, tree))?;
        Ok(Some(Spanned {
            value,
            span: tree.span.clone(),
        }))
    }

    fn differs(&mut self, tree: &Tree, is: &str) {
        self.mismatch(tree.kind().to_owned(), tree, is);
    }

    fn mismatch(&mut self, what: String, tree: &Tree, is: &str) {
        if self.mismatch.is_none() {
            self.mismatch = Some(self.told(self.type_message(&what, is), tree));
        }
    }

    /// `json.UnmarshalTypeError`.
    fn type_message(&self, what: &str, is: &str) -> String {
        if self.fields.is_empty() {
            return format!("json: cannot unmarshal {what} into Go value of type {is}");
        }
        let (owner, fields) = (self.owner, self.fields.join("."));
        format!("json: cannot unmarshal {what} into Go struct field {owner}.{fields} of type {is}")
    }

    fn told(&self, message: String, tree: &Tree) -> Problem {
        Problem::new(self.path.clone(), message, tree.span.clone())
    }

    fn strict(&mut self, what: &str, member: &Member) {
        let key = super::secrecy::shown(&member.key);
        let point = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{point}{key}", self.path);
        let message = format!("{what} {}", go::quote(&path));
        if self.strict.len() < STRICT_ERRORS && self.strict.iter().all(|told| told.message != message) {
            self.strict.push(Problem::new(path, message, member.key_span.clone()));
        }
    }
}
