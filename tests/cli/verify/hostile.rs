use kship::Digest;
use serde_json::{Value, json};

use super::verify;
use crate::support::cli::Output;
use crate::support::layout::{Folder, INDEX, MANIFEST, manifest};

const TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const REGISTRY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/verify/cosign/registry");

/// A bundle of cosign's, about another image than those that the tests make.
fn bundle() -> Vec<u8> {
    let path = "shop/web/blobs/sha256/81e40162c1037bd2360e71d14c4a50d7ac62f1d6b3f57629d68432a78de4aae9";
    std::fs::read(format!("{REGISTRY}/{path}")).unwrap()
}

fn blob(folder: &Folder, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    folder.write(&format!("a/blobs/sha256/{}", digest.hex()), bytes);
    json!({"mediaType": TYPE, "digest": digest, "size": bytes.len()})
}

/// An image, and what is filed under its fallback tag.
fn with_referrers(folder: &Folder, referrers: impl Fn(&Digest) -> Vec<Value>) -> Digest {
    let image = folder.add("a", Some("1"), &manifest("image"));
    let tag = image.to_string().replace(':', "-");
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": referrers(&image)});
    folder.add("a", Some(&tag), &index);
    image
}

/// Files a manifest with one layer as evidence.
fn evidence(folder: &Folder, layers: &[Value], artifact_type: Option<&str>) -> Value {
    let mut document = manifest("evidence");
    document
        .as_object_mut()
        .unwrap()
        .insert("layers".to_owned(), layers.into());
    let bytes = serde_json::to_vec(&document).unwrap();
    let digest = Digest::of(&bytes);
    folder.write(&format!("a/blobs/sha256/{}", digest.hex()), &bytes);
    let mut descriptor = json!({"mediaType": MANIFEST, "digest": digest, "size": bytes.len()});
    if let Some(artifact_type) = artifact_type {
        let fields = descriptor.as_object_mut().unwrap();
        fields.insert("artifactType".to_owned(), artifact_type.into());
    }
    descriptor
}

fn run(folder: &Folder) -> Output {
    let layout = format!("--layout={}", folder.path());
    verify(&["--key=keys/release.pub", "registry.example.com/a:1", &layout]).run()
}

#[test]
fn the_signature_of_another_image_is_none() {
    let folder = Folder::new();
    let layer = blob(&folder, &bundle());
    // The manifest may claim any subject; only the signed statement counts.
    with_referrers(&folder, |_| {
        vec![evidence(&folder, std::slice::from_ref(&layer), Some(TYPE))]
    });
    let output = run(&folder).expect_code(1);
    assert!(output.stdout.contains("it is about `sha256:a247975f"), "{output}");
}

#[test]
fn what_names_no_type_is_looked_at_and_what_names_another_is_not() {
    for (artifact_type, looked_at) in [
        (None, true),
        (Some(""), true),
        (Some("application/vnd.oci.empty.v1+json"), true),
        (Some("application/spdx+json"), false),
    ] {
        let folder = Folder::new();
        let layer = blob(&folder, &bundle());
        with_referrers(&folder, |_| {
            vec![evidence(&folder, std::slice::from_ref(&layer), artifact_type)]
        });
        let output = run(&folder).expect_code(1);
        assert_eq!(
            output.stdout.contains("error[untrusted]"),
            looked_at,
            "{artifact_type:?}: {output}"
        );
    }
}

#[test]
fn the_same_signature_a_thousand_times_counts_once_and_a_flood_is_cut() {
    let folder = Folder::new();
    let layer = blob(&folder, &bundle());
    with_referrers(&folder, |_| {
        let one = evidence(&folder, std::slice::from_ref(&layer), Some(TYPE));
        vec![one; 1000]
    });
    let output = run(&folder).expect_code(1);
    assert!(
        output
            .stdout
            .contains("the signature of `registry.example.com/a:1` is refused"),
        "{output}"
    );

    let folder = Folder::new();
    with_referrers(&folder, |_| {
        let missing = |n: usize| json!({"mediaType": MANIFEST, "digest": Digest::of(&n.to_le_bytes()), "size": 1, "artifactType": TYPE});
        (0..2000).map(missing).collect()
    });
    let output = run(&folder).expect_code(1);
    assert!(
        output
            .stdout
            .contains("the registry lists it and does not have it; 1744 more were not looked at"),
        "{output}"
    );
}

#[test]
fn malformed_evidence_is_a_no_and_told() {
    for (bytes, said) in [
        (b"{".to_vec(), "it is malformed: it is no bundle: "),
        (
            b"{\"mediaType\":1,\"mediaType\":1}".to_vec(),
            "the key `mediaType` stands twice",
        ),
        (vec![b'['; 100_000], "recursion limit"),
        (
            String::from_utf8(bundle())
                .unwrap()
                .replace(TYPE, "application/vnd.dev.sigstore.bundle+json;version=0.1")
                .into_bytes(),
            "a registry's must be 0.3",
        ),
    ] {
        let folder = Folder::new();
        let layer = blob(&folder, &bytes);
        with_referrers(&folder, |_| {
            vec![evidence(&folder, std::slice::from_ref(&layer), Some(TYPE))]
        });
        let output = run(&folder).expect_code(1);
        assert!(output.stdout.replace('\n', " ").contains(said), "{said}: {output}");
    }
    let folder = Folder::new();
    let layer = blob(&folder, &bundle());
    with_referrers(&folder, |_| {
        vec![evidence(&folder, &[layer.clone(), layer.clone()], Some(TYPE))]
    });
    let output = run(&folder).expect_code(1);
    assert!(
        output.stdout.contains("a bundle is not alone in its manifest"),
        "{output}"
    );
}

#[test]
fn a_size_beyond_the_limit_is_not_fetched() {
    let folder = Folder::new();
    let mut layer = blob(&folder, &bundle());
    layer["size"] = (1_u64 << 40).into();
    with_referrers(&folder, |_| {
        vec![evidence(&folder, std::slice::from_ref(&layer), Some(TYPE))]
    });
    let output = run(&folder).expect_code(1);
    assert!(
        output.stdout.contains("it is too large: it has 1099511627776 bytes"),
        "{output}"
    );
}

/// cosign takes the digest of a layout's image from its table, and verifies an image that is not there.
#[test]
fn a_layout_whose_image_is_changed_or_gone_proves_nothing() {
    let web = "shop/web/blobs/sha256/a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03";
    let args = [
        "--key=keys/release.pub",
        "registry.example.com/shop/web:1.4.2",
        "--layout=registry",
    ];
    let changed = verify(&args).folder("fixtures/verify/cosign/registry", "registry");
    let file = changed.path().join("registry").join(web);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("amd64", "arm64")).unwrap();
    let output = changed.run().expect_code(3);
    assert!(output.stderr.contains("is damaged"), "{output}");
    let gone = verify(&args).folder("fixtures/verify/cosign/registry", "registry");
    std::fs::remove_file(gone.path().join("registry").join(web)).unwrap();
    let _ = gone.run().expect_code(3);
}

#[test]
fn a_digest_that_climbs_is_no_digest() {
    let folder = Folder::new();
    with_referrers(&folder, |_| {
        vec![json!({"mediaType": MANIFEST, "digest": "sha256:../../x", "size": 1})]
    });
    let output = run(&folder).expect_code(3);
    assert!(!output.stdout.contains("unsigned"), "{output}");
}
