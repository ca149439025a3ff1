//! Makes OCI image layouts.

use camino::{Utf8Path, Utf8PathBuf};
use kship::Digest;
use serde_json::{Value, json};

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A folder of image layouts, removed when dropped.
#[derive(Debug)]
pub struct Folder {
    _keep: tempfile::TempDir,
    path: Utf8PathBuf,
}

impl Folder {
    pub fn new() -> Self {
        let keep = tempfile::tempdir().expect("a folder");
        let path = Utf8PathBuf::try_from(keep.path().canonicalize().expect("a path")).expect("UTF-8");
        Self { _keep: keep, path }
    }

    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Writes a file under the folder.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Utf8PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let before = std::fs::read(&path).ok();
        kship::fs::write_atomic(&path, before.as_deref(), bytes).expect("a file");
        path
    }

    /// Adds a manifest or index to a repository, under a tag if it has one.
    pub fn add(&self, repository: &str, tag: Option<&str>, document: &Value) -> Digest {
        let bytes = serde_json::to_vec(document).expect("JSON");
        let digest = Digest::of(&bytes);
        self.write(&format!("{repository}/blobs/sha256/{}", digest.hex()), &bytes);
        self.write(
            &format!("{repository}/oci-layout"),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        );
        let index = std::fs::read(self.path.join(repository).join("index.json")).ok();
        let mut index: Value = index.map_or_else(
            || json!({"schemaVersion": 2, "manifests": []}),
            |bytes| serde_json::from_slice(&bytes).expect("JSON"),
        );
        let mut entry = json!({"mediaType": document["mediaType"], "digest": digest, "size": bytes.len()});
        if let Some(tag) = tag {
            entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        }
        index["manifests"].as_array_mut().expect("a list").push(entry);
        self.write(
            &format!("{repository}/index.json"),
            &serde_json::to_vec(&index).expect("JSON"),
        );
        digest
    }
}

/// A manifest without layers; `name` makes it another one.
pub fn manifest(name: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest::of(b"{}"), "size": 2},
        "layers": [],
        "annotations": {"name": name},
    })
}

/// A manifest about another one.
pub fn referrer(name: &str, subject: &Digest) -> Value {
    let mut document = manifest(name);
    document["artifactType"] = "application/x-signature".into();
    document["subject"] = json!({"mediaType": MANIFEST, "digest": subject, "size": 1});
    document
}
