//! Flags, variables and exit codes: kship called by the name `kubeseal`, beside kubeseal.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::peers::{Home, need, tool};

const SECRET: &str = "kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {password: hunter2}\n";
const CONFIG: &str = "current-context: c\ncontexts: [{name: c, context: {cluster: x, namespace: mine}}]\nclusters: [{name: x, cluster: {server: 'http://127.0.0.1:1'}}]\n";

pub(super) struct Peers {
    pub(super) home: Home,
    pub(super) kubeseal: PathBuf,
    pub(super) kship: PathBuf,
}

/// Exit code and standard output.
pub(super) type Ran = (i32, String);

impl Peers {
    #[cfg(unix)]
    pub(super) fn new(kubeseal: PathBuf) -> Self {
        let home = Home::new();
        std::fs::create_dir(home.path().join("bin")).unwrap();
        let kship = home.path().join("bin/kubeseal");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kship"), &kship).unwrap();
        for name in ["sealing-4096.crt", "sealing-4096.key", "sealing-expired.crt"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example").join(name);
            home.file(name, std::fs::read(path).unwrap());
        }
        home.file("config", CONFIG);
        home.file("s.yaml", SECRET);
        Self { home, kubeseal, kship }
    }

    /// What kship does, and what kubeseal does.
    pub(super) fn run(&self, args: &[&str], variables: &[(&str, &str)], stdin: &str) -> (Ran, Ran) {
        let run = |program: &Path| {
            let input = self.home.file("stdin", stdin);
            let mut command = self.home.command(program);
            command
                .args(args)
                .envs(variables.iter().copied())
                .stdin(File::open(input).unwrap());
            let output = command.output().unwrap();
            (
                output.status.code().unwrap(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        };
        (run(&self.kship), run(&self.kubeseal))
    }

    /// Opens a raw value with kubeseal itself.
    fn open(&self, value: &str, metadata: &str) -> String {
        let document = format!(
            "{{\"kind\": \"SealedSecret\", \"apiVersion\": \"bitnami.com/v1alpha1\", \"metadata\": {metadata}, \"spec\": {{\"encryptedData\": {{\"k\": \"{value}\"}}}}}}"
        );
        let args = [
            "--recovery-unseal",
            "--recovery-private-key",
            "sealing-4096.key",
            "-o",
            "yaml",
        ];
        self.run(&args, &[], &document).1.1
    }
}

/// Where kship ends otherwise on purpose: the arguments, its code, kubeseal's, and why.
const DIFFERENCES: [(&[&str], i32, i32, &str); 2] = [
    (
        &["--fetch-cert", "--cert", "s.yaml"],
        1,
        0,
        "what is no certificate is none",
    ),
    (
        &["--fetch-cert", "--raw", "--cert", "sealing-4096.crt"],
        1,
        0,
        "one command at a time",
    ),
];

#[cfg(unix)]
#[test]
fn exit_codes_are_kubeseals() {
    let Some(kubeseal) = need(tool("kubeseal")) else { return };
    let peers = Peers::new(kubeseal);
    let cert = ["--cert", "sealing-4096.crt"];
    for args in [
        &[][..],
        &["--version"],
        &["--nonsense"],
        &["--scope", "bogus"],
        &["--scope", "cluster-wide"],
        &["-o", "xml"],
        &["--format=YAML"],
        &["--from-file", "s.yaml"],
        &["--from-file", "s.yaml", "--name", "a", "-n", "b"],
        &["--from-file", "s.yaml", "--raw=false", "--name", "a", "-n", "b"],
        &["--raw"],
        &["--raw", "--name", "a", "-n", "b"],
        &["--raw=true", "--scope", "cluster-wide"],
        &["--raw=false"],
        &["--raw", "--scope", "namespace-wide", "-n", "b"],
        &["-f", "s.yaml"],
        &["-f", "missing"],
        &["-n", "other"],
        &["-n", "other", "--scope", "cluster-wide"],
        &["--fetch-cert"],
        &["--recovery-unseal"],
        &["--recovery-unseal", "--recovery-private-key", "missing"],
        &["-v", "3", "--logtostderr=true"],
        &["--as", "x", "--request-timeout", "5s"],
    ] {
        let (ours, theirs) = peers.run(&[&cert, args].concat(), &[], SECRET);
        assert_eq!(ours.0, theirs.0, "{args:?}\n{}\n{}", ours.1, theirs.1);
    }
    for args in [
        &["--cert", "missing"][..],
        &["--cert", "sealing-expired.crt"],
        &["--cert", "sealing-4096.key"],
        &["--cert", "http://127.0.0.1:1/c"],
        &["--kubeconfig", "missing"],
        &["--kubeconfig", "config"],
        &["--kubeconfig", "config", "--context", "missing"],
        &["--kubeconfig", "config", "--validate", "-f", "missing"],
    ] {
        let (ours, theirs) = peers.run(args, &[], SECRET);
        assert_eq!(ours.0, theirs.0, "{args:?}\n{}\n{}", ours.1, theirs.1);
    }
    for (args, kship, kubeseal, why) in DIFFERENCES {
        let (ours, theirs) = peers.run(args, &[], "");
        assert_eq!((ours.0, theirs.0), (kship, kubeseal), "{args:?}: {why}");
    }
}

#[cfg(unix)]
#[test]
fn raw_values_and_certificates_are_kubeseals() {
    let Some(kubeseal) = need(tool("kubeseal")) else { return };
    let peers = Peers::new(kubeseal);
    let strict = "{\"name\": \"a\", \"namespace\": \"shop\"}";
    let mine = "{\"name\": \"a\", \"namespace\": \"mine\"}";
    let wide = "{\"name\": \"b\", \"namespace\": \"shop\", \"annotations\": {\"sealedsecrets.bitnami.com/namespace-wide\": \"true\"}}";
    peers.home.file("key=v", "hunter2");
    peers.home.file("v", "hunter2");
    for (args, variables, metadata) in [
        (&["--name", "a", "-n", "shop"][..], &[][..], strict),
        (&["-n", "shop", "--scope", "namespace-wide"], &[], wide),
        (&["--name", "a", "-n", "shop", "--from-file", "key=v"], &[], strict),
        (&["--name", "a", "-n", "shop", "--from-file", "v"], &[], strict),
        (
            &[],
            &[
                ("SEALED_SECRETS_NAME", "a"),
                ("SEALED_SECRETS_NAMESPACE", "shop"),
                ("SEALED_SECRETS_CERT", "missing"),
            ],
            strict,
        ),
        (&["--name", "a", "--kubeconfig", "config"], &[], mine),
        (&["--name", "a"], &[("KUBECONFIG", "missing:config")], mine),
        (&["--name", "a"], &[("SEALED_SECRETS_KUBECONFIG", "config")], mine),
    ] {
        let args = [&["--raw", "--cert", "sealing-4096.crt"], args].concat();
        let (ours, theirs) = peers.run(&args, variables, "hunter2");
        assert_eq!((ours.0, theirs.0), (0, 0), "{args:?}");
        assert_eq!(ours.1.len(), theirs.1.len(), "{args:?}");
        for value in [&ours.1, &theirs.1] {
            assert!(peers.open(value, metadata).contains("k: aHVudGVyMg=="), "{args:?}");
        }
    }
    let url = url::Url::from_file_path(peers.home.path().join("sealing-4096.crt")).unwrap();
    for cert in ["sealing-4096.crt", "./sealing-4096.crt", url.as_str()] {
        let (ours, theirs) = peers.run(&["--fetch-cert", "--cert", cert], &[], "");
        assert_eq!((ours.0, &ours.1), (0, &theirs.1), "{cert}");
    }
    let (ours, theirs) = peers.run(&["--version"], &[], "");
    assert!(ours.1.starts_with(theirs.1.trim_end()), "{} {}", ours.1, theirs.1);
}
