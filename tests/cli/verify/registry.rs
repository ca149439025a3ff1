use insta::assert_snapshot;

use super::{WEB, verify};
use crate::support::registry::{Content, Fault, Kind, Setup, TestRegistry};

fn start(setup: Setup) -> TestRegistry {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/verify/cosign/registry");
    TestRegistry::start(Setup {
        content: Content::Folder(folder.into()),
        ..setup
    })
}

#[test]
fn a_signed_image_costs_five_requests_and_its_tag_one() {
    for referrers in [false, true] {
        let registry = start(Setup {
            referrers,
            ..Setup::default()
        });
        let image = format!("{}/shop/web:1.4.2", registry.host());
        let output = verify(&["--key=keys/release.pub", &image]).run().expect_code(0);
        assert!(output.stdout.contains(WEB), "{output}");
        let paths: Vec<_> = registry.seen().into_iter().map(|seen| seen.path).collect();
        assert!(paths.len() <= 5, "{paths:#?}");
        let tag = paths.iter().filter(|path| path.ends_with("/manifests/1.4.2")).count();
        assert_eq!(tag, 1, "{paths:#?}");
    }
}

#[test]
fn both_formats_are_found_whatever_the_list_says() {
    // With the API, the list of this registry is empty: its evidence stands under tags.
    let registry = start(Setup {
        referrers: true,
        ..Setup::default()
    });
    for image in ["shop/api:2.0.1", "shop/cart:3.1.0", "shop/sbom:1.0.0"] {
        let image = format!("{}/{image}", registry.host());
        let _ = verify(&["--key=keys/release.pub", &image]).run().expect_code(0);
    }
    let image = format!("{}/shop/sbom-legacy:1.0.0", registry.host());
    let _ = verify(&["--key=keys/release.pub", "--type=spdxjson", &image])
        .run()
        .expect_code(0);
}

/// "I may not tell" is not "there is none": an unsigned image of a registry that refuses is not known to be unsigned.
#[test]
fn a_registry_that_refuses_or_fails_leaves_the_answer_open() {
    // The image, the list of referrers, the fallback tag twice, cosign's tag: each answer may be the one that fails. What is
    // tried again takes its time, so the statuses of that kind come once.
    let refused = [401, 403]
        .into_iter()
        .flat_map(|status| (0..5).map(move |calm| (status, calm)));
    for (status, calm) in refused.chain([(429, 4), (500, 4)]) {
        let registry = start(Setup {
            calm,
            faults: vec![Fault::Status {
                status,
                times: usize::MAX,
            }],
            ..Setup::default()
        });
        let host = registry.host();
        let image = format!("{host}/shop/unsigned:1.0.0");
        let output = verify(&["--key=keys/release.pub", &image]).run().expect_code(3);
        assert!(output.stderr.contains(&host), "{status} after {calm}: {output}");
        assert!(!output.stdout.contains("unsigned]"), "{output}");
    }
}

#[test]
fn proof_that_was_found_holds_whatever_fails_besides() {
    // Four answers, then nothing but errors: the bundle's blob is the fifth.
    let image = |registry: &TestRegistry| format!("{}/shop/web:1.4.2", registry.host());
    let faults = || {
        vec![Fault::Status {
            status: 500,
            times: usize::MAX,
        }]
    };
    let registry = start(Setup {
        calm: 5,
        faults: faults(),
        ..Setup::default()
    });
    let _ = verify(&["--key=keys/release.pub", &image(&registry)])
        .run()
        .expect_code(0);
    assert_eq!(registry.count(Kind::Blob), 1);
    let registry = start(Setup {
        calm: 4,
        faults: faults(),
        ..Setup::default()
    });
    let _ = verify(&["--key=keys/release.pub", &image(&registry)])
        .run()
        .expect_code(3);
}

#[test]
fn an_image_that_is_not_there_is_not_unsigned() {
    let registry = start(Setup::default());
    let image = format!("{}/shop/web:9.9.9", registry.host());
    let output = verify(&["--key=keys/release.pub", &image]).run().expect_code(3);
    assert_snapshot!(output.stderr.replace(&registry.host(), "HOST"));
}

#[test]
fn a_registry_that_lies_about_bytes_is_not_believed() {
    for fault in [
        Fault::DigestHeader(kship::Digest::of(b"other").to_string()),
        Fault::Length(-1),
        Fault::Endless,
        Fault::Html,
    ] {
        let registry = start(Setup {
            faults: vec![fault.clone()],
            ..Setup::default()
        });
        let image = format!("{}/shop/web:1.4.2", registry.host());
        let output = verify(&["--key=keys/release.pub", &image]).run();
        assert_eq!(output.code, Some(3), "{fault:?}: {output}");
    }
}

/// Neither keys nor identities need a network: roots are built in or named, and layouts are files.
#[test]
fn nobody_is_asked_but_the_registry() {
    let stranger = TestRegistry::any();
    let watched = |run: crate::support::cli::Run| {
        let proxies = [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ];
        let run = proxies.into_iter().fold(run, |run, name| run.env(name, stranger.url()));
        run.run().expect_code(0)
    };
    let _ = watched(super::images(&[
        "--key=keys/release.pub",
        "registry.example.com/shop/web:1.4.2",
    ]));
    let keyless = [
        "verify",
        "registry.example.com/keyless/rekor2:1.0.0",
        "--layout=keyless/registry",
        "--trusted-root=keyless/trusted_root.json",
        "--certificate-identity=https://github.com/company/shop/.github/workflows/release.yml@refs/tags/v1.2.3",
        "--certificate-oidc-issuer=https://token.actions.githubusercontent.com",
    ];
    let _ = watched(crate::support::cli::kship(&keyless).folder("fixtures/verify/keyless", "keyless"));
    assert_eq!(stranger.total(), 0);
}
