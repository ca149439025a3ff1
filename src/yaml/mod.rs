//! YAML as kubectl reads it, with the bytes where everything stands.
//!
//! [`parse`] gives a tree of nodes over the text. It reads every document as `kubectl apply` does (`sigs.k8s.io/yaml` on
//! go-yaml v2, documents split at lines that begin with `---`), or refuses the text with the place to blame. It never
//! reads another value: where two readers could see two images, the text is refused.
//!
//! The events come from `granit-parser`, which is a YAML 1.2 parser; what kubectl reads differently is refused by
//! [`lexical`] before and by [`compose`] after it, or read here ([`scalar`], [`value`]). `tests/conformance/yaml.rs`
//! holds all of it against kubectl's own reading.

mod arena;
mod comment;
mod compose;
mod document;
mod error;
mod lexical;
mod mapping;
mod scalar;
mod strict;
mod value;

pub use document::{Document, Key, Kind, Node, Stream};
pub use error::{Error, ErrorKind};
pub use scalar::{Scalar, Style};

/// Reads a stream of documents.
///
/// # Errors
/// The text is not YAML, or kubectl reads something else than it seems to say: see [`ErrorKind`]. One bad document fails
/// the whole stream.
pub fn parse(text: &str) -> Result<Stream<'_>, Error> {
    compose::compose(text).map_err(|fault| Error::new(text, fault))
}
