//! The static pod of the API server learns where its EncryptionConfiguration is.
//!
//! kubeadm writes `kube-apiserver.yaml`: a Pod whose container has the flags in `command`. It needs two flags, and a
//! mount of the folder: a mount of the file itself would go on showing the old file after a rotation has replaced it.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::edit::{edited, readable};
use crate::text::{Edit, LineIndex, Position};
use crate::yaml::{self, EditError, Editor, Kind, Node};

/// The flag with the path.
pub const CONFIG_FLAG: &str = "--encryption-provider-config";

/// The flag that makes the API server look for a new file every minute.
pub const RELOAD_FLAG: &str = "--encryption-provider-config-automatic-reload";

/// The name of the volume.
pub const VOLUME: &str = "encryption-config";

/// Where the folder is mounted unless somebody says otherwise.
pub const MOUNT_PATH: &str = "/etc/kubernetes/enc";

/// Where the file is, outside and inside the pod.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wiring {
    /// The file's folder on the node.
    pub host_folder: Utf8PathBuf,
    /// That folder in the pod.
    pub mount_folder: Utf8PathBuf,
    /// The name of the file in it.
    pub file_name: String,
}

impl Wiring {
    /// What [`CONFIG_FLAG`] says.
    #[must_use]
    pub fn path_in_pod(&self) -> String {
        format!("{}/{}", trimmed(&self.mount_folder), self.file_name)
    }

    /// The two flags with their values.
    #[must_use]
    pub fn flags(&self) -> [String; 2] {
        [
            format!("{CONFIG_FLAG}={}", self.path_in_pod()),
            format!("{RELOAD_FLAG}=true"),
        ]
    }

    /// The item of `volumeMounts`.
    #[must_use]
    pub fn volume_mount(&self) -> Value {
        json!({"name": VOLUME, "mountPath": trimmed(&self.mount_folder), "readOnly": true})
    }

    /// The item of `volumes`.
    #[must_use]
    pub fn volume(&self) -> Value {
        json!({"name": VOLUME, "hostPath": {"path": trimmed(&self.host_folder), "type": "Directory"}})
    }
}

/// Why the manifest of a static pod is left alone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaticPodError {
    /// The text leaves no way to change it safely.
    #[error("the manifest cannot be changed")]
    Edit(#[from] EditError),
    /// There is no container to be wired.
    #[error(
        "there is no container that runs kube-apiserver with its flags in `command` or `args`: expected a Pod as kubeadm writes it"
    )]
    NoContainer,
    /// The flag is there and says something else.
    #[error("{position}: `{flag}` is there already, as `{found}`: expected `{expected}`")]
    OtherFlag {
        /// Where it stands.
        position: Position,
        /// The flag.
        flag: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The folder in the pod, or the name of the volume, belongs to something else.
    #[error("{position}: the {what} `{name}` is there already, for something else than `{expected}`")]
    OtherVolume {
        /// Where it stands.
        position: Position,
        /// What it is: a volume or a mount.
        what: &'static str,
        /// Its name or path.
        name: String,
        /// The folder on the node that it should show.
        expected: String,
    },
    /// The manifest is no YAML.
    #[error("the manifest cannot be read")]
    Unreadable(#[from] yaml::Error),
}

/// Adds what is missing; of a manifest that has everything, the text as it is.
///
/// # Errors
/// It is no manifest of kube-apiserver, or has the flags or mounts with other values.
pub fn wire(text: &str, wiring: &Wiring) -> Result<String, StaticPodError> {
    let mut text = text.to_owned();
    loop {
        let missing = {
            let (readable, offsets) = readable(&text);
            let stream = yaml::parse(&readable)?;
            let root = stream.documents().first().and_then(yaml::Document::root);
            let lines = LineIndex::new(&text);
            let position = |node: Node<'_, '_>| lines.position(&text, offsets.original(node.span().start));
            missing(root.ok_or(StaticPodError::NoContainer)?, wiring, &position)?
        };
        let Some(missing) = missing else { return Ok(text) };
        let changed = edited(&text, |editor, stream, values| {
            let root = stream.documents().first().and_then(yaml::Document::root);
            let value = values.first_mut().ok_or(StaticPodError::NoContainer)?;
            missing.add(editor, root.ok_or(StaticPodError::NoContainer)?, value)
        })?;
        text.clone_from(&changed);
    }
}

/// Something that the manifest has not.
struct Missing {
    /// The JSON pointer to the list (RFC 6901).
    list: String,
    /// Where in it; behind the last item without.
    at: Option<usize>,
    item: Value,
}

impl Missing {
    /// Adds the item, and the list where there is none.
    fn add(&self, editor: &Editor<'_, '_>, root: Node<'_, '_>, value: &mut Value) -> Result<Vec<Edit>, StaticPodError> {
        let (parent, field) = self.list.rsplit_once('/').unwrap_or_default();
        let node = find(root, parent).ok_or(StaticPodError::NoContainer)?;
        let place = value.pointer_mut(parent).and_then(Value::as_object_mut);
        let place = place.ok_or(StaticPodError::NoContainer)?;
        match (node.get(field), place.get_mut(field)) {
            (Some(list), Some(Value::Array(items))) => {
                let at = self.at.unwrap_or(items.len());
                let edits = editor.insert_item(list, at, &self.item)?;
                items.insert(at.min(items.len()), self.item.clone());
                Ok(edits)
            }
            (Some(list), Some(items)) => {
                let edits = editor.insert_item(list, 0, &self.item)?;
                *items = json!([self.item]);
                Ok(edits)
            }
            _ => {
                let list = json!([self.item]);
                let edits = editor.insert_entry(node, field, &list, None)?;
                place.insert(field.to_owned(), list);
                Ok(edits)
            }
        }
    }
}

/// The first thing that is missing.
fn missing(
    root: Node<'_, '_>,
    wiring: &Wiring,
    position: &dyn Fn(Node<'_, '_>) -> Position,
) -> Result<Option<Missing>, StaticPodError> {
    let (container, field) = container(root).ok_or(StaticPodError::NoContainer)?;
    let flags = format!("{container}/{field}");
    let items: Vec<Node<'_, '_>> = find(root, &flags).into_iter().flat_map(Node::items).collect();
    let values = [wiring.path_in_pod(), "true".to_owned()];
    for (flag, value) in [CONFIG_FLAG, RELOAD_FLAG].into_iter().zip(values) {
        match flag_value(&items, flag) {
            None => {
                let item = format!("{flag}={value}");
                // kubeadm sorts the flags.
                let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
                let is_behind = |node: &Node<'_, '_>| {
                    let text = node.as_str().filter(|text| text.starts_with("--"));
                    text.is_some_and(|text| name(text).as_str() > flag)
                };
                return Ok(Some(Missing {
                    at: items.iter().position(is_behind),
                    list: flags,
                    item: item.into(),
                }));
            }
            Some((_, found)) if same(flag, &found, &value) => {}
            Some((node, found)) => {
                return Err(StaticPodError::OtherFlag {
                    position: position(node),
                    flag,
                    found,
                    expected: value,
                });
            }
        }
    }
    let volumes = || find(root, "/spec/volumes").into_iter().flat_map(Node::items);
    let mounts = || {
        find(root, &format!("{container}/volumeMounts"))
            .into_iter()
            .flat_map(Node::items)
    };
    let shows_folder = |volume: Node<'_, '_>| {
        let path = volume.get("hostPath").and_then(|host| host.get("path"));
        path.and_then(Node::as_str)
            .is_some_and(|path| trimmed(Utf8Path::new(path)) == trimmed(&wiring.host_folder))
    };
    let other = |node, what, name: &str| StaticPodError::OtherVolume {
        position: position(node),
        what,
        name: name.to_owned(),
        expected: wiring.host_folder.to_string(),
    };
    let mount_path = trimmed(&wiring.mount_folder);
    let taken = mounts().find(|mount| {
        let path = mount.get("mountPath").and_then(Node::as_str);
        path.is_some_and(|path| trimmed(Utf8Path::new(path)) == mount_path)
    });
    if let Some(mount) = taken {
        let name = mount.get("name").and_then(Node::as_str);
        let volume = volumes().find(|volume| volume.get("name").and_then(Node::as_str) == name);
        return match volume {
            Some(volume) if shows_folder(volume) => Ok(None),
            None if name == Some(VOLUME) => Ok(Some(Missing {
                list: "/spec/volumes".to_owned(),
                at: None,
                item: wiring.volume(),
            })),
            _ => Err(other(mount, "mount", mount_path)),
        };
    }
    let is_called = |node: &Node<'_, '_>| node.get("name").and_then(Node::as_str) == Some(VOLUME);
    if let Some(volume) = volumes().find(is_called).filter(|volume| !shows_folder(*volume)) {
        return Err(other(volume, "volume", VOLUME));
    }
    Ok(Some(Missing {
        list: format!("{container}/volumeMounts"),
        at: None,
        item: wiring.volume_mount(),
    }))
}

/// The container that runs kube-apiserver, as a JSON pointer, and which of its fields has the flags.
fn container(root: Node<'_, '_>) -> Option<(String, &'static str)> {
    let is_pod = root.get("kind").and_then(Node::as_str) == Some("Pod");
    let containers = root.get("spec").filter(|_| is_pod)?.get("containers")?;
    containers.items().enumerate().find_map(|(at, container)| {
        let words = |field: &str| {
            container
                .get(field)
                .into_iter()
                .flat_map(Node::items)
                .filter_map(Node::as_str)
        };
        let runs = |word: &str| word.rsplit('/').next() == Some("kube-apiserver");
        let is_it = container.get("name").and_then(Node::as_str) == Some("kube-apiserver")
            || words("command").chain(words("args")).any(runs);
        let mut fields = ["command", "args"].into_iter();
        let field = fields.find(|field| words(field).any(|word| word.starts_with("--")))?;
        is_it.then(|| (format!("/spec/containers/{at}"), field))
    })
}

/// The value of a flag, behind `=` or as the next word; a flag alone is true.
fn flag_value<'d, 'a>(items: &[Node<'d, 'a>], flag: &str) -> Option<(Node<'d, 'a>, String)> {
    // The last one counts.
    items.iter().enumerate().rev().find_map(|(at, item)| {
        let rest = item.as_str()?.strip_prefix(flag)?;
        let next = || items.get(at + 1).and_then(|next| next.as_str());
        let value = match rest.strip_prefix('=') {
            Some(value) => value,
            None if !rest.is_empty() => return None,
            None if flag == RELOAD_FLAG => "true",
            None => next().unwrap_or_default(),
        };
        Some((*item, value.to_owned()))
    })
}

/// Whether a flag says what is meant; `strconv.ParseBool` reads the truth in several spellings.
fn same(flag: &str, found: &str, expected: &str) -> bool {
    match flag {
        RELOAD_FLAG => matches!(found, "1" | "t" | "T" | "TRUE" | "true" | "True"),
        _ => found == expected,
    }
}

/// The node that a JSON pointer names.
fn find<'d, 'a>(root: Node<'d, 'a>, pointer: &str) -> Option<Node<'d, 'a>> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(root, |node, step| match node.kind() {
            Kind::Sequence => node.items().nth(step.parse().ok()?),
            _ => node.get(step),
        })
}

/// A folder without a slash at its end.
fn trimmed(folder: &Utf8Path) -> &str {
    folder.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.10 # the node
    - --etcd-servers=https://127.0.0.1:2379
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
    image: registry.k8s.io/kube-apiserver:v1.36.3
    name: kube-apiserver
    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {}
";

    const WIRED: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.10 # the node
    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml
    - --encryption-provider-config-automatic-reload=true
    - --etcd-servers=https://127.0.0.1:2379
    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key
    image: registry.k8s.io/kube-apiserver:v1.36.3
    name: kube-apiserver
    volumeMounts:
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
    - name: encryption-config
      mountPath: /etc/kubernetes/enc
      readOnly: true
  hostNetwork: true
  volumes:
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
  - name: encryption-config
    hostPath:
      path: /srv/enc
      type: Directory
status: {}
";

    fn wiring() -> Wiring {
        Wiring {
            host_folder: "/srv/enc/".into(),
            mount_folder: MOUNT_PATH.into(),
            file_name: "enc.yaml".into(),
        }
    }

    #[test]
    fn what_kubeadm_writes_is_wired_once() {
        assert_eq!(wire(POD, &wiring()).unwrap(), WIRED);
        assert_eq!(wire(WIRED, &wiring()).unwrap(), WIRED);
        let crlf = |text: &str| text.replace('\n', "\r\n");
        assert_eq!(wire(&crlf(POD), &wiring()).unwrap(), crlf(WIRED));
    }

    #[test]
    fn lists_that_are_not_there_are_made() {
        let bare = "kind: Pod\nspec:\n  containers:\n  - name: a\n    args: [\"--etcd-servers=a\"]\n    command: [/usr/local/bin/kube-apiserver]\n";
        let wired = wire(bare, &wiring()).unwrap();
        let value = yaml::parse(&wired).unwrap().documents()[0].root().unwrap().to_json();
        let container = &value["spec"]["containers"][0];
        let [config, reload] = wiring().flags();
        assert_eq!(container["args"], json!([config, reload, "--etcd-servers=a"]));
        assert_eq!(container["volumeMounts"], json!([wiring().volume_mount()]));
        assert_eq!(value["spec"]["volumes"], json!([wiring().volume()]));
        let json = serde_json::to_string(&json!({"kind": "Pod", "spec": {"containers": [
            {"name": "kube-apiserver", "command": ["kube-apiserver", "--b"]}], "volumes": null}}))
        .unwrap();
        let wired = wire(&json, &wiring()).unwrap();
        let value: Value = serde_json::from_str(&wired).unwrap();
        assert_eq!(value["spec"]["volumes"], json!([wiring().volume()]));
        assert_eq!(wire(&wired, &wiring()).unwrap(), wired);
    }

    #[test]
    fn spellings_that_mean_the_same_are_left_alone() {
        let text = WIRED
            .replace(
                "    - --encryption-provider-config=",
                "    - --encryption-provider-config\n    - ",
            )
            .replace("reload=true", "reload")
            .replace("mountPath: /etc/kubernetes/enc", "mountPath: /etc/kubernetes/enc/")
            .replace("encryption-config", "enc");
        assert_eq!(wire(&text, &wiring()).unwrap(), text);
    }

    #[test]
    fn other_values_are_refused_with_their_place() {
        let message = |from: &str, to: &str| {
            let text = WIRED.replace(from, to);
            assert_ne!(text, WIRED);
            wire(&text, &wiring()).unwrap_err().to_string()
        };
        assert_eq!(
            message("enc/enc.yaml", "enc/old.yaml"),
            "10:7: `--encryption-provider-config` is there already, as `/etc/kubernetes/enc/old.yaml`: expected \
             `/etc/kubernetes/enc/enc.yaml`"
        );
        assert_eq!(
            message("reload=true", "reload=false"),
            "11:7: `--encryption-provider-config-automatic-reload` is there already, as `false`: expected `true`"
        );
        assert_eq!(
            message("/srv/enc", "/srv/other"),
            "20:7: the mount `/etc/kubernetes/enc` is there already, for something else than `/srv/enc/`"
        );
        let text = WIRED
            .replace("/srv/enc", "/srv/other")
            .replace("mountPath: /etc/kubernetes/enc", "mountPath: /else");
        assert_eq!(
            wire(&text, &wiring()).unwrap_err().to_string(),
            "29:5: the volume `encryption-config` is there already, for something else than `/srv/enc/`"
        );
        let none = "there is no container that runs kube-apiserver with its flags in `command` or `args`: expected a \
                    Pod as kubeadm writes it";
        assert_eq!(message("kind: Pod", "kind: Job"), none);
        assert_eq!(message("kube-apiserver", "etcd"), none);
        assert_eq!(wire("- a\n", &wiring()).unwrap_err().to_string(), none);
        assert_eq!(wire("", &wiring()).unwrap_err().to_string(), none);
    }
}
