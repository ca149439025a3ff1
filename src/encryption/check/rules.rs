//! What `kship encryption check` can find.

use crate::report::{Level, Rule};

/// AES-CBC writes.
pub const AESCBC: Rule = Rule {
    code: "aescbc",
    summary: "aescbc is the weakest of the encrypting providers",
    help: "Kubernetes advises against it: values are not authenticated (padding oracles, values moved between keys). Prefer kms v2 or secretbox; `kship encryption rotate add-provider` moves there.",
    level: Level::Note,
};

/// AES-GCM writes.
pub const AESGCM_ROTATION: Rule = Rule {
    code: "aesgcm-rotation",
    summary: "aesgcm needs a new key every 200,000 writes",
    help: "Its nonces are random and too short for more. Kubernetes advises it only with automated rotation; use kms v2 or secretbox without.",
    level: Level::Warning,
};

/// Two names of which one is read as the beginning of the other.
pub const AMBIGUOUS_KEY_NAME: Rule = Rule {
    code: "ambiguous-key-name",
    summary: "the name of one key, with a colon, begins the name of another",
    help: "The API server compares the beginning of a stored value with `name:`, and tries the wrong key. With aescbc that can return garbage without an error.",
    level: Level::Error,
};

/// Section 1.2.28 of the benchmark.
pub const CIS_1_2_28: Rule = Rule {
    code: "cis-1.2.28",
    summary: "CIS Kubernetes Benchmark 1.12, 1.2.28: Secrets are not written with aescbc, kms or secretbox",
    help: "The benchmark does not accept aesgcm and identity. 1.2.27, the flag --encryption-provider-config, cannot be seen in this file.",
    level: Level::Warning,
};

/// The same name twice.
pub const DUPLICATE_KEY_NAME: Rule = Rule {
    code: "duplicate-key-name",
    summary: "two keys that read the same values have the same name",
    help: "Only the name tells which key a value needs. With aescbc the wrong key returns garbage without an error in one of 255 cases. Give each key a name of its own.",
    level: Level::Error,
};

/// A key that everybody knows.
pub const EXAMPLE_KEY: Rule = Rule {
    code: "example-key",
    summary: "the key is an example from public documentation",
    help: "Everybody can read what it encrypts. Add a random key with `kship encryption rotate prepare`, and rewrite what is stored.",
    level: Level::Error,
};

/// Others on the machine can read the file.
pub const FILE_MODE: Rule = Rule {
    code: "file-mode",
    summary: "the file holds keys, and not only its owner can read it",
    help: "`chmod 600` it: only the API server needs to read it. A file in a Git repository is not safe by its mode: keep it encrypted there.",
    level: Level::Warning,
};

/// Plaintext is written.
pub const IDENTITY_FIRST: Rule = Rule {
    code: "identity-first",
    summary: "identity stands first: nothing is encrypted",
    help: "The first provider writes. Put the encrypting provider before `identity`, then rewrite what is stored.",
    level: Level::Error,
};

/// What follows the first document.
pub const IGNORED_DOCUMENT: Rule = Rule {
    code: "ignored-document",
    summary: "the API server reads the first YAML document only",
    help: "What follows the `---` has no effect. Write all entries into one document.",
    level: Level::Error,
};

/// The API server does not start with this file.
pub const INVALID: Rule = Rule {
    code: "invalid",
    summary: "the API server does not load the file",
    help: "The message is that of kube-apiserver v1.37, with keys masked. It does not start with such a file, or keeps the old one.",
    level: Level::Error,
};

/// Text that kship does not read as YAML: the same finding, with other advice.
pub const UNREADABLE: Rule = Rule {
    help: "It is no YAML, or YAML of a kind that readers disagree about: kship refuses that even where the API server might take it.",
    ..INVALID
};

/// Characters that make trouble in names.
pub const KEY_NAME: Rule = Rule {
    code: "key-name",
    summary: "the name of a key has characters that make it hard to read back",
    help: "The name stands before each stored value, ended by a colon. Use letters, digits, `-`, `_` and `.`; `kship encryption rotate` makes such names.",
    level: Level::Warning,
};

/// The old protocol.
pub const KMS_V1: Rule = Rule {
    code: "kms-v1",
    summary: "KMS v1 is deprecated since Kubernetes 1.28",
    help: "Since 1.29 it needs the feature gate `KMSv1=true`. Write `apiVersion: v2`; without the field it is v1.",
    level: Level::Warning,
};

/// Plaintext cannot be read.
pub const NO_IDENTITY: Rule = Rule {
    code: "no-identity",
    summary: "without `identity` no plaintext can be read",
    help: "That is right once everything stored has been rewritten: it refuses planted plaintext. Before that, reads fail: `kship encryption audit` tells.",
    level: Level::Note,
};

/// Left in plaintext on purpose.
pub const OPTED_OUT: Rule = Rule {
    code: "opted-out",
    summary: "a resource stays in plaintext although a later entry would encrypt it",
    help: "An earlier entry wins. This is the way to leave out `events`; nothing is to do if it is meant.",
    level: Level::Note,
};

/// Two entries for one resource.
pub const REPEATED_RESOURCE: Rule = Rule {
    code: "repeated-resource",
    summary: "an earlier entry has the resource already",
    help: "The first entry writes; the providers of this one only read. Write one entry for each resource.",
    level: Level::Warning,
};

/// One key in two places.
pub const REUSED_KEY: Rule = Rule {
    code: "reused-key",
    summary: "two keys are the same",
    help: "A rotation to the same key changes nothing, and one key must not serve two ciphers. Make a random key for each.",
    level: Level::Error,
};

/// Secrets are in no entry.
pub const SECRETS_PLAINTEXT: Rule = Rule {
    code: "secrets-plaintext",
    summary: "no entry names `secrets`: they are stored in plaintext",
    help: "Add `secrets` to the resources of an entry that encrypts, then rewrite them.",
    level: Level::Error,
};

/// AES with less than 256 bits.
pub const SHORT_KEY: Rule = Rule {
    code: "short-key",
    summary: "the key is shorter than 32 bytes",
    help: "The API documents 32 bytes for aescbc, and takes less. Make new keys of 32 bytes: `head -c 32 /dev/urandom | base64`.",
    level: Level::Warning,
};

/// A resource that Kubernetes does not have.
pub const UNKNOWN_RESOURCE: Rule = Rule {
    code: "unknown-resource",
    summary: "Kubernetes has no such resource in this API group",
    help: "The API server takes any name; a misspelt one encrypts nothing. Names are plural and lower-case, without subresources: `secrets`, `deployments.apps`.",
    level: Level::Error,
};

/// The same, where a newer Kubernetes may have it.
pub const UNKNOWN_GROUPED_RESOURCE: Rule = Rule {
    level: Level::Warning,
    ..UNKNOWN_RESOURCE
};

/// Too new for the cluster.
pub const UNSUPPORTED: Rule = Rule {
    code: "unsupported",
    summary: "the Kubernetes of `--kubernetes` does not have this",
    help: "Wildcards came with 1.27. KMS v2 was beta and on by default from 1.27, stable since 1.29.",
    level: Level::Error,
};

/// A key that can be guessed.
pub const WEAK_KEY: Rule = Rule {
    code: "weak-key",
    summary: "the key is not random",
    help: "Text, repetitions and counted bytes can be guessed. Take random bytes: `head -c 32 /dev/urandom | base64`.",
    level: Level::Error,
};

/// All rules of the verb, for reports and settings.
pub const RULES: [&Rule; 21] = [
    &AESCBC,
    &AESGCM_ROTATION,
    &AMBIGUOUS_KEY_NAME,
    &CIS_1_2_28,
    &DUPLICATE_KEY_NAME,
    &EXAMPLE_KEY,
    &FILE_MODE,
    &IDENTITY_FIRST,
    &IGNORED_DOCUMENT,
    &INVALID,
    &KEY_NAME,
    &KMS_V1,
    &NO_IDENTITY,
    &OPTED_OUT,
    &REPEATED_RESOURCE,
    &REUSED_KEY,
    &SECRETS_PLAINTEXT,
    &SHORT_KEY,
    &UNKNOWN_RESOURCE,
    &UNSUPPORTED,
    &WEAK_KEY,
];
