//! Test data that is not part of the project.

use std::path::PathBuf;

/// Finds a file or folder of the shared test data; says so on stderr where it is missing, and the test is skipped.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test finds its data, and says so where it cannot"
)]
pub(crate) fn path(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KSHIP_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is missing (KSHIP_SHARED names its folder)", path.display());
    None
}
