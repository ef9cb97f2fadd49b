//! Validation of the tokens (JWT) of signed-in users.
//!
//! The key determines the algorithm, and the token's header must agree with it. Claims are read only after the
//! signature was verified.

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

/// Maximum length of a token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// Tolerated difference between the clocks of issuer and program, in seconds.
const LEEWAY: u64 = 30;
/// The required audience.
const AUDIENCE: &str = "authenticated";
/// The required role. Supabase's others are for anonymous users (`anon`) and for servers (`service_role`).
const ROLE: &str = "authenticated";

/// The user that a valid token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id of the user.
    pub id: Uuid,
    /// The tenant in the issuer's signed metadata.
    pub tenant: Option<Uuid>,
}

/// Validates tokens.
#[derive(Debug)]
pub struct Tokens {
    secret: Option<DecodingKey>,
    issuer: Option<String>,
    jwks: Option<Jwks>,
}

/// Serde refuses a duplicate claim, and a time that is not an integer.
#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    #[expect(dead_code, reason = "checked by the library; here for its type")]
    exp: u64,
    #[serde(default)]
    #[expect(dead_code, reason = "as above")]
    nbf: Option<u64>,
    #[expect(dead_code, reason = "checked by the library; here to refuse a list of issuers")]
    iss: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    app_metadata: AppMetadata,
}

/// Metadata that only the issuer can write.
#[derive(Default, Deserialize)]
struct AppMetadata {
    #[serde(default)]
    tenant_id: Option<Uuid>,
}

impl Tokens {
    /// Creates a validator with these settings.
    ///
    /// # Errors
    ///
    /// Returns an error if the client for the public keys cannot be set up.
    pub fn new(config: &TokensConfig) -> Result<Self, rustls::Error> {
        // The library's own providers bring a second TLS stack, or known weaknesses. Installing twice is harmless.
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

    /// Returns the user that a valid token names.
    ///
    /// # Errors
    ///
    /// Returns the reason, for the log only; it contains no part of the token.
    pub async fn check(&self, token: &str) -> Result<Person, Refused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused("the token is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused("the header is not valid"))?;
        if header.crit.is_some() || header.extras.inner().contains_key("b64") {
            return Err(Refused("the header requires unsupported extensions"));
        }
        let (algorithm, key) = self.key(&header).await?;
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[self.issuer.as_deref().ok_or(Refused("no issuer is configured"))?]);
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map_err(|error| Refused(reason(&error)))?
            .claims;
        if claims.role.is_some_and(|role| role != ROLE) {
            return Err(Refused("the role is not `authenticated`"));
        }
        Ok(Person {
            id: claims.sub,
            tenant: claims.app_metadata.tenant_id,
        })
    }

    /// Returns the key that must have signed a token, and the algorithm of that key.
    async fn key(&self, header: &Header) -> Result<(Algorithm, DecodingKey), Refused> {
        if let (Some(jwks), Some(id)) = (&self.jwks, header.kid.as_deref()) {
            // HS256 keys are never published: such a token needs no request, whatever its key id.
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
            None => Err(Refused("the key is unknown")),
        }
    }
}

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(&'static str);

fn reason(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidSignature => "the signature is wrong",
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidAudience => "the audience is wrong",
        ErrorKind::InvalidIssuer => "the issuer is wrong",
        ErrorKind::InvalidAlgorithm => "the algorithm does not match the key",
        _ => "the token is malformed",
    }
}

/// The cryptography of `ring`, which TLS uses too. Tokens are verified, never signed.
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
