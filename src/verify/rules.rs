//! What `kship verify` can answer "no" with.

use crate::images::INVALID_DIGEST;
use crate::report::{Level, Rule};

/// An image about which there is no evidence at all.
pub const UNSIGNED: Rule = Rule {
    code: "unsigned",
    summary: "image is not signed",
    help: "The registry has no signature or attestation of this kind for the image. Sign it by its digest, then verify again.",
    level: Level::Error,
};

/// Evidence that does not prove what is demanded.
pub const UNTRUSTED: Rule = Rule {
    code: "untrusted",
    summary: "no signature proves what is demanded",
    help: "There are signatures or attestations, but none is by a signer that was named and says what was asked. Check the key or identity; if they are right, do not run the image.",
    level: Level::Error,
};

/// All rules of the verb, for reports.
pub const RULES: [&Rule; 3] = [&INVALID_DIGEST, &UNSIGNED, &UNTRUSTED];
