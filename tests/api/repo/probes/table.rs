//! The table of probes: each function, called with another tenant's rows.

use chrono::{DateTime, TimeDelta, Utc};
use database::models::batch_job::BatchJobChanges;
use database::models::contact::ContactChanges;
use database::models::domain::DomainChanges;
use database::models::domain_hosting::DomainHostingChanges;
use database::models::domain_profile::DomainProfileChanges;
use database::models::domain_technologies::DomainTechnologiesChanges;
use database::models::email_scan::EmailScanChanges;
use database::models::enums::{
    ContactMark, DeliveryStatus, DisabledBecause, EventKind, MxStatus, Outcome, PausedBecause, ProcessingStatus,
    RateKind, SuppressionKind,
};
use database::models::event::EventPosition;
use database::models::job::{Job, NewJob};
use database::models::place_details::HandOver;
use database::models::place_search::NewPlaceSearch;
use database::models::schedule::ScheduleChanges;
use database::models::sitemap_file::SitemapFileChanges;
use database::models::sitemap_run::SitemapRunChanges;
use database::models::values::{RawJson, TextList};
use database::models::webhook::WebhookChanges;
use database::models::webhook_delivery::DeliveryPosition;
use database::models::webhook_secret::WebhookSecret;
use database::repo::api_calls::Caps;
use database::repo::batches::BatchFilter;
use database::repo::contacts::ContactFilter;
use database::repo::domain_changes::DomainChangeFilter;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use database::repo::events::{EventFilter, Subject};
use database::repo::jobs::{Failure, JobFilter};
use database::repo::leads::{LeadFilter, LeadKey, LeadOrder, LeadPosition};
use database::repo::pages::PageFilter;
use database::repo::paging::{Newest, Offset, Paging};
use database::repo::place_searches::SearchFilter;
use database::repo::places::{PlaceFilter, PlaceKey, PlaceOrder, PlacePosition};
use database::repo::sitemap_files::{FoundFile, SitemapFileFilter};
use database::repo::sitemap_urls::SitemapUrlFilter;
use database::repo::{
    actors, api_calls, api_keys, audit_log, batches, contacts, domain_changes, domain_facts, domains, email_scans,
    erasures, events, idempotency_keys, jobs, lead_changes, lead_scores, leads, overview, pages, place_changes,
    place_details, place_finds, place_searches, places, rate_windows, scan_days, schedule_runs, schedules, score_points,
    sessions, sitemap_files, sitemap_runs, sitemap_url_changes, sitemap_urls, stored_rows, suppressions, tenant_limits,
    tenants,
    webhook_deliveries, webhook_secrets, webhooks,
};
use serde_json::json;
use uuid::Uuid;

use super::new::{
    NO_CAPS, SECOND, SHARED, archived, behind, by_somebody, deduplicated, final_failure, found, new_batch, new_call,
    new_change, new_contact, new_details, new_entry, new_key, new_run, new_scan_url, new_schedule, new_score,
    new_session, new_suppression, new_try, new_webhook,
};
use super::tell::Tell;
use super::{Expects, Probe};
use crate::support::tenants::{new_domain, new_job, new_page, new_place, new_sitemap_url};

/// Declares probes: the function, the expected result, and the call.
macro_rules! probes {
    ($($function:path: $expects:ident, |$conn:ident, $a:ident| $arguments:tt;)+) => {
        &[$(Probe {
            function: stringify!($function),
            expects: Expects::$expects,
            call: |$conn, $a| Box::pin(async move {
                let _ = &$a;
                probes!(@call $function, $conn, $arguments).await.map(|answer| answer.tell())
            }),
        }),+]
    };
    (@call $function:path, $conn:ident, ($($argument:expr),* $(,)?)) => {
        $function($conn, $($argument),*)
    };
}

/// The probes; `a` are the other tenant's rows. A function may have several.
pub const PROBES: &[Probe] = probes! {
    actors::list_names: Nothing, |conn, a| (&[a.key.id.get()]);
    actors::list_names: Nothing, |conn, a| (&[a.person]);
    api_calls::reserve: NewRow, |conn, a| (&new_call(a.pending.job_id), NO_CAPS);
    api_calls::reserve: NewRow, |conn, a| (&new_call(a.pending.job_id), Caps { per_month: Some(2), ..NO_CAPS });
    api_calls::answer: Nothing, |conn, a| (a.call, &RawJson::from(json!({})));
    api_calls::fail: Nothing, |conn, a| (a.call, false, "x");
    api_calls::list_of_job: Nothing, |conn, a| (a.pending.job_id);
    api_calls::list_costs_of_jobs: Nothing, |conn, a| (&[a.pending.job_id]);
    api_calls::sum_of_month: OwnRows, |conn, a| ();
    api_calls::list_costs: OwnRows, |conn, a| (DateTime::UNIX_EPOCH);
    api_keys::list: OwnRows, |conn, a| ();
    api_keys::insert: NewRow, |conn, a| (&new_key(&[99; 32], &TextList::from_iter(["read"])));
    api_keys::revoke: Nothing, |conn, a| (a.key.id);
    api_keys::list_page: OwnRows, |conn, a| (&Paging::default());
    api_keys::list_page: OwnRows, |conn, a| (&behind(Newest::new(Utc::now() + SECOND, a.key.id)));
    api_keys::get: Nothing, |conn, a| (a.key.id);
    api_keys::expire_in: Nothing, |conn, a| (a.key.id, TimeDelta::seconds(1));
    api_keys::has_ended: Nothing, |conn, a| (a.scheduled.ended_key.id);
    schedules::list: OwnRows, |conn, a| (&Paging::default());
    schedules::list: OwnRows, |conn, a| (&behind(Newest::new(Utc::now() + TimeDelta::days(1), a.scheduled.due.id)));
    schedules::get: Nothing, |conn, a| (a.scheduled.due.id);
    schedules::lock: Nothing, |conn, a| (a.scheduled.due.id);
    schedules::insert: NewRow, |conn, a| (&new_schedule("new", &RawJson::from(json!({})), None));
    schedules::update: Nothing, |conn, a| (a.scheduled.due.id, &ScheduleChanges { name: Some("x"), ..Default::default() });
    schedules::pause: Nothing, |conn, a| (a.scheduled.due.id, PausedBecause::Request);
    schedules::resume: Nothing, |conn, a| (a.scheduled.paused.id, DateTime::UNIX_EPOCH);
    schedules::hand_over: Nothing, |conn, a| (a.key.id, Uuid::max().into());
    schedules::delete: Nothing, |conn, a| (a.scheduled.due.id);
    schedules::due::lock: Nothing, |conn, a| (a.scheduled.due.id, Utc::now());
    schedules::due::advance: Nothing, |conn, a| (a.scheduled.due.id, DateTime::UNIX_EPOCH + TimeDelta::days(1));
    schedule_runs::list: Nothing, |conn, a| (a.scheduled.due.id, &Paging::default());
    schedule_runs::list: Nothing, |conn, a| (a.scheduled.due.id, &behind(Newest::new(Utc::now() + TimeDelta::days(1), a.scheduled.run.id)));
    schedule_runs::list_last: Nothing, |conn, a| (&[a.scheduled.due.id]);
    schedule_runs::has_run: Nothing, |conn, a| (a.scheduled.due.id, DateTime::UNIX_EPOCH);
    schedule_runs::insert: NoSuchRow, |conn, a| (&new_run(a.scheduled.due.id));
    leads::list_domain_ids: OwnRows, |conn, a| (&LeadFilter::default(), 10);
    score_points::find: OwnRows, |conn, a| ();
    score_points::find_or_insert: NewRow, |conn, a| ("x");
    score_points::lock: NewRow, |conn, a| ();
    score_points::note_scored: Nothing, |conn, a| ("x", a.points.updated_at);
    score_points::update: OwnRows, |conn, a| (&RawJson::from(json!({ "slow": 1 })));
    sessions::insert: NewRow, |conn, a| (&new_session(&[98; 32], None));
    sessions::insert: NoSuchRow, |conn, a| (&new_session(&[98; 32], Some(a.key.id)));
    sessions::delete: Nothing, |conn, a| (a.session.id);
    sessions::delete_ended: OwnRows, |conn, a| ();
    audit_log::insert: NewRow, |conn, a| (&new_entry(&a.name));
    audit_log::list: OwnRows, |conn, a| (None, &Paging::default());
    audit_log::list: OwnRows, |conn, a| (None, &behind(i64::MAX.into()));
    rate_windows::take: NewRow, |conn, a| (RateKind::Requests, Uuid::max(), 10, |left| left.min(2));
    rate_windows::give_back: Nothing, |conn, a| (RateKind::Requests, Uuid::max(), a.window.started_at, 1);
    rate_windows::delete_ended: OwnRows, |conn, a| ();
    stored_rows::list: OwnRows, |conn, a| ();
    stored_rows::compact: OwnRows, |conn, a| ();
    tenant_limits::find: OwnRows, |conn, a| ();
    scan_days::count: NewRow, |conn, a| (1);
    scan_days::find_today: OwnRows, |conn, a| ();
    tenants::get: OwnRows, |conn, a| ();
    batches::get: Nothing, |conn, a| (a.batch.batch_id);
    batches::list: OwnRows, |conn, a| (&BatchFilter::default(), &Paging::default());
    batches::list: OwnRows, |conn, a| (&BatchFilter::default(), &behind(Newest::new(Utc::now() + SECOND, a.batch.batch_id)));
    batches::count_jobs: Nothing, |conn, a| (&[a.batch.batch_id]);
    batches::find_times: Nothing, |conn, a| (a.batch.batch_id, &[a.pending.job_id, a.lease.job_id]);
    batches::list_joined: Nothing, |conn, a| (a.batch.batch_id);
    batches::join: Nothing, |conn, a| (a.batch.batch_id, &[a.pending.job_id]);
    batches::insert: NewRow, |conn, a| (&new_batch(&a.name));
    batches::update: Nothing, |conn, a| (a.batch.batch_id, &BatchJobChanges { error: Some(Some("x")), ..Default::default() });
    contacts::get: Nothing, |conn, a| (a.contact.id);
    contacts::list: OwnRows, |conn, a| (&ContactFilter::default(), &Paging::default());
    contacts::list: OwnRows, |conn, a| (&ContactFilter::default(), &behind(Newest::new(Utc::now() + SECOND, a.contact.id)));
    contacts::count: Nothing, |conn, a| (&ContactFilter { text: Some(&a.name), ..Default::default() });
    contacts::upsert_many: NoSuchRow, |conn, a| (&[new_contact(&a.page, &a.contact.email)]);
    // The other tenant's suppression does not affect the caller.
    contacts::upsert_many: NewRow, |conn, a| (&[new_contact(&a.own_page, a.suppression.value.as_deref().unwrap())]);
    contacts::mark_many: Nothing, |conn, a| (&ContactFilter { ids: Some(&[a.contact.id]), ..Default::default() }, Some(ContactMark::Bounced));
    contacts::mark_many: OwnRows, |conn, a| (&ContactFilter::default(), Some(ContactMark::Bounced));
    contacts::update: Nothing, |conn, a| (a.contact.id, &ContactChanges { context: Some(Some("x")), ..Default::default() });
    contacts::delete: Nothing, |conn, a| (a.contact.id);
    contacts::list_sources: Nothing, |conn, a| (a.contact.id);
    contacts::list_unknown_mail_domains: Nothing, |conn, a| (a.domain.id, Utc::now() + SECOND);
    contacts::note_mail_domains: Nothing, |conn, a| (a.domain.id);
    contacts::upsert_mail_domains: NewRow, |conn, a| (&[(format!("{}.test", a.name), MxStatus::None)]);
    email_scans::begin: NoSuchRow, |conn, a| (a.domain.id, a.scan.job_id, 100);
    email_scans::begin_many: NoSuchRow, |conn, a| (&[(a.bare_domain.id, a.pending.job_id)], 100);
    email_scans::find_latest: Nothing, |conn, a| (a.domain.id);
    email_scans::find_latest: OwnRows, |conn, a| (a.own_domain);
    email_scans::update: Nothing, |conn, a| (a.scan.id, &EmailScanChanges { note: Some("x"), ..Default::default() });
    email_scans::delete_old: Nothing, |conn, a| (a.domain.id, 0);
    email_scans::list_urls: Nothing, |conn, a| (a.scan.id);
    email_scans::upsert_urls: NoSuchRow, |conn, a| (a.scan.id, &[new_scan_url(&a.url)]);
    email_scans::list_domains: OwnRows, |conn, a| (&Paging::default(), 0, 10);
    email_scans::note_inbound_links: Nothing, |conn, a| (a.domain.id);
    erasures::erase: Nothing, |conn, a| (SuppressionKind::Address, &a.contact.email);
    erasures::erase: Nothing, |conn, a| (SuppressionKind::Domain, &a.domain.domain);
    erasures::hide: Nothing, |conn, a| (&[(SuppressionKind::Address, &a.contact.email)]);
    erasures::hide: Nothing, |conn, a| (&[(SuppressionKind::Domain, &a.domain.domain)]);
    events::insert: NewRow, |conn, a| (EventKind::WebhookTested, Subject::default(), &RawJson::from(json!({})));
    events::list: OwnRows, |conn, a| (&EventFilter::default(), &Paging::default());
    events::list: OwnRows, |conn, a| (&EventFilter::default(), &behind(EventPosition::before(0)));
    events::list: Nothing, |conn, a| (&EventFilter { job: Some(a.pending.job_id), ..Default::default() }, &Paging::default());
    events::list: Nothing, |conn, a| (&EventFilter { batch: Some(a.batch.batch_id), ..Default::default() }, &Paging::default());
    suppressions::upsert: NewRow, |conn, a| (new_suppression(a.suppression.value.as_deref().unwrap()));
    suppressions::insert_many: NewRow, |conn, a| (&[new_suppression(a.suppression.value.as_deref().unwrap())]);
    suppressions::get: Nothing, |conn, a| (a.suppression.id);
    suppressions::list: OwnRows, |conn, a| (&Paging::default());
    suppressions::list: OwnRows, |conn, a| (&behind(Newest::new(Utc::now() + SECOND, a.suppression.id)));
    suppressions::delete: Nothing, |conn, a| (a.suppression.id);
    suppressions::list_covered: Nothing, |conn, a| (&[a.suppression.value.as_deref().unwrap()]);
    domain_changes::insert_many: NoSuchRow, |conn, a| (a.domain.id, a.pending.job_id, &[new_change("x")]);
    domain_changes::list: OwnRows, |conn, a| (&DomainChangeFilter::default(), &Paging::default());
    domain_changes::list: OwnRows, |conn, a| (&DomainChangeFilter::default(), &behind(Newest::new(Utc::now() + SECOND, i64::MAX.into())));
    domain_changes::list: Nothing, |conn, a| (&DomainChangeFilter { domain_id: Some(a.domain.id), ..Default::default() }, &Paging::default());
    domain_facts::find_hosting: Nothing, |conn, a| (a.domain.id);
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainHostingChanges { has_ssl: Some(Some(true)), ..Default::default() });
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainProfileChanges { title: Some(Some("x")), ..Default::default() });
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainTechnologiesChanges { has_divi: Some(Some(true)), ..Default::default() });
    domains::get: Nothing, |conn, a| (a.domain.id);
    domains::get_details: Nothing, |conn, a| (a.domain.id);
    domains::lock_by_name: Nothing, |conn, a| (&a.domain.domain);
    domains::list: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::Newest, &Paging::default());
    domains::list: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::Newest, &behind(DomainPosition::Newest(Utc::now() + SECOND, a.domain.id)));
    domains::list: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::LastScan, &behind(DomainPosition::LastScan(Utc::now() + SECOND, a.domain.id)));
    domains::list: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::Name, &behind(DomainPosition::Name(String::new())));
    domains::list: Nothing, |conn, a| (&DomainFilter { text: Some(&a.name), ..Default::default() }, DomainOrder::Name, &Paging::default());
    domains::count: Nothing, |conn, a| (&DomainFilter { ids: Some(&[a.domain.id]), ..Default::default() });
    domains::lock_matching: Nothing, |conn, a| (&DomainFilter { ids: Some(&[a.domain.id]), ..Default::default() }, 100);
    domains::upsert: NewRow, |conn, a| (&new_domain(&a.domain.domain));
    domains::upsert_many: NewRow, |conn, a| (&[new_domain(&a.domain.domain)]);
    domains::queued::upsert: NewRow, |conn, a| (&[new_domain(&a.domain.domain)]);
    domains::update: Nothing, |conn, a| (a.domain.id, &DomainChanges { notes: Some(Some("x")), ..Default::default() });
    domains::update_many: Nothing, |conn, a| (&[a.domain.id], &DomainChanges { notes: Some(Some("x")), ..Default::default() });
    domains::delete: Nothing, |conn, a| (a.domain.id);
    domains::lock: Nothing, |conn, a| (a.domain.id);
    domains::list_after: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::Newest, &Paging::default());
    domains::list_after: Nothing, |conn, a| (&DomainFilter { name: Some(&a.name), ..Default::default() }, DomainOrder::Name, &Paging::default());
    domains::list_names: Nothing, |conn, a| (&[a.domain.id]);
    domains::keep: Nothing, |conn, a| (a.domain.id);
    domains::lock_many: Nothing, |conn, a| (&[a.domain.id]);
    idempotency_keys::begin: NewRow, |conn, a| (&a.idempotency_key, &[1; 32]);
    idempotency_keys::finish: Nothing, |conn, a| (&format!("{}-open", a.name), 200, "x");
    idempotency_keys::finish: Nothing, |conn, a| (&a.idempotency_key, 200, "x");
    jobs::enqueue: NewRow, |conn, a| (&deduplicated(&a.pending.kind, &a.name));
    // No foreign key refers from jobs to domains: the job belongs to the tenant, and ends when it cannot find its
    // domain.
    jobs::enqueue: NewRow, |conn, a| (&NewJob { domain_id: Some(a.domain.id), ..new_job("x") });
    jobs::enqueue: NoSuchRow, |conn, a| (&NewJob { batch_id: Some(a.batch.batch_id), ..new_job("x") });
    jobs::enqueue_many: NewRow, |conn, a| (&[deduplicated(&a.pending.kind, &a.name)]);
    jobs::get: Nothing, |conn, a| (a.pending.job_id);
    jobs::list_after: OwnRows, |conn, a| (&JobFilter::default(), &Paging::default());
    jobs::list_after: Nothing, |conn, a| (&JobFilter { domain_id: Some(a.domain.id), ..Default::default() }, &Paging::default());
    jobs::list: OwnRows, |conn, a| (&JobFilter::default(), &Paging::default());
    jobs::list: OwnRows, |conn, a| (&JobFilter::default(), &behind(Newest::new(Utc::now() + SECOND, a.pending.job_id)));
    jobs::list: Nothing, |conn, a| (&JobFilter { domain_id: Some(a.domain.id), ..Default::default() }, &Paging::default());
    jobs::cancel: Nothing, |conn, a| (a.pending.job_id);
    jobs::cancel: Nothing, |conn, a| (a.lease.job_id);
    jobs::retry: Nothing, |conn, a| (a.failed.job_id);
    jobs::list: Nothing, |conn, a| (&JobFilter { batch_id: Some(a.batch.batch_id), others: &[a.pending.job_id], ..Default::default() }, &Paging::default());
    jobs::set_batch: Nothing, |conn, a| (a.pending.job_id, a.batch.batch_id);
    jobs::bulk::count_cancellable: OwnRows, |conn, a| (&JobFilter::default());
    jobs::bulk::count_cancellable: Nothing, |conn, a| (&JobFilter { ids: Some(&[a.pending.job_id, a.lease.job_id]), ..Default::default() });
    jobs::bulk::cancel_many: Nothing, |conn, a| (&JobFilter { ids: Some(&[a.pending.job_id, a.lease.job_id]), ..Default::default() });
    jobs::bulk::count_retriable: Nothing, |conn, a| (&JobFilter { ids: Some(&[a.failed.job_id]), ..Default::default() });
    jobs::bulk::retry_many: Nothing, |conn, a| (&JobFilter { ids: Some(&[a.failed.job_id]), ..Default::default() });
    jobs::count_states: OwnRows, |conn, a| (&JobFilter::default());
    jobs::count: Nothing, |conn, a| (&JobFilter { kind: Some(&a.pending.kind), ..Default::default() });
    jobs::waiting::count_ahead: Nothing, |conn, a| (&Job { priority: i16::MIN, ..a.pending.clone() });
    jobs::waiting::count_ahead: Nothing, |conn, a| (&Job { run_at: Utc::now() + SECOND, ..a.pending.clone() });
    jobs::bulk::retry_many: Nothing, |conn, a| (&JobFilter { batch_id: Some(a.batch.batch_id), others: &[a.failed.job_id], ..Default::default() });
    jobs::queue::hold: Nothing, |conn, a| (a.lease);
    jobs::queue::report: Nothing, |conn, a| (a.lease, 0.5, "step", "message");
    jobs::queue::finish: Nothing, |conn, a| (a.lease, Outcome::Ok, "done", &RawJson::from(json!({})));
    jobs::queue::fail: Nothing, |conn, a| (a.lease, &final_failure());
    jobs::queue::fail: Nothing, |conn, a| (a.lease, &Failure { retry_at: Some(Utc::now()), ..final_failure() });
    jobs::queue::end_cancelled: Nothing, |conn, a| (a.lease);
    overview::read: OwnRows, |conn, a| (DateTime::UNIX_EPOCH);
    pages::list: OwnRows, |conn, a| (&PageFilter::default(), &Paging::default());
    pages::list: OwnRows, |conn, a| (&PageFilter::default(), &behind(Newest::new(Some(Utc::now() + SECOND), a.page.id)));
    pages::list: OwnRows, |conn, a| (&PageFilter::default(), &behind(Newest::new(None, a.page.id)));
    pages::list: Nothing, |conn, a| (&PageFilter { domain_id: Some(a.domain.id), ..Default::default() }, &Paging::default());
    pages::upsert: NoSuchRow, |conn, a| (&new_page(&a.domain, &a.url));
    place_searches::insert: NewRow, |conn, a| (&NewPlaceSearch { user_id: None, location: &a.name, business_type: &a.name, params: None, status: None });
    place_searches::list: OwnRows, |conn, a| (&SearchFilter::default(), &Paging::default());
    place_searches::list: Nothing, |conn, a| (&SearchFilter { location: Some(&a.name), ..Default::default() }, &Paging::default());
    lead_changes::list: Nothing, |conn, a| (a.leads[1].id, &Paging::default());
    lead_changes::list: Nothing, |conn, a| (a.leads[1].id, &behind(i64::MAX.into()));
    lead_scores::lock_due: OwnRows, |conn, a| (100);
    lead_scores::list_facts: Nothing, |conn, a| (&[a.leads[0].id, a.leads[1].id]);
    lead_scores::lock_after: OwnRows, |conn, a| (None, 100);
    lead_scores::lock_of_domain: Nothing, |conn, a| (a.domain.id, 100);
    lead_scores::claim: Nothing, |conn, a| (&[a.leads[1].id]);
    lead_scores::store: Nothing, |conn, a| (&[new_score(a.leads[1].id)], None);
    leads::get: Nothing, |conn, a| (a.leads[0].id);
    leads::list_of_domains: Nothing, |conn, a| (&[a.domain.id], 100);
    leads::list: OwnRows, |conn, a| (&LeadFilter::default(), LeadOrder::Newest, 100);
    leads::list: Nothing, |conn, a| (&LeadFilter { text: Some(&a.name), ..Default::default() }, LeadOrder::Name, 100);
    leads::list_after: OwnRows, |conn, a| (&LeadFilter::default(), LeadOrder::Priority, &Paging::default());
    leads::list_after: OwnRows, |conn, a| (&LeadFilter::default(), LeadOrder::Newest, &behind(LeadPosition { key: LeadKey::Newest(Utc::now() + SECOND), id: a.leads[0].id }));
    leads::list_after: OwnRows, |conn, a| (&LeadFilter::default(), LeadOrder::LastScan, &behind(LeadPosition { key: LeadKey::LastScan(Some(Utc::now() + SECOND)), id: a.leads[0].id }));
    leads::count: OwnRows, |conn, a| (&LeadFilter::default());
    leads::count: Nothing, |conn, a| (&LeadFilter { ids: Some(&[a.leads[0].id, a.leads[1].id]), ..Default::default() });
    leads::count: Nothing, |conn, a| (&LeadFilter { search_job_id: Some(a.pending.job_id), ..Default::default() });
    leads::show: Nothing, |conn, a| (&a.leads);
    leads::change: Nothing, |conn, a| (&LeadFilter { ids: Some(&[a.leads[0].id, a.leads[1].id]), ..Default::default() }, &archived(), by_somebody());
    leads::change: OwnRows, |conn, a| (&LeadFilter::default(), &archived(), by_somebody());
    leads::undo_last: OwnRows, |conn, a| (uuid::Uuid::new_v4().into(), "somebody");
    place_changes::undo: Nothing, |conn, a| (a.lead_change, uuid::Uuid::new_v4().into(), "somebody");
    place_changes::change: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() }, &archived(), by_somebody());
    place_changes::change_each: Nothing, |conn, a| (&[&a.place_id], &[archived().patch()], by_somebody());
    place_changes::change: OwnRows, |conn, a| (&PlaceFilter::default(), &archived(), by_somebody());
    place_changes::undo_last: OwnRows, |conn, a| (uuid::Uuid::new_v4().into(), "somebody");
    place_changes::undo: Nothing, |conn, a| (a.change, uuid::Uuid::new_v4().into(), "somebody");
    place_changes::list: OwnRows, |conn, a| (None, &Paging::default());
    place_changes::list: OwnRows, |conn, a| (None, &behind(i64::MAX.into()));
    place_changes::list: Nothing, |conn, a| (Some(&a.place_id), &Paging::default());
    place_details::find: Nothing, |conn, a| (&a.place_id);
    place_details::list: Nothing, |conn, a| (&[&a.place_id]);
    place_details::upsert_many: NoSuchRow, |conn, a| (&[new_details(&a.place_id)]);
    place_details::list_candidates: Nothing, |conn, a| (std::slice::from_ref(&a.place_id));
    place_details::hand_over_many: NewRow, |conn, a| (&[HandOver { place_id: SHARED, domain_id: Some(a.own_domain), error: None }]);
    place_details::hand_over_many: NoSuchRow, |conn, a| (&[HandOver { place_id: &a.place_id, domain_id: None, error: Some("x") }]);
    place_details::hand_over_many: NoSuchRow, |conn, a| (&[HandOver { place_id: "boltz", domain_id: Some(a.domain.id), error: None }]);
    place_details::list_expired: OwnRows, |conn, a| (Utc::now() + SECOND, 100);
    place_details::clear_expired: OwnRows, |conn, a| (Utc::now() + SECOND, 100);
    place_details::set_look_up: Nothing, |conn, a| (&[&a.place_id], ProcessingStatus::Error, Some("x"));
    place_finds::insert_many: NoSuchRow, |conn, a| (a.pending.job_id, &[&a.place_id]);
    place_finds::list_of_job: Nothing, |conn, a| (a.pending.job_id);
    place_finds::count_of_job: Nothing, |conn, a| (a.pending.job_id);
    place_finds::count_of_jobs: Nothing, |conn, a| (&[a.pending.job_id]);
    place_finds::list_of_place: Nothing, |conn, a| (&a.place_id);
    places::get: Nothing, |conn, a| (&a.place_id);
    places::find: Nothing, |conn, a| (&a.place_id);
    places::list: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, Offset::first(100));
    places::list: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() }, PlaceOrder::Name, Offset::first(100));
    places::list: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() }, PlaceOrder::Newest, Offset::first(1));
    places::list: OwnRows, |conn, a| (&PlaceFilter { name: Some(SHARED), ..Default::default() }, PlaceOrder::Newest, Offset::first(1));
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, &Paging::default());
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, &behind(found(Some(Utc::now() + SECOND))));
    places::list_after: Nothing, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, &behind(found(None)));
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Name, &behind(PlacePosition { key: PlaceKey::Name(String::new()), id: 0.into() }));
    places::list_ids: OwnRows, |conn, a| (&PlaceFilter::default(), 100);
    places::list_ids: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() }, 100);
    places::count: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() });
    places::count: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() });
    places::upsert_many: NewRow, |conn, a| (&[new_place(&a.place_id)]);
    sitemap_files::get: Nothing, |conn, a| (a.file.id);
    sitemap_files::list: OwnRows, |conn, a| (&SitemapFileFilter::default(), &Paging::default());
    sitemap_files::list: OwnRows, |conn, a| (&SitemapFileFilter::default(), &behind(Newest::new(Some(Utc::now() + SECOND), a.file.id)));
    sitemap_files::list: OwnRows, |conn, a| (&SitemapFileFilter::default(), &behind(Newest::new(None, a.file.id)));
    sitemap_files::list: Nothing, |conn, a| (&SitemapFileFilter { domain_id: Some(a.domain.id), ..Default::default() }, &Paging::default());
    sitemap_files::count: Nothing, |conn, a| (&SitemapFileFilter { text: Some(&a.name), ..Default::default() });
    sitemap_files::update: Nothing, |conn, a| (a.file.id, &SitemapFileChanges { status: Some("x"), ..Default::default() });
    sitemap_files::update_matching: Nothing, |conn, a| (&SitemapFileFilter { text: Some(&a.name), ..Default::default() }, &SitemapFileChanges::default());
    sitemap_urls::list_of_file: Nothing, |conn, a| (a.file.id, &SitemapUrlFilter::default(), &Paging::default());
    sitemap_urls::list_of_domain: Nothing, |conn, a| (a.domain.id, &SitemapUrlFilter::default(), &Paging::default());
    sitemap_urls::count_of_file: Nothing, |conn, a| (a.file.id, &SitemapUrlFilter::default());
    sitemap_urls::has_any: Nothing, |conn, a| (a.file.id);
    sitemap_urls::insert_many: NoSuchRow, |conn, a| (None, &[new_sitemap_url(&a.file, &a.url)]);
    sitemap_urls::upsert_many: NoSuchRow, |conn, a| (None, &[new_sitemap_url(&a.file, &a.url)]);
    sitemap_files::find_first: Nothing, |conn, a| (a.bare_domain.id);
    sitemap_files::add_pending: NoSuchRow, |conn, a| (a.domain.id, a.pending.job_id, None, 0, &[FoundFile { url: "https://fresh.test/", discovery_method: "x" }]);
    sitemap_files::lock: Nothing, |conn, a| (a.file.id);
    sitemap_files::reopen: Nothing, |conn, a| (a.bare_domain.id, a.failed.job_id);
    sitemap_files::list_pending: Nothing, |conn, a| (a.domain.id, a.pending.job_id, 100);
    sitemap_files::list_unmet: Nothing, |conn, a| (a.bare_domain.id, a.failed.job_id, 100);
    sitemap_files::list_unmet: Nothing, |conn, a| (a.domain.id, a.pending.job_id, 100);
    sitemap_files::skip_pending: Nothing, |conn, a| (a.domain.id, a.pending.job_id, "x");
    sitemap_files::total: Nothing, |conn, a| (a.domain.id, None);
    sitemap_runs::get: Nothing, |conn, a| (a.run.id);
    sitemap_runs::list: Nothing, |conn, a| (a.domain.id, &Paging::default());
    sitemap_runs::list: Nothing, |conn, a| (a.domain.id, &behind(Newest::new(Utc::now() + SECOND, a.run.id)));
    sitemap_runs::begin: NewRow, |conn, a| (a.own_domain, a.run.job_id, true);
    sitemap_runs::begin: NoSuchRow, |conn, a| (a.domain.id, a.failed.job_id, true);
    sitemap_runs::update: Nothing, |conn, a| (a.run.id, &SitemapRunChanges { note: Some("x"), ..Default::default() });
    sitemap_runs::delete_old: Nothing, |conn, a| (a.domain.id, 0);
    sitemap_url_changes::list: Nothing, |conn, a| (a.run.id, None, &Paging::default());
    sitemap_url_changes::settle: Nothing, |conn, a| (a.run.id, 1000);
    sitemap_urls::delete_unlisted: Nothing, |conn, a| (None, a.file.id, &[]);

    // The same without an existing row of the other tenant: here row level security rejects the new row.
    contacts::upsert_many: NoSuchRow, |conn, a| (&[new_contact(&a.page, "fresh@fresh.test")]);
    contacts::upsert_mail_domains: NewRow, |conn, a| (&[("fresh.test".to_owned(), MxStatus::None)]);
    email_scans::begin: NoSuchRow, |conn, a| (a.bare_domain.id, a.failed.job_id, 100);
    suppressions::upsert: NewRow, |conn, a| (new_suppression("fresh@fresh.test"));
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainHostingChanges::default());
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainProfileChanges::default());
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainTechnologiesChanges::default());
    domains::upsert: NewRow, |conn, a| (&new_domain("fresh.test"));
    domains::upsert_many: NewRow, |conn, a| (&[new_domain("fresh.test")]);
    domains::queued::upsert: NewRow, |conn, a| (&[new_domain("fresh.test")]);
    jobs::enqueue: NewRow, |conn, a| (&new_job("fresh"));
    jobs::enqueue_many: NewRow, |conn, a| (&[new_job("fresh")]);
    pages::upsert: NoSuchRow, |conn, a| (&new_page(&a.domain, "https://fresh.test/"));
    places::upsert_many: NewRow, |conn, a| (&[new_place("fresh")]);
    sitemap_urls::upsert_many: NoSuchRow, |conn, a| (None, &[new_sitemap_url(&a.file, "https://fresh.test/")]);
    webhooks::list: OwnRows, |conn, a| (&Paging::default());
    webhooks::list: OwnRows, |conn, a| (&behind(Newest::new(Utc::now() + TimeDelta::days(1), a.webhook.id)));
    webhooks::get: Nothing, |conn, a| (a.webhook.id);
    webhooks::insert: NewRow, |conn, a| (&new_webhook("https://new.test/", &TextList::from_iter(["job.ended"])));
    webhooks::update: Nothing, |conn, a| (a.webhook.id, &WebhookChanges { url: Some("https://x.test/"), ..Default::default() });
    webhooks::enable: Nothing, |conn, a| (a.off_webhook.id);
    webhooks::disable: Nothing, |conn, a| (a.webhook.id, DisabledBecause::Request);
    webhooks::delete: Nothing, |conn, a| (a.webhook.id);
    webhooks::turns::keep: Nothing, |conn, a| (a.webhook.id, a.turn, TimeDelta::zero());
    webhooks::turns::end: Nothing, |conn, a| (a.webhook.id, a.turn);
    webhooks::turns::note_success: Nothing, |conn, a| (a.webhook.id);
    webhooks::turns::note_failure: Nothing, |conn, a| (a.webhook.id, None);
    webhook_secrets::insert: NoSuchRow, |conn, a| (a.webhook.id, &WebhookSecret::generate());
    webhook_secrets::list_valid: Nothing, |conn, a| (a.webhook.id);
    webhook_secrets::expire_in: Nothing, |conn, a| (a.webhook.id, TimeDelta::zero());
    webhook_deliveries::list: Nothing, |conn, a| (a.webhook.id, None, &Paging::default());
    webhook_deliveries::list: Nothing, |conn, a| (a.webhook.id, Some(DeliveryStatus::Waiting), &behind(DeliveryPosition { clock: i64::MAX, id: i64::MAX.into() }));
    webhook_deliveries::get: Nothing, |conn, a| (a.webhook.id, a.delivery.id);
    webhook_deliveries::insert_test: NoSuchRow, |conn, a| (a.webhook.id);
    webhook_deliveries::retry: Nothing, |conn, a| (a.webhook.id, a.delivery.id);
    webhook_deliveries::begin_next: Nothing, |conn, a| (a.webhook.id);
    webhook_deliveries::note_try: Nothing, |conn, a| (a.delivery.id, &new_try(), DeliveryStatus::Delivered, TimeDelta::zero());
    webhook_deliveries::hold_back: Nothing, |conn, a| (&a.delivery, TimeDelta::zero());
};
