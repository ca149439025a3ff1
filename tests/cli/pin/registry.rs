//! Registries: the errors name the registry and the reference, and nothing is written.

use insta::assert_snapshot;
use kship::Digest;

use super::{Run, ZERO, plain, pod};
use crate::support::registry::{Auth, Fault, Kind, Setup, TestRegistry, any_child, any_index};

fn start(fault: Fault) -> TestRegistry {
    TestRegistry::start(Setup {
        faults: vec![fault],
        ..Setup::default()
    })
}

/// Runs over an image of a registry that fails: exit 3, nothing written. Returns what is said.
fn refused(registry: &TestRegistry) -> String {
    let text = pod(&format!("{}/shop/web:1", registry.host()));
    let output = plain(&[]).file("a.yaml", &text).run().expect_code(3);
    assert_eq!(output.read("a.yaml"), text);
    assert_eq!(
        std::fs::read_dir(output.path()).unwrap().count(),
        1,
        "nothing is left behind"
    );
    output.stderr.replace(&registry.host(), "HOST")
}

#[test]
fn references_of_all_files_are_asked_for_once() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Bearer,
        ..Setup::default()
    });
    let host = registry.host();
    let mut run = plain(&[]);
    let mut expected = Vec::new();
    for file in 0..6 {
        let images: Vec<String> = (0..20)
            .map(|image| format!("team/app{}:{}", image % 5, (image + file) % 4))
            .collect();
        let text: String = images
            .iter()
            .map(|image| format!("{}---\n", pod(&format!("{host}/{image}"))))
            .collect();
        run = run.file(&format!("{file}.yaml"), text);
        expected.extend(images);
    }
    expected.sort();
    expected.dedup();
    let output = run.run().expect_code(0);
    let heads = |status: u16| {
        registry
            .seen()
            .iter()
            .filter(|seen| seen.kind == Kind::Head && seen.status == status)
            .count()
    };
    assert_eq!(
        (heads(200), heads(401), registry.count(Kind::Token), registry.total()),
        (expected.len(), 1, 5, expected.len() + 6)
    );
    let digest = Digest::of(&any_index("team/app3", "2"));
    assert!(
        output.read("0.yaml").contains(&format!("team/app3:2@{digest}"))
            || output.read("1.yaml").contains(&format!("team/app3:2@{digest}"))
    );
}

#[test]
fn a_single_platform_is_found_and_mended() {
    let registry = TestRegistry::any();
    let image = format!("{}/shop/web:1", registry.host());
    let child = Digest::of(&any_child("shop/web", "1", "arm64"));
    let index = Digest::of(&any_index("shop/web", "1"));
    let output = plain(&["--check", "--online"])
        .file("a.yaml", pod(&format!("{image}@{child}")))
        .run()
        .expect_code(1);
    assert!(
        output.stdout.contains("single-platform") && output.stdout.contains("linux/arm64"),
        "{output}"
    );
    let output = plain(&["--update"])
        .file("a.yaml", pod(&format!("{image}@{child}")))
        .run()
        .expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&format!("{image}@{index}")));
}

#[test]
fn what_a_registry_does_wrong_is_told() {
    assert_snapshot!(refused(&start(Fault::Html)), @"
    error: a.yaml:6:22: registry answered `HOST/shop/web:1` with an HTML page: expected a manifest
    warning: nothing was written
    ");
    assert_snapshot!(refused(&start(Fault::Head(404))), @"
    error: a.yaml:6:22: registry has no `HOST/shop/web:1`: 404 Not Found
    hint: check the name and tag; leave images that are in no registry out with `--exclude` or `# kship:ignore=...`
    warning: nothing was written
    ");
    assert_snapshot!(refused(&start(Fault::Head(403))), @"
    error: a.yaml:6:22: registry denies access to `HOST/shop/web:1`: 403 Forbidden
    hint: log in with `docker login` or `podman login`, or name credentials with `--registry-auth`
    warning: nothing was written
    ");
    assert_snapshot!(refused(&start(Fault::RedirectLoop)), @"
    error: a.yaml:6:22: registry redirects `HOST/shop/web:1` more often than is followed, perhaps in a circle
    warning: nothing was written
    ");
    assert_snapshot!(refused(&start(Fault::Redirect("http://registry.invalid".to_owned()))), @"
    error: a.yaml:6:22: registry redirects `HOST/shop/web:1` to another host without TLS
    warning: nothing was written
    ");
    assert_snapshot!(refused(&start(Fault::Type("application/vnd.docker.distribution.manifest.v1+prettyjws"))), @"
    error: a.yaml:6:22: registry has `HOST/shop/web:1` in Docker's schema 1 only, which has no dependable digest
    warning: nothing was written
    ");
}

#[test]
fn no_login_is_told_with_the_way_to_one() {
    let registry = TestRegistry::start(Setup {
        auth: Auth::Basic("shop", "s3cret"),
        ..Setup::default()
    });
    assert_snapshot!(refused(&registry), @"
    error: a.yaml:6:22: registry denies access to `HOST/shop/web:1`: 401 Unauthorized
    hint: log in with `docker login` or `podman login`, or name credentials with `--registry-auth`
    warning: nothing was written
    ");
    let image = format!("{}/shop/web:1", registry.host());
    let login = format!("{}=shop:password", registry.host());
    let output = plain(&["--registry-auth", &login, "a.yaml"])
        .file("a.yaml", pod(&image))
        .file("password", "s3cret\n")
        .run()
        .expect_code(0);
    assert_eq!(
        output.read("a.yaml"),
        pod(&format!("{image}@{}", Digest::of(&any_index("shop/web", "1"))))
    );
    let output = plain(&["--registry-auth", &login, "a.yaml"])
        .file("a.yaml", pod(&image))
        .file("password", "wr0ng\n")
        .run()
        .expect_code(3);
    assert!(!format!("{output}").contains("wr0ng"), "{output}");
}

#[test]
fn tls_needs_an_authority() {
    let registry = TestRegistry::start(Setup {
        tls: true,
        ..Setup::default()
    });
    let image = format!("{}/shop/web:1", registry.host());
    let trusting = |args: &[&str]| {
        plain(args)
            .file("a.yaml", pod(&image))
            .file("ca.pem", registry.ca_pem())
            .run()
    };
    let _ = trusting(&["--registry-ca", "ca.pem", "a.yaml"]).expect_code(0);
    let _ = trusting(&["a.yaml"]).expect_code(3);
}

#[test]
fn nothing_answers_at_all() {
    let host = {
        let registry = TestRegistry::any();
        registry.host()
    };
    let output = plain(&[])
        .file("a.yaml", pod(&format!("{host}/shop/web:1")))
        .run()
        .expect_code(3);
    assert_snapshot!(output.stderr.replace(&host, "HOST"), @"
    error: a.yaml:6:22: no answer to `HOST/shop/web:1`: Connection refused (os error 111)
    hint: check the network and the registry's name; `--registry-map` looks it up elsewhere, `--plain-http` speaks without TLS
    warning: nothing was written
    ");
}

#[test]
fn unpinning_and_checking_ask_no_registry() {
    let registry = TestRegistry::any();
    let name = format!("{}/shop/web:1", registry.host());
    let pinned = pod(&format!("{name}@{ZERO}"));
    let _ = plain(&["--check"]).file("a.yaml", &pinned).run().expect_code(0);
    let _ = plain(&["--check"]).file("a.yaml", pod(&name)).run().expect_code(1);
    let output = plain(&["--unpin"]).file("a.yaml", &pinned).run().expect_code(0);
    assert_eq!(output.read("a.yaml"), pod(&name));
    // What has its digest is not asked about again.
    let _ = plain(&[]).file("a.yaml", &pinned).run().expect_code(0);
    assert_eq!(registry.total(), 0);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    let registry = start(Fault::Silence);
    let text = pod(&format!("{}/shop/web:1", registry.host()));
    let run: Run = plain(&[]).file("a.yaml", &text);
    let output = run.run_while(|process| {
        let started = std::time::Instant::now();
        while registry.total() == 0 && started.elapsed().as_secs() < 60 {
            std::thread::yield_now();
        }
        let killed = std::process::Command::new("kill")
            .args(["-INT", &process.to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
    });
    let output = output.expect_code(3);
    assert_eq!(output.stderr, "error: interrupted: nothing was written\n");
    assert_eq!(output.read("a.yaml"), text);
    assert_eq!(std::fs::read_dir(output.path()).unwrap().count(), 1);
}
