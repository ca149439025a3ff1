mod audit;
mod check;
mod decrypt;

use crate::support::cli::{Run, kship};

/// `kship encryption` with the files of `fixtures/encryption/audit`, whose keys are public.
fn run(args: &[&str]) -> Run {
    kship(&[&["encryption"], args].concat()).folder("fixtures/encryption/audit", ".")
}
