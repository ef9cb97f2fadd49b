//! Certificates, right and wrong.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{ServerConfig, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};

/// An authority with its certificate.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    /// The PEM file.
    pub file: PathBuf,
}

fn authority_named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

impl Authority {
    /// The one that the fetcher trusts.
    pub fn trusted() -> &'static Self {
        static TRUSTED: LazyLock<Authority> = LazyLock::new(|| Authority::new("Trusted Root"));
        &TRUSTED
    }

    pub fn new(name: &str) -> Self {
        let params = authority_named(name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        Self {
            certificate,
            file: file.into_temp_path().keep().unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority that this one has certified.
    pub fn intermediate(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_named("Intermediate");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            certificate,
            file: PathBuf::new(),
            issuer: Issuer::new(params, key),
        }
    }

    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }

    /// A server for `name`, whose chain ends in `above`.
    pub fn server_with(
        &self,
        name: &str,
        above: &[CertificateDer<'static>],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server(
            [&[certificate.der().clone()], above].concat(),
            &key,
            rustls::ALL_VERSIONS,
        )
    }

    /// A server for `name`.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_with(name, &[], |_| {})
    }

    /// A server whose RSA key has this many bits. It signs nothing: its certificate is to be refused before.
    pub fn server_with_rsa_key(&self, bits: usize) -> Arc<ServerConfig> {
        let params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
        let certificate = params.signed_by(&RsaKey::new(bits), &self.issuer).unwrap();
        let key = CertifiedKey::new(vec![certificate.der().clone()], Arc::new(NoKey));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Always(Arc::new(key))));
        Arc::new(config)
    }
}

/// A server whose certificate nobody but itself has signed.
pub fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    server(vec![certificate.der().clone()], &key, rustls::ALL_VERSIONS)
}

/// A server for `shop.test` of these versions only.
pub fn of_versions(versions: &[&'static SupportedProtocolVersion]) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &Authority::trusted().issuer).unwrap();
    server(vec![certificate.der().clone()], &key, versions)
}

/// The same server with protocols to agree on.
pub fn speaking(server: &Arc<ServerConfig>, protocols: &[&str]) -> Arc<ServerConfig> {
    let mut server = ServerConfig::clone(server);
    server.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(server)
}

fn server(
    chain: Vec<CertificateDer<'static>>,
    key: &KeyPair,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// The public half of an RSA key that nobody has the other half of (RFC 8017, A.1.1).
struct RsaKey(Vec<u8>);

impl RsaKey {
    fn new(bits: usize) -> Self {
        let modulus = vec![0xff; bits / 8];
        let modulus = [&[0][..], &modulus].concat();
        let parts = [
            &[0x02][..],
            &length(modulus.len()),
            &modulus,
            &[0x02, 0x03, 0x01, 0x00, 0x01],
        ];
        let parts = parts.concat();
        Self([&[0x30][..], &length(parts.len()), &parts].concat())
    }
}

/// The length of a value from 128 bytes on, in as few bytes as possible (X.690, 10.1).
fn length(bytes: usize) -> Vec<u8> {
    match u8::try_from(bytes) {
        Ok(short) => vec![0x81, short],
        Err(_) => [&[0x82][..], &u16::try_from(bytes).unwrap().to_be_bytes()].concat(),
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Signs with zeros.
#[derive(Debug)]
struct NoKey;

impl SigningKey for NoKey {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Self))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for NoKey {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0; 128])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}
