use insta::assert_snapshot;

use super::{WEB, verify};
use crate::support::cli::Run;

/// The bundle that cosign made for [`WEB`], as a file.
const BUNDLE: &str = "fixtures/verify/cosign/registry/shop/web/blobs/sha256/81e40162c1037bd2360e71d14c4a50d7ac62f1d6b3f57629d68432a78de4aae9";
/// The index that it is about.
const INDEX: &str = "fixtures/verify/cosign/registry/shop/web/blobs/sha256/a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03";

fn read(path: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn with_bundle(args: &[&str]) -> Run {
    verify(&[&["--bundle", "web.sigstore.json"], args].concat())
        .file("web.sigstore.json", read(BUNDLE))
        .file("index.json", read(INDEX))
}

#[test]
fn a_file_and_its_digest_are_the_same() {
    for subject in ["index.json", WEB] {
        let output = with_bundle(&["--key=keys/release.pub", subject]).run().expect_code(0);
        assert!(
            output.stdout.starts_with(&format!("{subject}: signed by key sha256:")),
            "{output}"
        );
        let _ = with_bundle(&["--key=keys/other.pub", subject]).run().expect_code(1);
    }
    let both = with_bundle(&["--key=keys/other.pub", "--key=keys/release.pub", WEB]).run();
    let _ = both.expect_code(0);
}

#[test]
fn another_file_is_refused() {
    let output = with_bundle(&["--key=keys/release.pub", "keys/release.pub"])
        .run()
        .expect_code(1);
    assert_snapshot!(output);
}

#[test]
fn what_a_bundle_does_not_say_it_does_not_prove() {
    let output = with_bundle(&["--key=keys/release.pub", "--type=spdx", WEB])
        .run()
        .expect_code(1);
    assert!(
        output
            .stdout
            .contains("it states `https://sigstore.dev/cosign/sign/v1`, not `https://spdx.dev/Document`"),
        "{output}"
    );
    let output = with_bundle(&["--key=keys/release.pub", "-a", "env=prod", WEB])
        .run()
        .expect_code(1);
    assert!(output.stdout.contains("it does not say `env=prod`"), "{output}");
    let output = with_bundle(&[
        "--certificate-identity=a@example.com",
        "--certificate-oidc-issuer=https://example.com",
        WEB,
    ]);
    let output = output.run().expect_code(1);
    assert!(output.stdout.contains("an identity cannot be verified"), "{output}");
}

#[test]
fn a_bundle_that_is_none_decides_nothing() {
    let output = verify(&["--bundle=x.json", "--key=keys/release.pub", WEB])
        .file("x.json", "{}")
        .run();
    assert_snapshot!(output.expect_code(3));
    let output = verify(&["--bundle=none.json", "--key=keys/release.pub", WEB])
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("none.json"), "{output}");
    let output = with_bundle(&["--key=keys/release.pub", "no-such-file"])
        .run()
        .expect_code(3);
    assert!(output.stderr.contains("no-such-file"), "{output}");
}
