//! `kship pin` over the files of real projects, with a registry that answers any tag.
//!
//! `KSHIP_CORPUS` names another folder than `../shared/corpus`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use kship::images::{Filter, Format, Options, Prefilter, Purpose, Scan, Style};
use kship::oci::{Descriptor, Digest, MediaType, PinnedReference, Repository};
use kship::pin::{self, Mode, Resolver, Standings};
use kship::policy::Policy;
use kship::registry::{Answer, ManifestBytes, Registry, RegistryMap, Resolved, Target};
use kship::tree;
use saphyr_parser::{Event, Parser, SpannedEventReceiver};

use crate::shared;

/// Answers any tag with the digest of its name.
struct AnyTag;

impl Registry for AnyTag {
    fn resolve<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, Resolved> {
        let digest = match target {
            Target::Tag(tag) => Digest::of(format!("{repository}:{tag}").as_bytes()),
            Target::Digest(digest) => digest.clone(),
        };
        Box::pin(async move {
            Ok(Resolved {
                digest,
                media_type: MediaType::new(MediaType::OCI_INDEX),
                size: None,
            })
        })
    }

    fn manifest<'a>(&'a self, _: &'a PinnedReference) -> Answer<'a, ManifestBytes> {
        unreachable!("no platform is asked for")
    }

    fn blob<'a>(&'a self, _: &'a PinnedReference) -> Answer<'a, Vec<u8>> {
        unreachable!("no blob is asked for")
    }

    fn referrers<'a>(&'a self, _: &'a PinnedReference) -> Answer<'a, Vec<Descriptor>> {
        unreachable!("no referrer is asked for")
    }

    fn tags<'a>(&'a self, _: &'a Repository) -> Answer<'a, Vec<String>> {
        unreachable!("no tag list is asked for")
    }
}

/// What is done to each file, in the loosest setting: everything that can be pinned is.
struct Pinner {
    options: Options,
    policy: Policy,
    prefilter: Prefilter,
}

impl Pinner {
    fn new() -> Self {
        let options = Options {
            args: true,
            env: true,
            embedded: true,
            helm_tag_digest: true,
            rules: Vec::new(),
        };
        Self {
            prefilter: Prefilter::new(&options).unwrap(),
            options,
            policy: Policy::default(),
        }
    }

    fn filter(&self) -> Filter<'_> {
        Filter {
            purpose: Purpose::Pin,
            include: vec![],
            exclude: vec![],
            policy: &self.policy,
            here: "/".into(),
            root: "/".into(),
            today: "2026-11-22".parse().unwrap(),
        }
    }

    fn scan(&self, path: &Utf8Path, text: &str) -> Result<Option<Scan>, String> {
        if !self.prefilter.may_name_images(path, text) {
            return Ok(None);
        }
        Scan::new(path, text.to_owned(), &self.options, &self.filter())
            .map(Some)
            .map_err(|error| format!("{}: {}", error.position, error.source))
    }

    /// The text after a run of the given mode, and how many images it changed.
    fn run(&self, path: &Utf8Path, text: &str, mode: Mode) -> Result<(String, usize), String> {
        let Some(scan) = self.scan(path, text)? else {
            return Ok((text.to_owned(), 0));
        };
        let resolver = Resolver {
            registry: &AnyTag,
            map: &RegistryMap::default(),
            platform: None,
            lock: None,
            refresh: false,
            frozen: false,
        };
        let asked = scan
            .sites
            .iter()
            .filter(|site| mode.resolves(site))
            .map(|site| &site.reference);
        let tags = crate::block_on(resolver.resolve_all(asked, || {}));
        let plan = pin::plan(&scan, mode, Style::TagDigest, &self.filter(), &tags, &Standings::new());
        assert!(plan.failures.is_empty(), "{path}: {:?}", plan.failures);
        let text = pin::splice(&scan, &plan.changes, &self.options, Style::TagDigest)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Ok((text, plan.changes.len()))
    }
}

#[test]
fn pinning_real_files_keeps_every_promise() {
    let folder = std::env::var_os("KSHIP_CORPUS")
        .map(std::path::PathBuf::from)
        .or_else(|| shared::path("corpus"));
    let Some(folder) = folder.and_then(|folder| Utf8PathBuf::try_from(folder).ok()) else {
        return;
    };
    let refusals = refusals();
    let pinner = Pinner::new();
    let (mut files, mut pinned, mut refused) = (0, 0, BTreeMap::new());
    for path in tree::list(std::slice::from_ref(&folder), |path| Format::of_path(path).is_some()).files {
        let name = path.strip_prefix(&folder).unwrap().as_str().replace('\\', "/");
        let text = std::fs::read_to_string(&path).unwrap();
        files += 1;
        let (after, changes) = match pinner.run(&path, &text, Mode::Pin) {
            Ok(done) => done,
            Err(error) => {
                refused.insert(name, error);
                continue;
            }
        };
        pinned += changes;
        assert_eq!(
            pinner.run(&path, &after, Mode::Pin).unwrap(),
            (after.clone(), 0),
            "pin(pin(x)) = pin(x): {name}"
        );
        // What its authors pinned is unpinned first, so that both directions are seen.
        let (bare, _) = pinner.run(&path, &text, Mode::Unpin).unwrap();
        let (again, _) = pinner.run(&path, &bare, Mode::Pin).unwrap();
        assert_eq!(
            pinner.run(&path, &again, Mode::Unpin).unwrap().0,
            bare,
            "unpin(pin(x)) = x: {name}"
        );
        if Format::of_path(&path) != Some(Format::Dockerfile) {
            check_with_second_parser(&name, &bare, &again);
        }
    }
    eprintln!("{files} files, {pinned} images pinned, {} files refused", refused.len());
    assert!(pinned > 0 || std::env::var_os("KSHIP_CORPUS").is_some());
    if std::env::var_os("KSHIP_CORPUS").is_none() {
        let unexplained: Vec<_> = refused
            .iter()
            .filter(|(name, _)| !refusals.contains_key(*name))
            .collect();
        assert!(unexplained.is_empty(), "refused without a reason: {unexplained:#?}");
        let read: Vec<_> = refusals.keys().filter(|name| !refused.contains_key(*name)).collect();
        assert!(read.is_empty(), "listed as refused, but read: {read:#?}");
    }
}

/// Why files of the corpus are refused; kubectl refuses them too unless the reason says otherwise.
fn refusals() -> BTreeMap<String, String> {
    serde_json::from_str(include_str!("corpus-refusals.json")).unwrap()
}

/// A parser that kship does not use sees the same events before and after, but for digests at the end of scalars and
/// `digest` keys that came.
fn check_with_second_parser(name: &str, before: &str, after: &str) {
    let (Some(mut old), Some(mut new)) = (events(before), events(after)) else {
        assert_eq!(
            events(before).is_some(),
            events(after).is_some(),
            "{name}: the second parser reads only one of them"
        );
        return;
    };
    old.reverse();
    new.reverse();
    while let Some(event) = new.pop() {
        match old.last() {
            Some(same) if *same == event => {
                old.pop();
            }
            Some(other) if is_pinned(other, &event) => {
                old.pop();
            }
            _ if event == "=digest" && new.last().is_some_and(|value| value.starts_with("=sha256:")) => {
                new.pop();
            }
            other => panic!("{name}: the second parser reads {event:?} where {other:?} stood"),
        }
    }
    assert!(old.is_empty(), "{name}: the second parser misses {old:?}");
}

/// A scalar is what it was, with digests in it: embedded YAML has several.
fn is_pinned(before: &str, after: &str) -> bool {
    let mut rest = after;
    let mut kept = String::new();
    while let Some(at) = rest.find("sha256:") {
        let (head, tail) = rest.split_at(at);
        let hex = tail[7..].bytes().take_while(u8::is_ascii_hexdigit).count();
        if hex != 64 {
            return false;
        }
        kept.push_str(head.strip_suffix('@').unwrap_or(head));
        rest = &tail[7 + 64..];
    }
    kept.push_str(rest);
    kept.trim_end() == before.trim_end() && before != after
}

struct Sink(Vec<String>);

impl<'input> SpannedEventReceiver<'input> for Sink {
    fn on_event(&mut self, event: Event<'input>, _: saphyr_parser::Span) {
        self.0.push(match event {
            Event::Scalar(value, ..) => format!("={value}"),
            other => format!("{other:?}"),
        });
    }
}

fn events(text: &str) -> Option<Vec<String>> {
    let mut sink = Sink(Vec::new());
    Parser::new_from_str(text).load(&mut sink, true).ok()?;
    Some(sink.0)
}
