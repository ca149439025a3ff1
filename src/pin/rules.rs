//! What `kship pin --check` can answer "no" with.

use crate::images::INVALID_DIGEST;
use crate::report::{Level, Rule};

/// A reference without a digest.
pub const UNPINNED: Rule = Rule {
    code: "unpinned",
    summary: "image reference has no digest",
    help: "A tag can be moved to other content at any time. Run `kship pin` to write the digest behind the tag.",
    level: Level::Error,
};

/// A reference without a digest where none can be written: the same finding, with other advice.
pub const UNPINNABLE: Rule = Rule {
    help: "Change the place as the message says, or accept it with `# kship:ignore=reason`.",
    ..UNPINNED
};

/// A tag that means another digest by now.
pub const DRIFTED: Rule = Rule {
    code: "drifted",
    summary: "tag has moved since the image was pinned",
    help: "The tag and the digest name different images. Run `kship pin --update` to take the new one.",
    level: Level::Error,
};

/// A digest that the registry does not have.
pub const VANISHED: Rule = Rule {
    code: "vanished",
    summary: "pinned digest is not in the registry",
    help: "Registries remove untagged manifests. Run `kship pin --update` to take what the tag means now.",
    level: Level::Error,
};

/// The digest of one platform where the tag is an index of several.
pub const SINGLE_PLATFORM: Rule = Rule {
    code: "single-platform",
    summary: "pinned digest is one platform of the tag's index",
    help: "Nodes of other platforms cannot run this image. Run `kship pin --update` to pin the index.",
    level: Level::Error,
};

/// All rules of the verb, for reports and settings.
pub const RULES: [&Rule; 5] = [&DRIFTED, &INVALID_DIGEST, &SINGLE_PLATFORM, &UNPINNED, &VANISHED];
