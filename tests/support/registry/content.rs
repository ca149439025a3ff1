//! What a test registry holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kship::Digest;
use serde_json::{Value, json};

use super::Content;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A manifest or index.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Store {
    content: Content,
    /// What was made for a tag is there for its digest too.
    made: Mutex<BTreeMap<String, Document>>,
}

impl Store {
    pub(super) fn new(content: Content) -> Self {
        Self {
            content,
            made: Mutex::default(),
        }
    }

    /// The manifest or index of a tag or digest.
    pub(super) fn manifest(&self, repository: &str, target: &str) -> Option<Document> {
        let folder = match &self.content {
            Content::Any => return self.made(repository, target),
            Content::Folder(folder) => folder.join(repository),
        };
        let entries = entries(&folder);
        let entry = entries.iter().find(|entry| {
            entry["annotations"]["org.opencontainers.image.ref.name"] == target || entry["digest"] == target
        });
        let digest = entry.map_or(target, |entry| entry["digest"].as_str().unwrap_or_default());
        let bytes = std::fs::read(blob_path(&folder, digest)?).ok()?;
        let inner: Value = serde_json::from_slice(&bytes).ok()?;
        let media_type = entry.map_or(&inner["mediaType"], |entry| &entry["mediaType"]);
        Some(Document {
            media_type: media_type.as_str().unwrap_or(MANIFEST).to_owned(),
            bytes,
        })
    }

    pub(super) fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        match &self.content {
            Content::Any => (digest == Digest::of(b"{}").to_string()).then(|| b"{}".to_vec()),
            Content::Folder(folder) => std::fs::read(blob_path(&folder.join(repository), digest)?).ok(),
        }
    }

    pub(super) fn tags(&self, repository: &str) -> Option<Vec<String>> {
        match &self.content {
            Content::Any => Some(["1", "2", "3", "4", "5"].map(str::to_owned).to_vec()),
            Content::Folder(folder) => {
                let folder = folder.join(repository);
                folder.is_dir().then(|| {
                    let name = |entry: &Value| {
                        let name = &entry["annotations"]["org.opencontainers.image.ref.name"];
                        name.as_str().map(str::to_owned)
                    };
                    entries(&folder).iter().filter_map(name).collect()
                })
            }
        }
    }

    /// Descriptors of what refers to a digest: three made-up ones of [`Content::Any`].
    pub(super) fn referrers(&self, repository: &str, digest: &str) -> Vec<Value> {
        match &self.content {
            Content::Any => (0..3)
                .map(|n| descriptor(MANIFEST, format!("{digest}{n}").as_bytes()))
                .collect(),
            Content::Folder(folder) => {
                let folder = folder.join(repository);
                let refers = |entry: &Value| {
                    let bytes = std::fs::read(blob_path(&folder, entry["digest"].as_str()?)?).ok()?;
                    let document: Value = serde_json::from_slice(&bytes).ok()?;
                    (document["subject"]["digest"] == digest).then(|| entry.clone())
                };
                entries(&folder).iter().filter_map(refers).collect()
            }
        }
    }

    fn made(&self, repository: &str, target: &str) -> Option<Document> {
        let mut made = self.made.lock().expect("no panic in the registry");
        if target.contains(':') {
            return made.get(target).cloned();
        }
        if target.starts_with("sha256-") {
            return None;
        }
        let index = Document {
            media_type: INDEX.to_owned(),
            bytes: any_index(repository, target),
        };
        for architecture in ["amd64", "arm64"] {
            let bytes = any_child(repository, target, architecture);
            let media_type = MANIFEST.to_owned();
            made.insert(Digest::of(&bytes).to_string(), Document { media_type, bytes });
        }
        made.insert(Digest::of(&index.bytes).to_string(), index.clone());
        Some(index)
    }
}

/// The index that [`Content::Any`] holds for a tag: two platforms.
pub fn any_index(repository: &str, tag: &str) -> Vec<u8> {
    let entry = |architecture: &str| {
        let mut entry = descriptor(MANIFEST, &any_child(repository, tag, architecture));
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry
    };
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry("amd64"), entry("arm64")]});
    serde_json::to_vec(&index).expect("JSON")
}

/// The manifest of one platform of [`any_index`].
pub fn any_child(repository: &str, tag: &str, architecture: &str) -> Vec<u8> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [],
        "annotations": {"test.name": format!("{repository}:{tag} {architecture}")},
    });
    serde_json::to_vec(&manifest).expect("JSON")
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len()})
}

fn entries(folder: &Path) -> Vec<Value> {
    let index = std::fs::read(folder.join("index.json")).ok();
    let index: Option<Value> = index.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    index
        .and_then(|index| index["manifests"].as_array().cloned())
        .unwrap_or_default()
}

fn blob_path(folder: &Path, digest: &str) -> Option<PathBuf> {
    let (algorithm, hex) = digest.split_once(':')?;
    Some(folder.join("blobs").join(algorithm).join(hex))
}
