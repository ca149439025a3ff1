use insta::assert_snapshot;

use super::images;

fn pod(images: &[&str]) -> String {
    let containers: String = images
        .iter()
        .enumerate()
        .map(|(at, image)| format!("  - name: c{at}\n    image: {image}\n"))
        .collect();
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n{containers}")
}

#[test]
fn every_image_of_a_tree_is_verified_once() {
    let output = images(&["--key=keys/release.pub", "-f", "deploy"])
        .file(
            "deploy/a.yaml",
            pod(&[
                "registry.example.com/shop/web:1.4.2",
                "registry.example.com/shop/unsigned:1.0.0",
            ]),
        )
        .file(
            "deploy/b.yaml",
            pod(&[
                "registry.example.com/shop/web:1.4.2",
                "registry.example.com/shop/unsigned:1.0.0",
                "$IMAGE",
            ]),
        )
        .file("deploy/notes.yaml", "a: b\n")
        .run();
    assert_snapshot!(output.expect_code(1));
}

#[test]
fn standard_input_and_arguments_go_together() {
    let output = images(&[
        "--key=keys/release.pub",
        "-f",
        "-",
        "registry.example.com/shop/cart:3.1.0",
    ])
    .stdin(pod(&["registry.example.com/shop/web:1.4.2"]))
    .run()
    .expect_code(0);
    assert!(output.stdout.ends_with("2 verified\n"), "{output}");
}

/// The comment lets a reference be without a digest; whoever runs the image must be safe all the same.
#[test]
fn what_need_not_be_pinned_must_be_signed() {
    let image = "registry.example.com/shop/unsigned:1.0.0 # kship:ignore=kind loads it";
    let policy = "images: [{match: '**', digest: optional}]\nignore: [{rule: unpinned, path: '**', reason: later}]\n";
    let output = images(&["--key=keys/release.pub", "-f", "a.yaml"])
        .file("a.yaml", pod(&[image]))
        .file("kship.yaml", policy)
        .run()
        .expect_code(1);
    assert!(output.stdout.contains("error[unsigned]"), "{output}");
}

#[test]
fn what_cannot_be_read_is_not_passed_over() {
    let broken = images(&["--key=keys/release.pub", "-f", "a.yaml"])
        .file("a.yaml", "image: [\n")
        .run();
    let output = broken.expect_code(3);
    assert!(output.stderr.contains("a.yaml:"), "{output}");
    let digest = pod(&["registry.example.com/shop/web:1.4.2@sha256:00"]);
    let output = images(&["--key=keys/release.pub", "-f", "a.yaml"])
        .file("a.yaml", digest)
        .run()
        .expect_code(1);
    assert!(output.stdout.contains("error[invalid-digest]"), "{output}");
    let accepted = pod(&["registry.example.com/shop/web:1.4.2@sha256:00 # kship:ignore=later"]);
    let output = images(&["--key=keys/release.pub", "-f", "a.yaml"])
        .file("a.yaml", accepted)
        .file(
            "kship.yaml",
            "ignore: [{rule: invalid-digest, path: '**', reason: later}]\n",
        )
        .run()
        .expect_code(1);
    assert!(output.stdout.contains("error[invalid-digest]"), "{output}");
    let _ = images(&["--key=keys/release.pub", "-f", "no-such-folder"])
        .run()
        .expect_code(3);
}

#[test]
fn images_can_be_left_out_by_pattern() {
    let text = pod(&[
        "registry.example.com/shop/web:1.4.2",
        "registry.example.com/shop/unsigned:1.0.0",
    ]);
    let output = images(&[
        "--key=keys/release.pub",
        "-f",
        "a.yaml",
        "--exclude",
        "registry.example.com/shop/uns*",
        "--explain",
    ])
    .file("a.yaml", text)
    .run()
    .expect_code(0);
    assert!(
        output
            .stdout
            .contains("skipped `registry.example.com/shop/unsigned:1.0.0`: excluded"),
        "{output}"
    );
}
