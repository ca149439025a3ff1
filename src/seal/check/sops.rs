//! What SOPS has encrypted, and what it should have.

use crate::yaml::{Kind, Node};

/// Whether a text is a value as SOPS writes it, or as hiera-eyaml does.
pub(super) fn is_encrypted(text: &str) -> bool {
    let Some(body) = text.strip_prefix("ENC[").and_then(|rest| rest.strip_suffix(']')) else {
        return false;
    };
    if let Some(body) = body.strip_prefix("AES256_GCM,") {
        let parts: Vec<_> = body.split(',').filter_map(|part| part.split_once(':')).collect();
        let names = parts.iter().map(|(name, _)| *name);
        return names.eq(["data", "iv", "tag", "type"]) && parts.iter().all(|(_, value)| is_base64(value));
    }
    let eyaml = body.split_once(',');
    eyaml.is_some_and(|(scheme, value)| matches!(scheme, "PKCS7" | "GPG") && is_base64(value))
}

fn is_base64(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n' | b' '))
}

/// The metadata that SOPS leaves in a file: which values it encrypts.
#[derive(Clone, Debug)]
pub(super) struct Sops {
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    /// Those below keys with one of these names.
    Named(Vec<String>),
    /// Those whose keys do not end so.
    NotSuffix(String),
    /// A rule that only SOPS can tell.
    Other,
    /// Those whose keys end so.
    Suffix(String),
}

impl Sops {
    /// The metadata of a file, if it has any: SOPS always leaves a code that authenticates the values.
    pub(super) fn of(root: Node<'_, '_>) -> Option<Self> {
        let sops = root.get("sops").filter(|sops| sops.kind() == Kind::Mapping)?;
        let text = |name| sops.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
        is_encrypted(text("mac")?).then_some(())?;
        let rule = if let Some(regex) = text("encrypted_regex") {
            names(regex).map_or(Rule::Other, Rule::Named)
        } else if let Some(suffix) = text("encrypted_suffix") {
            Rule::Suffix(suffix.to_owned())
        } else if text("unencrypted_regex").is_some()
            || sops.entries().any(|(key, _)| key.text.ends_with("_comment_regex"))
        {
            Rule::Other
        } else {
            Rule::NotSuffix(text("unencrypted_suffix").unwrap_or("_unencrypted").to_owned())
        };
        Some(Self { rule })
    }

    /// Whether SOPS leaves the value of a `key` below a `field` as it is.
    pub(super) fn leaves(&self, field: &str, key: &str) -> bool {
        let path = [field, key];
        match &self.rule {
            Rule::Named(names) => !path.iter().any(|step| names.iter().any(|name| name == step)),
            Rule::NotSuffix(suffix) => path.iter().any(|step| step.ends_with(suffix.as_str())),
            Rule::Other => true,
            Rule::Suffix(suffix) => !path.iter().any(|step| step.ends_with(suffix.as_str())),
        }
    }
}

/// The names of a regular expression such as `^(data|stringData)$`; other ones are for SOPS.
fn names(regex: &str) -> Option<Vec<String>> {
    let body = regex.strip_prefix('^')?.strip_suffix('$')?;
    let body = match body.strip_prefix('(') {
        Some(body) => body.strip_suffix(')')?,
        None if body.contains('|') => return None,
        None => body,
    };
    let names = body.split('|').map(str::to_owned);
    let is_word =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    names.map(|name| is_word(&name).then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(sops: &str, key: &str) -> Option<bool> {
        let text = format!("sops: {{{sops}}}");
        let stream = crate::yaml::parse(&text).unwrap();
        let root = stream.documents()[0].root().unwrap();
        Some(Sops::of(root)?.leaves("stringData", key))
    }

    #[test]
    fn only_what_sops_writes_is_encrypted() {
        for text in [
            "ENC[AES256_GCM,data:eA==,iv:aQ==,tag:dA==,type:str]",
            "ENC[PKCS7,MIIB\nyQ==]",
        ] {
            assert!(is_encrypted(text), "{text}");
        }
        for text in [
            "ENC[x]",
            "ENC[hunter2",
            "ENC[AES256_GCM,data:x]",
            "ENC[AES256_GCM,data:pass word!,iv:aQ==,tag:dA==,type:str]",
            "ENC[PKCS7,]",
        ] {
            assert!(!is_encrypted(text), "{text}");
        }
    }

    #[test]
    fn a_value_that_sops_would_have_encrypted_is_known() {
        let mac = "mac: 'ENC[AES256_GCM,data:eA==,iv:aQ==,tag:dA==,type:str]'";
        for (rule, key, expected) in [
            ("", "p", false),
            ("", "p_unencrypted", true),
            (", unencrypted_suffix: _plain", "p_plain", true),
            (", encrypted_suffix: _secret", "p", true),
            (", encrypted_suffix: _secret", "p_secret", false),
            (", encrypted_regex: '^(data|stringData)$'", "p", false),
            (", encrypted_regex: '^password$'", "p", true),
            (", encrypted_regex: '^password$'", "password", false),
            (", encrypted_regex: 'pass'", "p", true),
            (", unencrypted_regex: '^kind$'", "p", true),
        ] {
            assert_eq!(leaves(&format!("{mac}{rule}"), key), Some(expected), "{rule} {key}");
        }
        assert_eq!(leaves("", "p"), None);
        assert_eq!(leaves("mac: x", "p"), None);
    }
}
