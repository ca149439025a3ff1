//! YAML and Dockerfiles in strings: ConfigMaps, patches, values of charts.

use std::ops::Range;

use super::mark;
use super::scalar::Finder;
use super::site::{Found, Site, Skip, SkipReason, Slot};
use crate::text::Edit;
use crate::yaml::{self, Node, Style};

/// What finds the images of a document.
type Find = for<'b> fn(Node<'_, 'b>, &mut Finder<'_, 'b>);

/// Finds the images of a block of lines that holds YAML; what is no YAML is left alone.
///
/// Only literal blocks (`|`) have their lines in the file as they are; and only one level deep.
pub(super) fn find<'a>(field: &str, node: Node<'_, 'a>, documents: Find, finder: &mut Finder<'_, 'a>) {
    let Some((value, block)) = literal(node, finder.text) else {
        return;
    };
    let Ok(stream) = yaml::parse(value) else {
        if value.contains("image:") && value.contains("{{") {
            finder.skip(field, node, SkipReason::Template);
        }
        return;
    };
    let mut inner = Finder::new(&stream, finder.options);
    inner.nested = true;
    for root in stream.documents().iter().filter_map(yaml::Document::root) {
        documents(root, &mut inner);
    }
    let mut found = inner.found;
    mark::note(&mut found, value, |line| stream.comment(line));
    lift(field, found, &block, finder);
}

/// The value of a literal block, and where its lines stand.
fn literal<'d>(node: Node<'d, '_>, text: &str) -> Option<(&'d str, Block)> {
    let scalar = node.scalar().filter(|scalar| scalar.style == Style::Literal)?;
    let block = Block::new(text, scalar.content.clone(), &scalar.value)?;
    Some((&scalar.value, block))
}

/// Files what was found in a block as what stands in the file.
fn lift(field: &str, found: Found, block: &Block, finder: &mut Finder<'_, '_>) {
    let sites = found.sites.into_iter().map(|site| Site {
        field: format!("{field}: {}", site.field),
        reference: site.reference,
        span: block.range(&site.span),
        slot: block.slot(site.slot),
    });
    finder.found.sites.extend(sites);
    let skips = found.skips.into_iter().map(|skip| Skip {
        field: format!("{field}: {}", skip.field),
        span: block.range(&skip.span),
        ..skip
    });
    finder.found.skips.extend(skips);
    let marks = found.marks.into_iter().map(|(at, reason)| (block.offset(at), reason));
    finder.found.marks.extend(marks);
}

/// A literal block: where its lines start in the value, and in the file behind their indent.
pub(super) struct Block {
    lines: Vec<(usize, usize)>,
    /// A line break of the file and the indent.
    fold: String,
}

impl Block {
    /// Matches the lines of a value with those in the file; `None` where they differ in more than a constant indent.
    ///
    /// The content of a block begins behind the indent of its first line that is not empty.
    pub(super) fn new(text: &str, content: Range<usize>, value: &str) -> Option<Self> {
        let before = text.get(..content.start)?;
        let indent = before.get(before.rfind('\n')? + 1..)?;
        if !indent.bytes().all(|b| b == b' ') {
            return None;
        }
        let lines_of = text.get(content.clone())?;
        let mut source = lines_of.split_inclusive('\n');
        let (mut here, mut there) = (value.len() - value.trim_start_matches('\n').len(), content.start);
        let mut lines = Vec::new();
        for line in value.get(here..)?.split_inclusive('\n') {
            let raw = source.next().unwrap_or("");
            let margin = if lines.is_empty() { 0 } else { indent.len() };
            let margin = raw.bytes().take(margin).take_while(|b| *b == b' ').count();
            if raw.get(margin..)?.trim_end_matches(['\r', '\n']) != line.trim_end_matches('\n') {
                return None;
            }
            lines.push((here, there + margin));
            here += line.len();
            there += raw.len();
        }
        let line_break = if lines_of.contains("\r\n") { "\r\n" } else { "\n" };
        Some(Self {
            lines,
            fold: format!("{line_break}{indent}"),
        })
    }

    fn offset(&self, at: usize) -> usize {
        let line = self.lines.partition_point(|&(here, _)| here <= at).saturating_sub(1);
        self.lines.get(line).map_or(at, |&(here, there)| there + (at - here))
    }

    /// The bytes of the file behind bytes of the value.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    /// A slot of the value, in the file.
    pub(super) fn slot(&self, slot: Slot) -> Slot {
        match slot {
            Slot::Fixed(_) => slot,
            Slot::Writable {
                range,
                before,
                unpin,
                tag,
            } => Slot::Writable {
                range: self.range(&range),
                before: before.replace('\n', &self.fold),
                unpin: unpin.map(|edit| Edit {
                    range: self.range(&edit.range),
                    ..edit
                }),
                tag: tag.map(|range| self.range(&range)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::images::formats::{Format, find_in};
    use crate::images::options::Options;
    use crate::images::testing::{Tried, try_format};

    fn tried(text: &str) -> Tried {
        let options = Options {
            embedded: true,
            ..Options::default()
        };
        try_format(Format::Yaml, text, &options)
    }

    const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\ndata:\n";

    #[test]
    fn literal_blocks_are_pinned_where_they_stand() {
        for (data, images) in [
            (
                "  a.yaml: |\n    # c\n    apiVersion: v1\n    kind: Pod\n\n    spec:\n      containers:\n      - image: nginx\n    ---\n    image: b:1 # ü\n",
                2,
            ),
            ("  a: |-\r\n      ü: 1\r\n      image: b:1\r\n\r\n  b: image b\r\n", 1),
            ("  a: |+2\n     image: b:1\n\n", 1),
            ("  a: |\n\n    image: b:1", 1),
        ] {
            let text = format!("{HEAD}{data}");
            let tried = tried(&text);
            let expected = text.replace("image: nginx", "image: nginx@D").replace("b:1", "b:1@D");
            assert_eq!((tried.pinned, tried.sites.len()), (expected, images));
        }
    }

    #[test]
    fn a_line_is_added_with_the_indent_of_the_block() {
        let data = "  a: |\r\n    apiVersion: source.toolkit.fluxcd.io/v1\r\n    kind: OCIRepository\r\n    spec:\r\n      url: oci://ghcr.io/a/b\r\n      ref:\r\n        tag: v1\r\n";
        let text = format!("{HEAD}{data}");
        let tried = tried(&text);
        assert_eq!(
            tried.pinned,
            text.replace("tag: v1\r\n", "tag: v1\r\n        digest: D\r\n")
        );
        assert_eq!(tried.sites, ["data.a: spec.ref.tag: ghcr.io/a/b:v1"]);
    }

    #[test]
    fn other_strings_are_left_alone() {
        let data = "  a: >\n    image: b:1\n  b: \"image: b:1\"\n  c: |\n    image: {{ x }}\n    {{ if }}\n  d: |\n    not: [yaml image\n  e: |\n    data: |\n      image: b:1\n";
        let text = format!("{HEAD}{data}");
        let tried = tried(&text);
        assert_eq!(tried.pinned, text);
        assert!(tried.sites.is_empty());
        assert_eq!(tried.reasons, ["data.c: image: {{ x }}\n{{ if }}\n: template"]);
    }

    #[test]
    fn secrets_and_metadata_hold_no_images() {
        let text = "apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    image: b:1\n  image: c:1\nmetadata:\n  annotations: {image: d:1}\n";
        let tried = tried(text);
        assert!(tried.sites.is_empty() && tried.reasons.is_empty());
    }

    #[test]
    fn marks_count_inside() {
        for (format, text) in [
            (
                Format::Kustomization,
                "patches:\n- patch: |\n    # kship:ignore=x\n    image: b:1\n    y: {image: c:1}\n",
            ),
            (
                Format::Compose,
                "services:\n  a:\n    build:\n      dockerfile_inline: |\n        # kship:ignore=x\n        FROM b:1\n        FROM c:1\n",
            ),
        ] {
            let found = find_in(format, text, &Options::default()).unwrap();
            let marks: Vec<_> = found.marks.into_iter().collect();
            assert_eq!(marks, [(text.find("b:1").unwrap(), "x".to_owned())]);
            assert_eq!(found.sites.len(), 2);
        }
    }
}
