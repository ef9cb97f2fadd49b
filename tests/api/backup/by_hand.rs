//! What a dump loses that is restored by hand, and a person who changes rights: `doctor` sees it, `migrate up` repairs it.

use std::process::Command;

use super::{Owner, Place};
use crate::catalogue::missing_policies;
use crate::migrations::new_shape::fill_every_table;
use crate::support::extent;
use crate::support::rows::{assert_same, everything};

/// The roles of a server are not in a dump of a database: every policy and every grant is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_restored_without_roles_is_seen_and_repaired() {
    let source = Place::new(Owner::Superuser).await;
    source.program.run(&["migrate", "up"]);
    let client = source.client().await;
    fill_every_table(&client).await;
    let before = everything(&client).await;
    let dump = source.file("plain.dump");
    let dumped = Command::new("pg_dump")
        .args(["--format=custom", "--file", &dump, &source.admin])
        .status();
    assert!(dumped.unwrap().success());

    let target = Place::new(Owner::Private).await;
    let restored = Command::new("pg_restore")
        .args(["--no-owner", "--dbname", &target.admin, &dump])
        .output()
        .unwrap();
    let errors = String::from_utf8(restored.stderr).unwrap();
    assert!(errors.contains("role \"scrapersky_tenant\" does not exist"), "{errors}");
    let client = target.client().await;
    let report = target.refusal(&["doctor"]);
    assert!(
        report.contains("safeguards between tenants are missing (the role scrapersky_"),
        "{report}"
    );

    let repaired = target.program.run(&["migrate", "up"]);
    let policies = client.query("SELECT FROM pg_policy", &[]).await.unwrap().len();
    assert!(policies >= 96, "{policies}");
    assert_eq!(repaired.matches("repaired the policy ").count(), policies, "{repaired}");
    assert_eq!(repaired.matches("repaired the role ").count(), 4, "{repaired}");
    assert_eq!(missing_policies(&client).await, Vec::<String>::new());
    assert_eq!(target.program.run(&["migrate", "up"]), "nothing to do");
    assert!(target.program.run(&["doctor"]).contains("as migrations make them"));
    assert_same("the repair", &before, &everything(&client).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_loss_is_seen_and_repaired() {
    let place = Place::new(Owner::Plain).await;
    place.program.run(&["migrate", "up"]);
    let client = place.client().await;
    let losses = [
        (
            "ALTER TABLE domains NO FORCE ROW LEVEL SECURITY",
            "row level security for the owner of domains",
        ),
        (
            "ALTER TABLE contacts DISABLE ROW LEVEL SECURITY",
            "row level security on contacts",
        ),
        (
            "DROP POLICY scrapersky_access ON pages",
            "the policy scrapersky_access on pages",
        ),
        (
            "ALTER POLICY scrapersky_isolation ON jobs USING (true)",
            "the policy scrapersky_isolation on jobs",
        ),
        (
            "GRANT UPDATE ON audit_log TO scrapersky_tenant",
            "the rights of scrapersky_tenant to audit_log",
        ),
        (
            "REVOKE USAGE ON SEQUENCE api_calls_id_seq FROM scrapersky_system",
            "the rights of scrapersky_system to api_calls_id_seq",
        ),
        (
            "GRANT EXECUTE ON FUNCTION scrapersky_internal.claim_jobs TO PUBLIC",
            "the rights of PUBLIC to scrapersky_internal.claim_jobs",
        ),
    ];
    for (loss, named) in losses.into_iter().step_by(extent::of(1, 3)) {
        client.batch_execute(loss).await.unwrap();
        let report = place.refusal(&["doctor"]);
        assert!(
            report.contains(&format!(" safeguards between tenants are missing ({named}")),
            "{loss}: {report}"
        );
        let repaired = place.program.run(&["migrate", "up"]);
        assert!(repaired.starts_with(&format!("repaired {named}")), "{loss}: {repaired}");
        assert_eq!(place.program.run(&["migrate", "up"]), "nothing to do", "{loss}");
    }
    assert!(place.program.run(&["doctor"]).contains("as migrations make them"));
}
