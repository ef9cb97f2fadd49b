//! Ids of the agencies' rows, and ids that identify nothing.

use serde_json::json;
use uuid::Uuid;

use crate::callers::routes::Ids;
use crate::repo::probes::Rows;
use crate::support::app::{Holder, TestApp};

/// Fills every table of a tenant, including rows that only routes create, and returns their ids.
pub async fn rows(app: &TestApp, holder: &Holder<'_>, name: &str) -> Ids {
    let rows = Rows::of(app.agencies(), &holder.agency, name).await;
    // Responses may echo what a request names; the canary is text that appears in no request.
    let (tenant, canary) = (holder.agency.id, format!("{name}.test"));
    app.sql(&format!(
        "UPDATE places_staging SET name = '{canary}', notes = '{canary}' WHERE place_id = '{name}';
         UPDATE place_details SET website = '{canary}' WHERE place_id = '{name}';
         UPDATE place_changes SET changed_by = '{canary}' WHERE place_id = '{name}';
         UPDATE domain_changes SET after = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE domain_evidence SET snippet = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE leads SET notes = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE lead_changes SET changed_by = '{canary}', after = after || jsonb_build_object('notes', '{canary}') WHERE tenant_id = '{tenant}';
         UPDATE api_keys SET name = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE audit_log SET actor = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE suppressions SET reason = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE idempotency_keys SET response = '{canary}' WHERE key = '{name}';
         UPDATE schedules SET name = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE schedule_runs SET error = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE webhooks SET description = '{canary}' WHERE tenant_id = '{tenant}';
         UPDATE webhook_deliveries SET data = data || jsonb_build_object('step', '{canary}') WHERE tenant_id = '{tenant}';
         UPDATE jobs SET error = '{canary}', progress_message = '{canary}' WHERE tenant_id = '{tenant}'"
    ))
    .await;
    let search = json!({ "location": canary, "business_type": canary });
    let search = holder.post("/api/v1/places/search", search).await;
    assert_eq!(search.status, 200, "{search:?}");
    Ids {
        tenant: holder.agency.id.to_string(),
        domain: rows.domain.id.to_string(),
        pending: rows.pending.job_id.to_string(),
        failed: rows.failed.job_id.to_string(),
        search: search.body["job_id"].as_str().unwrap().to_owned(),
        batch: rows.batch.batch_id.to_string(),
        place: rows.place_id,
        change: rows.change.to_string(),
        lead: rows.leads[1].id.to_string(),
        lead_change: rows.lead_change.to_string(),
        sitemap: rows.file.id.to_string(),
        run: rows.run.id.to_string(),
        key: rows.key.id.to_string(),
        contact: rows.contact.id.to_string(),
        suppression: rows.suppression.id.to_string(),
        once: rows.idempotency_key,
        number: rows.call.get().to_string(),
        webhook: rows.webhook.id.to_string(),
        delivery: rows.delivery.id.to_string(),
        schedule: rows.scheduled.due.id.to_string(),
        schedule_run: rows.scheduled.run.id.to_string(),
        view: rows.view.id.to_string(),
    }
}

/// Removes a tenant's rows.
pub async fn remove(app: &TestApp, ids: &Ids) {
    let Ids {
        domain,
        pending,
        failed,
        search,
        batch,
        place,
        change,
        lead_change,
        key,
        suppression,
        webhook,
        schedule,
        view,
        ..
    } = ids;
    app.sql(&format!(
        "DELETE FROM lead_changes WHERE change_id = '{lead_change}'; DELETE FROM place_finds WHERE place_id = '{place}'; DELETE FROM place_details WHERE place_id = '{place}';
         DELETE FROM place_changes WHERE place_id = '{place}' OR change_id = '{change}'; DELETE FROM places_staging WHERE place_id = '{place}';
         DELETE FROM domains WHERE id = '{domain}'; DELETE FROM suppressions WHERE id = '{suppression}'; DELETE FROM api_keys WHERE id = '{key}';
         DELETE FROM jobs WHERE job_id IN ('{pending}', '{failed}', '{search}') OR batch_id = '{batch}';
         DELETE FROM batch_jobs WHERE batch_id = '{batch}'; DELETE FROM webhooks WHERE id = '{webhook}'; DELETE FROM schedules WHERE id = '{schedule}';
         DELETE FROM saved_views WHERE id = '{view}'"
    ))
    .await;
}

/// Returns ids that no row has.
pub fn nobodys() -> Ids {
    let id = || Uuid::new_v4().to_string();
    Ids {
        tenant: id(),
        domain: id(),
        pending: id(),
        failed: id(),
        search: id(),
        batch: id(),
        place: "nobodys".to_owned(),
        change: id(),
        lead: id(),
        lead_change: id(),
        sitemap: id(),
        run: id(),
        key: id(),
        contact: id(),
        suppression: id(),
        once: "nobodys".to_owned(),
        number: "999999".to_owned(),
        webhook: id(),
        delivery: id(),
        schedule: id(),
        schedule_run: id(),
        view: id(),
    }
}

/// Uses the same text for every id.
pub fn all(text: &str) -> Ids {
    let text = || text.to_owned();
    Ids {
        tenant: text(),
        domain: text(),
        pending: text(),
        failed: text(),
        search: text(),
        batch: text(),
        place: text(),
        change: text(),
        lead: text(),
        lead_change: text(),
        sitemap: text(),
        run: text(),
        key: text(),
        contact: text(),
        suppression: text(),
        once: text(),
        number: text(),
        webhook: text(),
        delivery: text(),
        schedule: text(),
        schedule_run: text(),
        view: text(),
    }
}
