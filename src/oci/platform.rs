//! Platforms: `linux/arm64/v8`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The system that one manifest of an index is for (image-spec, image-index.md, "platform").
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Platform {
    /// Operating system as Go spells it: `linux`, `windows`.
    pub os: String,
    /// Architecture as Go spells it: `amd64`, `arm64`.
    pub architecture: String,
    /// Variant of the architecture: `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Version of the operating system; Windows images have one.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Says whether an entry of an index is for the platform that was asked for: what is not asked for does not matter.
    #[must_use]
    pub fn covers(&self, asked: &Self) -> bool {
        let given = |asked: &Option<String>, have: &Option<String>| asked.is_none() || asked == have;
        self.os == asked.os
            && self.architecture == asked.architecture
            && given(&asked.variant, &self.variant)
            && given(&asked.os_version, &self.os_version)
    }

    /// Says whether this is the platform under which BuildKit files attestations, which no machine runs.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))?;
        self.os_version.iter().try_for_each(|version| write!(f, ":{version}"))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Parses `os/architecture[/variant][:os.version]`, the form of kbld and crane.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let wrong = || PlatformError { text: text.to_owned() };
        let (name, version) = match text.split_once(':') {
            Some((name, version)) if !version.is_empty() => (name, Some(version.to_owned())),
            Some(_) => return Err(wrong()),
            None => (text, None),
        };
        let mut parts = name.split('/').map(str::to_owned);
        let part = |text: Option<String>| {
            text.filter(|t| !t.is_empty() && !t.contains(char::is_whitespace))
                .ok_or_else(wrong)
        };
        let platform = Self {
            os: part(parts.next())?,
            architecture: part(parts.next())?,
            variant: parts.next().map(|variant| part(Some(variant))).transpose()?,
            os_version: version,
        };
        if parts.next().is_some() {
            Err(wrong())
        } else {
            Ok(platform)
        }
    }
}

/// Why a text is no platform.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no platform: expected `os/architecture[/variant]`, such as linux/arm64")]
pub struct PlatformError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_prints_and_matches() {
        let parse = |text: &str| text.parse::<Platform>().unwrap();
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763.1"] {
            assert_eq!(parse(text).to_string(), text);
        }
        assert!(parse("linux/arm/v7").covers(&parse("linux/arm")));
        assert!(!parse("linux/arm").covers(&parse("linux/arm/v7")));
        assert!(parse("unknown/unknown").is_unknown());
        for text in ["", "linux", "linux/", "a/b/c/d", "linux/amd64:"] {
            let error = text.parse::<Platform>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{text}` is no platform: expected `os/architecture[/variant]`, such as linux/arm64")
            );
        }
    }
}
