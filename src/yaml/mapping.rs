//! Keys of mappings: none twice, and what `<<` brings.

use std::collections::HashSet;

use super::arena::{Arena, Data, NodeData, widen};
use super::document::Duplicate;
use super::error::{ErrorKind, Fault, shown};
use super::scalar::{Scalar, Style, Tag};

/// The merge key, which go-yaml v2 still reads: <https://yaml.org/type/merge.html>.
pub(super) const MERGE: &str = "<<";

/// Whether a key is the merge key; `"<<"` is an ordinary one.
pub(super) fn is_merge(key: &Scalar<'_>) -> bool {
    key.value == MERGE && key.style == Style::Plain && key.tag == Tag::Absent
}

/// What becomes of a key that stands twice in a mapping.
pub(super) enum Twice {
    Collected(Vec<Duplicate>),
    Refused,
}

impl Arena<'_> {
    /// Refuses or collects the keys that stand twice in a mapping without a merge key.
    pub(super) fn check_unique_keys(&self, mapping: u32, twice: &mut Twice) -> Result<(), Fault> {
        if let Twice::Collected(duplicates) = twice {
            let mut seen = HashSet::new();
            let again = self.pairs(mapping).filter(|(key, _)| !seen.insert(self.key_text(*key)));
            duplicates.extend(again.map(|(key, value)| self.told(key, value)));
            return Ok(());
        }
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
    pub(super) fn merge(&self, mapping: u32, twice: &mut Twice) -> Result<Box<[(u32, u32)]>, Fault> {
        if let Twice::Collected(duplicates) = twice {
            return self.merge_collecting(mapping, duplicates);
        }
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

    /// As go-yaml merges where it is strict: a key that is set already is told, whether it is written or brought.
    fn merge_collecting(&self, mapping: u32, duplicates: &mut Vec<Duplicate>) -> Result<Box<[(u32, u32)]>, Fault> {
        let mut seen = HashSet::new();
        let mut pairs = Vec::new();
        for (key, value) in self.pairs(mapping) {
            let entries: Vec<(u32, u32)> = if self.is_merge_key(key) {
                let sources = self.merge_sources(value)?;
                sources.iter().rev().flat_map(|&source| self.pairs(source)).collect()
            } else {
                vec![(key, value)]
            };
            for (key, value) in entries {
                if !seen.insert(self.key_text(key)) {
                    duplicates.push(self.told(key, value));
                }
                pairs.push((key, value));
            }
        }
        Ok(pairs.into())
    }

    fn told(&self, key: u32, value: u32) -> Duplicate {
        let span = |node: u32| self.node(node).map(NodeData::span).unwrap_or_default();
        let data = self.node(self.follow(key)).map(|node| &node.data);
        Duplicate {
            text: self.key_text(key).to_owned(),
            is_string: matches!(data, Some(Data::Scalar(scalar)) if scalar.is_string()),
            key: span(key),
            value: span(value),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    fn read(text: &str) -> Result<serde_json::Value, String> {
        let stream = crate::yaml::parse(text).map_err(|error| format!("{}: {error}", error.position()))?;
        Ok(stream.documents()[0].root().unwrap().to_json())
    }

    #[test]
    fn a_key_stands_once_however_it_is_written() {
        let twice = |key: &str| format!("the key `{key}` is set twice in one mapping: remove one");
        assert_eq!(read("a: 1\nb: 2\na: 3\n"), Err(format!("3:1: {}", twice("a"))));
        assert_eq!(read("\"a\": 1\na: 2\n"), Err(format!("2:1: {}", twice("a"))));
        assert_eq!(read("y: 1\n'true': 2\n"), Err(format!("2:1: {}", twice("true"))));
        assert_eq!(read("{1: a, 0x1: b}\n"), Err(format!("1:8: {}", twice("1"))));
        assert_eq!(read("x: &x k\n*x : 1\nk: 2\n"), Err(format!("3:1: {}", twice("k"))));
        let many: String = (0..40).map(|n| format!("k{n}: {n}\n")).collect();
        assert_eq!(read(&many).unwrap().as_object().unwrap().len(), 40);
        assert_eq!(read(&format!("{many}k3: x\n")), Err(format!("41:1: {}", twice("k3"))));
        let long = "k".repeat(100);
        assert_eq!(
            read(&format!("{long}: 1\n{long}: 2\n")),
            Err(format!("2:1: {}", twice(&format!("{}...", "k".repeat(60)))))
        );
    }

    #[test]
    fn merge_keys_bring_what_is_not_set() {
        let base = "base: &b {image: evil, tag: 1}\nother: &o {image: x, k: 2}\n";
        let merged = |text: &str| read(&format!("{base}{text}")).map(|value| value["m"].clone());
        assert_eq!(
            merged("m: {<<: *b, image: good}\n"),
            Ok(json!({"image": "good", "tag": 1}))
        );
        assert_eq!(
            merged("m: {<<: [*o, *b]}\n"),
            Ok(json!({"image": "x", "k": 2, "tag": 1}))
        );
        assert_eq!(
            merged("m: {a: 1, <<: {<<: *o, k: 3}}\n"),
            Ok(json!({"a": 1, "image": "x", "k": 3}))
        );
        assert_eq!(merged("m: {\"<<\": 1}\n"), Ok(json!({"<<": 1})));
        let late = "`<<` stands after the key `image`, which kubectl lets it replace: write `<<` first";
        assert_eq!(merged("m: {image: good, <<: *b}\n"), Err(format!("3:18: {late}")));
        assert_eq!(merged("m: {<<: *b, <<: *o}\n"), Err(format!("3:13: {late}")));
        let value = "the value of `<<` must be a mapping, or a sequence of mappings";
        assert_eq!(merged("m: {<<: 1}\n"), Err(format!("3:9: {value}")));
        assert_eq!(merged("m: {<<: [*b, [*o]]}\n"), Err(format!("3:14: {value}")));
        assert_eq!(
            merged("m: {! <<: *b}\n"),
            Err("3:7: a tag before the key `<<`: readers disagree about it, remove it".to_owned())
        );
    }

    #[test]
    fn the_first_document_lists_the_keys_that_stand_twice() {
        let twice = |text: &str| {
            let first = crate::yaml::parse_first(text).unwrap();
            let told = first
                .duplicates
                .iter()
                .map(|twice| (twice.text.clone(), twice.value.start));
            told.collect::<Vec<_>>()
        };
        let told = |key: &str, at| (key.to_owned(), at);
        // What is twice in a value is told before its key.
        assert_eq!(
            twice("a: 1\na: {b: 1, b: 2}\n---\n{{ no YAML\n"),
            [told("b", 18), told("a", 8)]
        );
        // A strict reader takes no key that a merge has set.
        assert_eq!(twice("x: &x {k: 1}\ny: {<<: *x, k: 2}\n"), [told("k", 28)]);
        assert_eq!(twice("x: &x {k: 1}\ny: {k: 2, <<: *x}\n"), [told("k", 10)]);
        assert!(twice("x: &x {k: 1}\ny: {<<: *x, l: 2}\n").is_empty());
    }

    #[test]
    fn merged_entries_are_found_and_listed_like_others() {
        let text = "b: &b {image: x, tag: y}\nm:\n  <<: *b\n  tag: z\n";
        let stream = crate::yaml::parse(text).unwrap();
        let mapping = stream.documents()[0].root().unwrap().get("m").unwrap();
        assert_eq!(&text[mapping.get("image").unwrap().span()], "x");
        let keys: Vec<(&str, &str)> = mapping
            .entries()
            .map(|(key, value)| (key.text, &text[value.span()]))
            .collect();
        assert_eq!(keys, [("tag", "z"), ("image", "x")]);
        assert!(mapping.get("<<").is_none());
    }
}
