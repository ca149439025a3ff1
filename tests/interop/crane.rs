//! Digests: `kship pin` against `crane digest`, on crane's registry and on Debian's `docker-registry`.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::peers;
use crate::registries::{Access, IMAGES, PASSWORD, USER, World};

#[test]
fn crane_registry() {
    if let Some(world) = peers::need(World::crane()) {
        world.fill();
        compare(&world);
    }
}

#[test]
fn docker_registry() {
    against_docker_registry(Access::Anyone, false);
}

#[test]
fn docker_registry_with_tls() {
    against_docker_registry(Access::Anyone, true);
}

#[test]
fn docker_registry_with_basic_auth() {
    against_docker_registry(Access::Basic, false);
}

#[test]
fn docker_registry_with_tls_and_basic_auth() {
    against_docker_registry(Access::Basic, true);
}

#[test]
fn docker_registry_with_tokens() {
    against_docker_registry(Access::Token, false);
}

#[test]
fn docker_registry_with_tls_and_tokens() {
    against_docker_registry(Access::Token, true);
}

fn against_docker_registry(access: Access, tls: bool) {
    let peers = World::docker(access, tls).and_then(|world| Ok((world, World::crane()?)));
    if let Some((world, source)) = peers::need(peers) {
        source.fill();
        world.fill_from(&source);
        compare(&world);
        if access != Access::Anyone {
            needs_credentials(&world);
        }
    }
}

/// Pins all images, with the credentials of `config.json`, and holds each digest against crane's.
fn compare(world: &World) {
    let file = world.home.file("pod.yaml", pod(world));
    let output = kship(world, &["pin", file.to_str().unwrap()]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), pinned_pod(world));
}

/// Without `config.json` the registry says no, and with a password file it says yes.
fn needs_credentials(world: &World) {
    fs::remove_file(world.home.path().join("config.json")).unwrap();
    let file = world.home.file("pod.yaml", pod(world));
    let file = file.to_str().unwrap();
    let output = kship(world, &["pin", file]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("registry denies access"), "{errors}");
    assert_eq!(fs::read_to_string(file).unwrap(), pod(world));

    let password = world.home.file("password", PASSWORD);
    let auth = format!("{}={USER}:{}", world.host(), password.display());
    let output = kship(world, &["pin", "--registry-auth", &auth, file]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(!errors.contains(PASSWORD) && !fs::read_to_string(file).unwrap().contains(&pod(world)));
}

fn kship(world: &World, arguments: &[&str]) -> Output {
    let mut command = world.home.command(Path::new(env!("CARGO_BIN_EXE_kship")));
    // crane takes the certificate authority from the environment, kship from its flag.
    command.env_remove("SSL_CERT_FILE").args(arguments);
    if let Some(ca) = &world.ca {
        command.arg("--registry-ca").arg(ca);
    }
    command.output().unwrap()
}

/// A pod with every image of the registry.
fn pod(world: &World) -> String {
    let images: Vec<_> = IMAGES.iter().map(|image| world.name(image)).collect();
    pod_of(&images)
}

/// The same pod, as crane would pin it.
fn pinned_pod(world: &World) -> String {
    let pin = |image: &&str| {
        let name = world.name(image);
        format!("{name}@{}", world.crane_digest(&name))
    };
    pod_of(&IMAGES.iter().map(pin).collect::<Vec<_>>())
}

fn pod_of(images: &[String]) -> String {
    let mut text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: everything\nspec:\n  containers:\n".to_owned();
    for (index, image) in images.iter().enumerate() {
        text.push_str(&format!("  - name: c{index} # unchanged\n    image: {image}\n"));
    }
    text
}
