//! What `kship verify` can answer "no" with.

use crate::images::INVALID_DIGEST;
use crate::report::{Level, Rule};

/// An image about which there is no evidence at all.
pub const UNSIGNED: Rule = Rule {
    code: "unsigned",
    summary: "image is not signed",
    help: "The registry has no such signature or attestation of this image. Sign its digest, then verify again.",
    level: Level::Error,
};

/// Evidence that does not prove what is demanded.
pub const UNTRUSTED: Rule = Rule {
    code: "untrusted",
    summary: "no signature proves what is demanded",
    help: "What is signed is not signed by whom you named, or does not say what you asked for. Check the key or identity; if they are right, do not use it.",
    level: Level::Error,
};

/// All rules of the verb, for reports.
pub const RULES: [&Rule; 3] = [&INVALID_DIGEST, &UNSIGNED, &UNTRUSTED];
