//! One edit of a text with keys in it: planned, made, read again, compared; copies are wiped.

use std::borrow::Cow;

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::text::Edit;
use crate::yaml::{self, EditError, Editor, Offsets, Stream};

/// Edits a text; `plan` changes the values of its documents in the same way, and gives the edits.
pub(super) fn edited<E>(
    text: &str,
    plan: impl FnOnce(&Editor<'_, '_>, &Stream<'_>, &mut [Value]) -> Result<Vec<Edit>, E>,
) -> Result<Zeroizing<String>, E>
where
    E: From<EditError> + From<yaml::Error>,
{
    let (readable, offsets) = readable(text);
    let stream = yaml::parse(&readable)?;
    let editor = Editor::with_source(&stream, text, offsets);
    let mut expected = Wiped(editor.values());
    let mut edits = plan(&editor, &stream, &mut expected.0)?;
    let changed = editor.apply(&edits, &expected.0).map(Zeroizing::new);
    edits.iter_mut().for_each(|edit| edit.replacement.zeroize());
    Ok(changed?)
}

/// A text as the reader of YAML takes it, and the way back: JSON has tabs and escapes that YAML has not.
pub(super) fn readable(text: &str) -> (Cow<'_, str>, Offsets) {
    if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        yaml::json_with_offsets(text)
    } else {
        (Cow::Borrowed(text), Offsets::default())
    }
}

/// Values that are wiped when they are not needed any more.
struct Wiped(Vec<Value>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(wipe);
    }
}

/// Overwrites all strings in a value.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
