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

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair, SanType};

    use super::*;

    const ISSUER: &str = "https://issuer.example.com";

    /// A certificate with these names and extensions under Fulcio's arc.
    fn certificate(names: Vec<SanType>, extensions: &[(u64, Vec<u8>)]) -> Result<Certificate, Rejection> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.custom_extensions = extensions
            .iter()
            .map(|(last, content)| {
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, *last], content.clone())
            })
            .collect();
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::parse(made.der())
    }

    /// A DER `UTF8String`.
    fn der(text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).unwrap();
        [&[0x0c, length], text.as_bytes()].concat()
    }

    #[test]
    fn every_kind_of_name_is_read() {
        let other = SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 57264, 1, 7], "user@domain".into()));
        let foreign = SanType::OtherName((vec![1, 2, 3], "stranger".into()));
        let names = vec![
            SanType::Rfc822Name("a@example.com".try_into().unwrap()),
            SanType::URI("https://example.com/b".try_into().unwrap()),
            foreign,
            other,
        ];
        let read = certificate(names, &[(8, der(ISSUER)), (12, der("https://example.com/shop"))]).unwrap();
        assert_eq!(read.names, ["a@example.com", "https://example.com/b", "user@domain"]);
        assert_eq!(read.issuer.as_deref(), Some(ISSUER));
        assert_eq!(read.claims["sourceRepositoryURI"], "https://example.com/shop");
        assert_eq!(
            read.describe(),
            format!("`a@example.com`, `https://example.com/b`, `user@domain`, as `{ISSUER}` says")
        );
    }

    #[test]
    fn the_older_form_of_the_issuer_counts_where_it_does_not_disagree() {
        let issuer = |extensions: &[(u64, Vec<u8>)]| certificate(Vec::new(), extensions).map(|read| read.issuer);
        assert_eq!(issuer(&[(1, ISSUER.into())]), Ok(Some(ISSUER.to_owned())));
        assert_eq!(
            issuer(&[(1, ISSUER.into()), (8, der(ISSUER))]),
            Ok(Some(ISSUER.to_owned()))
        );
        let two = issuer(&[(1, "https://a.example.com".into()), (8, der(ISSUER))]).unwrap_err();
        assert_eq!(
            two.to_string(),
            format!("its certificate does not hold: it names two issuers, `{ISSUER}` and `https://a.example.com`")
        );
        let bare = issuer(&[(8, ISSUER.into())]).unwrap_err();
        assert_eq!(bare.to_string(), "its certificate does not hold: a claim is malformed");
        assert_eq!(issuer(&[]), Ok(None));
        assert!(Certificate::parse(b"hi").is_err());
    }
}
