mod certificate;
mod check;
mod cluster;
mod controller;
mod files;
mod from;
mod keys;
mod kubeseal;
mod merge;
mod names;
mod raw;
mod regressions;
mod unseal;

use crate::support::cli::{Run, kship};

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {password: hunter2}\n";

/// kship with the public test keys in `keys-example`.
fn run(args: &[&str]) -> Run {
    kship(args).folder("keys-example", "keys")
}

/// `kship seal` with the certificate of 2048 bits.
fn seal(args: &[&str]) -> Run {
    run(&[&["seal", "--cert", "keys/sealing-2048.crt"], args].concat())
}

/// `kship unseal` with the key of that certificate.
fn unseal(args: &[&str]) -> Run {
    run(&[&["unseal", "--private-key", "keys/sealing-2048.key"], args].concat())
}
