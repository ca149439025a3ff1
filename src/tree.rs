//! The files below some folders that a verb reads.

use camino::{Utf8Path, Utf8PathBuf};

/// The file that keeps paths from `kship`, in the syntax of `.gitignore`.
pub const IGNORE_FILE: &str = ".kshipignore";

/// The files to read, and what could not be listed.
#[derive(Debug, Default)]
pub struct Tree {
    /// Files in the order of their paths, each once.
    pub files: Vec<Utf8PathBuf>,
    /// Symbolic links to folders and to what lies outside the tree, which a walk does not follow.
    pub links: Vec<Utf8PathBuf>,
    /// Files whose names are not UTF-8, as well as they can be shown.
    pub nameless: Vec<String>,
    /// Folders and files that could not be read.
    pub errors: Vec<ignore::Error>,
}

/// Lists the files below some paths.
///
/// A path that is a file is taken as it is, whatever its name; below a folder those are taken whose path is
/// `wanted`. `.gitignore` and `.kshipignore` are honoured, `.git` is left out, hidden folders such as `.github` are not.
#[must_use]
pub fn list(paths: &[Utf8PathBuf], wanted: impl Fn(&Utf8Path) -> bool) -> Tree {
    let mut tree = Tree::default();
    for path in paths {
        if path.is_dir() {
            walk(path, &wanted, &mut tree);
        } else {
            tree.files.push(path.clone());
        }
    }
    tree.files.sort();
    let mut seen = std::collections::HashSet::new();
    tree.files
        .retain(|path| seen.insert(fs_err::canonicalize(path).unwrap_or_else(|_| path.as_std_path().to_owned())));
    tree.links.sort();
    tree
}

/// Says whether a symbolic link leads to something in the tree: it is a file of the tree under another name.
fn leads_into(link: &Utf8Path, folder: &Utf8Path) -> bool {
    let target = fs_err::canonicalize(link);
    let root = fs_err::canonicalize(folder);
    matches!((&target, &root), (Ok(target), Ok(root)) if target.starts_with(root))
}

fn walk(folder: &Utf8Path, wanted: &impl Fn(&Utf8Path) -> bool, tree: &mut Tree) {
    let walker = ignore::WalkBuilder::new(folder)
        .hidden(false)
        .git_global(false)
        .ignore(false)
        .require_git(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    for entry in walker {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                tree.errors.push(error);
                continue;
            }
        };
        let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
            continue;
        };
        let path = match Utf8PathBuf::from_path_buf(entry.into_path()) {
            Ok(path) => path,
            Err(path) => {
                tree.nameless.push(path.to_string_lossy().into_owned());
                continue;
            }
        };
        let path = path.strip_prefix("./").map(Utf8Path::to_owned).unwrap_or(path);
        let wanted = wanted(&path);
        if !kind.is_symlink() {
            tree.files.extend(wanted.then_some(path));
        } else if path.is_dir() || !leads_into(&path, folder) {
            tree.links.push(path);
        } else if wanted {
            tree.files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_utf8_is_told() {
        use std::os::unix::ffi::OsStrExt as _;
        let keep = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"\xff.yaml");
        std::fs::File::create(keep.path().join(name)).unwrap();
        let tree = list(&[Utf8PathBuf::try_from(keep.path().to_owned()).unwrap()], |_| true);
        assert_eq!((tree.files.len(), tree.nameless.len()), (0, 1));
    }

    #[test]
    fn ignore_files_and_links_are_honoured() {
        let keep = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(keep.path()).unwrap();
        for (name, text) in [
            ("a.yaml", ""),
            (".github/workflows/ci.yml", ""),
            (".git/config.yaml", ""),
            ("gen/x.yaml", ""),
            ("dev/y.yaml", ""),
            ("notes.txt", ""),
            (".gitignore", "gen/\n"),
            (IGNORE_FILE, "dev/\n"),
        ] {
            let path = dir.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            crate::fs::write_atomic(&path, None, text.as_bytes()).unwrap();
        }
        #[cfg(unix)]
        for (target, link) in [
            (".", "loop.yaml"),
            ("/etc/passwd", "passwd.yaml"),
            ("notes.txt", "other.yaml"),
        ] {
            std::os::unix::fs::symlink(target, dir.join(link)).unwrap();
        }
        let tree = list(&[dir.to_owned(), dir.join("a.yaml")], |path| {
            path.extension().is_some_and(|end| end.starts_with('y'))
        });
        let names: Vec<_> = tree
            .files
            .iter()
            .map(|path| path.strip_prefix(dir).unwrap().as_str())
            .collect();
        // A link to a file of the tree whose own name says nothing is read under the name that tells.
        #[cfg(unix)]
        assert_eq!(names, [".github/workflows/ci.yml", "a.yaml", "other.yaml"]);
        #[cfg(unix)]
        assert_eq!(tree.links, [dir.join("loop.yaml"), dir.join("passwd.yaml")]);
        assert!(tree.errors.is_empty());
    }
}
