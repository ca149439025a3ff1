//! Which findings a team has accepted.

use camino::Utf8Path;
use jiff::civil::Date;

use super::Policy;
use crate::report::relative_path;

/// The accepted findings of a `kship.yaml`, on one day.
#[derive(Clone, Copy, Debug)]
pub struct Accepted<'a> {
    /// The file's content.
    pub policy: &'a Policy,
    /// The working directory, to which the paths of files are relative.
    pub here: &'a Utf8Path,
    /// The folder of `kship.yaml`, to which its paths are relative.
    pub root: &'a Utf8Path,
    /// The day of the run.
    pub today: Date,
}

impl<'a> Accepted<'a> {
    /// The reason for which a finding about `subject` is accepted, if it is.
    #[must_use]
    pub fn reason(&self, rule: &str, path: &Utf8Path, subject: &str) -> Option<&'a str> {
        // Outside the working directory the path becomes absolute, and `..` in it is gone.
        let path = self.here.join(relative_path(path, self.here));
        let path = path.strip_prefix(self.root).unwrap_or(&path);
        let mut entries = self.policy.ignore.iter();
        let entry = entries.find(|entry| entry.accepts(rule, path.as_str(), subject, self.today))?;
        Some(&entry.reason)
    }
}
