//! Digests: `sha256:` or `sha512:` and as many lower-case hex digits as that takes.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A hash that an OCI digest may use (image-spec, descriptor.md, "Registered algorithms").
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// SHA-256, 64 hex digits: what registries use.
    Sha256,
    /// SHA-512, 128 hex digits.
    Sha512,
}

impl Algorithm {
    /// The name before the colon.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hex digits follow the colon.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    const fn hash(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// The digest of some bytes, checked for algorithm and length wherever it enters, JSON included.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// Hashes bytes with SHA-256.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::with(Algorithm::Sha256, bytes)
    }

    /// Hashes bytes with the given algorithm.
    #[must_use]
    pub fn with(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let hash = digest::digest(algorithm.hash(), bytes);
        Self {
            algorithm,
            hex: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The algorithm before the colon.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hex digits after the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The bytes that the hex digits stand for.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pair = |pair: &[u8]| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        };
        self.hex.as_bytes().chunks(2).filter_map(pair).collect()
    }

    /// Says whether this is the digest of these bytes.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::with(self.algorithm, bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text
            .split_once(':')
            .ok_or_else(|| DigestError::NoAlgorithm { text: text.to_owned() })?;
        let algorithm = match name {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            _ => return Err(DigestError::UnknownAlgorithm { name: name.to_owned() }),
        };
        if hex.len() != algorithm.hex_len() {
            return Err(DigestError::WrongLength {
                algorithm: name.to_owned(),
                expected: algorithm.hex_len(),
                found: hex.len(),
            });
        }
        if let Some(character) = hex.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(DigestError::NotLowerHex { character });
        }
        Ok(Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is no digest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// There is no colon.
    #[error("digest `{text}` has no algorithm: expected `sha256:` and 64 hex digits")]
    NoAlgorithm {
        /// The text.
        text: String,
    },
    /// A character after the colon is not one of `0-9a-f`.
    #[error("digest contains `{character}`: expected lower-case hex digits")]
    NotLowerHex {
        /// The first such character.
        character: char,
    },
    /// Another algorithm than SHA-256 or SHA-512.
    #[error("digest algorithm `{name}` is not supported: expected sha256 or sha512")]
    UnknownAlgorithm {
        /// The text before the colon.
        name: String,
    },
    /// Too few or too many digits.
    #[error("{algorithm} digest has {found} characters after the colon: expected {expected}")]
    WrongLength {
        /// The text before the colon.
        algorithm: String,
        /// How many digits that algorithm has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_prints() {
        let empty = Digest::of(b"");
        assert_eq!(
            empty.to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert!(empty.matches(b"") && !empty.matches(b"x"));
        let long = Digest::with(Algorithm::Sha512, b"");
        assert_eq!(long.to_string().parse(), Ok(long.clone()));
        assert_eq!(
            serde_json::from_str::<Digest>(&serde_json::to_string(&long).unwrap()).unwrap(),
            long
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| text.parse::<Digest>().unwrap_err().to_string();
        assert_eq!(
            error("abc"),
            "digest `abc` has no algorithm: expected `sha256:` and 64 hex digits"
        );
        assert_eq!(
            error("md5:00"),
            "digest algorithm `md5` is not supported: expected sha256 or sha512"
        );
        assert_eq!(
            error("sha256:00"),
            "sha256 digest has 2 characters after the colon: expected 64"
        );
        let upper = format!("sha256:{}", "A".repeat(64));
        assert_eq!(error(&upper), "digest contains `A`: expected lower-case hex digits");
        assert!(serde_json::from_str::<Digest>("\"sha256:00\"").is_err());
    }
}
