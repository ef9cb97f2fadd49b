//! Schedules on the command line.

use serde_json::{Value, json};

use super::{program, said};

const WORK: &str = r#"{"sitemap_scan": {"domain": "a.bench.test"}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_is_made_run_paused_resumed_and_deleted() {
    let (_scene, program) = program().await;
    let document = |arguments: &[&str]| -> Value {
        serde_json::from_str(&program.run(&[&["schedules"], arguments, &["--json"]].concat())).unwrap()
    };
    let weekly = [
        "create",
        "--name",
        "weekly",
        "--cron",
        "0 6 * * 1",
        "--time-zone",
        "Europe/Berlin",
        "--work",
        WORK,
    ];
    let made = document(&weekly);
    assert_eq!(made["in_words"], "every Monday at 06:00, Europe/Berlin");
    assert_eq!(
        (&made["run_by"]["kind"], &made["last_run"]),
        (&json!("operator"), &Value::Null),
        "{made}"
    );
    let id = made["id"].as_str().unwrap();
    let run = document(&["run", id]);
    assert_eq!(program.run(&["jobs", "list", "--json"]).lines().count(), 1, "{run}");
    let paused = document(&["pause", id]);
    assert_eq!(
        (&paused["is_paused"], &paused["last_run"]["job_id"]),
        (&json!(true), &run["job_id"]),
        "{paused}"
    );
    assert_eq!(document(&["resume", id])["next_run_at"], made["next_run_at"]);
    let table = program.run(&["schedules", "list"]);
    assert!(
        table.contains("every Monday at 06:00, Europe/Berlin") && table.contains("started"),
        "{table}"
    );
    assert_eq!(document(&["list"])["id"], made["id"]);
    assert_eq!(document(&["delete", id])["deleted"], made["id"]);
    let unknown = program.output(&["schedules", "run", id]);
    assert!(
        !unknown.status.success() && said(&unknown).contains("no schedule"),
        "{unknown:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_cannot_be_says_what_is_wrong() {
    let (_scene, program) = program().await;
    for (every, work, sentence) in [
        ("6h", WORK, "such as PT6H"),
        ("PT6H", "{\"crawl\": {}}", "unknown field `crawl`"),
        ("PT6H", "{}", "exactly one of"),
    ] {
        let wrong = program.output(&["schedules", "create", "--name", "x", "--every", every, "--work", work]);
        assert!(!wrong.status.success() && said(&wrong).contains(sentence), "{wrong:?}");
    }
}
