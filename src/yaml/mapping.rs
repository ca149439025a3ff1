//! Keys of mappings: none twice, and what `<<` brings.

use std::collections::HashSet;

use super::arena::{Arena, Data, widen};
use super::error::{ErrorKind, Fault, shown};
use super::scalar::{Scalar, Style, Tag};

/// The merge key, which go-yaml v2 still reads: <https://yaml.org/type/merge.html>.
pub(super) const MERGE: &str = "<<";

/// Whether a key is the merge key; `"<<"` is an ordinary one.
pub(super) fn is_merge(key: &Scalar<'_>) -> bool {
    key.value == MERGE && key.style == Style::Plain && key.tag == Tag::Absent
}

impl Arena<'_> {
    /// Refuses a key that stands twice in a mapping without a merge key.
    pub(super) fn check_unique_keys(&self, mapping: u32) -> Result<(), Fault> {
        // Nearly all mappings are small: comparing each with each needs no memory.
        const SMALL: usize = 8;
        let mut few = [""; SMALL];
        let mut many = HashSet::new();
        for (count, (key, _)) in self.pairs(mapping).enumerate() {
            let text = self.key_text(key);
            let is_duplicate = match few.get_mut(count) {
                Some(slot) => {
                    *slot = text;
                    few.iter().take(count).any(|earlier| *earlier == text)
                }
                None => {
                    if count == SMALL {
                        many.extend(few);
                    }
                    !many.insert(text)
                }
            };
            if is_duplicate {
                return Err(self.duplicate(key));
            }
        }
        Ok(())
    }

    /// The number of entries that the merge keys of a mapping bring, duplicates included.
    pub(super) fn merged_entries(&self, mapping: u32) -> Result<usize, Fault> {
        let mut entries = 0_usize;
        for (key, value) in self.pairs(mapping) {
            if self.is_merge_key(key) {
                for source in self.merge_sources(value)? {
                    entries = entries.saturating_add(self.pairs(source).count());
                }
            }
        }
        Ok(entries)
    }

    /// The entries of a mapping with a merge key: its own, then what `<<` brings beside them.
    pub(super) fn merge(&self, mapping: u32) -> Result<Box<[(u32, u32)]>, Fault> {
        let mut own = HashSet::new();
        let mut pairs = Vec::new();
        let mut brought = Vec::new();
        let mut brought_keys = HashSet::new();
        for (key, value) in self.pairs(mapping) {
            if !self.is_merge_key(key) {
                if !own.insert(self.key_text(key)) {
                    return Err(self.duplicate(key));
                }
                pairs.push((key, value));
                continue;
            }
            // go-yaml lets a merge replace what is set before it, another merge included; within one, the first of
            // its mappings wins.
            let mut here = HashSet::new();
            for source in self.merge_sources(value)? {
                for (inner, value) in self.pairs(source) {
                    let text = self.key_text(inner);
                    if own.contains(text) || brought_keys.contains(text) {
                        return Err(Fault::new(
                            self.start_of(key),
                            ErrorKind::MergeAfterKey { key: shown(text) },
                        ));
                    }
                    if here.insert(text) {
                        brought.push((inner, value));
                    }
                }
            }
            brought_keys.extend(here);
        }
        brought.retain(|(key, _)| !own.contains(self.key_text(*key)));
        pairs.extend(brought);
        Ok(pairs.into())
    }

    /// The first byte of a node.
    pub(super) fn start_of(&self, node: u32) -> usize {
        self.node(node).map_or(0, |node| widen(node.start))
    }

    fn is_merge_key(&self, key: u32) -> bool {
        matches!(self.node(key).map(|node| &node.data), Some(Data::Scalar(scalar)) if is_merge(scalar))
    }

    /// The mappings that a merge key names, the one that wins first.
    fn merge_sources(&self, value: u32) -> Result<Vec<u32>, Fault> {
        let written: Vec<u32> = match self.node(value).map(|node| &node.data) {
            Some(Data::Sequence) => self.children(value).collect(),
            _ => vec![value],
        };
        let mut sources = Vec::with_capacity(written.len());
        for index in written {
            let source = self.follow(index);
            match self.node(source).map(|node| &node.data) {
                Some(Data::Mapping | Data::Merged(_)) => sources.push(source),
                _ => return Err(Fault::new(self.start_of(index), ErrorKind::MergeValue)),
            }
        }
        Ok(sources)
    }

    #[cold]
    fn duplicate(&self, key: u32) -> Fault {
        let text = shown(self.key_text(key));
        Fault::new(self.start_of(key), ErrorKind::DuplicateKey { key: text })
    }
}
