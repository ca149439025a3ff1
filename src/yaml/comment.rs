//! Comments, found in the text when somebody asks: a check of a whole tree asks for a few.

use std::ops::Range;

use super::arena::{Arena, Data, NodeData};
use super::scalar::Style;
use crate::text::LineIndex;

/// Where lines begin, and which scalars hold a `#` that begins no comment.
#[derive(Debug)]
pub(super) struct Lines {
    index: LineIndex,
    scalars: Vec<Range<usize>>,
}

impl Lines {
    pub(super) fn new(text: &str, arena: &Arena<'_>) -> Self {
        let mut scalars: Vec<Range<usize>> = arena
            .nodes
            .iter()
            .filter(|node| matches!(&node.data, Data::Scalar(scalar) if scalar.style != Style::Plain))
            .map(NodeData::span)
            .filter(|span| text.get(span.clone()).is_some_and(|content| content.contains('#')))
            .collect();
        scalars.sort_unstable_by_key(|span| span.start);
        Self {
            index: LineIndex::new(text),
            scalars,
        }
    }

    pub(super) fn comment<'a>(&self, text: &'a str, line0: usize) -> Option<&'a str> {
        let range = self.index.line_range(text, line0);
        let line = text.get(range.clone())?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let start = range.end - line.len();
        line.match_indices('#')
            .filter(|&(at, _)| at == 0 || line.get(..at).is_some_and(|before| before.ends_with([' ', '\t'])))
            .find(|&(at, _)| !self.is_content(start + at))
            .and_then(|(at, _)| line.get(at + 1..))
            .map(str::trim)
    }

    fn is_content(&self, offset: usize) -> bool {
        let after = self.scalars.partition_point(|span| span.start <= offset);
        after
            .checked_sub(1)
            .and_then(|at| self.scalars.get(at))
            .is_some_and(|span| span.contains(&offset))
    }
}
