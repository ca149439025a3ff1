//! The flags of `kship pin`, and what they mean together with `kship.yaml`.

use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;

use crate::cli::registry::RegistryArgs;
use crate::cli::{Env, Failure};
use crate::oci::Platform;
use crate::pin::{Filter, Mode, Options, RegistryMap, Style};
use crate::policy::{self, Pattern, Policy};
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

    /// Write nothing; print the files with their changes, ready for `kubectl apply -f -`
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
    #[arg(long)]
    pub(super) locked: bool,

    /// Ask no registry: the lock file must know every tag
    #[arg(long, conflicts_with = "update")]
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

    /// Look names up elsewhere: docker.io=mirror.company.com/hub
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
pub(super) struct Plan {
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

impl Plan {
    pub(super) fn filter<'a>(&self, policy: &'a Policy, today: jiff::civil::Date) -> Filter<'a> {
        Filter {
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
    pub(super) fn settle(&self, env: &Env) -> Result<(Policy, Plan), Failure> {
        let (policy, root) = load_policy(env)?;
        let settings = &policy.pin;
        let patterns = |flags: &[String], shared: &[String]| -> Result<Vec<Pattern>, Failure> {
            let chosen = if flags.is_empty() { shared } else { flags };
            chosen
                .iter()
                .map(|text| Pattern::new(text).map_err(Failure::usage))
                .collect()
        };
        let mut map = RegistryMap::default();
        for text in &self.registry_map {
            map.add_text(text).map_err(Failure::usage)?;
        }
        for (from, to) in &policy.registries.mirrors {
            map.add(from, to)?;
        }
        let platform = match (&self.platform, &settings.platform) {
            (Some(platform), _) => Some(platform.clone()),
            (None, Some(text)) => Some(text.parse()?),
            (None, None) => None,
        };
        let style = match (self.style, settings.style.as_deref()) {
            (Some(StyleName::DigestOnly), _) | (None, Some("digest-only")) => Style::DigestOnly,
            (Some(StyleName::TagDigest), _) | (None, Some("tag-digest") | None) => Style::TagDigest,
            (None, Some(other)) => return Err(UnknownStyle { text: other.to_owned() }.into()),
        };
        let lock = self
            .lock
            .clone()
            .or_else(|| settings.lock.as_ref().map(|lock| root.join(lock)))
            .filter(|_| !self.unpin);
        if lock.is_none() && (self.locked || self.frozen) {
            return Err(Failure::usage(NeedsLock {
                flag: if self.frozen { "--frozen" } else { "--locked" },
            }));
        }
        let plan = Plan {
            mode: self.mode(),
            style,
            platform,
            lock,
            options: Options {
                args: self.args || settings.args,
                env: self.env || settings.env,
                embedded: self.embedded || settings.embedded,
                helm_tag_digest: self.helm_tag_digest || settings.helm_tag_digest,
                rules: self
                    .rules
                    .iter()
                    .chain(&settings.rules)
                    .map(|rule| rule.parse())
                    .collect::<Result<_, _>>()
                    .map_err(Failure::usage)?,
            },
            map,
            include: patterns(&self.include, &settings.include)?,
            exclude: patterns(&self.exclude, &settings.exclude)?,
            here: env.working_directory.clone().unwrap_or_default(),
            root,
        };
        Ok((policy, plan))
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

/// Finds `kship.yaml` in the working directory or above it, up to the root of the repository.
fn load_policy(env: &Env) -> Result<(Policy, Utf8PathBuf), Failure> {
    let Some(here) = env.working_directory.as_deref() else {
        return Ok((Policy::default(), Utf8PathBuf::new()));
    };
    let mut top = Vec::new();
    for folder in here.ancestors() {
        top.push(folder);
        if folder.join(".git").exists() {
            break;
        }
    }
    let Some(root) = top.into_iter().find(|folder| folder.join(policy::FILE_NAME).is_file()) else {
        return Ok((Policy::default(), here.to_owned()));
    };
    let path = root.join(policy::FILE_NAME);
    let text = crate::fs::read_text(&path, crate::limits::CREDENTIAL_FILE_BYTES)?;
    let shown = crate::report::relative_path(&path, here);
    let policy = policy::parse(&text).map_err(|source| PolicyFile { path: shown, source })?;
    Ok((policy, root.to_owned()))
}

#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used")]
struct PolicyFile {
    path: Utf8PathBuf,
    source: policy::Error,
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

/// The path that means standard input, if it is the only one.
pub(super) fn is_stdin(paths: &[Utf8PathBuf]) -> Result<bool, Failure> {
    let dash = |path: &Utf8PathBuf| path == Utf8Path::new(crate::fs::DASH);
    match paths {
        [path] if dash(path) => Ok(true),
        paths if paths.iter().any(dash) => Err(Failure::usage(DashIsAlone)),
        _ => Ok(false),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`-` stands for standard input and cannot be mixed with other paths")]
struct DashIsAlone;
