//! The flags that say which registry is asked and how, the same for every verb.

use camino::Utf8PathBuf;

use super::{Env, Failure};
use crate::limits;
use crate::registry::{Client, Entry, Keychain, Layout, Mirrors, Options, Registry};

/// Where manifests come from.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Registry options")]
pub(crate) struct RegistryArgs {
    /// Read images from a folder of OCI image layouts, one a repository, and use no network
    #[arg(long, value_name = "DIR", conflicts_with_all = ["registry_auth", "registry_ca", "plain_http", "jobs"])]
    pub(crate) layout: Option<Utf8PathBuf>,

    /// Log in to a registry with a password that stands in a file
    #[arg(long, value_name = "HOST=USER:FILE")]
    registry_auth: Vec<Entry>,

    /// Trust the certificate authorities in a PEM file, beside those of the system
    #[arg(long, value_name = "FILE")]
    registry_ca: Vec<Utf8PathBuf>,

    /// Speak plain HTTP to a registry; loopback hosts need not be named
    #[arg(long, value_name = "HOST")]
    plain_http: Vec<String>,

    /// Requests in flight to one registry
    #[arg(long, value_name = "N", default_value_t = limits::IN_FLIGHT, value_parser = jobs)]
    jobs: usize,
}

impl RegistryArgs {
    /// Opens the folder, or prepares a client; no request is sent yet.
    ///
    /// # Errors
    /// The folder is not there, or a credential or mirror file cannot be read.
    pub(crate) fn open(&self, env: &Env) -> Result<Box<dyn Registry>, Failure> {
        if let Some(layout) = &self.layout {
            return Ok(Box::new(Layout::open(layout)?));
        }
        let options = Options {
            ca_files: self.registry_ca.clone(),
            in_flight: self.jobs,
            keychain: Keychain::new(self.registry_auth.clone(), env.registry.clone()),
            mirrors: Mirrors::discover(&env.registry)?,
            plain_http: self.plain_http.clone(),
            ..Options::default()
        };
        Ok(Box::new(Client::new(options)))
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1000) => Ok(jobs),
        _ => Err("expected a number from 1 to 1000".to_owned()),
    }
}
