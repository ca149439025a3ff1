//! One file: read, searched for images, and sorted into what counts and what does not.

use aho_corasick::AhoCorasick;
use camino::{Utf8Path, Utf8PathBuf};

use super::filter::{Filter, Purpose};
use super::rules::INVALID_DIGEST;
use super::site::{Found, Site, Skip, SkipReason};
use super::{Format, Options, find_in};
use crate::k8s::FieldRule;
use crate::oci::ReferenceError;
use crate::report::relative_path;
use crate::text::{LineIndex, Position};
use crate::yaml;

/// A file with images in it.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The file.
    pub path: Utf8PathBuf,
    /// The file as reports name it: relative to the working directory.
    pub shown: Utf8PathBuf,
    /// How it is read.
    pub format: Format,
    /// Its text, as it was read.
    pub text: String,
    /// Its lines.
    pub lines: LineIndex,
    /// Images that count, in order.
    pub sites: Vec<Site>,
    /// What was passed over, in order.
    pub skips: Vec<Skip>,
    /// What has something after `@` that is no digest.
    pub malformed: Vec<Skip>,
}

impl Scan {
    /// Searches a text; what `filter` leaves out becomes a skip.
    ///
    /// # Errors
    /// The text cannot be read as its format, and is no template either.
    pub fn new(path: &Utf8Path, text: String, options: &Options, filter: &Filter<'_>) -> Result<Self, Error> {
        let mut scan = Self::without_images(path, text, filter);
        let readable = Readable::new(scan.format, &scan.text, options);
        let Readable { found, template, .. } = readable.map_err(|source| Error {
            path: scan.shown.clone(),
            position: source.position(),
            source,
        })?;
        for site in found.sites {
            match filter.skip(path, &site, found.marks.get(&site.span.start)) {
                None => scan.sites.push(site),
                Some(reason) => scan.skips.push(Skip {
                    field: site.field,
                    text: site.reference.as_written().to_owned(),
                    span: site.span,
                    reason,
                }),
            }
        }
        for mut skip in found.skips {
            if is_malformed(&skip.reason) {
                let name = skip.text.split('@').next().unwrap_or("");
                let accepted = || filter.accepted(INVALID_DIGEST.code, path, name);
                let mark = found.marks.get(&skip.span.start).cloned();
                // Whoever wants proof cannot do without a digest that means something.
                let pins = filter.purpose == Purpose::Pin;
                match mark.or_else(accepted).filter(|_| pins) {
                    Some(reason) => skip.reason = SkipReason::Ignored { reason },
                    None => {
                        scan.malformed.push(skip);
                        continue;
                    }
                }
            }
            scan.skips.push(skip);
        }
        scan.skips.extend(template.map(|at| Skip {
            field: String::new(),
            text: String::new(),
            span: at..at,
            reason: SkipReason::Template,
        }));
        scan.skips.sort_by_key(|skip| skip.span.start);
        Ok(scan)
    }

    /// A file that was not searched because it cannot name an image.
    #[must_use]
    pub fn without_images(path: &Utf8Path, text: String, filter: &Filter<'_>) -> Self {
        Self {
            path: path.to_owned(),
            shown: relative_path(path, &filter.here),
            format: Format::of_path(path).unwrap_or_else(|| sniff(&text)),
            lines: LineIndex::new(&text),
            text,
            sites: Vec::new(),
            skips: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Says whether nothing at all was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.skips.is_empty() && self.malformed.is_empty()
    }
}

/// Tells a Dockerfile from YAML where no name does, as on standard input: its first instruction is `FROM` or `ARG`.
fn sniff(text: &str) -> Format {
    let first = text
        .lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let word = first
        .and_then(|line| line.split(char::is_whitespace).next())
        .unwrap_or("");
    if ["from", "arg"].iter().any(|known| word.eq_ignore_ascii_case(known)) {
        Format::Dockerfile
    } else {
        Format::Yaml
    }
}

const fn is_malformed(reason: &SkipReason) -> bool {
    matches!(reason, SkipReason::NotAReference(ReferenceError::BadDigest(_)))
}

/// What can be read of a text: kubectl reads the documents before a template, and none after it.
#[derive(Debug)]
pub struct Readable<'a> {
    /// What was found in it.
    pub found: Found,
    /// The text, or what stands before the template's document.
    pub text: &'a str,
    /// The byte at which a template stopped the reading.
    pub template: Option<usize>,
}

impl<'a> Readable<'a> {
    /// Searches a text.
    ///
    /// # Errors
    /// The text cannot be read as its format, and is no template either.
    pub fn new(format: Format, text: &'a str, options: &Options) -> Result<Self, yaml::Error> {
        let error = match find_in(format, text, options) {
            Ok(found) => {
                return Ok(Self {
                    found,
                    text,
                    template: None,
                });
            }
            Err(error) => error,
        };
        let Some(before) = error.template().and_then(|start| text.get(..start)) else {
            return Err(error);
        };
        let found = find_in(format, before, options)?;
        Ok(Self {
            found,
            text: before,
            template: Some(error.offset()),
        })
    }
}

/// A file that cannot be read as its format.
#[derive(Debug, thiserror::Error)]
#[error("not readable as YAML")]
pub struct Error {
    /// The file, as reports name it.
    pub path: Utf8PathBuf,
    /// Where reading ended.
    pub position: Position,
    /// Why.
    pub source: yaml::Error,
}

/// Finds out, without parsing, which texts cannot name an image.
#[derive(Debug)]
pub struct Prefilter {
    words: AhoCorasick,
    resource: AhoCorasick,
}

impl Prefilter {
    /// Prepares the search for what the options look for.
    ///
    /// # Errors
    /// The words cannot be compiled; no word known to kship does that.
    pub fn new(options: &Options) -> Result<Self, aho_corasick::BuildError> {
        // A backslash can spell a key (`"\x69mage"`), and so can `!!binary`.
        let fixed = [
            "image",
            "docker://",
            "docker-image://",
            "oci://",
            "newTag",
            "services",
            "package",
            "repository",
            "bundle",
            "steps",
            "dockerfile_inline",
            "\\",
            "binary",
        ];
        // An argument or a variable can be called anything.
        let anything = (options.args || options.env).then_some("");
        let rules = options.rules.iter().map(FieldRule::key);
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(fixed.into_iter().chain(anything).chain(rules))?;
        Ok(Self {
            words,
            resource: AhoCorasick::new(["apiVersion", "services", "\\"])?,
        })
    }

    /// Says whether a file can name an image: one that cannot is not parsed.
    ///
    /// JSON counts only as a Kubernetes resource or Compose file: trees are full of JSON that is nothing of the kind.
    #[must_use]
    pub fn may_name_images(&self, path: &Utf8Path, text: &str) -> bool {
        match path.extension() {
            Some("json") => self.resource.is_match(text) && self.words.is_match(text),
            Some("yaml" | "yml") => self.words.is_match(text),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Policy;

    fn scan(name: &str, text: &str) -> Result<Scan, String> {
        let policy = Policy::default();
        let filter = Filter {
            purpose: Purpose::Pin,
            include: Vec::new(),
            exclude: Vec::new(),
            policy: &policy,
            here: "/top".into(),
            root: "/top".into(),
            today: "2026-11-22".parse().unwrap(),
        };
        Scan::new(Utf8Path::new(name), text.to_owned(), &Options::default(), &filter)
            .map_err(|error| format!("{}:{}: {}", error.path, error.position, error.source))
    }

    #[test]
    fn a_template_ends_the_reading_and_hides_nothing_before_it() {
        let pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]}\n";
        for template in [
            "image: {{ .x }}\n",
            "{{- if .x }}\nimage: a:1\n{{- end }}\n",
            "a: b\nc: [{{ range .x }}]\n",
        ] {
            let found = scan("a.yaml", &format!("{pod}---\n{template}")).unwrap();
            assert_eq!((found.sites.len(), found.skips.len()), (1, 1), "{template}");
        }
    }

    #[test]
    fn braces_elsewhere_excuse_nothing() {
        for text in [
            "# {{ }}\nimage: a:1\nimage: b:1\n",
            "a: []#{{\nimage: a:1\n",
            "a: |\n  {{ x }}\nb: \"value\"# c\n",
            "a: \"{{ \\' }}\"\n",
            "a: '{{- x'\nb: \"\\'\"\n",
            "a: \"x\n  {{- \\' }}\"\n",
        ] {
            assert!(scan("a.yaml", text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_nameless_dockerfile_is_recognised() {
        assert_eq!(scan("<stdin>", "# c\n\nFROM a:1\n").unwrap().sites.len(), 1);
        assert_eq!(scan("<stdin>", "arg X=1\nFROM a:1\n").unwrap().sites.len(), 1);
        assert_eq!(scan("<stdin>", "image: a:1\n").unwrap().sites.len(), 1);
    }

    #[test]
    fn what_is_no_digest_is_kept_apart_and_can_be_accepted() {
        assert_eq!(scan("a.yaml", "image: a:1@sha256:00\n").unwrap().malformed.len(), 1);
        let accepted = scan("a.yaml", "image: a:1@sha256:00 # kship:ignore=test\n").unwrap();
        assert_eq!((accepted.malformed.len(), accepted.skips.len()), (0, 1));
    }

    proptest! {
        /// What is found in a text is never kept from being found.
        #[test]
        fn the_prefilter_lets_every_image_pass(
            key in "image|Image|imageName|newTag|package|uses|\"\\\\x69mage\"|RELATED_IMAGE_X",
            value in "a:1|docker://a:1|quay.io/a/b:1",
            shape in 0..4_usize,
            everything: bool,
        ) {
            let text = match shape {
                0 => format!("{key}: {value}\n"),
                1 => format!("apiVersion: v1\nkind: Pod\nspec: {{containers: [{{{key}: \"{value}\"}}]}}\n"),
                2 => format!("spec:\n  containers:\n  - env: [{{name: {key}, value: {value}}}]\n    args: [--x={value}]\n"),
                _ => format!("services:\n  a: {{{key}: {value}}}\n"),
            };
            let options = Options { args: everything, env: everything, ..Options::default() };
            let prefilter = Prefilter::new(&options).unwrap();
            for name in ["a.yaml", "compose.yaml", "action.yml", "kustomization.yaml", "values.yaml"] {
                let path = Utf8Path::new(name);
                if let Ok(found) = super::super::find(path, &text, &options) && !found.sites.is_empty() {
                    prop_assert!(prefilter.may_name_images(path, &text), "{name}: {text}");
                }
            }
        }
    }
}
