//! Rows of sessions, webhooks, schedules and saved views.

use tokio_postgres::Client;

use crate::support::rows::fill;

/// Adds what belongs to a tenant's people, to its webhooks and schedules.
pub async fn add_queue_rows(admin: &Client, own: (&str, &str)) {
    add_sessions(admin, own).await;
    add_webhooks(admin, own).await;
    add_schedules(admin, own).await;
    let name = ("name", "'view ' || i");
    fill(admin, "saved_views", 12, &[own, name]).await;
}

/// Adds sessions of people.
async fn add_sessions(admin: &Client, own: (&str, &str)) {
    let (hash, person) = (("hash", "sha256(i::text::bytea)"), ("user_id", "md5(i::text)::uuid"));
    fill(admin, "sessions", 12, &[own, hash, person, ("key_id", "NULL::uuid")]).await;
}

/// Adds webhooks with their secrets and deliveries.
async fn add_webhooks(admin: &Client, own: (&str, &str)) {
    let id = "md5('webhook' || i)::uuid";
    let (webhook, event) = (("webhook_id", id), ("event_id", "i"));
    let ended = "CASE WHEN i % 3 > 0 THEN timestamptz '2026-11-27 12:00+00' + make_interval(hours => i) END";
    let because = "(ARRAY['request', 'gone', 'failing'])[nullif(i % 3, 0)]";
    let (disabled, because) = (("disabled_at", ended), ("disabled_because", because));
    let kinds = ("kinds", "'{job.ended}'::text[]");
    fill(
        admin,
        "webhooks",
        12,
        &[
            own,
            ("id", id),
            kinds,
            event,
            disabled,
            because,
            ("for_requests", "i = 2"),
        ],
    )
    .await;
    let secret = ("secret", "sha256(i::text::bytea)");
    fill(admin, "webhook_secrets", 12, &[own, webhook, secret]).await;
    let status = "(ARRAY['waiting', 'failed', 'dropped'])[1 + i % 3]";
    let (status, attempts) = (("status", status), ("attempts", "i"));
    let deliveries = [own, webhook, event, status, attempts, ("ended_at", ended)];
    fill(admin, "webhook_deliveries", 12, &deliveries).await;
    fill(admin, "webhook_subjects", 12, &[own, webhook]).await;
}

/// Adds schedules with their runs.
async fn add_schedules(admin: &Client, own: (&str, &str)) {
    let id = "md5('schedule' || i)::uuid";
    let paused = "CASE WHEN i % 3 > 0 THEN timestamptz '2026-11-27 12:00+00' + make_interval(hours => i) END";
    let because = "(ARRAY['request', 'key_invalid', 'no_next_run'])[nullif(i % 3, 0)]";
    let (cron, zone) = (
        "CASE WHEN i % 2 = 0 THEN '0 6 * * *' END",
        "CASE WHEN i % 2 = 0 THEN 'UTC' END",
    );
    let every = ("every", "CASE WHEN i % 2 = 1 THEN 'P1D' END");
    let (paused, because) = (("paused_at", paused), ("paused_because", because));
    let missed = ("missed", "(ARRAY['once', 'skip'])[1 + i % 2]");
    let when = [("cron", cron), ("time_zone", zone), every];
    fill(
        admin,
        "schedules",
        12,
        &[own, ("id", id), when[0], when[1], when[2], missed, paused, because],
    )
    .await;
    let outcome = (
        "outcome",
        "(ARRAY['started', 'nothing', 'refused', 'missed'])[1 + i % 4]",
    );
    fill(admin, "schedule_runs", 12, &[own, ("schedule_id", id), outcome]).await;
}
