//! The cases of the sigstore-conformance suite, each with its artifact as a file and as a digest, through `kship verify --bundle`.
//!
//! `KSHIP_CONFORMANCE` names another folder of the same shape: one folder a case, whose name ends in `_fail` where the bundle
//! must be refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use kship::Digest;

use crate::shared;

/// Whom a case without an `identity` or `issuer` of its own was signed by.
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Runs one case; says whether the artifact was accepted, and what was printed.
fn run(case: &Path, artifact: &str) -> (bool, String) {
    let read = |name: &str| std::fs::read_to_string(case.join(name)).ok();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kship"));
    let empty = tempfile::tempdir().unwrap();
    command.env_clear().current_dir(empty.path()).arg("verify");
    command.arg("--bundle").arg(case.join("bundle.sigstore.json"));
    if case.join("key.pub").exists() {
        command.arg("--key").arg(case.join("key.pub"));
    } else {
        let text = |name, default: &str| read(name).map_or_else(|| default.to_owned(), |text| text.trim().to_owned());
        command.arg("--certificate-identity").arg(text("identity", IDENTITY));
        command.arg("--certificate-oidc-issuer").arg(text("issuer", ISSUER));
    }
    if case.join("trusted_root.json").exists() {
        command.arg("--trusted-root").arg(case.join("trusted_root.json"));
    }
    let output = command.arg(artifact).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 1 | 3)),
        "{}: {code:?}: {}",
        case.display(),
        String::from_utf8_lossy(&said)
    );
    (code == Some(0), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_case_is_accepted_or_refused_as_the_suite_says() {
    let root = match std::env::var_os("KSHIP_CONFORMANCE") {
        Some(folder) => PathBuf::from(folder),
        None => match shared::path("sigstore-conformance") {
            Some(folder) => folder,
            None => return,
        },
    };
    let exceptions: BTreeMap<String, String> = serde_json::from_str(include_str!("sigstore-exceptions.json")).unwrap();
    let mut wrong = Vec::new();
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&root).unwrap() {
        let case = entry.unwrap().path();
        if !case.join("bundle.sigstore.json").exists() {
            continue;
        }
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let own = case.join("artifact");
        let artifact = if own.exists() { own } else { root.join("a.txt") };
        let digest = Digest::of(&std::fs::read(&artifact).unwrap()).to_string();
        for subject in [artifact.to_str().unwrap(), &digest] {
            let (accepted, said) = run(&case, subject);
            let right = accepted != name.ends_with("_fail");
            match (right, exceptions.get(&name)) {
                (true, None) | (false, Some(_)) => {}
                (true, Some(reason)) => wrong.push(format!("{name}: right, though an exception says `{reason}`")),
                (false, None) => wrong.push(format!("{name} with {subject}: accepted {accepted}\n{said}")),
            }
        }
        cases.push(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for name in exceptions.keys() {
        assert!(cases.contains(name), "an exception for `{name}`, which is no case");
    }
    assert!(cases.iter().any(|name| name.ends_with("_fail")) && cases.iter().any(|name| !name.ends_with("_fail")));
    println!("{} cases, each by path and by digest", cases.len());
}

/// The suite's own runner calls the adapter.
#[cfg(unix)]
#[test]
fn the_adapter_speaks_the_suites_command_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let layout = folder.join("fixtures/verify/cosign/registry/shop/web/blobs/sha256");
    let client = |verb: &str, key: &str| {
        let mut command = Command::new(folder.join("tests/conformance/client"));
        command
            .env("KSHIP", env!("CARGO_BIN_EXE_kship"))
            .arg(verb)
            .arg("--bundle");
        command.arg(layout.join("81e40162c1037bd2360e71d14c4a50d7ac62f1d6b3f57629d68432a78de4aae9"));
        command
            .arg("--key")
            .arg(folder.join("fixtures/verify/cosign/keys").join(key));
        let file = layout.join("a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03");
        command.arg(file).output().unwrap().status.code()
    };
    assert_eq!(client("verify-bundle", "release.pub"), Some(0));
    assert_eq!(client("verify-bundle", "other.pub"), Some(1));
    assert_eq!(client("sign-bundle", "release.pub"), Some(2));
}
