//! Tokens of people who signed in (JWT): what makes one valid.
//!
//! The key decides by which algorithm a token must be signed; its header must agree, and has no other say. What a token
//! says is read after its signature was found right.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Header, Validation};
use ring::{hmac, signature as ring_signature};
use secrecy::ExposeSecret;
use serde::Deserialize;
use signature::Verifier;
use uuid::Uuid;

use super::jwks::{Jwks, PublicKey};
use crate::config::TokensConfig;

/// The longest token that is looked at, in bytes.
pub const LONGEST_TOKEN: usize = 8 * 1024;
/// How far the clocks of issuer and program may be apart, in seconds.
const LEEWAY: u64 = 30;
/// For whom a token has to be.
const AUDIENCE: &str = "authenticated";
/// The role of everybody who signed in. Supabase's others are for strangers (`anon`) and for servers (`service_role`).
const ROLE: &str = "authenticated";

/// What a valid token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who signed in.
    pub id: Uuid,
    /// The tenant that the issuer vouches for.
    pub tenant: Option<Uuid>,
}

/// Tells valid tokens from others.
#[derive(Debug)]
pub struct Tokens {
    secret: Option<DecodingKey>,
    issuer: Option<String>,
    jwks: Option<Jwks>,
}

/// Serde refuses a claim that is there twice, and a time that is no whole number.
#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    #[expect(dead_code, reason = "checked by the library; here for its type")]
    exp: u64,
    #[serde(default)]
    #[expect(dead_code, reason = "as above")]
    nbf: Option<u64>,
    #[expect(dead_code, reason = "one issuer, not a list of some")]
    iss: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    app_metadata: AppMetadata,
}

/// What the issuer, and not the person, can write.
#[derive(Default, Deserialize)]
struct AppMetadata {
    #[serde(default)]
    tenant_id: Option<Uuid>,
}

impl Tokens {
    /// Prepares to check tokens by these settings.
    ///
    /// # Errors
    ///
    /// When the client for the public keys cannot be set up.
    pub fn new(config: &TokensConfig) -> Result<Self, rustls::Error> {
        // The library's own choices are a second TLS stack, or one with known weaknesses. Set twice, it is the same.
        let _ = PROVIDER.install_default();
        Ok(Self {
            secret: config
                .secret
                .as_ref()
                .map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes())),
            issuer: config.issuer.clone(),
            jwks: config.jwks.clone().map(Jwks::new).transpose()?,
        })
    }

    /// Returns who signed in, if the token is valid. Why it is not is for the log alone.
    ///
    /// # Errors
    ///
    /// The reason, which holds nothing of the token.
    pub async fn check(&self, token: &str) -> Result<Person, Refused> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refused("it is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused("its header cannot be read"))?;
        if header.crit.is_some() || header.extras.inner().contains_key("b64") {
            return Err(Refused("its header wants what is not understood here"));
        }
        let (algorithm, key) = self.key(&header).await?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[self.issuer.as_deref().ok_or(Refused("no issuer is set"))?]);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map_err(|error| Refused(reason(&error)))?
            .claims;
        if claims.role.is_some_and(|role| role != ROLE) {
            return Err(Refused("its role is not that of people"));
        }
        Ok(Person {
            id: claims.sub,
            tenant: claims.app_metadata.tenant_id,
        })
    }

    /// Returns the key that a token has to be signed with, and the algorithm that goes with the key.
    async fn key(&self, header: &Header) -> Result<(Algorithm, DecodingKey), Refused> {
        if let (Some(jwks), Some(id)) = (&self.jwks, header.kid.as_deref()) {
            // Nobody publishes the key of an HS256: whatever id such a token has, there is no need to ask.
            let found = match &self.secret {
                Some(_) if header.alg == Algorithm::HS256 => jwks.find_known(id),
                _ => jwks.find(id).await,
            };
            if let Some(PublicKey { algorithm, key }) = found {
                return Ok((algorithm, key));
            }
        }
        match &self.secret {
            Some(secret) => Ok((Algorithm::HS256, secret.clone())),
            None => Err(Refused("its key is not known")),
        }
    }
}

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(&'static str);

fn reason(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidAudience => "it is for somebody else",
        ErrorKind::InvalidIssuer => "it is by somebody else",
        ErrorKind::InvalidAlgorithm => "its key is for another algorithm",
        _ => "it cannot be read",
    }
}

/// The cryptography of `ring`, which TLS uses too. Nothing is ever signed.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if key.family() != algorithm.family() || ![Algorithm::HS256, Algorithm::ES256, Algorithm::RS256].contains(algorithm)
    {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(RingVerifier {
        algorithm: *algorithm,
        key: key.kind().clone(),
    }))
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKeyKind,
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let verified = match (self.algorithm, &self.key) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(&ring_signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n, e }.verify(
                    &ring_signature::RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            _ => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| signature::Error::new())
    }
}
