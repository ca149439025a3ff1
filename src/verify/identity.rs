//! Who may sign without a key: the identity in a certificate, and the service that vouched for it.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::Rejection;
use super::certificate::Certificate;
use crate::limits;

/// A signer that proves itself to an OIDC issuer: an address of a person, or the URI of a workflow.
#[derive(Clone, Debug)]
pub struct Identity {
    /// A name that the certificate's subject must have.
    pub subject: Pattern,
    /// The issuer that the certificate names.
    pub issuer: Pattern,
}

/// What a text must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// This text, to the letter.
    Exact(String),
    /// Matched whole by a regular expression; one that matches a part is not enough.
    Regex(FullMatch),
}

/// A regular expression that must match a text from its beginning to its end.
///
/// cosign searches: its `github.com/company` accepts `https://github.com/company-evil/...` too.
#[derive(Clone, Debug)]
pub struct FullMatch {
    text: String,
    whole: Regex,
}

impl FullMatch {
    /// Compiles an expression; it takes time in proportion to the text and no more.
    ///
    /// # Errors
    /// The text is none, or compiles to too much.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let compile = |text: &str| RegexBuilder::new(text).size_limit(limits::PATTERN_BYTES).build();
        let malformed = |source| PatternError {
            text: text.to_owned(),
            source: Box::new(source),
        };
        // Alone first: `a)|(b` must not close the group that is put around it.
        compile(text).map_err(malformed)?;
        let whole = compile(&format!(r"\A(?:{text})\z")).map_err(malformed)?;
        Ok(Self {
            text: text.to_owned(),
            whole,
        })
    }

    /// Says whether the expression takes what nobody can have meant: the empty text, or an address and a URI alike that have
    /// nothing in common.
    #[must_use]
    pub fn takes_anything(&self) -> bool {
        let takes = |text: &str| self.whole.is_match(text);
        takes("") || takes("any.one@a.invalid") && takes("https://b.invalid/at/all?x=1")
    }
}

impl Pattern {
    /// Says whether a text is what it must be.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Regex(regex) => regex.whole.is_match(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Regex(regex) => f.write_str(&regex.text),
        }
    }
}

impl Identity {
    /// Verifies that a certificate is this signer's; gives the name that fits.
    pub(super) fn verify(&self, certificate: &Certificate) -> Result<String, Rejection> {
        let name = certificate.names.iter().find(|name| self.subject.matches(name));
        let issued = certificate
            .issuer
            .as_ref()
            .is_some_and(|issuer| self.issuer.matches(issuer));
        match name {
            Some(name) if issued => Ok(name.clone()),
            _ => Err(Rejection::Identity {
                found: certificate.describe(),
            }),
        }
    }
}

/// A text that is no regular expression.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{text}` is not a regular expression")]
pub struct PatternError {
    /// The text.
    pub text: String,
    /// Why.
    pub source: Box<regex::Error>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_matches_whole_or_not_at_all() {
        let regex = |text: &str| Pattern::Regex(FullMatch::new(text).unwrap());
        let company = regex(r"https://github\.com/company/.*");
        assert!(company.matches("https://github.com/company/shop"));
        assert!(!company.matches("https://evil.example.com/?https://github.com/company/shop"));
        assert!(!regex("https://github.com/company").matches("https://github.com/company-evil"));
        assert!(regex("^a|b$").matches("a") && !regex("a|b").matches("ax"));
        assert!(!regex("(?m)^a$").matches("a\nb"));
        assert!(!Pattern::Exact("a".to_owned()).matches("A"));
    }

    #[test]
    fn what_is_no_expression_or_too_large_is_refused() {
        for text in ["a)|(?:.*", "(", "(a{1000}){1000}", r"(?x)a#"] {
            assert!(FullMatch::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_expression_for_everything_is_told() {
        for (text, anything) in [
            (".*", true),
            (".+", true),
            ("", true),
            ("(a|.*)", true),
            (r".*@example\.com", false),
            (r".+@.+", false),
            (r"https://github\.com/company/.*", false),
        ] {
            assert_eq!(FullMatch::new(text).unwrap().takes_anything(), anything, "{text}");
        }
    }
}
