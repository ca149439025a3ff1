//! The API server of a cluster: beside [`crate::registry`] the only code that opens a connection.
//!
//! ```text
//! access      what the user says about the cluster: files, names, flags
//! kubeconfig  files to one cluster and one user, as client-go chooses them
//! proxy       whether the environment's proxy is used for an address, as in Go
//! client      one request, its retries and limits; kube does TLS and credentials, exec plugins too
//! ```
//!
//! Nothing is read and nobody is asked before [`Client::connect`]. The environment arrives in [`Access`]; exec plugins
//! inherit that of the process, as with kubectl.

mod access;
mod client;
mod error;
mod kubeconfig;
mod proxy;

pub use access::{Access, InCluster, Namespace, Overrides};
pub use client::{Answer, Client, Question};
pub use error::{Answered, Asked, Error};
pub use kubeconfig::namespace;
pub use proxy::Proxies;
