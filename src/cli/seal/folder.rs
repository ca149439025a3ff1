//! The files that `--secret-file` names: files themselves, and what stands in folders.

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::{Failure, Ui};
use crate::fs::DASH;
use crate::seal::{Document, check};
use crate::tree::{self, Tree};

/// One file to read.
pub(super) struct Input {
    pub(super) path: Utf8PathBuf,
    /// Nobody named it: it came with its folder.
    pub(super) of_folder: bool,
}

/// Lists the files; of folders all YAML and JSON below them, in the order of their paths.
pub(super) fn list(paths: &[Utf8PathBuf], ui: &mut Ui) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == DASH || !path.is_dir() {
            inputs.push(Input {
                path: path.clone(),
                of_folder: false,
            });
            continue;
        }
        let tree = tree::list(std::slice::from_ref(path), check::is_wanted);
        inputs.extend(files(tree, ui)?);
    }
    Ok(inputs)
}

/// A folder is sealed as a whole: what cannot be looked at is a failure.
fn files(tree: Tree, ui: &mut Ui) -> Result<impl Iterator<Item = Input>, Failure> {
    if let Some(error) = tree.errors.into_iter().next() {
        return Err(Failure::new(error));
    }
    if let Some(name) = tree.nameless.into_iter().next() {
        return Err(Failure::new(Nameless { name }));
    }
    for link in tree.links {
        ui.warning(format_args!(
            "{link}: a symbolic link to a folder, or out of the tree, was not read"
        ));
    }
    let input = |path| Input { path, of_folder: true };
    Ok(tree.files.into_iter().map(input))
}

/// Whether documents without a Secret belong to the resources of their folder, and not to a tool's settings.
pub(super) fn are_resources(documents: &[Document]) -> bool {
    let is_resource = |document: &Document| {
        let (Document::Made(json) | Document::Other { json, .. }) = document;
        ["apiVersion", "kind"]
            .iter()
            .all(|field| json.get(field).is_some_and(serde_json::Value::is_string))
    };
    !documents.is_empty() && documents.iter().all(is_resource)
}

/// Tells which files of folders were left out.
pub(super) fn tell_left_out(left_out: &[Utf8PathBuf], ui: &mut Ui) {
    let names: Vec<&str> = left_out.iter().map(|path| Utf8Path::as_str(path)).collect();
    if !names.is_empty() {
        ui.status(format_args!(
            "left out, being no Kubernetes resources: {}",
            names.join(", ")
        ));
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{name}` is not UTF-8: kship cannot name the file")]
struct Nameless {
    name: String,
}
