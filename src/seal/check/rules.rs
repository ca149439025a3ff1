//! What `kship seal --check` can answer "no" with.

use crate::report::{Level, Rule};

/// A Secret whose values anybody can read.
pub const PLAINTEXT_SECRET: Rule = Rule {
    code: "plaintext-secret",
    summary: "Secret is in plain text",
    help: "Base64 is no encryption. Seal the file with `kship seal -f FILE -w SEALED`, delete it, and change the values if they \
           were ever pushed. Accept what is harmless with `# kship:ignore=reason`.",
    level: Level::Error,
};

/// A Secret whose sealed form is in the tree too.
pub const PLAINTEXT_BESIDE_SEALED: Rule = Rule {
    code: "plaintext-beside-sealed",
    summary: "Secret is in plain text beside its SealedSecret",
    help: "The plaintext undoes the seal, and whichever is applied last wins. Delete the plaintext, change the values if they \
           were ever pushed, and name such files in `.gitignore`.",
    level: Level::Error,
};

/// Plaintext in a kustomization.
pub const PLAINTEXT_GENERATOR: Rule = Rule {
    code: "plaintext-generator",
    summary: "secretGenerator has literal values",
    help: "Whoever reads the kustomization reads the values. Seal a Secret instead, or read the values from a file that is not \
           in the tree.",
    level: Level::Error,
};

/// Plaintext in the template of a SealedSecret.
pub const PLAINTEXT_TEMPLATE: Rule = Rule {
    code: "plaintext-template",
    summary: "template of a SealedSecret has literal values",
    help: "`spec.template.data` is not sealed: only what `{{ ... }}` takes from sealed values is secret. Seal the value \
           (`kship seal --raw`) and move it to `encryptedData`, or accept what is no secret with `# kship:ignore=reason`.",
    level: Level::Error,
};

/// A copy of the whole Secret in an annotation.
pub const LAST_APPLIED_COPY: Rule = Rule {
    code: "last-applied-copy",
    summary: "annotation holds a copy of the Secret in plain text",
    help: "`kubectl apply` keeps what it was given in this annotation, values included. Delete the annotation, and change the \
           values if they were ever pushed.",
    level: Level::Error,
};

/// A sealed value that no key opens.
pub const MALFORMED_VALUE: Rule = Rule {
    code: "malformed-value",
    summary: "sealed value is damaged, or was never sealed",
    help: "The controller cannot open it, and it may be plaintext in the wrong place. Seal the value again.",
    level: Level::Error,
};

/// A value that was sealed with another key than the certificate's.
pub const OTHER_KEY_SIZE: Rule = Rule {
    code: "other-key-size",
    summary: "sealed value does not fit the certificate",
    help: "The length of a value tells the size of its key, and the certificate has another one: the value is from another \
           cluster or for an older key. Seal it again with this certificate.",
    level: Level::Error,
};

/// A scope that the controller reads otherwise than its author.
pub const SCOPE_MISMATCH: Rule = Rule {
    code: "scope-mismatch",
    summary: "scope of the template is not that of the SealedSecret",
    help: "The annotations of the object decide whether it opens, those of the template go to the Secret. Write the same \
           annotation in both places.",
    level: Level::Error,
};

/// A scope annotation that counts for nothing.
pub const SCOPE_VALUE: Rule = Rule {
    code: "scope-value",
    summary: "scope annotation has no effect",
    help: "Only the text \"true\", in lower case and quoted, sets a scope; with anything else the SealedSecret is strict. Write \
           \"true\", or delete the annotation.",
    level: Level::Error,
};

/// All rules of the check, for reports and settings.
pub const RULES: [&Rule; 9] = [
    &LAST_APPLIED_COPY,
    &MALFORMED_VALUE,
    &OTHER_KEY_SIZE,
    &PLAINTEXT_BESIDE_SEALED,
    &PLAINTEXT_GENERATOR,
    &PLAINTEXT_SECRET,
    &PLAINTEXT_TEMPLATE,
    &SCOPE_MISMATCH,
    &SCOPE_VALUE,
];
