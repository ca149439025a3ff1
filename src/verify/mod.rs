//! `kship verify`: proof that an image, or a file, was signed by whom the user names.
//!
//! ```text
//! discover    which evidence a registry has for an image
//! demand      what is asked of it, and the proof that it holds: Verified
//! statement   what is said about the image: only cosign's own claim is a signature
//! identity    who said it, by certificate;  key  by key
//! sigstore    certificates, logs, timestamps: the only user of the library
//! bundle      the format;  legacy  the one before
//! ```
//!
//! What is demanded of a signature is in one place and the same for files, images and both formats of cosign:
//!
//! 1. its form is read within limits, and says one thing only;
//! 2. the signature is by a key that was named, or by a certificate that leads to the trusted root at every proven time;
//! 3. with a certificate, a transparency log has it, and the entry describes this very signature;
//! 4. the certificate names the identity and issuer that were named, each matched whole;
//! 5. the statement is about the digest that was computed here, makes the claim that is asked for, and has the annotations.
//!
//! The types carry the proof: a [`Verified`] is made by [`Demand`] alone, and the digest in it is the one that the caller
//! computed. Functions named `verify` give proof or a [`Rejection`], never a truth value.

mod bundle;
mod certificate;
mod demand;
mod discover;
mod identity;
mod json;
mod key;
mod legacy;
mod rejection;
pub mod rules;
mod sigstore;
mod statement;

pub use bundle::{Bundle, Origin};
pub use demand::{Demand, Format, LogRule, LogState, Said, SignedBy, Signer, Verified};
pub use discover::{Error, Prover, Refusal, Unproven, Verdict, Verdicts, name};
pub use identity::{FullMatch, Identity, Pattern, PatternError};
pub use key::{Algorithm, KeyError, Message, PublicKey};
pub use rejection::Rejection;
pub use sigstore::{Authority, EMBEDDED_SINCE, Evidence, LogEntry, ProvenTime, TimeSource, TrustRoot, TrustRootError};
pub use statement::{Claim, SIGN};
