//! Images of GitLab CI (<https://docs.gitlab.com/ci/yaml/>).

use std::collections::{HashMap, HashSet};
use std::iter;

use super::scalar::{self, Finder, Names};
use super::site::{self, Site, Slot};
use crate::limits;
use crate::yaml::{Kind, Node};

/// Keys of the top level that are no jobs.
const KEYWORDS: [&str; 8] = [
    "cache",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "variables",
    "workflow",
];

/// Finds the images of a pipeline: at the top, under `default`, and in its jobs; what `!reference` fetches is left out.
///
/// A variable that the file sets stands for its value there: what people set in a project or a run is unknown.
pub(super) fn find<'a>(root: Node<'_, 'a>, finder: &mut Finder<'_, 'a>) {
    let top = Job { name: "", node: root };
    let jobs = root
        .entries()
        .filter(|(name, job)| job.kind() == Kind::Mapping && !name.text.is_empty() && !KEYWORDS.contains(&name.text))
        .map(|(name, node)| Job { name: name.text, node });
    let jobs: Vec<_> = iter::once(top).chain(jobs).collect();
    let mut pipeline = Pipeline {
        root,
        jobs: jobs.iter().map(|job| (job.name, job.node)).collect(),
        variables: HashMap::new(),
        parts: jobs.iter().flat_map(|job| parts(job.node)).collect(),
    };
    for job in &jobs {
        let variables = job.node.get("variables").into_iter().flat_map(Node::entries);
        let named = variables.map(|(name, variable)| ((job.name, name.text), variable));
        pipeline.variables.extend(named);
    }
    for job in jobs {
        for (field, image) in images(job.node) {
            pipeline.image(&job.field(&field), image, job, finder);
        }
        for (field, image) in pipeline.inherited_images(job) {
            pipeline.image(&job.field(&field), image, job, finder);
        }
    }
}

/// The scalars that name images, each with its field.
fn images<'d, 'a>(node: Node<'d, 'a>) -> Vec<(String, Node<'d, 'a>)> {
    let services = node.get("services").into_iter().flat_map(Node::items).enumerate();
    let image = node.get("image").map(|image| ("image".to_owned(), image));
    image
        .into_iter()
        .chain(services.map(|(at, service)| (format!("services[{at}]"), service)))
        .filter_map(|(field, image)| match image.kind() {
            Kind::Scalar => Some((field, image)),
            Kind::Mapping => Some((format!("{field}.name"), image.get("name")?)),
            Kind::Sequence => None,
        })
        .collect()
}

/// Variables that are a part of the name of an image, or of the value of another variable.
fn parts<'d>(job: Node<'d, '_>) -> impl Iterator<Item = &'d str> {
    let values = job.get("variables").into_iter().flat_map(Node::entries);
    let values = values.map(|(_, value)| scalar_of(value));
    let images = images(job).into_iter().map(|(_, image)| image);
    values
        .chain(images)
        .filter_map(|node| node.as_str())
        .filter(|text| whole_variable(text).is_none())
        .flat_map(|text| text.split('$').skip(1))
        .map(|rest| leading_name(rest.strip_prefix('{').unwrap_or(rest)))
}

/// A job, a template of jobs, `default`, or the top level.
#[derive(Clone, Copy)]
struct Job<'d, 'a> {
    /// Empty for the top level.
    name: &'d str,
    node: Node<'d, 'a>,
}

impl Job<'_, '_> {
    fn field(&self, field: &str) -> String {
        match self.name {
            "" => field.to_owned(),
            name => format!("{name}.{field}"),
        }
    }
}

struct Pipeline<'d, 'a> {
    root: Node<'d, 'a>,
    jobs: HashMap<&'d str, Node<'d, 'a>>,
    /// Under the name of the job, and their own.
    variables: HashMap<(&'d str, &'d str), Node<'d, 'a>>,
    /// Variables that make up a part of a name somewhere: their values cannot take a digest.
    parts: HashSet<&'d str>,
}

impl<'d, 'a> Pipeline<'d, 'a> {
    fn image(&self, field: &str, node: Node<'d, 'a>, job: Job<'d, 'a>, finder: &mut Finder<'_, 'a>) {
        let text = node.as_str().unwrap_or("").trim();
        if !text.contains('$') {
            finder.image(field, node, Names::All);
            return;
        }
        if let Some((field, value)) = self.follow(text, job) {
            finder.image(field, value, Names::All);
            return;
        }
        let mut steps = limits::VARIABLE_DEPTH;
        let name = self.resolve(text, job, limits::VARIABLE_DEPTH, &mut steps);
        match name.and_then(|name| site::parse(&name).ok()) {
            Some(reference) if finder.string(field, node).is_some() => finder.found.sites.push(Site {
                field: field.to_owned(),
                reference,
                span: scalar::content(finder.text, node),
                slot: Slot::Fixed("its name is put together from variables"),
            }),
            Some(_) => {}
            None => finder.image(field, node, Names::All),
        }
    }

    /// The variable whose value is the whole name, with its field.
    fn follow(&self, text: &str, job: Job<'d, 'a>) -> Option<(String, Node<'d, 'a>)> {
        let mut name = whole_variable(text)?;
        for _ in 0..limits::VARIABLE_DEPTH {
            let (field, value) = self.variable(name, job).filter(|_| !self.parts.contains(name))?;
            let text = value.as_str()?;
            if site::parse(text).is_ok() {
                return Some((field, value));
            }
            name = whole_variable(text)?;
        }
        None
    }

    /// The text in which variables are replaced; `None` where the file does not set one.
    ///
    /// Values may name others many times: `steps` is how many more are read.
    fn resolve(&self, text: &str, job: Job<'d, 'a>, depth: usize, steps: &mut usize) -> Option<String> {
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            resolved.push_str(before);
            let name = leading_name(after.strip_prefix('{').unwrap_or(after));
            let (_, value) = self.variable(name, job)?;
            // GitLab spells other numbers in its own way.
            let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let number = value.scalar().map(|scalar| scalar.value.as_ref()).filter(digits);
            let text = value.as_str().or(number)?;
            *steps = steps.checked_sub(1)?;
            resolved.push_str(&self.resolve(text, job, depth.checked_sub(1)?, steps)?);
            if resolved.len() > limits::VARIABLE_BYTES {
                return None;
            }
            rest = match after.strip_prefix('{') {
                Some(inner) => inner.get(name.len()..)?.strip_prefix('}')?,
                None => after.get(name.len()..)?,
            };
        }
        resolved.push_str(rest);
        Some(resolved)
    }

    /// The value of a variable, with its field: that of the job, of what it extends, or of the top level.
    fn variable(&self, name: &str, job: Job<'d, 'a>) -> Option<(String, Node<'d, 'a>)> {
        if name.is_empty() {
            return None;
        }
        let top = Job {
            name: "",
            node: self.root,
        };
        let mut holders = self.lineage(job).into_iter().chain([top]);
        holders.find_map(|holder| {
            let variable = *self.variables.get(&(holder.name, name))?;
            let field = holder.field(&format!("variables.{name}"));
            match variable.kind() {
                Kind::Mapping => Some((format!("{field}.value"), variable.get("value")?)),
                _ => Some((field, variable)),
            }
        })
    }

    /// A job and those that it extends, first those that win; those of other files are unknown.
    fn lineage(&self, job: Job<'d, 'a>) -> Vec<Job<'d, 'a>> {
        let mut lineage = Vec::new();
        self.climb(job, limits::EXTENDS_DEPTH, &mut lineage);
        lineage
    }

    fn climb(&self, job: Job<'d, 'a>, depth: usize, lineage: &mut Vec<Job<'d, 'a>>) {
        let Some(depth) = depth.checked_sub(1).filter(|_| lineage.len() < limits::EXTENDS_JOBS) else {
            return;
        };
        lineage.push(job);
        let Some(extends) = job.node.get("extends") else {
            return;
        };
        let mut names: Vec<&str> = extends
            .items()
            .filter_map(Node::as_str)
            .chain(extends.as_str())
            .collect();
        names.reverse();
        for name in names {
            if let Some(&node) = self.jobs.get(name) {
                self.climb(Job { name, node }, depth, lineage);
            }
        }
    }

    /// The images with variables that a job does not name itself: with variables of its own, it may run others.
    fn inherited_images(&self, job: Job<'d, 'a>) -> Vec<(String, Node<'d, 'a>)> {
        let lineage = self.lineage(job);
        if job.name.is_empty() || lineage.iter().all(|job| job.node.get("variables").is_none()) {
            return Vec::new();
        }
        let mut above: Vec<_> = lineage.into_iter().skip(1).map(|job| job.node).collect();
        above.extend(self.root.get("default"));
        above.push(self.root);
        let mut found = Vec::new();
        for key in ["image", "services"] {
            let holder = above.iter().find(|holder| holder.get(key).is_some());
            if let Some(holder) = holder.filter(|_| job.node.get(key).is_none()) {
                found.extend(images(*holder).into_iter().filter(|(field, image)| {
                    field.starts_with(key) && image.as_str().is_some_and(|text| text.contains('$'))
                }));
            }
        }
        found
    }
}

/// The scalar of a variable: itself, or its `value`.
fn scalar_of<'d, 'a>(variable: Node<'d, 'a>) -> Node<'d, 'a> {
    variable.get("value").unwrap_or(variable)
}

/// Reads `$NAME` and `${NAME}`.
fn whole_variable(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix('$')?;
    let name = match rest.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}')?,
        None => rest,
    };
    (!name.is_empty() && leading_name(name) == name).then_some(name)
}

fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    text.get(..end.unwrap_or(text.len())).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use crate::images::formats::Format;
    use crate::images::options::Options;
    use crate::images::testing::try_format;

    #[test]
    fn jobs_and_defaults_are_pinned() {
        let text = concat!(
            "image: ruby:3\n",
            "services: [postgres:16, {name: \"redis\", alias: r}]\n",
            "variables: {image: no/image:1}\n",
            "default:\n",
            "  image:\n",
            "    name: alpine:3\n",
            "    entrypoint: [\"\"]\n",
            ".hidden:\n",
            "  image: $CI_REGISTRY/x:1\n",
            "  services:\n",
            "  - !reference [.other, services]\n",
            "  - docker:dind\n",
            "job:\n",
            "  image: !reference [.hidden, image]\n",
            "  script: [make]\n",
        );
        let tried = try_format(Format::Gitlab, text, &Options::default());
        assert_eq!(
            tried.pinned,
            text.replace("ruby:3", "ruby:3@D")
                .replace("postgres:16", "postgres:16@D")
                .replace("\"redis", "\"redis@D")
                .replace("alpine:3", "alpine:3@D")
                .replace("docker:dind", "docker:dind@D")
        );
        assert_eq!(
            tried.sites,
            [
                "image: ruby:3",
                "services[0]: postgres:16",
                "services[1].name: redis",
                "default.image.name: alpine:3",
                ".hidden.services[1]: docker:dind",
            ]
        );
        assert_eq!(tried.reasons, [".hidden.image: $CI_REGISTRY/x:1: variable"]);
    }

    fn tried(text: &str) -> (Vec<String>, Vec<String>, String) {
        let tried = try_format(Format::Gitlab, text, &Options::default());
        (tried.sites, tried.reasons, tried.pinned)
    }

    #[test]
    fn variables_that_are_whole_names_are_pinned() {
        for (text, image, site) in [
            (
                "variables: {I: nginx:1}\njob:\n  image: $I\n",
                "nginx:1",
                "variables.I: nginx:1",
            ),
            (
                "variables:\n  I: {value: nginx:1, description: x}\njob:\n  image: {name: \"${I}\"}\n",
                "nginx:1",
                "variables.I.value: nginx:1",
            ),
            (
                "variables: {I: a:1, J: $I}\njob:\n  variables: {I: b:1}\n  services: [$J]\n",
                "b:1",
                "job.variables.I: b:1",
            ),
            (
                ".base:\n  variables: {I: a:1}\njob:\n  extends: [.none, .base]\n  image: $I\n",
                "a:1",
                ".base.variables.I: a:1",
            ),
        ] {
            let (sites, reasons, pinned) = tried(text);
            assert_eq!((sites, reasons), (vec![site.to_owned()], vec![]), "{text}");
            assert_eq!(pinned, text.replace(image, &format!("{image}@D")));
        }
    }

    #[test]
    fn a_job_runs_what_its_variables_say() {
        let text = concat!(
            "variables: {I: a:1}\n",
            "default: {image: $I}\n",
            "one: {script: [x]}\n",
            "two:\n  variables: {I: b:1}\n",
            ".base:\n  services: [\"x/$S\"]\n",
            "three:\n  extends: .base\n  variables: {S: s}\n",
        );
        let (sites, reasons, pinned) = tried(text);
        assert_eq!(
            sites,
            ["variables.I: a:1", "two.variables.I: b:1", "three.services[0]: x/s"]
        );
        assert_eq!(reasons, ["three.services[0]: its name is put together from variables"]);
        assert_eq!(pinned, text.replace("a:1", "a:1@D").replace("b:1", "b:1@D"));
    }

    #[test]
    fn names_put_together_from_variables_stay() {
        for (text, sites, reasons) in [
            (
                "variables: {I: nginx, V: 3}\njob:\n  image: \"$I:${V}\"\n",
                &["job.image: nginx:3"][..],
                &["job.image: its name is put together from variables"][..],
            ),
            (
                "variables: {I: nginx}\na:\n  image: $I\nb:\n  image: \"$I:1\"\n",
                &["a.image: nginx", "b.image: nginx:1"],
                &[
                    "a.image: its name is put together from variables",
                    "b.image: its name is put together from variables",
                ],
            ),
            (
                "variables: {I: $I}\njob:\n  image: $I\n",
                &[],
                &["job.image: $I: variable"],
            ),
            (
                "variables: {V: 1.10}\njob:\n  image: a:$V\n",
                &[],
                &["job.image: a:$V: variable"],
            ),
            (
                "variables: {A: b}\njob:\n  image: $$A\n",
                &[],
                &["job.image: $$A: variable"],
            ),
            ("job:\n  image: ${A\n", &[], &["job.image: ${A: variable"]),
        ] {
            let (found, why, pinned) = tried(text);
            assert_eq!(
                (found, why),
                (
                    sites.iter().map(ToString::to_string).collect(),
                    reasons.iter().map(ToString::to_string).collect()
                ),
                "{text}"
            );
            assert_eq!(pinned, text);
        }
        for value in ["''", "aaaaaaaaaaaaaaaa"] {
            let mut text = format!("variables:\n  A0: {value}\n");
            for at in 0..60 {
                text.push_str(&format!("  A{}: $A{at}$A{at}\n", at + 1));
            }
            text.push_str("job:\n  image: $A60\n");
            assert_eq!(tried(&text).1, ["job.image: $A60: variable"]);
        }
    }
}
