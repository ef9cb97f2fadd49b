//! Webhooks on the command line.

use serde_json::Value;

use super::{program, said};
use crate::support::log;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_created_tested_listed_and_deleted() {
    let (_scene, program) = program().await;
    let document = |arguments: &[&str]| -> Value {
        serde_json::from_str(&program.run(&[&["webhooks"], arguments, &["--json"]].concat())).unwrap()
    };
    let made = document(&[
        "create",
        "https://hooks.test/in",
        "--job-kinds",
        "domain_scan,email_scan",
    ]);
    let secret = log::secret(made["secret"].as_str().unwrap());
    assert!(secret.starts_with("whsec_"), "{made}");
    assert_eq!(made["kinds"], serde_json::json!(["job.ended", "batch.done"]));
    let id = made["id"].as_str().unwrap();
    let tested = document(&["test", id]);
    assert_eq!(tested["kind"], "webhook.tested");
    let waiting = document(&["deliveries", id, "--status", "waiting"]);
    assert_eq!(waiting["id"], tested["id"]);
    assert_eq!(
        program.run(&["webhooks", "deliveries", id, "--status", "failed", "--json"]),
        ""
    );
    let table = program.run(&["webhooks", "list"]);
    assert!(
        table.contains("https://hooks.test/in") && table.contains("enabled") && !table.contains(secret),
        "{table}"
    );
    assert_eq!(program.run(&["webhooks", "list", "--for-requests", "--json"]), "");
    assert_eq!(document(&["delete", id])["deleted"], made["id"]);
    for arguments in [["test", id], ["delete", id], ["deliveries", id]] {
        let unknown = program.output(&[&["webhooks"], arguments.as_slice()].concat());
        assert!(
            !unknown.status.success() && said(&unknown).contains("no webhook"),
            "{unknown:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_cannot_be_says_what_is_wrong() {
    let (_scene, program) = program().await;
    for (arguments, sentence) in [
        (["http://10.0.0.1/", "--kinds", "job.ended"], "url cannot be posted to"),
        (["https://hooks.test/", "--kinds", "job.done"], "job.done"),
        (["https://hooks.test/", "--job-kinds", "scan"], "is not a kind of jobs"),
    ] {
        let wrong = program.output(&[&["webhooks", "create"], arguments.as_slice()].concat());
        assert!(!wrong.status.success() && said(&wrong).contains(sentence), "{wrong:?}");
    }
}
