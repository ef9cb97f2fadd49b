//! Says why a certificate is refused.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

use super::certificate::{Certificate, Parts};
use super::fault::TlsFault;

/// The sizes of RSA keys that are accepted, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A verifier that accepts what rustls's own accepts, and says more about what it refuses.
#[derive(Debug)]
pub(crate) struct Judge(pub(crate) Arc<WebPkiServerVerifier>);

/// Why a certificate is refused, on its way through the TLS library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) fault: TlsFault,
    pub(crate) certificate: Option<Certificate>,
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for Judgement {}

impl Judgement {
    /// Returns the judgement that an error of TLS carries.
    pub(crate) fn of(error: &rustls::Error) -> Option<&Self> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(carried))) => carried.downcast_ref(),
            _ => None,
        }
    }

    fn new(end: &CertificateDer<'_>, chain: &[CertificateDer<'_>], error: &rustls::Error) -> Self {
        let fault = match TlsFault::of(error) {
            TlsFault::UntrustedIssuer => unknown_issuer(end, chain),
            // A self-signed certificate may also be an authority's, which webpki refuses before it looks for the issuer.
            TlsFault::BadCertificate if Parts::read(end).is_some_and(|end| end.is_self_issued()) => {
                TlsFault::SelfSigned
            }
            TlsFault::WrongSignature => odd_key(std::iter::once(end).chain(chain)).unwrap_or(TlsFault::WrongSignature),
            fault => fault,
        };
        Self {
            fault,
            certificate: Certificate::read(end),
        }
    }
}

/// Returns why nobody who is trusted has issued a certificate.
fn unknown_issuer(end: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> TlsFault {
    let Some(mut at) = Parts::read(end) else {
        return TlsFault::BadCertificate;
    };
    if at.is_self_issued() {
        return TlsFault::SelfSigned;
    }
    let mut rest: Vec<Parts> = chain.iter().filter_map(|der| Parts::read(der)).collect();
    while let Some(index) = rest.iter().position(|other| other.subject == at.issuer) {
        at = rest.swap_remove(index);
        if at.is_self_issued() {
            return TlsFault::UntrustedIssuer;
        }
    }
    TlsFault::MissingIntermediate
}

/// Returns the first key of a size that is not accepted, whose signatures count as wrong.
fn odd_key<'a>(mut chain: impl Iterator<Item = &'a CertificateDer<'a>>) -> Option<TlsFault> {
    chain.find_map(|der| {
        let bits = Parts::read(der)?.rsa_bits?;
        (!RSA_BITS.contains(&bits)).then_some(TlsFault::KeySize(bits))
    })
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.0.verify_server_cert(end, chain, name, ocsp, now);
        let judgement = match verified {
            Err(error) => Judgement::new(end, chain, &error),
            // The handshake would fail by it, and for want of a right signature.
            Ok(verified) => match odd_key(std::iter::once(end)) {
                None => return Ok(verified),
                Some(fault) => Judgement {
                    fault,
                    certificate: Certificate::read(end),
                },
            },
        };
        Err(CertificateError::Other(OtherError(Arc::new(judgement))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
