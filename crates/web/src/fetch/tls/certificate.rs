//! Reads what a certificate says (RFC 5280).

use chrono::{DateTime, Utc};
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The longest name that is kept, in characters.
const MAX_NAME: usize = 200;
/// Maximum number of names of hosts that are kept.
const MAX_NAMES: usize = 100;

/// What a server's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Who issued it: organization and name.
    pub issuer: Option<String>,
    /// Until when it is valid.
    pub expires: Option<DateTime<Utc>>,
    /// The names of the hosts it is for, such as `acme.de` and `*.acme.de`.
    pub names: Vec<String>,
}

impl Certificate {
    /// Reads a certificate in DER; `None` if it is none.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
        let expires = certificate.validity.not_after.to_unix_duration().as_secs();
        Some(Self {
            names: host_names(&certificate),
            issuer: named(&certificate.issuer),
            expires: i64::try_from(expires)
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        })
    }
}

/// Returns the DNS names that a certificate is for (RFC 5280, 4.2.1.6).
fn host_names(certificate: &TbsCertificate) -> Vec<String> {
    let Ok(Some((_, SubjectAltName(names)))) = certificate.get::<SubjectAltName>() else {
        return Vec::new();
    };
    let names = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str()),
        _ => None,
    });
    let is_plain = |name: &&str| name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic());
    names
        .filter(is_plain)
        .take(MAX_NAMES)
        .map(str::to_ascii_lowercase)
        .collect()
}

/// Names and key of a certificate, as far as they explain a failure.
pub(super) struct Parts {
    pub(super) subject: Name,
    pub(super) issuer: Name,
    /// The size of its RSA key in bits.
    pub(super) rsa_bits: Option<usize>,
}

impl Parts {
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?.tbs_certificate;
        let key = certificate.subject_public_key_info;
        let is_rsa = key.algorithm.oid == RSA;
        Some(Self {
            subject: certificate.subject,
            issuer: certificate.issuer,
            rsa_bits: is_rsa
                .then(|| modulus_bits(key.subject_public_key.raw_bytes()))
                .flatten(),
        })
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Returns the size of an RSA key's modulus (RFC 8017, A.1.1).
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader.sequence(|reader| {
        let modulus = UintRef::decode(reader)?;
        UintRef::decode(reader)?;
        Ok(modulus)
    });
    let modulus = modulus.ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0))
}

/// Returns a name as people know it.
fn named(name: &Name) -> Option<String> {
    let attribute = |wanted| {
        let mut attributes = name.0.iter().flat_map(|part| part.0.iter());
        attributes.find(|attribute| attribute.oid == wanted).and_then(text)
    };
    let (organization, common) = (attribute(ORGANIZATION), attribute(COMMON_NAME));
    match (organization, common) {
        (Some(organization), Some(common)) if organization != common => Some(format!("{organization}, {common}")),
        (Some(name), _) | (None, Some(name)) => Some(name),
        (None, None) => None,
    }
}

fn text(attribute: &AttributeTypeAndValue) -> Option<String> {
    let bytes = attribute.value.value();
    let text = if attribute.value.tag() == Tag::BmpString {
        let units: Vec<u16> = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|unit| u16::from_be_bytes(*unit))
            .collect();
        String::from_utf16_lossy(&units)
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    };
    let text: String = text.chars().filter(|char| !char.is_control()).take(MAX_NAME).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
