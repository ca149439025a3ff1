//! Comments that accept a finding where it stands: `# kship:ignore=reason`.

/// What stands for a reason that nobody gave.
pub const NO_REASON: &str = "no reason given";

/// The reason in a comment that begins with the mark; `comment` is what stands behind its `#`.
#[must_use]
pub fn mark(comment: &str) -> Option<&str> {
    let rest = comment.trim().strip_prefix("kship:ignore")?;
    let reason = match rest.strip_prefix('=') {
        Some(reason) => reason.trim(),
        None if rest.is_empty() || rest.starts_with(char::is_whitespace) => "",
        None => return None,
    };
    Some(if reason.is_empty() { NO_REASON } else { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_begins_its_comment() {
        assert_eq!(mark(" kship:ignore= for tests "), Some("for tests"));
        for comment in ["kship:ignore", "kship:ignore=", " kship:ignore see below"] {
            assert_eq!(mark(comment), Some(NO_REASON), "{comment}");
        }
        for comment in ["kship:ignored", "see kship:ignore=x", "kship: ignore", ""] {
            assert_eq!(mark(comment), None, "{comment}");
        }
    }
}
