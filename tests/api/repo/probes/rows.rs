//! Rows in every table, for two tenants.

use chrono::{TimeDelta, Utc};
use database::ids::{ApiCallId, DomainId, JobId, PlaceChangeId, SitemapFileId, TenantId, WebhookId, WebhookTurn};
use database::models::api_key::ApiKey;
use database::models::batch_job::BatchJob;
use database::models::contact::Contact;
use database::models::domain::Domain;
use database::models::domain_evidence::EvidenceColumn;
use database::models::domain_hosting::DomainHostingChanges;
use database::models::domain_profile::DomainProfileChanges;
use database::models::domain_technologies::DomainTechnologiesChanges;
use database::models::email_scan::EmailScan;
use database::models::enums::{DisabledBecause, MxStatus, PausedBecause, RateKind};
use database::models::job::Job;
use database::models::lead::Lead;
use database::models::page::{NewPage, Page};
use database::models::place_search::NewPlaceSearch;
use database::models::saved_view::SavedView;
use database::models::schedule::Schedule;
use database::models::schedule_run::ScheduleRun;
use database::models::score_points::ScorePoints;
use database::models::session::Session;
use database::models::sitemap_file::SitemapFile;
use database::models::sitemap_run::SitemapRun;
use database::models::suppression::Suppression;
use database::models::values::{RawJson, TextList};
use database::models::webhook::Webhook;
use database::models::webhook_delivery::WebhookDelivery;
use database::models::webhook_secret::WebhookSecret;
use database::repo::api_calls::Reserved;
use database::repo::contacts::ContactFilter;
use database::repo::jobs::queue::Lease;
use database::repo::leads::{LeadFilter, LeadOrder};
use database::repo::paging::Paging;
use database::repo::places::PlaceFilter;
use database::repo::rate_windows::Taken;
use database::repo::webhooks::requests::Ending;
use database::repo::webhooks::turns;
use database::repo::{
    api_calls, api_keys, audit_log, batches, contacts, domain_changes, domain_evidence, domain_facts, email_scans,
    idempotency_keys, jobs, leads, pages, place_changes, place_details, place_finds, place_searches, places,
    rate_windows, saved_views, scan_days, schedule_runs, schedules, score_points, sessions, sitemap_runs, sitemap_urls,
    suppressions, webhook_deliveries, webhook_secrets, webhooks,
};
use database::tenant::TenantConnection;
use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;
use serde_json::json;
use uuid::Uuid;

use super::new::{
    NO_CAPS, SECOND, SHARED, archived, by_somebody, deduplicated, final_failure, new_address, new_batch, new_call,
    new_change, new_contact, new_details, new_entry, new_evidence, new_failing, new_key, new_run, new_scan_url,
    new_schedule, new_session, new_suppression, new_view, new_webhook,
};
use crate::support::tenants::{Agencies, Agency, new_job, new_page, new_place, new_sitemap_url};

/// Names of rows that both walls must hide, and one row of each table with tenants' rows.
pub struct Rows {
    pub tenant: TenantId,
    pub name: String,
    pub domain: Domain,
    /// A domain without further facts.
    pub bare_domain: Domain,
    pub page: Page,
    pub contact: Contact,
    pub file: SitemapFile,
    pub url: String,
    pub place_id: String,
    /// A change of the place, and the person of the tenant.
    pub change: PlaceChangeId,
    pub person: Uuid,
    /// The leads of the place and of the domain, and a change of the latter.
    pub leads: [Lead; 2],
    pub lead_change: PlaceChangeId,
    /// The points of rules of the score.
    pub points: ScorePoints,
    pub batch: BatchJob,
    pub pending: Job,
    pub failed: Job,
    pub lease: Lease,
    pub key: ApiKey,
    pub session: Session,
    pub idempotency_key: String,
    pub call: ApiCallId,
    pub run: SitemapRun,
    pub scan: EmailScan,
    pub suppression: Suppression,
    pub window: Taken,
    /// A webhook at which a worker has a turn, one that is disabled, and a delivery to the former that waits.
    pub webhook: Webhook,
    pub off_webhook: Webhook,
    pub delivery: WebhookDelivery,
    pub turn: WebhookTurn,
    pub scheduled: Scheduled,
    pub view: SavedView,
    /// A domain of the calling tenant, and one of its pages.
    pub own_domain: DomainId,
    pub own_page: Page,
    pub own_webhook: WebhookId,
}

/// A schedule that is due, one that is paused, a run of the former, and a key that was revoked.
pub struct Scheduled {
    pub due: Schedule,
    pub paused: Schedule,
    pub run: ScheduleRun,
    pub ended_key: ApiKey,
}

impl Rows {
    /// Fills every table for two tenants, and returns the rows of the first, for calls of the other.
    pub async fn of_both(agencies: &Agencies, acme: &Agency, bolt: &Agency) -> Self {
        // On the heap, since the futures are large for a test's stack.
        let rows = Box::pin(Self::of(agencies, acme, "acme")).await;
        let own = Box::pin(Self::of(agencies, bolt, "boltz")).await;
        // The other tenant's change is the last one: a query without the tenant would find that.
        acme.run(async |conn| leads::change(conn, &LeadFilter::default(), &archived(), by_somebody()).await)
            .await;
        Self {
            own_domain: own.domain.id,
            own_page: own.page,
            own_webhook: own.webhook.id,
            ..rows
        }
    }

    /// Fills every table of a tenant; every text in its rows starts with `name`.
    pub async fn of(agencies: &Agencies, agency: &Agency, name: &str) -> Self {
        let site = OneSite::of(agency, name).await;
        let owner = agency.id;
        let person = Uuid::new_v4();
        let client = agencies.database.client().await;
        // Rows of the sign-in service and of the old system.
        let others = format!(
            "INSERT INTO profiles (id, tenant_id, name) VALUES ('{person}', '{owner}', '{name}');
             INSERT INTO sitemap_file_curations (tenant_id, sitemap_file_id) VALUES ('{owner}', '{}')",
            site.file.id
        );
        client.batch_execute(&others).await.unwrap();
        let bare_file = site.bare_file.id;
        let rows = agency
            .run(async |conn| {
                let (run, scan) = fill_scans(conn, &site, name).await?;
                let change = fill_places(conn, name).await?;
                let suppression = fill_contacts(conn, &site, name).await?;
                let (leads, lead_change) = change_leads(conn, name).await?;
                let webhooks = fill_webhooks(conn, name).await?;
                let rows = Self::filled(conn, site, name, (run, scan, suppression), (leads, webhooks)).await?;
                Ok(Self {
                    change,
                    lead_change,
                    ..rows
                })
            })
            .await;
        let lease = rows.pass_time(agencies, agency, bare_file).await;
        let (_, turn) = agencies
            .system(async |conn| turns::take(conn, 100, TimeDelta::days(1)).await)
            .await;
        Self {
            lease,
            person,
            turn,
            ..rows
        }
    }

    /// Fills the tables of jobs and callers, and returns the names of all rows.
    async fn filled(
        conn: &mut TenantConnection,
        site: OneSite,
        name: &str,
        (run, scan, suppression): (SitemapRun, EmailScan, Suppression),
        (leads, [webhook, off_webhook]): ([Lead; 2], [Webhook; 2]),
    ) -> QueryResult<Self> {
        audit_log::insert(conn, &new_entry(name)).await?;
        let mut window = rate_windows::take(conn, RateKind::Requests, Uuid::max(), 10, |_| 1).await?;
        // As below.
        window.started_at -= TimeDelta::hours(2);
        scan_days::count(conn, 1).await?;
        let points = score_points::lock(conn).await?;
        let found = contacts::list(conn, &ContactFilter::default(), &Paging::default()).await?;
        let hash = [name.len() as u8; 32];
        let kind = kind(name);
        let batch = batches::insert(conn, &new_batch(&kind)).await?;
        let pending = jobs::enqueue(conn, &deduplicated(&kind, name)).await?.job;
        batches::join(conn, batch.batch_id, &[pending.job_id]).await?;
        place_finds::insert_many(conn, pending.job_id, &[name]).await?;
        let call = api_calls::reserve(conn, &new_call(pending.job_id), NO_CAPS).await?;
        let Reserved::Call(call) = call else { panic!("no call") };
        idempotency_keys::begin(conn, name, &[1; 32]).await?;
        idempotency_keys::finish(conn, name, 200, name).await?;
        let key = api_keys::insert(conn, &new_key(&hash, &TextList::from_iter(["read"]))).await?;
        Ok(Self {
            tenant: conn.tenant_id(),
            name: name.to_owned(),
            delivery: deliver(conn, &webhook, &pending).await?,
            own_webhook: webhook.id,
            webhook,
            off_webhook,
            turn: Uuid::nil().into(),
            scheduled: fill_schedules(conn, &key, name).await?,
            view: saved_views::upsert(conn, &new_view(name)).await?,
            session: sessions::insert(conn, &new_session(&hash, Some(key.id))).await?,
            contact: found.into_iter().next().unwrap(),
            place_id: name.to_owned(),
            change: Uuid::nil().into(),
            leads,
            lead_change: Uuid::nil().into(),
            points,
            person: Uuid::nil(),
            pending,
            call,
            run,
            scan,
            suppression,
            window,
            failed: jobs::enqueue(conn, &new_failing(batch.batch_id)).await?.job,
            batch,
            lease: Lease {
                job_id: jobs::enqueue(conn, &new_job("runs")).await?.job.job_id,
                token: uuid::Uuid::nil().into(),
            },
            key,
            idempotency_key: name.to_owned(),
            own_domain: site.domain.id,
            own_page: site.page.clone(),
            domain: site.domain,
            bare_domain: site.bare_domain,
            page: site.page,
            file: site.file,
            url: site.url,
        })
    }

    /// Runs workers and ends rate windows; returns the lease of the running job.
    async fn pass_time(&self, agencies: &Agencies, agency: &Agency, bare_file: SitemapFileId) -> Lease {
        let claimed = agencies
            .system(async |conn| jobs::queue::claim(conn, "test", &["runs", "fails"], 10, SECOND * 600).await)
            .await;
        let lease = |id| {
            let job = claimed.iter().find(|job| job.job_id == id).unwrap();
            Lease {
                job_id: id,
                token: job.lease_token.unwrap(),
            }
        };
        let (owner, name, url) = (agency.id, &self.name, &self.url);
        // Limits are set by the operator, and windows end with time.
        let past = format!(
            "INSERT INTO tenant_limits (tenant_id) VALUES ('{owner}') ON CONFLICT DO NOTHING;
             INSERT INTO events (tenant_id, clock, kind, job_id, batch_id) VALUES ('{owner}', 1, 'job.ended', '{}', '{}');
             UPDATE sessions SET expires_at = now() - interval '1 day' WHERE tenant_id = '{owner}';
             UPDATE sitemap_files SET status = 'completed', url_count = 1 WHERE id = '{}';
             UPDATE sitemap_files SET status = 'pending', job_id = '{}' WHERE id = '{}';
             INSERT INTO sitemap_files (tenant_id, domain_id, url, sitemap_type, status, job_id)
                 VALUES ('{owner}', '{}', '{url}unread', 'unknown', 'failed', '{}');
             INSERT INTO idempotency_keys (tenant_id, key, request_hash) VALUES ('{owner}', '{name}-open', sha256('x'));
             UPDATE rate_windows SET started_at = started_at - interval '2 hours' WHERE tenant_id = '{owner}';
             UPDATE idempotency_keys SET created_at = created_at - interval '2 days' WHERE tenant_id = '{owner}' AND status IS NOT NULL",
            self.pending.job_id, self.batch.batch_id, bare_file, self.pending.job_id, self.file.id, self.bare_domain.id, self.failed.job_id
        );
        let client = agencies.database.client().await;
        client.batch_execute(&past).await.unwrap();
        let failing = lease(self.failed.job_id);
        agency
            .run(async |conn| jobs::queue::fail(conn, failing, &final_failure()).await)
            .await;
        lease(self.lease.job_id)
    }
}

/// Two domains of a tenant, one of them with few facts.
struct OneSite {
    domain: Domain,
    bare_domain: Domain,
    page: Page,
    file: SitemapFile,
    bare_file: SitemapFile,
    url: String,
}

impl OneSite {
    async fn of(agency: &Agency, name: &str) -> Self {
        let domain = agency.domain(&format!("{name}.test")).await;
        let url = format!("https://{name}.test/");
        let page = agency.page(&domain, &url).await;
        let links = TextList::from_iter([&url]);
        let other_url = format!("{url}about");
        let linking = NewPage {
            outbound_links: Some(&links),
            ..new_page(&domain, &other_url)
        };
        agency.run(async |conn| pages::upsert(conn, &linking).await).await;
        let bare_domain = agency.domain(&format!("{name}-bare.test")).await;
        let bare_file = agency.sitemap(&bare_domain, &url).await;
        let file = agency.sitemap(&domain, &url).await;
        Self {
            domain,
            bare_domain,
            page,
            file,
            bare_file,
            url,
        }
    }
}

fn kind(name: &str) -> String {
    format!("{name}-kind")
}

/// Adds the results of scans of a domain.
async fn fill_scans(conn: &mut TenantConnection, site: &OneSite, name: &str) -> QueryResult<(SitemapRun, EmailScan)> {
    let domain = site.domain.id;
    domain_facts::upsert(conn, domain, &DomainProfileChanges::default()).await?;
    domain_facts::upsert(conn, domain, &DomainTechnologiesChanges::default()).await?;
    domain_facts::upsert(conn, domain, &DomainHostingChanges::default()).await?;
    domain_changes::insert_many(conn, domain, Uuid::new_v4().into(), &[new_change(name)]).await?;
    let told = [new_evidence(name), new_address(name)];
    domain_evidence::replace(conn, domain, EvidenceColumn::ALL, Utc::now(), &told).await?;
    let job = jobs::enqueue(conn, &deduplicated(&kind(name), name)).await?.job.job_id;
    let run = sitemap_runs::begin(conn, domain, job, true).await?;
    sitemap_urls::upsert_many(conn, Some(run.id), &[new_sitemap_url(&site.file, &site.url)]).await?;
    let scan = email_scans::begin(conn, domain, job, 100).await?;
    email_scans::upsert_urls(conn, scan.id, &[new_scan_url(&site.url)]).await?;
    Ok((run, scan))
}

async fn fill_places(conn: &mut TenantConnection, name: &str) -> QueryResult<PlaceChangeId> {
    places::upsert_many(conn, &[new_place(name), new_place(SHARED)]).await?;
    place_details::upsert_many(conn, &[new_details(name)]).await?;
    place_searches::insert(conn, &new_search(name)).await?;
    let by = by_somebody();
    place_changes::change(conn, &PlaceFilter::default(), &archived(), by).await?;
    Ok(by.change_id)
}

/// Changes the lead of the domain, and returns the leads of the place and of the domain.
async fn change_leads(conn: &mut TenantConnection, name: &str) -> QueryResult<([Lead; 2], PlaceChangeId)> {
    let (all, _) = leads::list(conn, &LeadFilter::default(), LeadOrder::Newest, 100).await?;
    let host = format!("{name}.test");
    let of_place = all.iter().find(|lead| lead.place_id.as_deref() == Some(name)).unwrap();
    let of_domain = all.iter().find(|lead| lead.domain.as_deref() == Some(&host)).unwrap();
    let by = by_somebody();
    let filter = LeadFilter {
        ids: Some(&[of_domain.id]),
        ..LeadFilter::default()
    };
    leads::change(conn, &filter, &archived(), by).await?;
    Ok(([of_place.clone(), of_domain.clone()], by.change_id))
}

/// Adds a contact, and another one that must stay unchanged.
async fn fill_contacts(conn: &mut TenantConnection, site: &OneSite, name: &str) -> QueryResult<Suppression> {
    let email = format!("{name}@{name}.test");
    contacts::upsert_many(conn, &[new_contact(&site.page, &email)]).await?;
    contacts::upsert_mail_domains(conn, &[(format!("{name}.test"), MxStatus::Ok)]).await?;
    let suppressed = format!("{name}@suppressed.test");
    suppressions::upsert(conn, new_suppression(&suppressed)).await
}

fn new_search(name: &str) -> NewPlaceSearch<'_> {
    NewPlaceSearch {
        user_id: None,
        location: name,
        business_type: name,
        params: None,
        status: None,
    }
}

/// Adds a webhook, one that is disabled, and one of requests.
async fn fill_webhooks(conn: &mut TenantConnection, name: &str) -> QueryResult<[Webhook; 2]> {
    let url = format!("https://{name}.test/hook");
    let webhook = webhooks::insert(conn, &new_webhook(&url, &TextList::from_iter(["job.ended"]))).await?;
    webhook_secrets::insert(conn, webhook.id, &WebhookSecret::generate()).await?;
    let requested = webhooks::requests::upsert(conn, &url).await?;
    webhooks::requests::follow(conn, requested.id, Ending::Job(JobId::from(Uuid::new_v4()))).await?;
    let off = webhooks::insert(conn, &new_webhook(&url, &TextList::from_iter(["job.begun"]))).await?;
    webhooks::disable(conn, off.id, DisabledBecause::Request).await?;
    Ok([webhook, off])
}

/// Adds schedules in the name of a key, and a key that was revoked.
async fn fill_schedules(conn: &mut TenantConnection, key: &ApiKey, name: &str) -> QueryResult<Scheduled> {
    let work = RawJson::from(json!({ "sitemap_scan": { "domain": format!("{name}.test") } }));
    let run_by = Some(key.id.get().into());
    let due = schedules::insert(conn, &new_schedule(name, &work, run_by)).await?;
    let paused = schedules::insert(conn, &new_schedule(name, &work, run_by)).await?;
    schedules::pause(conn, paused.id, PausedBecause::Request).await?;
    let hash = [name.len() as u8 + 100; 32];
    let ended = api_keys::insert(conn, &new_key(&hash, &TextList::from_iter(["read"]))).await?;
    Ok(Scheduled {
        run: schedule_runs::insert(conn, &new_run(due.id)).await?,
        due,
        paused,
        ended_key: api_keys::revoke(conn, ended.id).await?,
    })
}

/// Adds a delivery of an event of a job.
async fn deliver(conn: &mut TenantConnection, webhook: &Webhook, job: &Job) -> QueryResult<WebhookDelivery> {
    let delivery = webhook_deliveries::insert_test(conn, webhook.id).await?;
    let of_job = format!(
        "UPDATE webhook_deliveries SET job_id = '{}' WHERE tenant_id = '{}' AND id = '{}'",
        job.job_id, delivery.tenant_id, delivery.id
    );
    conn.batch_execute(&of_job).await?;
    webhook_deliveries::get(conn, webhook.id, delivery.id).await
}
