mod check;
mod files;
mod input;
mod lock;
mod modes;
mod registry;
mod selection;
mod shop;

use crate::support::cli::{Run, kship};

const API: &str = "sha256:8fe3d74ff692b99451e49167b039b6f1270c8380d0be56a12c7d962316be6c00";
const WEB: &str = "sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03";
const ZERO: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A pod of one container.
fn pod(image: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - {{name: a, image: {image}}} # c\n"
    )
}

/// `kship pin` with the image layouts of `fixtures/registry`, which stand in the working directory too.
fn pin(args: &[&str]) -> Run {
    let all: Vec<&str> = ["pin", "--layout", "registry"].iter().chain(args).copied().collect();
    kship(&all)
        .folder("fixtures/registry/shop", "registry/shop")
        .file(".kshipignore", "/registry/\n")
}

/// `kship pin` without layouts: it must do without a registry, or is told of one.
fn plain(args: &[&str]) -> Run {
    kship(&[&["pin"], args].concat())
}
