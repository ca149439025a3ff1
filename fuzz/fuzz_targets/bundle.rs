//! Bundles come from a registry, which may send anything; none of it is proof without a signer.

#![no_main]

use std::sync::LazyLock;

use kship::Digest;
use kship::verify::{Bundle, Demand, LogRule, Origin, PublicKey, Signer, TrustRoot};
use libfuzzer_sys::fuzz_target;

const KEY: &str = include_str!("../../fixtures/verify/cosign/keys/other.pub");

static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| TrustRoot::embedded().expect("a root"));
static SIGNERS: LazyLock<Vec<Signer>> =
    LazyLock::new(|| vec![Signer::Key(PublicKey::from_pem(KEY).expect("a key"))]);

fuzz_target!(|bytes: &[u8]| {
    let Ok(bundle) = Bundle::parse(bytes, Origin::File) else {
        return;
    };
    let demand = Demand {
        signers: &SIGNERS,
        root: &ROOT,
        log: LogRule::Auto,
        claim: None,
        annotations: Default::default(),
    };
    assert!(demand.verify_image(&bundle, &Digest::of(b"")).is_err());
});
