//! What is wrong with an image reference whatever is done with it.

use crate::report::{Level, Rule};

/// Something after `@` that is no digest.
pub const INVALID_DIGEST: Rule = Rule {
    code: "invalid-digest",
    summary: "image digest is malformed",
    help: "No registry can answer for this reference. A digest is `sha256:` and 64 lower-case hex digits.",
    level: Level::Error,
};
