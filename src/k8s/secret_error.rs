//! What there is to say about a Secret: errors, and notes for its author. None carries a value.

/// Something that is read otherwise than it seems, at a byte of the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct Note {
    /// The byte.
    pub offset: usize,
    /// What it is.
    pub kind: NoteKind,
}

/// What a [`Note`] says.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteKind {
    /// A field that does not survive sealing.
    #[error("`{field}` is not kept: a SealedSecret has no place for it")]
    Dropped {
        /// The field.
        field: String,
    },
    /// A copy of the plaintext, which is not taken over.
    #[error("the annotation `{name}` may hold the plaintext and is left out; so may the history of this file")]
    LastApplied {
        /// The annotation.
        name: String,
    },
    /// A name that YAML 1.1 reads as something else.
    #[error(
        "`{written}` at {field} reads `{read}` in YAML 1.1, which is what kubectl takes: quote it if that is not meant"
    )]
    Retyped {
        /// The field.
        field: String,
        /// What is written.
        written: String,
        /// What is read.
        read: String,
    },
    /// A value that YAML 1.1 reads as something else; it is not shown.
    #[error(
        "the unquoted value of {field} reads as {what}, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant"
    )]
    RetypedValue {
        /// The field.
        field: String,
        /// What it is taken for.
        what: &'static str,
    },
}

/// What keeps an object from being read as a Secret, at a byte of the text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct SecretError {
    /// The byte.
    pub offset: usize,
    /// What is wrong.
    pub kind: SecretErrorKind,
}

/// What is wrong with a Secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretErrorKind {
    /// A value of `data` that does not decode.
    #[error("{field} is not base64: expected the padded standard alphabet, or plain text under `stringData`")]
    Base64 {
        /// The field.
        field: String,
    },
    /// A field in other letters than Kubernetes' own.
    #[error("the field `{field}`: expected `{expected}`")]
    Case {
        /// What is written.
        field: String,
        /// What is meant.
        expected: &'static str,
    },
    /// `kind: secret`.
    #[error("an object of the kind `{kind}`: expected `Secret`")]
    Kind {
        /// The kind.
        kind: String,
    },
    /// An object that has data and does not say what it is.
    #[error("an object with data and without a kind: expected `kind: Secret`")]
    NoKind,
    /// A field of another type.
    #[error("{field} is not {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// `apiVersion: V1`.
    #[error("a Secret of the apiVersion `{version}`: expected `v1`")]
    Version {
        /// The version.
        version: String,
    },
}
