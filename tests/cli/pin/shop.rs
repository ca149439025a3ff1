//! The example of the README.

use std::collections::BTreeMap;
use std::path::Path;

use super::pin;
use crate::support::cli::Output;

/// The shop without digests, whatever state the fixture was left in by a curious reader.
fn bare() -> BTreeMap<String, String> {
    files(
        &pin(&["--unpin", "shop"])
            .folder("fixtures/pin/shop", "shop")
            .run()
            .expect_code(0),
    )
}

fn files(output: &Output) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    collect(&output.path().join("shop"), &mut files);
    files
}

fn collect(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(&path).unwrap(),
            );
        }
    }
}

#[test]
fn it_is_pinned_once_and_taken_back() {
    let bare = bare();
    let run = |args: &[&str], files: &BTreeMap<String, String>| {
        // The names of files tell their formats, but for the folder of workflows.
        let place = |name: &str| match name {
            "release.yml" => format!("shop/.github/workflows/{name}"),
            "web.yaml" if files[name].contains("{{") => format!("shop/chart/templates/{name}"),
            _ => format!("shop/{name}"),
        };
        files
            .iter()
            .fold(pin(args), |run, (name, text)| run.file(&place(name), text))
            .run()
    };
    let pinned = files(&run(&["shop"], &bare).expect_code(0));
    for (name, text) in &pinned {
        let changed: Vec<_> = text.lines().filter(|line| !bare[name].contains(line)).collect();
        assert!(
            changed.iter().all(|line| line.contains("sha256:")),
            "{name}: {changed:?}"
        );
    }
    assert_ne!(pinned, bare);
    assert_eq!(
        files(&run(&["shop"], &pinned).expect_code(0)),
        pinned,
        "pinning twice changes nothing"
    );
    let _ = run(&["--check", "shop"], &pinned).expect_code(0);
    assert_eq!(files(&run(&["--unpin", "shop"], &pinned).expect_code(0)), bare);
}

#[test]
fn it_is_reported() {
    let output = pin(&["--diff", "--explain", "shop"])
        .folder("fixtures/pin/shop", "shop")
        .run()
        .expect_code(0);
    assert!(output.stderr.contains("skipped"), "{output}");
    // Each digest is the name of the file that holds the bytes.
    for line in output
        .stdout
        .lines()
        .filter(|line| line.starts_with('+') && line.contains("sha256:"))
    {
        let (_, hex) = line.split_once("sha256:").unwrap();
        let found = std::fs::read_dir(output.path().join("registry/shop"))
            .unwrap()
            .any(|repository| {
                repository
                    .unwrap()
                    .path()
                    .join("blobs/sha256")
                    .join(&hex[..64])
                    .is_file()
            });
        assert!(found, "{line}");
    }
}
