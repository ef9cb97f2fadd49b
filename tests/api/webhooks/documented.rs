//! The receiver in the documentation.

use std::process::{Child, Command, Stdio};

use database::models::webhook_secret::WebhookSecret;
use reqwest::{Client, StatusCode};
use scans::webhooks::sign;

use crate::support::database::eventually;
use crate::support::port;

const PAGE: &str = include_str!("../../../docs/integrations.md");

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Posts a message that is signed by this secret, and returns the status of the answer.
async fn post(client: &Client, url: &str, secret: &WebhookSecret, at: i64) -> Option<StatusCode> {
    let body = r#"{"type": "job.ended", "data": {"job_id": "scan_1"}}"#;
    let sent = client
        .post(url)
        .header("webhook-id", "one")
        .header("webhook-timestamp", at.to_string())
        .header(
            "webhook-signature",
            sign(&[WebhookSecret::generate(), secret.clone()], "one", at, body),
        )
        .body(body)
        .send();
    sent.await.ok().map(|answer| answer.status())
}

#[tokio::test]
async fn the_documented_receiver_checks_signatures() {
    let (_, program) = PAGE.split_once("```python\n").unwrap();
    let (program, _) = program.split_once("```").unwrap();
    assert!(program.lines().filter(|line| !line.is_empty()).count() <= 20);
    let secret = WebhookSecret::generate();
    let port = port::free().port();
    let child = Command::new("python3")
        .args(["-c", program])
        .env("WEBHOOK_SECRET", crate::support::log::secret(&secret.expose()))
        .env("PORT", port.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _running = Running(child.unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build().unwrap();
    let (url, now) = (format!("http://127.0.0.1:{port}/"), chrono::Utc::now().timestamp());
    eventually("it answers", async || post(&client, &url, &secret, now).await.is_some()).await;
    assert_eq!(post(&client, &url, &secret, now).await, Some(StatusCode::NO_CONTENT));
    let stranger = WebhookSecret::generate();
    assert_ne!(secret.expose(), stranger.expose());
    assert_eq!(
        post(&client, &url, &stranger, now).await,
        Some(StatusCode::UNAUTHORIZED)
    );
    assert_eq!(
        post(&client, &url, &secret, now - 400).await,
        Some(StatusCode::UNAUTHORIZED)
    );
}
