//! Which format a file has, and what is found in it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use camino::Utf8Path;

use super::options::Options;
use super::scalar::Finder;
use super::site::{Found, Site, SkipReason, Slot};
use super::{actions, ci, compose, dockerfile, gitlab, helm, kubernetes, kustomize, mark};
use crate::yaml::{self, Document, Node};

/// What a file holds, as far as its name tells.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// GitHub Actions: a workflow, or the `action.yml` of an action.
    Actions,
    /// `bitbucket-pipelines.yml`.
    Bitbucket,
    /// `.circleci/config.yml`.
    CircleCi,
    /// `cloudbuild.yaml` of Google Cloud Build.
    CloudBuild,
    /// A Compose file.
    Compose,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A pipeline of Drone or Woodpecker.
    Drone,
    /// GitLab CI.
    Gitlab,
    /// Values of a Helm chart.
    HelmValues,
    /// A kustomization.
    Kustomization,
    /// YAML or JSON: each document tells what it is, most are Kubernetes resources.
    Yaml,
}

impl Format {
    /// The format that the name of a file tells; `None` where files of this name hold no images.
    #[must_use]
    pub fn of_path(path: &Utf8Path) -> Option<Self> {
        let name = path.file_name()?;
        if is_dockerfile(name) {
            return Some(Self::Dockerfile);
        }
        if name == "Kustomization" {
            return Some(Self::Kustomization);
        }
        let (stem, extension) = name.rsplit_once('.')?;
        if extension == "json" {
            return Some(Self::Yaml);
        }
        if !matches!(extension, "yaml" | "yml") {
            return None;
        }
        let parent = path.parent().map_or("", Utf8Path::as_str);
        let in_folder = |folder: &str| parent == folder || parent.ends_with(&format!("/{folder}"));
        let format = match stem {
            _ if in_folder(".github/workflows") || in_folder(".gitea/workflows") || in_folder(".forgejo/workflows") => {
                Self::Actions
            }
            _ if in_folder(".circleci") => Self::CircleCi,
            _ if in_folder(".woodpecker") => Self::Drone,
            "action" => Self::Actions,
            "bitbucket-pipelines" => Self::Bitbucket,
            ".drone" | ".woodpecker" => Self::Drone,
            "kustomization" => Self::Kustomization,
            _ if stem == ".gitlab-ci" || stem.ends_with(".gitlab-ci") => Self::Gitlab,
            _ if stem.starts_with("cloudbuild") => Self::CloudBuild,
            _ if ["compose", "docker-compose"].iter().any(|name| is_variant(stem, name)) => Self::Compose,
            _ if stem.starts_with("values") || stem.ends_with("values") => Self::HelmValues,
            _ => Self::Yaml,
        };
        Some(format)
    }
}

/// Finds the images of a file, in the order of its text; each place once.
///
/// A file whose name tells nothing is read as documents that tell what they are.
///
/// # Errors
/// The text is not YAML as kubectl reads it. Dockerfiles are always read.
pub fn find(path: &Utf8Path, text: &str, options: &Options) -> Result<Found, yaml::Error> {
    find_in(Format::of_path(path).unwrap_or(Format::Yaml), text, options)
}

/// Finds the images of a text whose format is known.
///
/// # Errors
/// The text is not YAML as kubectl reads it. Dockerfiles are always read.
pub fn find_in(format: Format, text: &str, options: &Options) -> Result<Found, yaml::Error> {
    let mut found = Found::default();
    if format == Format::Dockerfile {
        dockerfile::find(text, &mut found);
        mark::note(&mut found, text, |line| mark::whole_line_comment(text, line));
    } else {
        let stream = yaml::parse(text)?;
        let mut finder = Finder::new(&stream, options);
        for root in stream.documents().iter().filter_map(Document::root) {
            document(format, root, &mut finder);
        }
        found = finder.found;
        mark::note(&mut found, text, |line| stream.comment(line));
    }
    Ok(tidy(found))
}

fn document<'a>(format: Format, root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let text = |key| root.get(key).and_then(Node::as_str);
    let (version, kind) = (text("apiVersion").unwrap_or(""), text("kind").unwrap_or(""));
    // Flux has a kind `Kustomization` as well, which is a resource.
    let kustomization = matches!(kind, "Kustomization" | "Component")
        && (version.is_empty() || version.starts_with("kustomize.config.k8s.io/"));
    let resource = !version.is_empty() && !kind.is_empty();
    if kustomization {
        return kustomize::find(root, finder);
    }
    // What a name tells holds whatever a document calls itself.
    if resource {
        kubernetes::find(root, finder);
    }
    match format {
        Format::Actions => actions::find(root, finder),
        Format::Bitbucket => ci::bitbucket(root, finder),
        Format::CircleCi => ci::circleci(root, finder),
        Format::CloudBuild => ci::cloud_build(root, finder),
        Format::Compose => compose::find(root, finder),
        Format::Drone => ci::drone(root, finder),
        Format::Gitlab => gitlab::find(root, finder),
        Format::HelmValues => helm::find("", root, finder),
        Format::Kustomization => kustomize::find(root, finder),
        Format::Dockerfile | Format::Yaml if resource => {}
        Format::Dockerfile | Format::Yaml if compose::is_compose(root) => compose::find(root, finder),
        Format::Dockerfile | Format::Yaml if ci::is_drone(root) => ci::drone(root, finder),
        Format::Dockerfile | Format::Yaml => kubernetes::find(root, finder),
    }
}

/// `Dockerfile`, `Dockerfile.alpine`, `app.Dockerfile`, `Containerfile`; not `Dockerfile.dockerignore`, not `dockerfile.go`.
fn is_dockerfile(name: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "bash",
        "c",
        "dockerignore",
        "go",
        "html",
        "js",
        "json",
        "md",
        "py",
        "rs",
        "sh",
        "ts",
        "yaml",
        "yml",
    ];
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if OTHERS.contains(&extension) {
        return false;
    }
    ["Containerfile", "Dockerfile", "containerfile", "dockerfile"]
        .iter()
        .any(|known| is_variant(name, known) || extension == *known)
}

/// Says whether a name is `known`, or goes on behind it with `.`, `-` or `_`.
fn is_variant(name: &str, known: &str) -> bool {
    name.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// Brings the places into the order of the text, each once: an anchor is met wherever an alias names it.
fn tidy(mut found: Found) -> Found {
    let mut sites: Vec<Site> = Vec::with_capacity(found.sites.len());
    let mut met = HashMap::new();
    for site in found.sites {
        match met.entry(place(&site)) {
            Entry::Vacant(entry) => {
                entry.insert(sites.len());
                sites.push(site);
            }
            Entry::Occupied(entry) => {
                // The same text read twice is one site; two names that share one digest are two that cannot be written.
                let first = sites
                    .get_mut(*entry.get())
                    .filter(|first| first.reference != site.reference);
                if let Some(first) = first {
                    let shared = Slot::Fixed("several images share the place of its digest");
                    first.slot = shared.clone();
                    sites.push(Site { slot: shared, ..site });
                }
            }
        }
    }
    // What a service builds is built wherever else its name is used.
    let built: HashSet<Range<usize>> = found
        .skips
        .iter()
        .filter(|skip| skip.reason == SkipReason::BuiltHere)
        .map(|skip| skip.span.clone())
        .collect();
    sites.retain(|site| !built.contains(&site.span));
    sites.sort_by_key(|site| (site.span.start, site.span.end));

    let pinned: HashSet<Range<usize>> = sites.iter().map(|site| site.span.clone()).collect();
    found.skips.retain(|skip| !pinned.contains(&skip.span));
    found.skips.sort_by_key(|skip| {
        let vague = skip.reason == SkipReason::BareName;
        (skip.span.start, skip.span.end, vague)
    });
    found.skips.dedup_by(|next, first| next.span == first.span);
    Found {
        sites,
        skips: found.skips,
        marks: found.marks,
    }
}

/// What makes two sites the same place: where the digest goes.
fn place(site: &Site) -> (Range<usize>, bool) {
    match &site.slot {
        Slot::Writable { range, .. } => (range.clone(), true),
        Slot::Fixed(_) => (site.span.clone(), false),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::images::site::Style;
    use crate::images::testing::{D, try_format};
    use crate::text::apply;

    #[test]
    fn names_of_files_tell_formats() {
        for (path, format) in [
            ("a/b/deploy.yaml", Some(Format::Yaml)),
            ("deploy.json", Some(Format::Yaml)),
            ("Dockerfile", Some(Format::Dockerfile)),
            ("x/Dockerfile.alpine", Some(Format::Dockerfile)),
            ("x/app.Dockerfile", Some(Format::Dockerfile)),
            ("x/app.dockerfile", Some(Format::Dockerfile)),
            ("Containerfile-x", Some(Format::Dockerfile)),
            ("Dockerfile.dockerignore", None),
            ("dockerfile.rs", None),
            ("Dockerfiles", None),
            ("kustomization.yml", Some(Format::Kustomization)),
            ("Kustomization", Some(Format::Kustomization)),
            ("values.yaml", Some(Format::HelmValues)),
            ("values-prod.yaml", Some(Format::HelmValues)),
            ("prod.values.yml", Some(Format::HelmValues)),
            ("compose.yml", Some(Format::Compose)),
            ("docker-compose.prod.yaml", Some(Format::Compose)),
            ("composer.yaml", Some(Format::Yaml)),
            (".github/workflows/ci.yml", Some(Format::Actions)),
            ("/x/.github/workflows/compose.yml", Some(Format::Actions)),
            ("x/action.yaml", Some(Format::Actions)),
            (".gitlab-ci.yml", Some(Format::Gitlab)),
            ("a.gitlab-ci.yml", Some(Format::Gitlab)),
            (".circleci/config.yml", Some(Format::CircleCi)),
            (".drone.yml", Some(Format::Drone)),
            (".woodpecker/build.yml", Some(Format::Drone)),
            ("bitbucket-pipelines.yml", Some(Format::Bitbucket)),
            ("cloudbuild.yaml", Some(Format::CloudBuild)),
            ("README.md", None),
            ("Makefile", None),
            ("/", None),
        ] {
            assert_eq!(Format::of_path(Utf8Path::new(path)), format, "{path}");
        }
    }

    #[test]
    fn documents_tell_what_they_are() {
        let text = concat!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\n",
            "kind: Kustomization\n",
            "images: [{name: a, newTag: v1}]\n",
            "---\n",
            "# nothing\n",
            "---\n",
            "services: {a: {image: b}}\n",
            "---\n",
            "image: c:1\n",
        );
        for format in [Format::Yaml, Format::Kustomization] {
            let sites = try_format(format, text, &Options::default()).sites;
            assert_eq!(sites.first().map(String::as_str), Some("images[0].newTag: a:v1"));
        }
        assert_eq!(
            try_format(Format::Yaml, text, &Options::default()).sites,
            ["images[0].newTag: a:v1", "services.a.image: b", "image: c:1"]
        );
    }

    #[test]
    fn what_is_no_yaml_is_refused() {
        let error = find(Utf8Path::new("a.yaml"), "a: [", &Options::default()).unwrap_err();
        assert_eq!(error.position().line, 1);
        assert!(find(Utf8Path::new("Dockerfile"), "a: [", &Options::default()).is_ok());
    }

    /// What `--update` would replace is left out: the expected files keep the digests that are there.
    #[test]
    fn fixtures_become_what_is_expected() {
        let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pin");
        let digest = D.parse().unwrap();
        let mut checked = 0;
        for folder in ["edge-yaml", "peer-edge-cases"] {
            for file in root.join(folder).read_dir_utf8().unwrap() {
                let path = file.unwrap().into_path();
                if path.is_dir() {
                    continue;
                }
                let name = path.file_name().unwrap();
                let expected = path.with_file_name("expected").join(name);
                let text = fs_err::read_to_string(&path).unwrap();
                match find(&path, &text, &Options::default()) {
                    Ok(found) => {
                        let unpinned = found.sites.iter().filter(|site| site.reference.digest().is_none());
                        let edits: Vec<_> = unpinned
                            .filter_map(|site| site.slot.write(&digest, Style::TagDigest))
                            .collect();
                        let pinned = apply(&text, &edits).unwrap();
                        assert_eq!(pinned, fs_err::read_to_string(&expected).unwrap(), "{path}");
                    }
                    // What is no YAML because it is a template is passed over by the caller.
                    Err(_) if text.contains("{{") => {
                        assert_eq!(text, fs_err::read_to_string(&expected).unwrap(), "{path}");
                    }
                    Err(error) => {
                        let reason = fs_err::read_to_string(format!("{expected}.error")).unwrap();
                        assert_eq!(format!("{}: {error}\n", error.position()), reason, "{path}");
                    }
                }
                checked += 1;
            }
        }
        assert_eq!(checked, 33);
    }

    const FORMATS: [Format; 11] = [
        Format::Actions,
        Format::Bitbucket,
        Format::CircleCi,
        Format::CloudBuild,
        Format::Compose,
        Format::Dockerfile,
        Format::Drone,
        Format::Gitlab,
        Format::HelmValues,
        Format::Kustomization,
        Format::Yaml,
    ];

    /// Everything that can be asked for.
    fn all() -> Options {
        Options {
            args: true,
            env: true,
            embedded: true,
            helm_tag_digest: true,
            rules: vec!["key=x".parse().unwrap()],
        }
    }

    /// A scalar in any style that fits into one line, or over the next ones at an indent of six.
    fn scalar(value: &'static str) -> impl Strategy<Value = String> {
        prop_oneof![
            Just(value.to_owned()),
            Just(format!("'{value}'")),
            Just(format!("\"{value}\"")),
            Just(format!("&a {value}")),
            Just(format!("\n      {value}")),
            Just(format!("|\n      {value}")),
            Just(format!(">-\n      {value}")),
        ]
    }

    fn entry(key: &'static str) -> impl Strategy<Value = String> {
        let name = matches!(key, "image" | "name" | "newName" | "repository" | "url" | "uses");
        let value = prop_oneof![
            4 => scalar(if name { "a/b" } else { "v1" }),
            1 => scalar(if name { "a/b:v1" } else { D }),
            1 => Just(String::new()),
            1 => Just("\"\"".to_owned()),
            1 => Just("~".to_owned()),
        ];
        let comment = prop_oneof![8 => Just(""), 2 => Just(" # c"), 1 => Just(" # {\"$imagepolicy\": \"a:b\"}")];
        (value, comment).prop_map(move |(value, comment)| format!("{key}: {value}{comment}"))
    }

    /// The entries of one mapping at an indent of four, each key at most once, in any order.
    fn entries() -> impl Strategy<Value = String> {
        let sets: [&[&str]; 3] = [
            &["digest", "name", "newName", "newTag"],
            &["digest", "repository", "tag"],
            &["build", "image", "tag", "uses"],
        ];
        prop::sample::select(sets.to_vec())
            .prop_flat_map(|keys| prop::sample::subsequence(keys, 1..=keys.len()).prop_shuffle())
            .prop_flat_map(|keys| keys.into_iter().map(entry).collect::<Vec<_>>())
            .prop_map(|entries| entries.join("\n    "))
    }

    fn list(name: &'static str) -> impl Strategy<Value = String> {
        (any::<bool>(), prop::collection::vec(entries(), 1..3)).prop_map(move |(named, items)| {
            let item = |(at, entries): (usize, &String)| match named {
                true => format!("  a{at}:\n    {entries}"),
                false => format!("  - {entries}"),
            };
            let items: Vec<String> = items.iter().enumerate().map(item).collect();
            format!("{name}:\n{}", items.join("\n"))
        })
    }

    proptest! {
        #[test]
        fn what_is_pinned_can_be_unpinned(
            head in prop_oneof![
                4 => Just(""),
                1 => Just("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    image: a:1\n    b:\n    - image: |\n        b:1\n"),
            ],
            lists in prop::sample::subsequence(vec!["images", "containers", "steps", "services"], 1..=3)
                .prop_flat_map(|names| names.into_iter().map(list).collect::<Vec<_>>()),
            end in prop_oneof![Just(""), Just("\n"), Just("\n\n")],
            crlf in any::<bool>(),
        ) {
            let mut text = format!("{head}{}{end}", lists.join("\n"));
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            for format in FORMATS {
                if find_in(format, &text, &all()).is_ok() {
                    try_format(format, &text, &all());
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:{}\\[\\]&*!|>'\"# \\-\\n\\\\$@/<]{0,40}", key in "image|services|repository: a\ntag") {
            let text = format!("{key}: {text}");
            for format in FORMATS {
                if find_in(format, &text, &all()).is_ok() {
                    try_format(format, &text, &all());
                }
            }
        }
    }
}
