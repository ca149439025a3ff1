//! `kship encryption init`: a new configuration, and what kube-apiserver needs to find it.

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::provider::{Asked, ProviderArgs, ProviderName};
use super::{next, random};
use crate::cli::{Env, Exit, Failure, Ui, interrupt};
use crate::encryption::init::{Cipher, NewKey, NewProvider, render};
use crate::encryption::key_name::KeyName;
use crate::encryption::static_pod::{self, Wiring};
use crate::encryption::{Configuration, Loader, Refusal};
use crate::fs::{self, DASH};
use crate::limits;
use crate::yaml;

/// Write a new configuration with a new key; the key goes into the file, and nowhere else
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Init {
    /// What encrypts
    #[arg(long, value_enum, value_name = "PROVIDER", default_value_t = ProviderName::Aescbc)]
    provider: ProviderName,

    /// What is encrypted: `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`
    #[arg(long, value_name = "RESOURCE,...", value_delimiter = ',', default_value = "secrets")]
    resources: Vec<String>,

    #[command(flatten)]
    new: ProviderArgs,

    /// The file to write, readable by its owner alone; `-` prints, which only a file without a key may be
    #[arg(long, short, value_name = "FILE")]
    output: Option<Utf8PathBuf>,

    /// Replace the file; what the keys in it have encrypted is lost
    #[arg(long, requires = "output")]
    force: bool,

    /// Add the flags and the mount to kube-apiserver's manifest, byte-exact elsewhere
    #[arg(long, value_name = "FILE", requires = "output")]
    static_pod: Option<Utf8PathBuf>,

    /// The folder of the file on the node [default: that of --output]
    #[arg(long, value_name = "DIR")]
    host_path: Option<Utf8PathBuf>,

    /// The folder of the file in kube-apiserver's container
    #[arg(long, value_name = "DIR", default_value = static_pod::MOUNT_PATH)]
    mount_path: Utf8PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  kship encryption init --provider secretbox --output enc.yaml
  kship encryption init --output /etc/kubernetes/enc/enc.yaml --resources secrets,configmaps \\
      --static-pod /etc/kubernetes/manifests/kube-apiserver.yaml
  kship encryption init --provider kms --kms-name vault --kms-endpoint unix:///run/kms.sock";

impl Init {
    /// Runs the verb.
    pub(super) fn run(self, env: &Env, ui: &mut Ui) -> Result<Exit, Failure> {
        let provider = match self.new.settle(self.provider)? {
            Asked::Kms(kms) => NewProvider::Kms(kms),
            Asked::Cipher(cipher, name) => {
                let name = name.unwrap_or_else(|| KeyName::dated(env.today, []));
                NewProvider::Key(cipher, NewKey::generate(name, &mut random).map_err(NoRandomness)?)
            }
        };
        let output = self.output(&provider)?;
        let text = render(&provider, &self.resources);
        let loader = Loader::new(output.map_or("enc.yaml", Utf8Path::as_str));
        Configuration::parse(&text, &loader).map_err(|refusal| Failure::usage(Refused::new(&refusal)))?;
        let Some(output) = output else {
            ui.product(&text)?;
            self.guide(&provider, None, &text, ui);
            return Ok(Exit::Ok);
        };
        let wiring = self.wiring(output, env)?;
        self.write(output, &text, &wiring)?;
        let what = match &provider {
            NewProvider::Key(..) => "with the new key",
            NewProvider::Kms(_) => "with the plugin",
        };
        ui.status(format_args!(
            "wrote {output}: encrypts {} {what} `{}`",
            self.resources.join(", "),
            provider.title()
        ));
        if let Some(manifest) = &self.static_pod {
            ui.status(format_args!("{manifest} has the flags and the mount"));
        }
        self.guide(&provider, Some(&wiring), &text, ui);
        Ok(Exit::Ok)
    }

    /// The file that is written; none means standard output.
    fn output(&self, provider: &NewProvider) -> Result<Option<&Utf8Path>, Failure> {
        let has_key = matches!(provider, NewProvider::Key(..));
        match self.output.as_deref() {
            None if has_key => Err(Failure::usage(KeyNeedsFile)),
            Some(path) if path == DASH && has_key => Err(Failure::usage(KeyOnStdout)),
            Some(path) if path == DASH && self.static_pod.is_some() => Err(Failure::usage(StaticPodNeedsFile)),
            Some(path) if path != DASH => Ok(Some(path)),
            _ => Ok(None),
        }
    }

    fn wiring(&self, output: &Utf8Path, env: &Env) -> Result<Wiring, Failure> {
        let mut absolute = Utf8PathBuf::new();
        if output.is_relative() {
            absolute.extend(env.working_directory.as_ref());
        }
        for part in output.components().filter(|part| part.as_str() != ".") {
            absolute.push(part);
        }
        let folder = absolute.parent().map(Utf8Path::to_owned).unwrap_or_default();
        let host_folder = self.host_path.clone().unwrap_or(folder);
        for (flag, folder) in [("--host-path", &host_folder), ("--mount-path", &self.mount_path)] {
            // Paths of the node are those of Linux, wherever kship runs.
            let is_absolute = folder.as_str().starts_with('/') || (flag == "--host-path" && folder.is_absolute());
            if !is_absolute || folder.as_str().trim_end_matches('/').is_empty() {
                return Err(Failure::usage(NotAFolder {
                    flag,
                    folder: folder.clone(),
                }));
            }
        }
        Ok(Wiring {
            host_folder,
            mount_folder: self.mount_path.clone(),
            file_name: output.file_name().unwrap_or_default().to_owned(),
        })
    }

    /// Writes the configuration and the manifest, both or none.
    fn write(&self, output: &Utf8Path, text: &str, wiring: &Wiring) -> Result<(), Failure> {
        let before = fs::if_exists(fs::read_bytes(output, limits::FILE_BYTES))?.map(Zeroizing::new);
        if before.is_some() && !self.force {
            return Err(Failure::usage(Exists {
                path: output.to_owned(),
            }));
        }
        let manifest = self
            .static_pod
            .as_deref()
            .map(|path| -> Result<_, Failure> {
                let old = fs::read_text(path, limits::FILE_BYTES)?;
                let new = static_pod::wire(&old, wiring).map_err(|source| StaticPod {
                    path: path.to_owned(),
                    source,
                })?;
                Ok((path, old, new))
            })
            .transpose()?;
        interrupt::shielded(|| -> Result<(), fs::Error> {
            let mut staged = vec![fs::stage_private(
                output,
                before.as_deref().map(Vec::as_slice),
                text.as_bytes(),
            )?];
            // The kubelet restarts the API server as soon as the manifest changes: the configuration is there by then.
            if let Some((path, old, new)) = &manifest
                && old != new
            {
                staged.push(fs::stage(path, Some(old.as_bytes()), new.as_bytes())?);
            }
            fs::commit_all(staged)
        })??;
        Ok(())
    }

    /// Says what to do with the file.
    fn guide(&self, provider: &NewProvider, wiring: Option<&Wiring>, text: &str, ui: &mut Ui) {
        match provider {
            NewProvider::Key(Cipher::Aescbc, _) => ui.status(
                "secretbox is the stronger choice: aescbc does not notice when a stored value is changed \
                 (`--provider secretbox`)",
            ),
            NewProvider::Key(Cipher::Aesgcm, _) => {
                ui.status("aesgcm needs a new key every 200,000 writes: rotate it on a schedule");
            }
            NewProvider::Key(Cipher::Secretbox, _) | NewProvider::Kms(_) => {}
        }
        let mut steps = next::Steps::default();
        if let NewProvider::Key(..) = provider {
            steps.add("keep a copy of the file away from the cluster: without it nobody can read what is encrypted");
        }
        if let (Some(wiring), None) = (wiring, &self.static_pod) {
            let [config, reload] = wiring.flags();
            steps.add("give kube-apiserver these flags:");
            steps.detail(&config);
            steps.detail(&reload);
            steps.add("and, where it is a static pod, this under `volumeMounts` and `volumes` (`--static-pod FILE` makes these edits):");
            for item in [wiring.volume_mount(), wiring.volume()] {
                yaml::write(&serde_json::Value::Array(vec![item]))
                    .lines()
                    .for_each(|line| steps.detail(line));
            }
        }
        steps.load(text);
        steps.detail("(an API server that does not have it yet cannot read what the others encrypt)");
        steps.rewrite(&self.resources);
        steps.tell(ui);
    }
}

/// The loader's refusal, as the flags that it is about have it.
#[derive(Debug, thiserror::Error)]
#[error("the API server would not load this configuration: {message}")]
struct Refused {
    message: String,
}

impl Refused {
    fn new(refusal: &Refusal) -> Self {
        let messages: Vec<&str> = refusal
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        Self {
            message: messages.join("; "),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{path} exists already: what its keys have encrypted can be read with them only")]
pub(in crate::cli) struct Exists {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("keys are written into files only: expected `--output FILE`")]
struct KeyNeedsFile;

#[derive(Debug, thiserror::Error)]
#[error("keys are never printed, where logs and scrollback keep them: expected `--output FILE` with a path")]
struct KeyOnStdout;

#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes for a key")]
struct NoRandomness(#[source] std::io::Error);

#[derive(Debug, thiserror::Error)]
#[error("`{flag} {folder}` is no folder to mount: expected an absolute path below `/`")]
struct NotAFolder {
    flag: &'static str,
    folder: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} was left alone, and no configuration was written")]
struct StaticPod {
    path: Utf8PathBuf,
    source: static_pod::StaticPodError,
}

#[derive(Debug, thiserror::Error)]
#[error("`--static-pod` mounts a file: expected `--output FILE` with a path")]
struct StaticPodNeedsFile;
