//! Signatures of posts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use database::models::webhook_secret::WebhookSecret;
use ring::hmac;

/// Returns the signatures of a post by each of the secrets, separated by spaces: `v1,` and the Base64 of the HMAC-SHA256 of id,
/// time in seconds since 1970 and body, joined by dots.
#[must_use]
pub fn sign(secrets: &[WebhookSecret], id: &str, seconds: i64, body: &str) -> String {
    let signed = format!("{id}.{seconds}.{body}");
    let signature = |secret: &WebhookSecret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.key());
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    };
    let signatures: Vec<String> = secrets.iter().map(signature).collect();
    signatures.join(" ")
}
