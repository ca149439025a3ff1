//! The sealed-secrets controller, reached through the service proxy of the cluster's API server.
//!
//! Three questions, as kubeseal v0.40 asks them: `v1/cert.pem`, `v1/verify`, `v1/rotate`. The controller answers two a second,
//! and three at once, to each client; [`crate::cluster`] waits as long as it asks.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::submission::Submission;
use crate::cluster::{self, Answer, Client, Question};
use crate::k8s::base64;

/// The controller of a cluster.
#[derive(Debug)]
pub struct Controller {
    client: Client,
    namespace: String,
    name: String,
    /// The service with its port as the proxy takes them: `http:NAME:PORT`.
    route: OnceCell<String>,
}

/// What the controller says about a SealedSecret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Every value opens.
    Opens,
    /// At least one does not.
    DoesNotOpen,
}

/// Why the controller's answer is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// The API server, or the way to it.
    #[error("the controller `{name}` in namespace `{namespace}` cannot be asked")]
    Cluster {
        /// The controller's service.
        name: String,
        /// Its namespace.
        namespace: String,
        /// What went wrong.
        #[source]
        source: cluster::Error,
    },
    /// An answer that is not one.
    #[error("the controller answered for {object} with {found}: expected {expected}")]
    Invalid {
        /// What was asked about.
        object: String,
        /// What came.
        found: String,
        /// What should have come.
        expected: &'static str,
    },
    /// The controller could not do it; it does not say why.
    #[error("the controller does not re-encrypt {object}: it cannot open it, or not read it")]
    Refused {
        /// What was asked about.
        object: String,
    },
    /// The template says a wider or another scope than the object (CVE-2026-22728).
    #[error("{object} has the scope {scope}, but its template says {template}: it is not re-encrypted")]
    Scopes {
        /// The SealedSecret.
        object: String,
        /// Its scope.
        scope: super::Scope,
        /// That of its template.
        template: super::Scope,
    },
    /// The controller cannot read the document.
    #[error("the controller cannot read {object}")]
    Unreadable {
        /// What was asked about.
        object: String,
    },
    /// The controller would turn it into one of another version, which is more than its values.
    #[error("{object} is of version 1, with its values in spec.data: it is not re-encrypted")]
    Version1 {
        /// The SealedSecret.
        object: String,
    },
}

impl Controller {
    /// A controller by the namespace and name of its service; nobody is asked yet.
    #[must_use]
    pub fn new(client: Client, namespace: String, name: String) -> Self {
        Self {
            client,
            namespace,
            name,
            route: OnceCell::new(),
        }
    }

    /// Fetches the certificate that seals; the bytes are not looked at.
    ///
    /// # Errors
    /// There is no such answer.
    pub async fn certificate(&self) -> Result<Vec<u8>, ControllerError> {
        let answer = self
            .ask(Method::GET, "v1/cert.pem", "application/x-pem-file, */*", Vec::new())
            .await?;
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(self.failed(answer)),
        }
    }

    /// Asks whether the cluster can open a SealedSecret.
    ///
    /// # Errors
    /// The controller does not say yes or no.
    pub async fn verify(&self, sealed: &Submission) -> Result<Verdict, ControllerError> {
        let answer = self.ask(Method::POST, "v1/verify", ANY, sealed.whole()).await?;
        match answer.status {
            200 => Ok(Verdict::Opens),
            409 if answer.message.is_none() => Ok(Verdict::DoesNotOpen),
            500 if answer.message.is_none() => Err(ControllerError::Unreadable {
                object: sealed.object.clone(),
            }),
            _ => Err(self.failed(answer)),
        }
    }

    /// Has the values of a SealedSecret sealed anew with the newest key: the new `encryptedData`, with the same keys.
    ///
    /// Nothing else of the controller's document is believed: it has lost labels, annotations and the template's data since
    /// version 0.36. It is not sent any of them either.
    ///
    /// # Errors
    /// The controller does not do it, or answers with other keys or with what is not sealed.
    pub async fn rotate(&self, sealed: &Submission) -> Result<BTreeMap<String, String>, ControllerError> {
        let object = || sealed.object.clone();
        if let Some(template) = sealed.template_scope {
            return Err(ControllerError::Scopes {
                object: object(),
                scope: sealed.scope,
                template,
            });
        }
        if sealed.is_version_1 {
            return Err(ControllerError::Version1 { object: object() });
        }
        if sealed.values.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answer = self.ask(Method::POST, "v1/rotate", ANY, sealed.core()).await?;
        match answer.status {
            200 => {}
            500 if answer.message.is_none() => return Err(ControllerError::Refused { object: object() }),
            _ => return Err(self.failed(answer)),
        }
        let invalid = |found: &str, expected| ControllerError::Invalid {
            object: object(),
            found: found.to_owned(),
            expected,
        };
        let json: Value =
            serde_json::from_slice(&answer.body).map_err(|_| invalid("something else", "a SealedSecret in JSON"))?;
        let new = json.pointer("/spec/encryptedData").and_then(Value::as_object);
        let new = new.ok_or_else(|| invalid("no values", "spec.encryptedData"))?;
        if !new.keys().all(|key| sealed.values.contains_key(key)) || new.len() != sealed.values.len() {
            return Err(invalid("other keys", "those that were sent"));
        }
        let mut values = BTreeMap::new();
        for (key, value) in new {
            let text = value.as_str().filter(|text| !text.contains(char::is_whitespace));
            let blob = text.and_then(base64::decode);
            let (Some(text), Some(blob)) = (text, blob) else {
                return Err(invalid("a value that is not base64", "sealed values"));
            };
            let before = sealed.values.get(key).map(String::as_str);
            if super::split(&blob).is_none() || before == Some(text) {
                return Err(invalid("a value that is not sealed anew", "sealed values"));
            }
            values.insert(key.clone(), text.to_owned());
        }
        Ok(values)
    }

    /// Asks the controller, over the route that answers.
    async fn ask(
        &self,
        method: Method,
        endpoint: &str,
        accept: &'static str,
        body: Vec<u8>,
    ) -> Result<Answer, ControllerError> {
        let routes = match self.route.get() {
            Some(route) => vec![route.clone()],
            None => self.routes().await?,
        };
        let mut last = None;
        for route in routes {
            let path = format!("{}/{route}/proxy/{endpoint}", self.services());
            let question = Question {
                method: method.clone(),
                path,
                accept,
                body: body.clone(),
            };
            let answer = self.client.ask(&question).await.map_err(|error| self.unasked(error))?;
            // The API server's own words: the service behind it was not reached.
            let missed = matches!(answer.status, 403 | 404 | 503) && answer.message.is_some();
            if !missed {
                // Another one may have been faster; it found the same.
                let _ = self.route.set(route);
                return Ok(answer);
            }
            last = Some(answer);
        }
        match last {
            Some(answer) => Err(self.failed(answer)),
            None => Err(self.unasked(cluster::Error::NoCluster {
                reason: "no route is known".to_owned(),
            })),
        }
    }

    /// The ways to the controller: with the name of its first port, or, where nobody may look at the service, with those
    /// that the Helm chart lets everybody use.
    async fn routes(&self) -> Result<Vec<String>, ControllerError> {
        let question = Question {
            method: Method::GET,
            path: format!("{}/{}", self.services(), self.name),
            accept: "application/json",
            body: Vec::new(),
        };
        let answer = self.client.ask(&question).await.map_err(|error| self.unasked(error))?;
        let route = |port: &str| format!("http:{}:{port}", self.name);
        match answer.status {
            200 => {
                let port = serde_json::from_slice::<Value>(&answer.body)
                    .ok()
                    .filter(|json| json.pointer("/spec").is_some())
                    .map(|json| {
                        let name = json.pointer("/spec/ports/0/name").and_then(Value::as_str);
                        name.unwrap_or_default().to_owned()
                    })
                    // It becomes a part of a path.
                    .filter(|port| port.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
                let port = port.ok_or_else(|| ControllerError::Invalid {
                    object: format!("the service {}/{}", self.namespace, self.name),
                    found: "something else".to_owned(),
                    expected: "a Service in JSON",
                })?;
                Ok(vec![route(&port)])
            }
            403 => Ok(vec![route(""), route("http")]),
            _ => Err(self.failed(answer)),
        }
    }

    fn services(&self) -> String {
        format!("/api/v1/namespaces/{}/services", self.namespace)
    }

    fn failed(&self, answer: Answer) -> ControllerError {
        self.unasked(answer.into_error())
    }

    fn unasked(&self, source: cluster::Error) -> ControllerError {
        ControllerError::Cluster {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            source,
        }
    }
}

/// What kubeseal accepts from `verify` and `rotate`.
const ANY: &str = "application/json, */*";
