//! Which formats name images, and where.

use camino::Utf8Path;

use super::Found;
use crate::yaml;

/// Where images are looked for beyond the fields that are known to hold one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Images in `command` and `args` of containers.
    pub args: bool,
    /// Images in environment variables.
    pub env: bool,
    /// YAML in ConfigMaps.
    pub embedded: bool,
    /// Charts take `tag@digest`.
    pub helm_tag_digest: bool,
}

/// Finds the images of a file.
///
/// # Errors
/// The text is not YAML.
pub fn find(_: &Utf8Path, text: &str, _: &Options) -> Result<Found, yaml::Error> {
    let stream = yaml::parse(text)?;
    let mut found = Found::default();
    for root in stream.documents().iter().filter_map(yaml::Document::root) {
        walk(root, text, &mut found);
    }
    found.sites.sort_by_key(|site| site.span.start);
    found.sites.dedup_by_key(|site| site.span.start);
    Ok(found)
}

/// Says whether a file of this name is read as YAML.
#[must_use]
pub fn is_yaml(_: &Utf8Path) -> bool {
    true
}

fn walk(node: yaml::Node<'_, '_>, text: &str, found: &mut Found) {
    for (key, value) in node.entries() {
        if key.text == "image"
            && let (Some(image), Some(scalar)) = (value.as_str(), value.scalar())
        {
            let raw = text.get(scalar.content.clone()).unwrap_or("");
            found.push_text("image", image, raw, scalar.content.clone());
        }
        walk(value, text, found);
    }
    node.items().for_each(|item| walk(item, text, found));
}
