use std::path::Path;

use kship::encryption::{Configuration, Loader};

use super::{assert_hidden, secrets};
use crate::support::cli::{Run, kship};

/// `kship encryption init`.
fn init(args: &[&str]) -> Run {
    kship(&[&["encryption", "init"], args].concat())
}

fn load(text: &str) -> Configuration {
    Configuration::parse(text, &Loader::new("enc.yaml")).unwrap()
}

/// What the run wrote, with the day and the key of that run named.
fn told(text: &str, file: &str) -> String {
    let day = file
        .split("- name: key-")
        .nth(1)
        .and_then(|rest| rest.get(..10))
        .unwrap();
    let hash = kship::Digest::of(file.as_bytes()).to_string();
    let mut text = text.replace(day, "[DAY]").replace(&hash, "[HASH]");
    for key in secrets(file) {
        text = text.replace(&key, "[KEY]");
    }
    text
}

#[test]
fn a_configuration_is_written_and_its_key_is_not_printed() {
    let output = init(&["--output", "enc.yaml"]).run().expect_code(0);
    let file = output.read("enc.yaml");
    let keys = secrets(&file);
    assert_eq!(keys.len(), 1);
    assert_hidden(&output, &keys);
    let configuration = load(&file);
    let (provider, key) = configuration.keys().next().unwrap();
    assert_eq!((provider.kind.name(), key.secret.len()), ("aescbc", 32));
    #[cfg(unix)]
    assert_eq!(super::mode(&output, "enc.yaml"), 0o600);
    let again = init(&["--output", "enc.yaml"]).run().expect_code(0);
    assert_ne!(secrets(&again.read("enc.yaml")), keys, "keys are random");
    insta::assert_snapshot!("init", told(&format!("{output}{file}"), &file));
}

#[test]
fn every_provider_is_loaded() {
    for provider in ["aescbc", "aesgcm", "secretbox"] {
        let args = [
            "--provider",
            provider,
            "--key-name",
            "null",
            "--resources",
            "secrets,*.apps",
            "-o",
            "a.yaml",
        ];
        let output = init(&args).run().expect_code(0);
        let configuration = load(&output.read("a.yaml"));
        let entry = &configuration.resources[0];
        let names: Vec<&str> = entry.resources.iter().map(|resource| resource.name.as_str()).collect();
        assert_eq!(names, ["secrets", "*.apps"]);
        let kinds: Vec<&str> = entry.providers.iter().map(|provider| provider.kind.name()).collect();
        assert_eq!(kinds, [provider, "identity"]);
        assert_eq!(entry.providers[0].keys()[0].name.value, "null");
        assert!(
            output
                .stderr
                .contains("for r in $(kubectl api-resources --api-group=apps"),
            "{output}"
        );
        assert_eq!(
            output.stderr.contains("secretbox is the stronger choice"),
            provider == "aescbc"
        );
    }
}

#[test]
fn a_plugin_has_no_key_and_may_be_printed() {
    let args = [
        "--provider",
        "kms",
        "--kms-name",
        "vault",
        "--kms-endpoint",
        "unix:///run/kms.sock",
    ];
    let output = init(&args).run().expect_code(0);
    assert_eq!(load(&output.stdout).resources[0].providers[0].kind.name(), "kms");
    assert!(output.stdout.contains("      timeout: 3s\n"), "{output}");
    let quiet = init(&[&args[..], &["--quiet", "-o", "-"]].concat())
        .run()
        .expect_code(0);
    assert_eq!((quiet.stdout, quiet.stderr.as_str()), (output.stdout, ""));
}

#[test]
fn wrong_flags_are_told() {
    let mut told = String::new();
    for args in [
        &[][..],
        &["--output", "-"],
        &["--output", "a.yaml", "--key-name", "a:b"],
        &["--output", "a.yaml", "--resources", "Secrets,secrets.*"],
        &["--output", "a.yaml", "--resources", "secrets,*.*"],
        &["--output", "a.yaml", "--kms-name", "vault"],
        &["--output", "a.yaml", "--mount-path", "etc"],
        &["--output", "a.yaml", "--host-path", "/"],
        &["--provider", "kms", "--kms-name", "vault"],
        &["--provider", "kms", "--key-name", "a", "--kms-name", "vault"],
        &[
            "--provider",
            "kms",
            "--kms-name",
            "a:b",
            "--kms-endpoint",
            "http://a",
            "--kms-timeout",
            "0s",
        ],
        &["--provider", "rot13", "--output", "a.yaml"],
        &["--static-pod", "pod.yaml"],
    ] {
        let output = init(args).run().expect_code(2);
        assert!(!output.path().join("a.yaml").exists());
        told.push_str(&format!(
            "$ kship encryption init {}\n{}\n",
            args.join(" "),
            output.stderr
        ));
    }
    insta::assert_snapshot!("init_wrong_flags", told);
}

#[test]
fn a_file_is_replaced_with_force_only() {
    let output = init(&["-o", "enc.yaml"]).file("enc.yaml", "old\n").run().expect_code(2);
    assert_eq!(output.read("enc.yaml"), "old\n");
    assert_eq!(
        output.stderr,
        "error: enc.yaml exists already: what its keys have encrypted can be read with them only\nhint: `kship encryption \
         rotate` exchanges keys without losing any; `--force` replaces the file\n"
    );
    let output = init(&["-o", "enc.yaml", "--force"])
        .file("enc.yaml", "old\n")
        .run()
        .expect_code(0);
    load(&output.read("enc.yaml"));
    #[cfg(unix)]
    assert_eq!(super::mode(&output, "enc.yaml"), 0o600);
}

const POD: &str = "\
# kubeadm's
apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --etcd-servers=https://127.0.0.1:2379
    name: kube-apiserver
    volumeMounts:
    - {mountPath: /etc/kubernetes/pki, name: k8s-certs}
  volumes: # of the node
  - hostPath: {path: /etc/kubernetes/pki}
    name: k8s-certs
";

#[test]
fn a_static_pod_learns_where_the_file_is() {
    let args = ["-o", "enc.yaml", "--static-pod", "pod.yaml", "--host-path", "/srv/enc"];
    let output = init(&args).file("pod.yaml", POD).run().expect_code(0);
    let wired = "\
# kubeadm's
apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml
    - --encryption-provider-config-automatic-reload=true
    - --etcd-servers=https://127.0.0.1:2379
    name: kube-apiserver
    volumeMounts:
    - {mountPath: /etc/kubernetes/pki, name: k8s-certs}
    - name: encryption-config
      mountPath: /etc/kubernetes/enc
      readOnly: true
  volumes: # of the node
  - hostPath: {path: /etc/kubernetes/pki}
    name: k8s-certs
  - name: encryption-config
    hostPath:
      path: /srv/enc
      type: Directory
";
    assert_eq!(output.read("pod.yaml"), wired);
    assert!(!output.stderr.contains("volumeMounts"), "{output}");
    let again = init(&args).file("pod.yaml", wired).run().expect_code(0);
    assert_eq!(again.read("pod.yaml"), wired);
    // Without `--host-path` it is the folder of the file.
    let here = init(&["-o", "enc.yaml", "--static-pod", "pod.yaml"])
        .file("pod.yaml", POD)
        .run()
        .expect_code(0);
    let folder = here.path().canonicalize().unwrap();
    assert!(
        here.read("pod.yaml").contains(&format!("path: {}", folder.display())),
        "{}",
        here.read("pod.yaml")
    );
}

#[test]
fn both_files_are_written_or_none() {
    let other = POD.replace("    - --etcd", "    - --encryption-provider-config=/a\n    - --etcd");
    let args = ["-o", "enc.yaml", "--static-pod", "pod.yaml"];
    for (pod, cause) in [
        (
            other.as_str(),
            "`--encryption-provider-config` is there already, as `/a`",
        ),
        ("kind: Deployment\n", "there is no container that runs kube-apiserver"),
        ("{", "the manifest cannot be read"),
    ] {
        let output = init(&args).file("pod.yaml", pod).run().expect_code(3);
        assert!(output.stderr.contains(cause), "{output}");
        assert_eq!(output.read("pod.yaml"), pod);
        assert!(!Path::new(&output.path()).join("enc.yaml").exists());
    }
    let output = init(&args).run().expect_code(3);
    assert!(!output.path().join("enc.yaml").exists());
}
