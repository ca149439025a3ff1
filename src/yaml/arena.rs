//! The nodes of a stream, one behind the other.

use std::ops::Range;

use super::scalar::Scalar;

/// Every node of a stream in the order of the text, a collection before its children.
#[derive(Debug, Default)]
pub(super) struct Arena<'a> {
    pub(super) nodes: Vec<NodeData<'a>>,
    /// Keys that kubectl does not read as written, ordered by node.
    pub(super) keys: Vec<(u32, Box<str>)>,
    /// The entries (key, value) of mappings with a merge key.
    pub(super) merged: Vec<Box<[(u32, u32)]>>,
}

#[derive(Debug)]
pub(super) struct NodeData<'a> {
    pub(super) data: Data<'a>,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The node behind this one and its children.
    pub(super) next: u32,
}

#[derive(Debug)]
pub(super) enum Data<'a> {
    Alias(u32),
    Mapping,
    /// Index into [`Arena::merged`].
    Merged(u32),
    Scalar(Scalar<'a>),
    Sequence,
}

impl NodeData<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        widen(self.start)..widen(self.end)
    }
}

impl<'a> Arena<'a> {
    pub(super) fn node(&self, index: u32) -> Option<&NodeData<'a>> {
        self.nodes.get(widen(index))
    }

    /// The node itself, or the one that an alias names.
    pub(super) fn follow(&self, index: u32) -> u32 {
        match self.node(index).map(|node| &node.data) {
            Some(Data::Alias(target)) => *target,
            _ => index,
        }
    }

    pub(super) fn children(&self, index: u32) -> Children<'_, 'a> {
        let end = self.node(index).map_or(0, |node| node.next);
        Children {
            arena: self,
            at: index + 1,
            end,
        }
    }

    /// The effective entries of a mapping.
    pub(super) fn pairs(&self, index: u32) -> Pairs<'_, 'a> {
        match self.node(index).map(|node| &node.data) {
            Some(Data::Mapping) => Pairs::Written(self.children(index)),
            Some(&Data::Merged(at)) => Pairs::Merged(self.merged.get(widen(at)).map_or(&[][..], |pairs| pairs).iter()),
            _ => Pairs::Merged([].iter()),
        }
    }

    /// The text of a key.
    pub(super) fn key_text(&self, index: u32) -> &str {
        let Some(node) = self.node(index) else { return "" };
        match &node.data {
            Data::Scalar(scalar) if !scalar.typed_key => &scalar.value,
            Data::Alias(target) => match self.typed_key(index) {
                Some(text) => text,
                None => match self.node(*target).map(|node| &node.data) {
                    Some(Data::Scalar(scalar)) => &scalar.value,
                    _ => "",
                },
            },
            _ => self.typed_key(index).unwrap_or(""),
        }
    }

    fn typed_key(&self, index: u32) -> Option<&str> {
        let at = self.keys.binary_search_by_key(&index, |(key, _)| *key).ok()?;
        self.keys.get(at).map(|(_, text)| text.as_ref())
    }
}

/// The children of a collection as written: for a mapping, keys and values by turns.
pub(super) struct Children<'d, 'a> {
    arena: &'d Arena<'a>,
    at: u32,
    end: u32,
}

impl Iterator for Children<'_, '_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.at >= self.end {
            return None;
        }
        let index = self.at;
        self.at = self.arena.node(index)?.next;
        Some(index)
    }
}

pub(super) enum Pairs<'d, 'a> {
    Merged(std::slice::Iter<'d, (u32, u32)>),
    Written(Children<'d, 'a>),
}

impl Iterator for Pairs<'_, '_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        match self {
            Self::Merged(pairs) => pairs.next().copied(),
            Self::Written(children) => Some((children.next()?, children.next()?)),
        }
    }
}

/// An index or offset of the arena as the standard library counts.
pub(super) fn widen(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
