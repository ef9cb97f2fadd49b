//! TLS to PostgreSQL with libpq's `sslmode`s.
//!
//! | `sslmode` | encrypted | certificate chain | host name |
//! |---|---|---|---|
//! | `disable` | no | | |
//! | `allow`, `prefer` (the default) | if the server can | not checked | not checked |
//! | `require` | yes | checked if a root file exists | not checked |
//! | `verify-ca` | yes | checked | not checked |
//! | `verify-full` | yes | checked | checked |
//!
//! The root file is the URL's `sslrootcert`, or `PGSSLROOTCERT`, or `~/.postgresql/root.crt`; `system` means the
//! operating system's certificates and implies `verify-full`. Unix sockets are never encrypted. If the server offers
//! SCRAM with channel binding, authentication is bound to its certificate.
//!
//! Unlike libpq, only the subject alternative names of a certificate are compared with the host name.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;

use crate::url::DatabaseUrl;

/// Why a URL's TLS settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// `sslmode` is not one of libpq's.
    #[error(
        "sslmode \"{0}\" in the database URL is unknown: \
         it must be disable, allow, prefer, require, verify-ca or verify-full"
    )]
    UnknownMode(String),
    /// `sslrootcert=system` with a mode that would not check the host name.
    #[error("weak sslmode \"{0}\" may not be used with sslrootcert=system (use \"verify-full\")")]
    WeakModeWithSystemRoots(String),
    /// A mode that verifies, without a root file.
    #[error(
        "root certificate file \"{}\" does not exist; either provide the file, use the system's trusted \
         roots with sslrootcert=system, or change sslmode to disable server certificate verification", .0.display()
    )]
    NoRootFile(PathBuf),
    /// The root file exists but contains no usable certificate.
    #[error("could not read root certificate file \"{}\": {reason}", .path.display())]
    UnreadableRootFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system's certificates could not be read.
    #[error("the system's trusted roots could not be read: {0}")]
    NoSystemRoots(String),
    /// Another part of the URL cannot be parsed.
    #[error("the database URL is unusable: {0}")]
    Url(String),
    /// The TLS library refused its configuration.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// The level of verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    fn parse(name: &str) -> Result<Self, TlsError> {
        match name {
            "disable" => Ok(Self::Disable),
            // `allow` would try without encryption first, but requires no more than `prefer`.
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            other => Err(TlsError::UnknownMode(other.to_owned())),
        }
    }

    /// Returns the driver's mode; the certificate is checked by [`Verifier`].
    pub(crate) fn of_driver(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }

    fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

/// The source of trusted certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    None,
    System,
    File(PathBuf),
}

/// Determines mode and roots as libpq does.
fn settle(url: &DatabaseUrl, env: impl Fn(&str) -> Option<String>) -> Result<(Mode, Roots), TlsError> {
    let asked = url.param("sslmode");
    let mode = asked.map_or(Ok(Mode::Prefer), Mode::parse)?;
    let named = url
        .param("sslrootcert")
        .map(str::to_owned)
        .or_else(|| env("PGSSLROOTCERT"))
        .filter(|s| !s.is_empty());
    if named.as_deref() == Some("system") {
        return match asked {
            None | Some("verify-full") => Ok((Mode::VerifyFull, Roots::System)),
            Some(weak) => Err(TlsError::WeakModeWithSystemRoots(weak.to_owned())),
        };
    }
    if matches!(mode, Mode::Disable | Mode::Prefer) {
        return Ok((mode, Roots::None));
    }
    let file = named.map_or_else(
        || PathBuf::from(env("HOME").unwrap_or_default()).join(".postgresql/root.crt"),
        PathBuf::from,
    );
    match (mode, file.exists()) {
        (Mode::Require, false) => Ok((mode, Roots::None)),
        (Mode::Require, true) => Ok((Mode::VerifyCa, Roots::File(file))),
        (_, false) => Err(TlsError::NoRootFile(file)),
        (_, true) => Ok((mode, Roots::File(file))),
    }
}

/// Determines a URL's mode and reads the certificates that it needs.
pub(crate) fn configure(url: &DatabaseUrl) -> Result<(Mode, ClientConfig), TlsError> {
    let (mode, roots) = settle(url, |name| std::env::var(name).ok())?;
    Ok((mode, client_config(mode, &roots)?))
}

fn client_config(mode: Mode, roots: &Roots) -> Result<ClientConfig, TlsError> {
    // Named explicitly: the process default depends on which other crates are linked.
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        roots: mode.verifies().then(|| read_roots(roots)).transpose()?,
        check_name: mode == Mode::VerifyFull,
        provider: Arc::clone(&provider),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn read_roots(roots: &Roots) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::None => {}
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            // An unreadable certificate only matters to servers that need it.
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                let reason = found
                    .errors
                    .first()
                    .map_or_else(|| "none found".to_owned(), ToString::to_string);
                return Err(TlsError::NoSystemRoots(reason));
            }
        }
        Roots::File(path) => {
            let unreadable = |reason: String| TlsError::UnreadableRootFile {
                path: path.clone(),
                reason,
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))? {
                let certificate = certificate.map_err(|e| unreadable(e.to_string()))?;
                store.add(certificate).map_err(|e| unreadable(e.to_string()))?;
            }
            if store.is_empty() {
                return Err(unreadable("it contains no certificate".to_owned()));
            }
        }
    }
    Ok(store)
}

/// Checks a server's certificate as far as the mode requires.
#[derive(Debug)]
struct Verifier {
    /// The trusted certificates; `None` accepts any certificate.
    roots: Option<RootCertStore>,
    check_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
            if self.check_name {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(url: &str, env: &[(&str, &str)]) -> Result<(Mode, Roots), String> {
        let env = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        settle(&url.parse().unwrap(), env).map_err(|error| error.to_string())
    }

    #[test]
    fn modes_mean_what_libpq_means() {
        let home = [("HOME", "/nonexistent")];
        assert_eq!(settled("postgres://h/d", &home), Ok((Mode::Prefer, Roots::None)));
        assert_eq!(
            settled("postgres://h/d?sslmode=allow", &home),
            Ok((Mode::Prefer, Roots::None))
        );
        assert_eq!(
            settled("postgres://h/d?sslmode=disable", &home),
            Ok((Mode::Disable, Roots::None))
        );
        assert_eq!(
            settled("postgres://h/d?sslmode=require", &home),
            Ok((Mode::Require, Roots::None))
        );
        let error = settled("postgres://h/d?sslmode=verify-ca", &home).unwrap_err();
        assert!(
            error.starts_with("root certificate file \"/nonexistent/.postgresql/root.crt\" does not exist"),
            "{error}"
        );
        assert!(
            settled("postgres://h/d?sslmode=yes", &home)
                .unwrap_err()
                .contains("verify-full")
        );
    }

    #[test]
    fn an_existing_root_file_turns_require_into_verify_ca() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let by_url = settled(&format!("postgres://h/d?sslmode=require&sslrootcert={file}"), &[]);
        assert_eq!(by_url, Ok((Mode::VerifyCa, Roots::File(file.into()))));
        let by_env = settled("postgres://h/d?sslmode=verify-full", &[("PGSSLROOTCERT", file)]);
        assert_eq!(by_env, Ok((Mode::VerifyFull, Roots::File(file.into()))));
    }

    #[test]
    fn system_roots_imply_and_demand_verify_full() {
        assert_eq!(
            settled("postgres://h/d?sslrootcert=system", &[]),
            Ok((Mode::VerifyFull, Roots::System))
        );
        let error = settled("postgres://h/d?sslrootcert=system&sslmode=require", &[]).unwrap_err();
        assert_eq!(
            error,
            "weak sslmode \"require\" may not be used with sslrootcert=system (use \"verify-full\")"
        );
    }

    #[test]
    fn a_root_file_without_certificates_is_named() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let url = format!("postgres://h/d?sslmode=verify-ca&sslrootcert={file}");
        let error = configure(&url.parse().unwrap()).err().unwrap().to_string();
        assert!(
            error.contains(file) && error.contains("contains no certificate"),
            "{error}"
        );
    }
}
