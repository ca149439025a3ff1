//! Pinning twice changes nothing more, and unpinning gives the file back.

#![no_main]

use std::collections::BTreeMap;

use camino::Utf8Path;
use kship::Digest;
use kship::images::{Filter, Options, Purpose, Scan, Style};
use kship::pin::{Mode, Resolution, Standings, plan, splice};
use kship::policy::Policy;
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 6] = [
    "pod.yaml",
    "values.yaml",
    "compose.yaml",
    "kustomization.yaml",
    ".gitlab-ci.yml",
    "Dockerfile",
];

fuzz_target!(|input: (u8, &str)| {
    let (file, text) = (FILES[usize::from(input.0) % FILES.len()], input.1);
    if let Some(pinned) = edit(file, text, Mode::Pin) {
        assert_eq!(edit(file, &pinned, Mode::Pin).as_ref(), Some(&pinned));
        if !text.contains("sha") {
            assert_eq!(edit(file, &pinned, Mode::Unpin).as_deref(), Some(text));
        }
    }
});

/// The text after an edit, or nothing if kship refuses it.
fn edit(file: &str, text: &str, mode: Mode) -> Option<String> {
    let (options, policy) = (Options::default(), Policy::default());
    let filter = Filter {
        purpose: Purpose::Pin,
        include: vec![],
        exclude: vec![],
        policy: &policy,
        here: "/".into(),
        root: "/".into(),
        today: jiff::civil::date(2026, 1, 1),
    };
    let scan = Scan::new(Utf8Path::new(file), text.to_owned(), &options, &filter).ok()?;
    let resolution = Resolution {
        digest: Digest::of(b""),
        media_type: None,
    };
    let names = scan.sites.iter().map(|site| site.reference.tagged());
    let tags: BTreeMap<_, _> = names.map(|name| (name, Ok(resolution.clone()))).collect();
    let plan = plan(&scan, mode, Style::TagDigest, &filter, &tags, &Standings::new());
    Some(splice(&scan, &plan.changes, &options, Style::TagDigest).expect("an edit that means what it says"))
}
