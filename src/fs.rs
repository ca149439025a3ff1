//! Files: read with a limit, written all or nothing.

use std::fs::File;
use std::io::{self, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};

/// The path that means standard input or output.
pub const DASH: &str = "-";

/// What stopped the reading or writing of a file; the source names the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not what was read before.
    #[error("{path} changed while kship was at work: nothing was written to it")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A directory, device or pipe where a file was expected.
    #[error("{path} is not a file")]
    NotAFile {
        /// The path.
        path: Utf8PathBuf,
    },
    /// A byte sequence that is not UTF-8.
    #[error("{path} is not UTF-8 (byte {offset}): kship reads and writes UTF-8 only")]
    NotUtf8 {
        /// The file.
        path: Utf8PathBuf,
        /// The first byte that is wrong, from zero.
        offset: usize,
    },
    /// The limit of [`crate::limits`].
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The file is not there, or the system does not let it be read.
    #[error("`{path}` cannot be read")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Reads a file as bytes.
///
/// # Errors
/// It cannot be read, is not a regular file, or has more than `limit` bytes.
pub fn read_bytes(path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    if metadata.len() > limit {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    read_limited(File::open(path).map_err(unreadable)?, path, limit)
}

/// Reads a file as UTF-8 text; a byte-order mark stays where it is.
///
/// # Errors
/// As [`read_bytes`], or a byte is not UTF-8.
pub fn read_text(path: &Utf8Path, limit: u64) -> Result<String, Error> {
    text(read_bytes(path, limit)?, path)
}

/// Makes `None` of the error of a file that does not exist; what cannot be looked at stays an error.
///
/// A path through a file, or with a name that the system does not take, leads nowhere either: `HOME=/dev/null`.
///
/// # Errors
/// Any other than that there is no such file.
pub fn if_exists<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Io(source) | Error::Unreadable { source, .. })
            if matches!(source.kind(), InvalidFilename | NotADirectory | NotFound) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Reads all of a stream, such as standard input, as UTF-8 text; errors call it by `name`.
///
/// # Errors
/// It cannot be read, has more than `limit` bytes, or a byte is not UTF-8.
pub fn read_stream(stream: impl Read, name: &Utf8Path, limit: u64) -> Result<String, Error> {
    text(read_limited(stream, name, limit)?, name)
}

/// Reads all of a stream as bytes; errors call it by `name`.
///
/// # Errors
/// It cannot be read, or has more than `limit` bytes.
pub fn read_stream_bytes(stream: impl Read, name: &Utf8Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_limited(stream, name, limit)
}

fn read_limited(stream: impl Read, path: &Utf8Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = stream.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if u64::try_from(read).unwrap_or(u64::MAX) > limit {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>, path: &Utf8Path) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| Error::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// A file's new content, written beside it and ready to take its place.
///
/// Several files change together when all of them are staged first and then committed.
#[derive(Debug)]
pub struct Staged {
    temporary: tempfile::NamedTempFile,
    target: Utf8PathBuf,
    before: Option<Vec<u8>>,
}

/// Writes new content beside a file, with its mode and owner, and synchronises it to the disk.
///
/// A symbolic link stays one: its target is replaced. `before` is what was read; [`Staged::commit`] refuses if the
/// file has become something else. Without it the file must not exist yet.
///
/// # Errors
/// The folder cannot be written, the disk is full, or the file is read-only.
pub fn stage(path: &Utf8Path, before: Option<&[u8]>, content: &[u8]) -> Result<Staged, Error> {
    stage_with(path, before, content, Access::Kept)
}

/// As [`stage`], for a file that its owner alone can read and write (0600).
///
/// # Errors
/// As [`stage`].
pub fn stage_private(path: &Utf8Path, before: Option<&[u8]>, content: &[u8]) -> Result<Staged, Error> {
    stage_with(path, before, content, Access::Private)
}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Access {
    /// Who could before; of a new file, whom the umask lets.
    Kept,
    /// Its owner alone.
    Private,
}

fn stage_with(path: &Utf8Path, before: Option<&[u8]>, content: &[u8], access: Access) -> Result<Staged, Error> {
    let target = match before {
        Some(_) => {
            Utf8PathBuf::try_from(fs_err::canonicalize(path)?).map_err(camino::FromPathBufError::into_io_error)?
        }
        None => path.to_owned(),
    };
    let folder = target
        .parent()
        .filter(|parent| !parent.as_str().is_empty())
        .unwrap_or(Utf8Path::new("."));
    // What replaces a file gets that file's mode below; until then nobody else may open it.
    let new = if before.is_some() { Access::Private } else { access };
    let mut temporary = builder(new)
        .tempfile_in(folder)
        .map_err(|error| uncreatable(&target, folder, &error))?;
    if before.is_some() {
        // Opening for writing fails on a read-only file, which a rename would replace all the same.
        fs_err::OpenOptions::new().write(true).open(target.as_std_path())?;
        keep_owner(&temporary, &target)?;
        if access == Access::Kept {
            temporary
                .as_file()
                .set_permissions(fs_err::metadata(&target)?.permissions())?;
        }
    }
    let write = |file: &mut tempfile::NamedTempFile| -> io::Result<()> {
        file.write_all(content)?;
        file.as_file().sync_all()
    };
    write(&mut temporary)
        .map_err(|error| io::Error::new(error.kind(), format!("failed to write `{target}`: {error}")))?;
    Ok(Staged {
        temporary,
        target,
        before: before.map(<[u8]>::to_vec),
    })
}

/// The error of a file that cannot be made, told without the name of the temporary one.
fn uncreatable(target: &Utf8Path, folder: &Utf8Path, error: &io::Error) -> io::Error {
    let why = if error.kind() == io::ErrorKind::NotFound {
        format!("there is no folder `{folder}`")
    } else {
        format!("no file can be made in `{folder}`: {}", reason(error))
    };
    io::Error::new(error.kind(), format!("`{target}` cannot be written: {why}"))
}

/// The reason alone: a library puts the path of the temporary file behind it.
fn reason(error: &io::Error) -> String {
    use io::ErrorKind as K;
    match error.kind() {
        kind @ (K::InvalidFilename
        | K::NotADirectory
        | K::PermissionDenied
        | K::QuotaExceeded
        | K::ReadOnlyFilesystem
        | K::StorageFull) => kind.to_string(),
        _ => error.to_string(),
    }
}

impl Staged {
    /// Checks that the file still is what was read.
    ///
    /// # Errors
    /// It is not, or cannot be read any more.
    pub fn check(&self) -> Result<(), Error> {
        match &self.before {
            Some(before) if fs_err::read(&self.target)? != *before => Err(Error::Changed {
                path: self.target.clone(),
            }),
            None if self.target.exists() => Err(Error::Changed {
                path: self.target.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Puts the new content in the file's place.
    ///
    /// # Errors
    /// The file changed since it was read, or the rename fails.
    pub fn commit(self) -> Result<(), Error> {
        self.check()?;
        let Self { temporary, target, .. } = self;
        temporary.persist(&target).map_err(|error| {
            io::Error::new(
                error.error.kind(),
                format!("failed to write `{target}`: {}", error.error),
            )
        })?;
        Ok(())
    }
}

/// Puts several files in their places, all or none.
///
/// # Errors
/// A file changed since it was read, or a rename fails; those that were replaced already are put back.
pub fn commit_all(staged: Vec<Staged>) -> Result<(), Error> {
    staged.iter().try_for_each(Staged::check)?;
    let mut done: Vec<(Utf8PathBuf, Option<Vec<u8>>)> = Vec::new();
    for file in staged {
        let undo = (file.target.clone(), file.before.clone());
        if let Err(error) = file.commit() {
            done.into_iter().rev().for_each(put_back);
            return Err(error);
        }
        done.push(undo);
    }
    Ok(())
}

/// Undoes one write as well as the system allows; the error that is reported is the one that led here.
fn put_back((path, before): (Utf8PathBuf, Option<Vec<u8>>)) {
    let _ = match before {
        Some(before) => fs_err::read(&path)
            .map_err(Error::from)
            .and_then(|now| write_atomic(&path, Some(&now), &before)),
        None => fs_err::remove_file(&path).map_err(Error::from),
    };
}

/// Replaces one file, all or nothing.
///
/// # Errors
/// As [`stage`] and [`Staged::commit`].
pub fn write_atomic(path: &Utf8Path, before: Option<&[u8]>, content: &[u8]) -> Result<(), Error> {
    stage(path, before, content)?.commit()
}

/// Replaces or creates a file that its owner alone can read and write (0600), all or nothing.
///
/// # Errors
/// As [`stage`] and [`Staged::commit`].
pub fn write_private(path: &Utf8Path, before: Option<&[u8]>, content: &[u8]) -> Result<(), Error> {
    stage_private(path, before, content)?.commit()
}

/// New files get the mode that the user's umask leaves, or 0600.
fn builder(access: Access) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kship-");
    #[cfg(not(unix))]
    let (Access::Kept | Access::Private) = access;
    #[cfg(unix)]
    builder.permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(
        match access {
            Access::Kept => 0o666,
            Access::Private => 0o600,
        },
    ));
    builder
}

#[cfg(unix)]
fn keep_owner(temporary: &tempfile::NamedTempFile, target: &Utf8Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (old, new) = (fs_err::metadata(target)?, temporary.as_file().metadata()?);
    let group = (old.gid() != new.gid()).then_some(old.gid());
    let owner = (old.uid() != new.uid()).then_some(old.uid());
    if owner.is_none() && group.is_none() {
        return Ok(());
    }
    match fchown(temporary.as_file(), owner, group) {
        // Who is not in the group cannot give it back; the file stays theirs, as after any editor's save.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && owner.is_none() => {}
        result => result.map_err(|error| {
            io::Error::new(error.kind(), format!("failed to keep the owner of `{target}`: {error}"))
        })?,
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &tempfile::NamedTempFile, _: &Utf8Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
        (folder, path)
    }

    #[test]
    fn a_missing_folder_is_told_without_the_temporary_file() {
        let (_guard, dir) = folder();
        let folder = dir.join("nowhere");
        let file = folder.join("a.yaml");
        assert_eq!(
            stage(&file, None, b"").unwrap_err().to_string(),
            format!("`{file}` cannot be written: there is no folder `{folder}`")
        );
    }

    #[test]
    fn replaces_a_file_and_leaves_nothing_beside_it() {
        let (_keep, dir) = folder();
        let file = dir.join("a.yaml");
        write_atomic(&file, None, b"one").unwrap();
        write_atomic(&file, Some(b"one"), b"two").unwrap();
        assert_eq!(fs_err::read(&file).unwrap(), b"two");
        assert_eq!(fs_err::read_dir(&dir).unwrap().count(), 1);
    }

    #[test]
    fn refuses_a_file_that_changed_or_appeared() {
        let (_keep, dir) = folder();
        let file = dir.join("a.yaml");
        write_atomic(&file, None, b"one").unwrap();
        let error = write_atomic(&file, Some(b"other"), b"two").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{file} changed while kship was at work: nothing was written to it")
        );
        assert!(write_atomic(&file, None, b"two").is_err());
        assert_eq!(fs_err::read(&file).unwrap(), b"one");
        assert_eq!(fs_err::read_dir(&dir).unwrap().count(), 1);
    }

    #[test]
    fn several_files_change_together_or_not_at_all() {
        let (_keep, dir) = folder();
        let (a, b, new) = (dir.join("a"), dir.join("b"), dir.join("new"));
        write_atomic(&a, None, b"a1").unwrap();
        write_atomic(&b, None, b"b1").unwrap();
        let staged = || {
            vec![
                stage(&a, Some(b"a1"), b"a2").unwrap(),
                stage(&new, None, b"n").unwrap(),
                stage(&b, Some(b"b1"), b"b2").unwrap(),
            ]
        };
        let files = staged();
        fs_err::remove_file(&b).unwrap();
        assert!(commit_all(files).is_err());
        assert_eq!((fs_err::read(&a).unwrap(), new.exists()), (b"a1".to_vec(), false));
        write_atomic(&b, None, b"b1").unwrap();
        commit_all(staged()).unwrap();
        assert_eq!(
            (fs_err::read(&a).unwrap(), fs_err::read(&b).unwrap(), new.exists()),
            (b"a2".to_vec(), b"b2".to_vec(), true)
        );
        assert_eq!(fs_err::read_dir(&dir).unwrap().count(), 3);
    }

    #[test]
    fn what_was_replaced_is_put_back() {
        let (_keep, dir) = folder();
        let (a, b) = (dir.join("a"), dir.join("b"));
        write_atomic(&a, None, b"now").unwrap();
        write_atomic(&b, None, b"new").unwrap();
        put_back((a.clone(), Some(b"before".to_vec())));
        put_back((b.clone(), None));
        assert_eq!((fs_err::read(&a).unwrap(), b.exists()), (b"before".to_vec(), false));
    }

    #[test]
    fn reads_within_a_limit() {
        let (_keep, dir) = folder();
        let file = dir.join("a");
        write_atomic(&file, None, b"a\xff").unwrap();
        assert_eq!(read_bytes(&file, 2).unwrap(), b"a\xff");
        assert_eq!(
            read_bytes(&file, 1).unwrap_err().to_string(),
            format!("{file} is larger than 1 bytes")
        );
        assert_eq!(
            read_text(&file, 9).unwrap_err().to_string(),
            format!("{file} is not UTF-8 (byte 1): kship reads and writes UTF-8 only")
        );
        assert_eq!(
            read_bytes(&dir, 9).unwrap_err().to_string(),
            format!("{dir} is not a file")
        );
        let missing = read_bytes(&dir.join("missing"), 9).unwrap_err();
        assert_eq!(
            crate::report::chain(&missing),
            [
                format!("`{dir}/missing` cannot be read"),
                "No such file or directory (os error 2)".to_owned()
            ]
        );
        assert_eq!(
            read_stream(&b"abc"[..], Utf8Path::new("stdin"), 2)
                .unwrap_err()
                .to_string(),
            "stdin is larger than 2 bytes"
        );
    }

    #[test]
    fn only_what_is_nowhere_does_not_exist() {
        let (_keep, dir) = folder();
        let file = dir.join("a");
        write_atomic(&file, None, b"a").unwrap();
        let read = |path: &Utf8Path| if_exists(read_bytes(path, 9));
        assert_eq!(read(&file).unwrap().as_deref(), Some(&b"a"[..]));
        assert!(read(&dir.join("b")).unwrap().is_none());
        #[cfg(unix)]
        {
            assert!(read(&file.join("b")).unwrap().is_none());
            let circle = dir.join("circle");
            std::os::unix::fs::symlink(&circle, &circle).unwrap();
            assert!(read(&circle).unwrap_err().to_string().contains(circle.as_str()));
        }
        assert!(read(&dir).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn keeps_mode_and_symbolic_link() {
        use std::os::unix::fs::PermissionsExt;
        let (_keep, dir) = folder();
        let (file, link) = (dir.join("a"), dir.join("link"));
        write_atomic(&file, None, b"one").unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o754)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomic(&link, Some(b"one"), b"two").unwrap();
        assert!(fs_err::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs_err::read(&file).unwrap(), b"two");
        let mode = |file: &Utf8Path| fs_err::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o754);
        write_private(&link, Some(b"two"), b"three").unwrap();
        write_private(&dir.join("new"), None, b"x").unwrap();
        assert_eq!((mode(&file), mode(&dir.join("new"))), (0o600, 0o600));
        assert!(fs_err::symlink_metadata(&link).unwrap().is_symlink());
    }
}
