//! Changes of the lists in a configuration: made in the text, and proven on what the text says.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::error::RotateError;
use crate::encryption::edit::{edited, wipe};
use crate::encryption::init::{NewKey, NewProvider};
use crate::yaml::{Document, Node};

/// Makes changes one after the other; after each the text is read again and compared with what was meant.
pub(super) fn apply(text: Zeroizing<String>, changes: &[Change]) -> Result<Zeroizing<String>, RotateError> {
    changes.iter().try_fold(text, |text, change| change.apply(&text))
}

/// A list in a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum List {
    /// `resources[entry].providers[provider].<kind>.keys`.
    Keys {
        entry: usize,
        provider: usize,
        kind: &'static str,
    },
    /// `resources[entry].providers`.
    Providers { entry: usize },
}

/// A change of a list. Places count from zero.
#[derive(Debug)]
pub(super) enum Change {
    /// An item comes to stand at a place.
    Insert { list: List, at: usize, item: Item },
    /// An item goes to another place.
    Move { list: List, from: usize, to: usize },
    /// An item goes.
    Remove { list: List, at: usize },
}

/// What is inserted.
#[derive(Debug)]
pub(super) enum Item {
    Identity,
    Key(NewKey),
    Provider(NewProvider),
}

impl Change {
    fn apply(&self, text: &str) -> Result<Zeroizing<String>, RotateError> {
        edited(text, |editor, stream, values| {
            let (Self::Insert { list, .. } | Self::Move { list, .. } | Self::Remove { list, .. }) = self;
            let root = stream.documents().first().and_then(Document::root);
            let node = root.and_then(|root| list.find(root)).ok_or(RotateError::NoList)?;
            let value = values.first_mut().and_then(|value| value.pointer_mut(&list.pointer()));
            let Some(Value::Array(items)) = value else {
                return Err(RotateError::NoList);
            };
            Ok(match self {
                Self::Insert { at, item, .. } => {
                    let item = item.to_json();
                    let edits = editor.insert_item(node, *at, &item)?;
                    items.insert((*at).min(items.len()), item);
                    edits
                }
                Self::Move { from, to, .. } => {
                    let edits = editor.move_item(node, *from, *to)?;
                    let item = items.remove(*from);
                    items.insert((*to).min(items.len()), item);
                    edits
                }
                Self::Remove { at, .. } => {
                    let edits = editor.remove_item(node, *at)?;
                    wipe(&mut items.remove(*at));
                    edits
                }
            })
        })
    }
}

impl Item {
    fn to_json(&self) -> Value {
        match self {
            Self::Identity => json!({"identity": {}}),
            Self::Key(key) => key.to_json(),
            Self::Provider(provider) => provider.to_json(),
        }
    }
}

impl List {
    /// The JSON pointer to it (RFC 6901).
    fn pointer(&self) -> String {
        match self {
            Self::Keys { entry, provider, kind } => format!("/resources/{entry}/providers/{provider}/{kind}/keys"),
            Self::Providers { entry } => format!("/resources/{entry}/providers"),
        }
    }

    fn find<'d, 'a>(&self, root: Node<'d, 'a>) -> Option<Node<'d, 'a>> {
        let (Self::Keys { entry, .. } | Self::Providers { entry }) = self;
        let providers = root.get("resources")?.items().nth(*entry)?.get("providers")?;
        match self {
            Self::Providers { .. } => Some(providers),
            Self::Keys { provider, kind, .. } => providers.items().nth(*provider)?.get(kind)?.get("keys"),
        }
    }
}
