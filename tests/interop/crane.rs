//! Digests: kship against `crane digest`, on crane's registry and on Debian's `docker-registry`.

use crate::peers;
use crate::registries::{Access, IMAGES, World};

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
    }
}

fn compare(world: &World) {
    for image in IMAGES {
        let digest = world.crane_digest(&world.name(image));
        assert!(digest.starts_with("sha256:"), "{image}: {digest}");
    }
}
