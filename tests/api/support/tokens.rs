//! Valid and forged tokens of a sign-in service.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use super::log;

/// The tests' secret for HS256.
pub const SECRET: &str = "only-for-tests-and-longer-than-thirty-two-bytes";

/// A signing key.
pub enum Signer {
    Hmac(Vec<u8>),
    Ec(Box<EcdsaKeyPair>),
    Rsa(&'static RsaKeyPair),
}

impl Signer {
    pub fn secret() -> Self {
        Self::Hmac(SECRET.as_bytes().to_vec())
    }

    /// A new key for ES256.
    pub fn ec() -> Self {
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(Box::new(
            EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap(),
        ))
    }

    /// The tests' only key for RS256.
    pub fn rsa() -> Self {
        static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
        let document = include_bytes!("../../fixtures/tokens/rsa-for-tests.p8");
        Self::Rsa(KEY.get_or_init(|| RsaKeyPair::from_pkcs8(document).unwrap()))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(secret) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message)
                .as_ref()
                .to_vec(),
            Self::Ec(key) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let mut signed = vec![0; key.public().modulus_len()];
                key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signed)
                    .unwrap();
                signed
            }
        }
    }

    /// The public key as an entry of the key set.
    pub fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Hmac(_) => panic!("a secret has no public key"),
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id,
                        "x": encode(&point[1..33]), "y": encode(&point[33..65]) })
            }
            Self::Rsa(key) => {
                let parts: signature::RsaPublicKeyComponents<Vec<u8>> = key.public().into();
                json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": id, "n": encode(&parts.n), "e": encode(&parts.e) })
            }
        }
    }

    /// The published public key, which an attacker might use as the secret.
    pub fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Hmac(_) => panic!("a secret has no public key"),
            Self::Ec(key) => key.public_key().as_ref().to_vec(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// Signs any header and claims.
    pub fn token(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let signed = self.sign(message.as_bytes());
        let token = format!("{message}.{}", encode(&signed));
        log::secret(&token).to_owned()
    }
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a person from the sign-in service at `issuer`.
pub fn claims(issuer: &str, person: Uuid) -> Value {
    let now = Utc::now().timestamp();
    json!({ "sub": person, "aud": "authenticated", "role": "authenticated", "iss": issuer, "iat": now, "exp": now + 3600 })
}

/// A valid HS256 token.
pub fn token(issuer: &str, person: Uuid) -> String {
    Signer::secret().token(r#"{"alg":"HS256","typ":"JWT"}"#, &claims(issuer, person).to_string())
}
