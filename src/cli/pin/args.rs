//! The flags of `kship pin`, and what they mean together with `kship.yaml`.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use clap::ValueEnum;

use crate::cli::registry::RegistryArgs;
use crate::cli::{Env, Failure, policy};
use crate::images::{Filter, Options, Purpose, Style};
use crate::oci::Platform;
use crate::pin::Mode;
use crate::policy::{Pattern, Policy};
use crate::registry::RegistryMap;
use crate::report::Format;

/// Resolve image tags to digests and write them where they stand; nothing else changes
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Pin {
    /// Files and folders; `-` reads standard input and writes standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<Utf8PathBuf>,

    /// Write nothing; fail if an image has no digest
    #[arg(long, conflicts_with_all = ["update", "unpin", "diff", "stdout"])]
    pub(super) check: bool,

    /// With --check: also compare every digest with its registry
    #[arg(long, requires = "check")]
    pub(super) online: bool,

    /// Also replace digests whose tag has moved
    #[arg(long, conflicts_with = "unpin")]
    pub(super) update: bool,

    /// Take the digests away again
    #[arg(long, conflicts_with_all = ["lock", "platform", "style"])]
    pub(super) unpin: bool,

    /// Write nothing; print what would change
    #[arg(long, conflicts_with = "stdout")]
    pub(super) diff: bool,

    /// Write no file but the lock; print the Kubernetes resources with their changes, ready for `kubectl apply -f -`
    #[arg(long)]
    pub(super) stdout: bool,

    /// How a pinned reference is spelled
    #[arg(long, value_name = "STYLE")]
    style: Option<StyleName>,

    /// Pin the image of one platform instead of the index of all
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Option<Platform>,

    /// Read what tags mean from a lock file, and keep it up to date (kbld's and imgpkg's are read only)
    #[arg(long, value_name = "FILE")]
    lock: Option<Utf8PathBuf>,

    /// Fail if the lock file would change
    #[arg(long, conflicts_with = "check")]
    pub(super) locked: bool,

    /// Ask no registry: the lock file must know every tag
    #[arg(long, conflicts_with_all = ["check", "update"])]
    pub(super) frozen: bool,

    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,

    /// Write the files that are right even if others failed
    #[arg(long)]
    pub(super) keep_going: bool,

    /// List what was passed over, and why
    #[arg(long)]
    pub(super) explain: bool,

    /// Only images that match a pattern, such as 'ghcr.io/company/**'
    #[arg(long, value_name = "PATTERN", help_heading = "Which images")]
    include: Vec<String>,

    /// Not the images that match a pattern
    #[arg(long, value_name = "PATTERN", help_heading = "Which images")]
    exclude: Vec<String>,

    /// Another field that holds an image: 'spec.runner.image', 'Kind:spec.images[]', 'key=runnerImage'
    #[arg(long = "rule", value_name = "FIELD", help_heading = "Which images")]
    rules: Vec<String>,

    /// Also images in arguments: --sidecar-image=...
    #[arg(long, help_heading = "Which images")]
    args: bool,

    /// Also images in environment variables: RELATED_IMAGE_...
    #[arg(long, help_heading = "Which images")]
    env: bool,

    /// Also images in YAML inside ConfigMaps
    #[arg(long, help_heading = "Which images")]
    embedded: bool,

    /// Write `tag: TAG@DIGEST` into Helm values without a `digest` key
    #[arg(long, help_heading = "Which images")]
    helm_tag_digest: bool,

    /// Look names up elsewhere: docker.io=mirror.example.com/hub
    #[arg(long, value_name = "FROM=TO", help_heading = "Registry options")]
    registry_map: Vec<String>,

    #[command(flatten)]
    pub(super) registry: RegistryArgs,
}

const EXAMPLES: &str = "\
Examples:
  kship pin                                pin every image below this folder
  kship pin --check --format github        in CI: fail if an image has no digest
  kship pin --check --online               also if a tag has moved or a digest is gone
  kship pin --update --diff deploy/        what newer images would change
  kship pin --stdout deploy/ | kubectl apply -f -";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StyleName {
    /// name:tag@sha256:... (the tag stays)
    TagDigest,
    /// name@sha256:..., for tools that refuse a tag beside a digest
    DigestOnly,
}

/// What a run is to do: flags and `kship.yaml` together.
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) style: Style,
    pub(super) platform: Option<Platform>,
    pub(super) lock: Option<Utf8PathBuf>,
    pub(super) options: Options,
    pub(super) map: RegistryMap,
    pub(super) include: Vec<Pattern>,
    pub(super) exclude: Vec<Pattern>,
    /// The working directory.
    pub(super) here: Utf8PathBuf,
    /// The folder of `kship.yaml`, or the working directory.
    pub(super) root: Utf8PathBuf,
}

impl Settings {
    pub(super) fn filter<'a>(&self, policy: &'a Policy, today: jiff::civil::Date) -> Filter<'a> {
        Filter {
            purpose: Purpose::Pin,
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            policy,
            here: self.here.clone(),
            root: self.root.clone(),
            today,
        }
    }
}

impl Pin {
    /// Reads `kship.yaml` if there is one, and settles what the run does; flags win.
    pub(super) fn settle(&self, env: &Env) -> Result<(Policy, Settings), Failure> {
        let (policy, root) = policy::load(env)?;
        let shared = &policy.pin;
        let patterns = |flags: &[String], shared: &[String]| -> Result<Vec<Pattern>, Failure> {
            let chosen = if flags.is_empty() { shared } else { flags };
            chosen
                .iter()
                .map(|text| match text.as_str() {
                    "" => Err(Failure::usage(EmptyPattern)),
                    text => Pattern::new(text).map_err(Failure::usage),
                })
                .collect()
        };
        let mut map = RegistryMap::default();
        for text in &self.registry_map {
            map.add_text(text).map_err(Failure::usage)?;
        }
        for (from, to) in &policy.registries.mirrors {
            map.add(from, to)?;
        }
        let platform = match (&self.platform, &shared.platform) {
            (Some(platform), _) => Some(platform.clone()),
            (None, Some(text)) => Some(text.parse()?),
            (None, None) => None,
        };
        let style = match (self.style, shared.style.as_deref()) {
            (Some(StyleName::DigestOnly), _) | (None, Some("digest-only")) => Style::DigestOnly,
            (Some(StyleName::TagDigest), _) | (None, Some("tag-digest") | None) => Style::TagDigest,
            (None, Some(other)) => return Err(UnknownStyle { text: other.to_owned() }.into()),
        };
        let lock = match (&self.lock, &shared.lock) {
            _ if self.unpin => None,
            (Some(lock), _) => Some(lock.clone()),
            (None, Some(lock)) => Some(shared_lock(&root, lock)?),
            (None, None) => None,
        };
        if lock.is_none() && (self.locked || self.frozen) {
            return Err(Failure::usage(NeedsLock {
                flag: if self.frozen { "--frozen" } else { "--locked" },
            }));
        }
        let settings = Settings {
            mode: self.mode(),
            style,
            platform,
            lock,
            options: Options {
                args: self.args || shared.args,
                env: self.env || shared.env,
                embedded: self.embedded || shared.embedded,
                helm_tag_digest: self.helm_tag_digest || shared.helm_tag_digest,
                rules: self
                    .rules
                    .iter()
                    .chain(&shared.rules)
                    .map(|rule| rule.parse())
                    .collect::<Result<_, _>>()
                    .map_err(Failure::usage)?,
            },
            map,
            include: patterns(&self.include, &shared.include)?,
            exclude: patterns(&self.exclude, &shared.exclude)?,
            here: env.working_directory.clone().unwrap_or_default(),
            root,
        };
        Ok((policy, settings))
    }

    const fn mode(&self) -> Mode {
        match (self.check, self.unpin, self.update) {
            (true, ..) => Mode::Check { online: self.online },
            (_, true, _) => Mode::Unpin,
            (.., true) => Mode::Update,
            _ => Mode::Pin,
        }
    }
}

/// A lock file that `kship.yaml` names: nobody who writes settings decides about files elsewhere.
fn shared_lock(root: &Utf8Path, lock: &str) -> Result<Utf8PathBuf, Failure> {
    let inside = Utf8Path::new(lock)
        .components()
        .all(|part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir));
    if inside {
        Ok(root.join(lock))
    } else {
        Err(LockOutside { path: lock.to_owned() }.into())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{flag} needs a lock file: name one with --lock")]
struct NeedsLock {
    flag: &'static str,
}

#[derive(Debug, thiserror::Error)]
#[error("kship.yaml: `{text}` is not a style: expected tag-digest or digest-only")]
struct UnknownStyle {
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error("kship.yaml: lock file `{path}` is outside the tree: expected a path below the folder of kship.yaml")]
struct LockOutside {
    path: String,
}

#[derive(Debug, thiserror::Error)]
#[error("an empty pattern matches nothing")]
struct EmptyPattern;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_of_the_settings_stays_in_their_tree() {
        let lock = |text: &str| shared_lock(Utf8Path::new("/top"), text).map_err(|failure| failure.source.to_string());
        assert_eq!(lock("a/images.lock").unwrap(), Utf8PathBuf::from("/top/a/images.lock"));
        for text in ["../images.lock", "/etc/images.lock", "a/../../images.lock"] {
            assert!(lock(text).unwrap_err().contains("outside the tree"), "{text}");
        }
    }
}
