//! Signatures, checked by another implementation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{HASTY, Posting, happen, path_of, webhook};
use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::receiver::{Post, Receiver};

/// Returns which of the secrets signed a post, in the order of its signatures.
pub fn signed_by(post: &Post, secrets: &[&str]) -> Vec<usize> {
    let signatures = post.headers["webhook-signature"].split(' ');
    let seconds: i64 = post.headers["webhook-timestamp"].parse().unwrap();
    assert!((chrono::Utc::now().timestamp() - seconds).abs() < 60);
    let signed = format!("{}.{seconds}.{}", post.id(), post.text);
    let by = |signature: &str| {
        let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        secrets.iter().position(|secret| {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(signed.as_bytes());
            mac.verify_slice(&signature).is_ok()
        })
    };
    signatures
        .map(|signature| by(signature).expect("the secret is known"))
        .collect()
}

async fn post_after(app: &TestApp, holder: &Holder<'_>, receiver: &Receiver) -> Post {
    let before = receiver.posts().len();
    happen(app, holder, &["job.ended"]).await;
    eventually("the event is posted", async || receiver.posts().len() > before).await;
    receiver.posts().pop().unwrap()
}

pub fn secret_of(webhook: &Value) -> &str {
    crate::support::log::secret(webhook["secret"].as_str().unwrap())
}

#[tokio::test]
async fn each_post_is_signed_also_while_one_secret_replaces_another() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let created = webhook(&acme, "/", &["job.ended"]).await;
    let first = secret_of(&created);
    let post = post_after(&app, &acme, &receiver).await;
    assert_eq!(signed_by(&post, &[first]), [0]);
    assert_eq!(post.headers["content-type"], "application/json");

    let rotate = format!("{}/rotate", path_of(&created));
    let answer = acme.post(&rotate, json!({ "overlap_seconds": 3600 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let second = secret_of(&answer.body);
    let post = post_after(&app, &acme, &receiver).await;
    assert_eq!(signed_by(&post, &[first, second]), [1, 0], "the new one comes first");

    let answer = acme.post(&rotate, json!({ "overlap_seconds": 0 })).await;
    let third = secret_of(&answer.body);
    let post = post_after(&app, &acme, &receiver).await;
    assert_eq!(signed_by(&post, &[first, second, third]), [2]);
    for path in [
        "/api/v1/webhooks".to_owned(),
        path_of(&created),
        "/api/v1/audit".to_owned(),
    ] {
        let answer = acme.get(&path).await;
        let told = [first, second, third]
            .into_iter()
            .find(|secret| answer.text.contains(secret));
        assert_eq!(told, None, "{path}");
    }
}
