//! What is wrong with TLS at a server.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::{AlertDescription, CertificateError, PeerIncompatible, PeerMisbehaved};

/// Why TLS with a server failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The server does not speak TLS, which says nothing of what it answers without.
    NotSpoken,
    /// The certificate has expired, at this time where the certificate says it.
    Expired(Option<DateTime<Utc>>),
    /// The certificate is not valid yet, before this time where the certificate says it.
    NotYetValid(Option<DateTime<Utc>>),
    /// The certificate is for other names.
    WrongName,
    /// The certificate was issued by its own holder.
    SelfSigned,
    /// The server does not send the certificate of the issuer.
    MissingIntermediate,
    /// The chain ends in an authority that is not trusted.
    UntrustedIssuer,
    /// The certificate was revoked.
    Revoked,
    /// An RSA key has too few or too many bits.
    KeySize(usize),
    /// A certificate is signed by an algorithm that is not accepted any more.
    OldSignature,
    /// A signature is wrong.
    WrongSignature,
    /// Something else is wrong with the certificate.
    BadCertificate,
    /// The server speaks versions before TLS 1.2 only.
    OldProtocol,
    /// The server accepts none of the ciphers and parameters that were offered (alert 40 of RFC 8446, 6.2), often because
    /// it knows only old ones.
    NoCommonCipher,
    /// The server does not know the name.
    UnknownName,
    /// The server wants a certificate of the visitor.
    WantsCertificate,
    /// The server refused the handshake for another reason.
    Refused,
    /// The server ended the connection during the handshake.
    Ended,
    /// The handshake failed in another way.
    Failed,
}

impl TlsFault {
    /// Returns the word that is stored.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NotSpoken => "not_spoken",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::WrongName => "wrong_name",
            Self::SelfSigned => "self_signed",
            Self::MissingIntermediate => "missing_intermediate",
            Self::UntrustedIssuer => "untrusted_issuer",
            Self::Revoked => "revoked",
            Self::KeySize(_) => "key_size",
            Self::OldSignature => "old_signature",
            Self::WrongSignature => "wrong_signature",
            Self::BadCertificate => "bad_certificate",
            Self::OldProtocol => "old_protocol",
            Self::NoCommonCipher => "no_common_cipher",
            Self::UnknownName => "unknown_name",
            Self::WantsCertificate => "wants_certificate",
            Self::Refused => "refused",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// Returns what an error of TLS says.
    pub(crate) fn of(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => Self::of_certificate(certificate),
            rustls::Error::InvalidMessage(_) => Self::NotSpoken,
            rustls::Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Self::OldProtocol,
            rustls::Error::PeerIncompatible(_)
            | rustls::Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => Self::NoCommonCipher,
            rustls::Error::AlertReceived(alert) => match alert {
                AlertDescription::ProtocolVersion => Self::OldProtocol,
                AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => Self::NoCommonCipher,
                AlertDescription::UnrecognisedName => Self::UnknownName,
                AlertDescription::CertificateRequired => Self::WantsCertificate,
                _ => Self::Refused,
            },
            _ => Self::Failed,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(time(not_after.as_secs())),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid(time(not_before.as_secs())),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongName,
            CertificateError::UnknownIssuer => Self::UntrustedIssuer,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::BadSignature => Self::WrongSignature,
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::OldSignature,
            _ => Self::BadCertificate,
        }
    }
}

fn time(seconds: u64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSpoken => "the server does not speak TLS",
            Self::Expired(Some(at)) => return write!(f, "its certificate expired on {}", at.format("%Y-%m-%d")),
            Self::Expired(None) => "its certificate has expired",
            Self::NotYetValid(Some(at)) => {
                return write!(f, "its certificate is not valid before {}", at.format("%Y-%m-%d"));
            }
            Self::NotYetValid(None) => "its certificate is not valid yet",
            Self::WrongName => "its certificate is for another name",
            Self::SelfSigned => "its certificate is self-signed",
            Self::MissingIntermediate => {
                "its certificate leads to no trusted authority: the server does not send the intermediate certificate"
            }
            Self::UntrustedIssuer => "its certificate comes from an authority that is not trusted",
            Self::Revoked => "its certificate was revoked",
            Self::KeySize(bits) => {
                return write!(
                    f,
                    "its certificate has an RSA key of {bits} bits; expected 2048 to 8192"
                );
            }
            Self::OldSignature => "its certificate is signed by an outdated algorithm",
            Self::WrongSignature => "the signature of its certificate is wrong",
            Self::BadCertificate => "its certificate is invalid",
            Self::OldProtocol => "the server speaks only versions older than TLS 1.2",
            Self::NoCommonCipher => "the server accepts none of the ciphers and parameters that were offered",
            Self::UnknownName => "the server does not know this name",
            Self::WantsCertificate => "the server requires a certificate from its visitors",
            Self::Refused => "the server refused the handshake",
            Self::Ended => "the server ended the connection during the handshake",
            Self::Failed => "the handshake failed",
        })
    }
}
