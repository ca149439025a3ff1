//! What a signing certificate says about its owner.
//!
//! That the certificate holds is proven elsewhere, see [`super::sigstore`]; here it is only read.

use std::collections::BTreeMap;

use x509_cert::der::asn1::{ObjectIdentifier, Utf8StringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::Rejection;

/// The names, the issuer and the claims of a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Certificate {
    /// Addresses, URIs and other names of the subject, in order.
    pub(super) names: Vec<String>,
    /// The OIDC issuer, as Fulcio noted it.
    pub(super) issuer: Option<String>,
    /// What else Fulcio noted, by the names that are used for them in JSON.
    pub(super) claims: BTreeMap<&'static str, String>,
}

/// An "other name" of Fulcio: the user name of an issuer that is no mail service.
const OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const ISSUER_V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.1");
const ISSUER_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.8");

/// Claims of Fulcio (`fulcio/docs/oid-info.md`); those up to `.6` are bare text, the others a DER `UTF8String`.
const CLAIMS: [(&str, &str, bool); 21] = [
    ("1.3.6.1.4.1.57264.1.2", "githubWorkflowTrigger", false),
    ("1.3.6.1.4.1.57264.1.3", "githubWorkflowSha", false),
    ("1.3.6.1.4.1.57264.1.4", "githubWorkflowName", false),
    ("1.3.6.1.4.1.57264.1.5", "githubWorkflowRepository", false),
    ("1.3.6.1.4.1.57264.1.6", "githubWorkflowRef", false),
    ("1.3.6.1.4.1.57264.1.9", "buildSignerURI", true),
    ("1.3.6.1.4.1.57264.1.10", "buildSignerDigest", true),
    ("1.3.6.1.4.1.57264.1.11", "runnerEnvironment", true),
    ("1.3.6.1.4.1.57264.1.12", "sourceRepositoryURI", true),
    ("1.3.6.1.4.1.57264.1.13", "sourceRepositoryDigest", true),
    ("1.3.6.1.4.1.57264.1.14", "sourceRepositoryRef", true),
    ("1.3.6.1.4.1.57264.1.15", "sourceRepositoryIdentifier", true),
    ("1.3.6.1.4.1.57264.1.16", "sourceRepositoryOwnerURI", true),
    ("1.3.6.1.4.1.57264.1.17", "sourceRepositoryOwnerIdentifier", true),
    ("1.3.6.1.4.1.57264.1.18", "buildConfigURI", true),
    ("1.3.6.1.4.1.57264.1.19", "buildConfigDigest", true),
    ("1.3.6.1.4.1.57264.1.20", "buildTrigger", true),
    ("1.3.6.1.4.1.57264.1.21", "runInvocationURI", true),
    ("1.3.6.1.4.1.57264.1.22", "sourceRepositoryVisibilityAtSigning", true),
    ("1.3.6.1.4.1.57264.1.23", "deploymentEnvironment", true),
    ("1.3.6.1.4.1.57264.1.24", "tokenSubject", true),
];

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// It is malformed, or names two issuers that differ.
    pub(super) fn parse(der: &[u8]) -> Result<Self, Rejection> {
        let malformed = |what: &str| Rejection::Certificate {
            why: format!("{what} is malformed"),
        };
        let certificate = x509_cert::Certificate::from_der(der).map_err(|_| malformed("it"))?;
        let names = certificate
            .tbs_certificate()
            .get_extension::<SubjectAltName>()
            .map_err(|_| malformed("its subject"))?;
        let names = names.iter().flat_map(|(_, names)| &names.0).filter_map(name).collect();
        let extensions = certificate.tbs_certificate().extensions();
        let find = |oid: ObjectIdentifier| extensions.and_then(|all| all.iter().find(|one| one.extn_id == oid));
        let read = |oid: ObjectIdentifier, der: bool| match find(oid) {
            None => Ok(None),
            Some(extension) => text(extension, der).map(Some).ok_or_else(|| malformed("a claim")),
        };
        let issuer = match (read(ISSUER_V2, true)?, read(ISSUER_V1, false)?) {
            (Some(new), Some(old)) if new != old => {
                return Err(Rejection::Certificate {
                    why: format!("it names two issuers, `{new}` and `{old}`"),
                });
            }
            (new, old) => new.or(old),
        };
        let mut claims = BTreeMap::new();
        for (oid, name, der) in CLAIMS {
            if let Some(value) = read(ObjectIdentifier::new(oid).map_err(|_| malformed("a claim"))?, der)? {
                claims.insert(name, value);
            }
        }
        Ok(Self { names, issuer, claims })
    }

    /// The owner as messages name them.
    pub(super) fn describe(&self) -> String {
        let names = match self.names.as_slice() {
            [] => "nobody".to_owned(),
            [name] => format!("`{name}`"),
            names => format!("`{}`", names.join("`, `")),
        };
        match &self.issuer {
            Some(issuer) => format!("{names}, as `{issuer}` says"),
            None => format!("{names}, and no issuer is named"),
        }
    }
}

/// The text of a name that can be an identity.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Rfc822Name(text) | GeneralName::DnsName(text) | GeneralName::UniformResourceIdentifier(text) => {
            Some(text.as_str().to_owned())
        }
        GeneralName::OtherName(other) if other.type_id == OTHER_NAME => {
            let value = other.value.to_der().ok()?;
            let text = Utf8StringRef::from_der(&value).ok()?;
            Some(text.as_str().to_owned())
        }
        _ => None,
    }
}

fn text(extension: &Extension, der: bool) -> Option<String> {
    let bytes = extension.extn_value.as_bytes();
    if der {
        let text = Utf8StringRef::from_der(bytes).ok()?;
        return Some(text.as_str().to_owned());
    }
    String::from_utf8(bytes.to_vec()).ok()
}
