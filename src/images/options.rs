//! What is looked for beyond the fields that are images.

use crate::k8s::FieldRule;

/// Where images are looked for beyond the fields that are known to hold one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--args`: images in `command` and `args` of containers.
    pub args: bool,
    /// `--env`: images in environment variables such as `RELATED_IMAGE_X`.
    pub env: bool,
    /// `--embedded`: YAML in ConfigMaps.
    pub embedded: bool,
    /// `--helm-tag-digest`: charts take `tag@digest` where their values have no `digest` key.
    pub helm_tag_digest: bool,
    /// `--rule`: fields that the user knows.
    pub rules: Vec<FieldRule>,
}
