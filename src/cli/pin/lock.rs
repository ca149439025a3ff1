//! The lock file of a run: as it was read, and as it will be.

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs;
use crate::images;
use crate::limits;
use crate::oci::Platform;
use crate::pin::{self, Lock, Resolutions};

/// A lock file on the disk, or one that will come into being.
pub(super) struct LockFile {
    path: Utf8PathBuf,
    before: Option<String>,
    /// What was read.
    old: Lock,
    /// What holds after this run.
    new: Lock,
}

impl LockFile {
    pub(super) fn read(path: &Utf8Path) -> Result<Self, LockError> {
        // A link that leads nowhere is there, and cannot be read.
        let there = fs::if_exists(fs_err::symlink_metadata(path).map_err(fs::Error::from))?;
        let before = there.map(|_| fs::read_text(path, limits::FILE_BYTES)).transpose()?;
        let lock = match &before {
            Some(text) => Lock::parse(text).map_err(|source| LockError::Unreadable {
                path: path.to_owned(),
                source,
            })?,
            None => Lock::default(),
        };
        Ok(Self {
            path: path.to_owned(),
            before,
            new: lock.clone(),
            old: lock,
        })
    }

    /// What is known without asking anybody.
    pub(super) const fn content(&self) -> &Lock {
        &self.old
    }

    /// Notes what this run resolved; what it did not meet stays.
    ///
    /// # Errors
    /// The lock would change, but must not (`locked`) or cannot (it is another tool's).
    pub(super) fn update(
        &mut self,
        tags: &Resolutions,
        platform: Option<&Platform>,
        locked: bool,
    ) -> Result<(), LockError> {
        for (tagged, resolution) in tags {
            if let (Ok(resolution), Ok(reference)) = (resolution, images::parse(tagged)) {
                self.new.insert(&reference, pin::locked(resolution, platform));
            }
        }
        let news = self.old.missing(&self.new);
        let Some(first) = news.first() else { return Ok(()) };
        let first = (*first).to_owned();
        let (path, more) = (self.path.clone(), news.len() - 1);
        match self.old.foreign() {
            _ if locked => Err(LockError::WouldChange { path, first, more }),
            Some(tool) => Err(LockError::Foreign {
                path,
                tool,
                first,
                more,
            }),
            None => Ok(()),
        }
    }

    /// The path, the text as it was and as it will be, if something changes.
    pub(super) fn change(&self) -> Option<(&Utf8Path, Option<&str>, String)> {
        (self.old != self.new).then(|| (self.path.as_path(), self.before.as_deref(), self.new.render()))
    }
}

/// ` and 3 more`, or nothing.
fn and(more: usize) -> String {
    if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    }
}

/// What is wrong with a lock file.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    #[error(transparent)]
    File(#[from] fs::Error),
    #[error("{path} is a lock file of {tool}, which kship reads but does not write: it lacks `{first}`{}", and(*more))]
    Foreign {
        path: Utf8PathBuf,
        tool: &'static str,
        first: String,
        more: usize,
    },
    #[error("{path} cannot be used")]
    Unreadable { path: Utf8PathBuf, source: pin::LockError },
    #[error("{path} would change, which --locked forbids: `{first}`{}", and(*more))]
    WouldChange {
        path: Utf8PathBuf,
        first: String,
        more: usize,
    },
}
