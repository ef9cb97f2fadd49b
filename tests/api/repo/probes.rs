//! Every repository function on tenants' rows, aimed at the rows of another tenant.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::{ApiCallId, DomainId, JobId, SitemapFileId, TenantId};
use database::models::api_call::{ApiCall, NewApiCall};
use database::models::api_key::{ApiKey, NewApiKey};
use database::models::audit_entry::{AuditEntry, NewAuditEntry};
use database::models::batch_job::{BatchJob, BatchJobChanges, NewBatchJob};
use database::models::contact::{Contact, ContactChanges, ContactSource, NewContact};
use database::models::domain::{Domain, DomainChanges};
use database::models::domain_hosting::{DomainHosting, DomainHostingChanges};
use database::models::domain_profile::{DomainProfile, DomainProfileChanges};
use database::models::domain_technologies::{DomainTechnologies, DomainTechnologiesChanges};
use database::models::email_scan::{DomainPages, EmailScan, EmailScanChanges, EmailScanUrl, NewEmailScanUrl};
use database::models::enums::{
    CurationStatus, JobStatus, MxStatus, Outcome, PlaceAction, ProcessingStatus, RateKind, ScanUrlState,
    SuppressionKind,
};
use database::models::idempotency_key::IdempotencyKey;
use database::models::job::{Job, NewJob};
use database::models::page::{NewPage, Page};
use database::models::place_change::{PlaceChange, PlaceCuration};
use database::models::place_details::{HandOver, NewPlaceDetails, PlaceDetails};
use database::models::place_search::{NewPlaceSearch, PlaceSearch, PlaceSearchChanges};
use database::models::sitemap_file::{SitemapFile, SitemapFileChanges};
use database::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use database::models::sitemap_url::SitemapUrl;
use database::models::sitemap_url_change::SitemapUrlChange;
use database::models::staged_place::StagedPlace;
use database::models::suppression::{NewSuppression, Suppression};
use database::models::values::{RawJson, TextList};
use database::repo::api_calls::{Caps, CostLine, Reserved};
use database::repo::bulk::Upserted;
use database::repo::contacts::ContactFilter;
use database::repo::domains::{DomainFilter, DomainOrder};
use database::repo::erasures::Erased;
use database::repo::jobs::queue::Lease;
use database::repo::jobs::{Enqueued, Failure, JobFilter};
use database::repo::pages::PageFilter;
use database::repo::paging::{Cursor, Paging};
use database::repo::place_changes::{ChangedBy, Undone};
use database::repo::place_details::Candidate;
use database::repo::places::{CursorKey, PlaceCursor, PlaceFilter, PlaceOrder};
use database::repo::rate_windows::RateWindow;
use database::repo::scan_days::ScanDay;
use database::repo::sitemap_files::{FileTotals, FoundFile, SitemapFileFilter};
use database::repo::sitemap_url_changes::ChangeCounts;
use database::repo::sitemap_urls::SitemapUrlFilter;
use database::repo::{
    api_calls, api_keys, audit_log, batches, contacts, domain_facts, domains, email_scans, erasures, idempotency_keys,
    jobs, pages, place_changes, place_details, place_finds, place_searches, places, rate_windows, scan_days,
    sitemap_files, sitemap_runs, sitemap_url_changes, sitemap_urls, suppressions,
};
use database::tenant::TenantConnection;
use diesel::QueryResult;
use serde_json::json;
use uuid::Uuid;

use crate::support::tenants::{Agencies, Agency, new_domain, new_job, new_page, new_place, new_sitemap_url};

/// One call, and what may come of it.
pub struct Probe {
    /// `module::function`.
    pub function: &'static str,
    pub expects: Expects,
    pub call: for<'c> fn(&'c mut TenantConnection, &'c Rows) -> Answer<'c>,
}

pub type Answer<'c> = Pin<Box<dyn Future<Output = QueryResult<Seen>> + 'c>>;

/// What a tenant gets by a call that is aimed at another's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No row, as if there were none.
    Nothing,
    /// Its own rows at most, counted rightly.
    OwnRows,
    /// A row of its own, made beside the other's.
    NewRow,
    /// A foreign key that says there is no such row.
    NoSuchRow,
}

/// What an answer says: how many rows there are, and whose they are where it says so.
#[derive(Debug)]
pub struct Seen {
    pub rows: i64,
    pub owners: Vec<TenantId>,
    /// It took another tenant's row for its own, or counted it.
    pub met_another: bool,
}

/// Names of rows that both walls have to hide, and one row in each table that tenants have rows in.
pub struct Rows {
    pub tenant: TenantId,
    pub name: String,
    pub domain: Domain,
    /// A domain about which nothing more is known.
    pub bare_domain: Domain,
    pub page: Page,
    pub contact: Contact,
    pub file: SitemapFile,
    pub url: String,
    pub place_id: String,
    pub batch: BatchJob,
    pub pending: Job,
    pub failed: Job,
    pub lease: Lease,
    pub key: ApiKey,
    pub search: PlaceSearch,
    pub idempotency_key: String,
    pub call: ApiCallId,
    pub run: SitemapRun,
    pub scan: EmailScan,
    pub suppression: Suppression,
    /// A domain of whoever asks, and a page of it.
    pub own_domain: DomainId,
    pub own_page: Page,
}

/// A place that both tenants have staged: its id is Google's.
const SHARED: &str = "shared";

const SECOND: Duration = Duration::from_secs(1);

impl Rows {
    /// Fills every table for two tenants, and returns the rows of the first, to aim the other at.
    pub async fn of_both(agencies: &Agencies, acme: &Agency, bolt: &Agency) -> Self {
        let rows = Self::of(agencies, acme, "acme").await;
        let own = Self::of(agencies, bolt, "boltz").await;
        // The last change is the other's: who forgets whose is asked for, gets that one.
        acme.run(async |conn| place_changes::change(conn, &PlaceFilter::default(), &archived(), by_somebody()).await)
            .await;
        Self {
            own_domain: own.domain.id,
            own_page: own.page,
            ..rows
        }
    }

    /// Fills every table for a tenant; every text in its rows begins with `name`.
    pub async fn of(agencies: &Agencies, agency: &Agency, name: &str) -> Self {
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
        let kind = format!("{name}-kind");
        let owner = agency.id;
        let client = agencies.database.client().await;
        // What the sign-in service writes, and what the old system knew.
        let others = format!(
            "INSERT INTO profiles (id, tenant_id, name) VALUES (gen_random_uuid(), '{owner}', '{name}');
             INSERT INTO sitemap_file_curations (tenant_id, sitemap_file_id) VALUES ('{owner}', '{}')",
            file.id
        );
        client.batch_execute(&others).await.unwrap();
        let rows = agency
            .run(async |conn| {
                domain_facts::upsert(conn, domain.id, &DomainProfileChanges::default()).await?;
                domain_facts::upsert(conn, domain.id, &DomainTechnologiesChanges::default()).await?;
                domain_facts::upsert(conn, domain.id, &DomainHostingChanges::default()).await?;
                audit_log::insert(conn, &new_entry(name)).await?;
                rate_windows::count(conn, RateKind::Requests, Uuid::max()).await?;
                scan_days::count(conn, 1).await?;
                let pending = jobs::enqueue(conn, &deduplicated(&kind, name)).await?.job;
                let run = sitemap_runs::begin(conn, domain.id, pending.job_id, true).await?;
                sitemap_urls::upsert_many(conn, Some(run.id), &[new_sitemap_url(&file, &url)]).await?;
                places::upsert_many(conn, &[new_place(name), new_place(SHARED)]).await?;
                place_details::upsert_many(conn, &[new_details(name)]).await?;
                place_changes::change(conn, &PlaceFilter::default(), &archived(), by_somebody()).await?;
                let email = format!("{name}@{name}.test");
                contacts::upsert_many(conn, &[new_contact(&page, &email)]).await?;
                contacts::upsert_mail_domains(conn, &[(format!("{name}.test"), MxStatus::Ok)]).await?;
                let scan = email_scans::begin(conn, domain.id, pending.job_id, 100).await?;
                email_scans::upsert_urls(conn, scan.id, &[new_scan_url(&url)]).await?;
                let suppressed = format!("{name}@suppressed.test");
                let suppression = suppressions::upsert(conn, new_suppression(&suppressed)).await?;
                let found = contacts::list_after(conn, &ContactFilter::default(), None, 100).await?;
                let hash = [name.len() as u8; 32];
                let search = NewPlaceSearch {
                    user_id: None,
                    location: name,
                    business_type: name,
                    params: None,
                    status: None,
                };
                let batch = batches::insert(conn, &new_batch(&kind)).await?;
                let pending = jobs::enqueue(conn, &deduplicated(&kind, name)).await?.job;
                place_finds::insert_many(conn, pending.job_id, &[name]).await?;
                let call = api_calls::reserve(conn, &new_call(pending.job_id), NO_CAPS).await?;
                let Reserved::Call(call) = call else { panic!("no call") };
                let failing = NewJob {
                    batch_id: Some(batch.batch_id),
                    ..new_job("fails")
                };
                Ok(Self {
                    tenant: owner,
                    name: name.to_owned(),
                    contact: found.into_iter().next().unwrap(),
                    place_id: name.to_owned(),
                    batch,
                    pending,
                    call,
                    run,
                    scan,
                    suppression,
                    own_domain: domain.id,
                    own_page: page.clone(),
                    failed: jobs::enqueue(conn, &failing).await?.job,
                    lease: Lease {
                        job_id: jobs::enqueue(conn, &new_job("runs")).await?.job.job_id,
                        token: uuid::Uuid::nil().into(),
                    },
                    key: api_keys::insert(conn, &new_key(&hash, &TextList::from_iter(["read"]))).await?,
                    search: place_searches::insert(conn, &search).await?,
                    idempotency_key: {
                        idempotency_keys::begin(conn, name, &[1; 32]).await?;
                        idempotency_keys::finish(conn, name, 200, name).await?;
                        name.to_owned()
                    },
                    domain: domain.clone(),
                    bare_domain: bare_domain.clone(),
                    page: page.clone(),
                    file: file.clone(),
                    url: url.clone(),
                })
            })
            .await;
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
        // Limits are the operator's to set, and windows end by themselves.
        let past = format!(
            "INSERT INTO tenant_limits (tenant_id) VALUES ('{owner}') ON CONFLICT DO NOTHING;
             UPDATE sitemap_files SET status = 'completed', url_count = 1 WHERE id = '{}';
             UPDATE sitemap_files SET status = 'pending', job_id = '{}' WHERE id = '{}';
             INSERT INTO sitemap_files (tenant_id, domain_id, url, sitemap_type, status, job_id)
                 VALUES ('{owner}', '{}', '{url}unread', 'unknown', 'failed', '{}');
             INSERT INTO idempotency_keys (tenant_id, key, request_hash) VALUES ('{owner}', '{name}-open', sha256('x'));
             UPDATE rate_windows SET started_at = started_at - interval '2 hours' WHERE tenant_id = '{owner}';
             UPDATE idempotency_keys SET created_at = created_at - interval '2 days' WHERE tenant_id = '{owner}' AND status IS NOT NULL",
            bare_file.id, rows.pending.job_id, file.id, bare_domain.id, rows.failed.job_id
        );
        client.batch_execute(&past).await.unwrap();
        let failing = lease(rows.failed.job_id);
        agency
            .run(async |conn| jobs::queue::fail(conn, failing, &final_failure()).await)
            .await;
        Self {
            lease: lease(rows.lease.job_id),
            ..rows
        }
    }
}

fn new_entry(name: &str) -> NewAuditEntry<'_> {
    NewAuditEntry {
        actor: name,
        action: "test",
        subject: Some(name),
        details: None,
        request_id: None,
    }
}

fn new_contact<'a>(page: &Page, email: &'a str) -> NewContact<'a> {
    NewContact {
        domain_id: page.domain_id,
        page_id: page.id,
        email,
        email_type: None,
        has_gmail: None,
        context: None,
        source_url: None,
        source_job_id: None,
        name: None,
        role: None,
        confidence: None,
        spelling: "text",
    }
}

fn new_scan_url(url: &str) -> NewEmailScanUrl<'_> {
    NewEmailScanUrl {
        position: 0,
        url,
        rank: 0,
        depth: 0,
        state: ScanUrlState::Waiting,
        fetches: 0,
        disposition: None,
        reason: None,
        content_hash: None,
    }
}

fn new_suppression(value: &str) -> NewSuppression<'_> {
    NewSuppression {
        kind: SuppressionKind::Address,
        value,
        keeps_value: true,
        reason: None,
    }
}

const NO_CAPS: Caps = Caps {
    per_job: 1000,
    per_month: None,
};

fn new_call(job: JobId) -> NewApiCall<'static> {
    NewApiCall {
        job_id: Some(job),
        service: "places",
        sku: "search",
        price_micros: 1,
        step: "one",
    }
}

fn new_details(place_id: &str) -> NewPlaceDetails<'_> {
    NewPlaceDetails {
        place_id,
        website: Some(place_id),
        phone: None,
        opening_hours: None,
        raw_data: None,
        content_at: Utc::now(),
    }
}

fn archived() -> PlaceCuration {
    PlaceCuration {
        status: Some(CurationStatus::Archived),
        ..PlaceCuration::default()
    }
}

fn by_somebody() -> ChangedBy<'static> {
    ChangedBy {
        change_id: uuid::Uuid::new_v4().into(),
        action: PlaceAction::Bulk,
        who: "somebody",
    }
}

fn new_batch(kind: &str) -> NewBatchJob<'_> {
    NewBatchJob {
        processor_type: kind,
        created_by: None,
        total_domains: None,
        failed_domains: None,
        metadata: None,
        options: None,
    }
}

fn new_key<'a>(hash: &'a [u8; 32], scopes: &'a TextList) -> NewApiKey<'a> {
    NewApiKey {
        name: "key",
        prefix: "sk",
        hash,
        scopes,
        expires_at: None,
    }
}

fn deduplicated<'a>(kind: &'a str, key: &'a str) -> NewJob<'a> {
    NewJob {
        dedup_key: Some(key),
        ..new_job(kind)
    }
}

fn final_failure() -> Failure<'static> {
    Failure {
        error: "it failed",
        outcome: Outcome::Internal,
        retry_at: None,
    }
}

/// What an answer tells of rows.
trait Tell {
    fn tell(&self) -> Seen;
}

macro_rules! rows_tell_their_tenant {
    ($($row:ty: $tenant:ident),+ $(,)?) => {
        $(impl Tell for $row {
            fn tell(&self) -> Seen {
                Seen { rows: 1, owners: vec![self.$tenant], met_another: false }
            }
        })+
    };
}

rows_tell_their_tenant!(
    ApiKey: tenant_id,
    AuditEntry: tenant_id,
    RateWindow: tenant_id,
    BatchJob: tenant_id,
    Contact: tenant_id,
    Domain: tenant_id,
    DomainHosting: tenant_id,
    DomainProfile: tenant_id,
    DomainTechnologies: tenant_id,
    EmailScan: tenant_id,
    EmailScanUrl: tenant_id,
    Suppression: tenant_id,
    Job: tenant_id,
    Page: tenant_id,
    ApiCall: tenant_id,
    PlaceChange: tenant_id,
    PlaceDetails: tenant_id,
    PlaceSearch: tenant_id,
    SitemapFile: tenant_id,
    SitemapRun: tenant_id,
    SitemapUrl: tenant_id,
    SitemapUrlChange: tenant_id,
    StagedPlace: tenant_id,
);

/// A day that begins with the other tenant's would hold its scans as well.
impl Tell for ScanDay {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.scans != 2,
            ..1_i64.tell()
        }
    }
}

impl Tell for domains::DomainDetails {
    fn tell(&self) -> Seen {
        self.0.tell()
    }
}

impl Tell for (EmailScan, Option<JobStatus>) {
    fn tell(&self) -> Seen {
        self.0.tell()
    }
}

impl Tell for Erased {
    fn tell(&self) -> Seen {
        (self.contacts + self.other_rows).tell()
    }
}

impl Tell for Enqueued {
    fn tell(&self) -> Seen {
        Seen {
            met_another: !self.is_new,
            ..self.job.tell()
        }
    }
}

impl Tell for FileTotals {
    fn tell(&self) -> Seen {
        (self.files() + self.urls + self.bytes).tell()
    }
}

impl Tell for ChangeCounts {
    fn tell(&self) -> Seen {
        (self.added + self.removed + self.changed).tell()
    }
}

impl Tell for SitemapFileId {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for DomainId {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for JobId {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for bool {
    fn tell(&self) -> Seen {
        i64::from(*self).tell()
    }
}

impl Tell for i64 {
    fn tell(&self) -> Seen {
        Seen {
            rows: *self,
            owners: Vec::new(),
            met_another: false,
        }
    }
}

impl Tell for usize {
    fn tell(&self) -> Seen {
        i64::try_from(*self).unwrap().tell()
    }
}

impl Tell for () {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for (DomainId, String) {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for (JobStatus, i64) {
    fn tell(&self) -> Seen {
        self.1.tell()
    }
}

/// What [`idempotency_keys::begin`] answers: the request of that name, or that it is a new one.
impl Tell for Option<IdempotencyKey> {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.is_some(),
            ..1_i64.tell()
        }
    }
}

impl Tell for Upserted {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.updated + self.unchanged > 0,
            ..self.inserted.tell()
        }
    }
}

macro_rules! one_row_each {
    ($($row:ty),+ $(,)?) => {
        $(impl Tell for $row {
            fn tell(&self) -> Seen {
                1_i64.tell()
            }
        })+
    };
}

one_row_each!(Candidate, ContactSource, (JobId, DateTime<Utc>));

impl Tell for DomainPages {
    fn tell(&self) -> Seen {
        self.domain.tell()
    }
}

/// Every text of the other tenant has its name in it.
impl Tell for String {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.contains("acme"),
            ..1_i64.tell()
        }
    }
}

/// A cap that is not reached by the tenant's own calls was reached by another's.
impl Tell for Reserved {
    fn tell(&self) -> Seen {
        Seen {
            met_another: !matches!(self, Self::Call(_)),
            ..1_i64.tell()
        }
    }
}

/// Each of the two has made one call.
impl Tell for CostLine {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.calls != 1,
            ..self.calls.tell()
        }
    }
}

impl Tell for Undone {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.changed != self.restored,
            ..self.restored.tell()
        }
    }
}

impl<T: Tell> Tell for Option<T> {
    fn tell(&self) -> Seen {
        self.as_ref().map_or_else(|| 0_i64.tell(), Tell::tell)
    }
}

impl<T: Tell> Tell for Vec<T> {
    fn tell(&self) -> Seen {
        let each: Vec<_> = self.iter().map(Tell::tell).collect();
        Seen {
            rows: each.iter().map(|seen| seen.rows).sum(),
            met_another: each.iter().any(|seen| seen.met_another),
            owners: each.into_iter().flat_map(|seen| seen.owners).collect(),
        }
    }
}

impl<T: Tell> Tell for (Vec<T>, i64) {
    fn tell(&self) -> Seen {
        let listed = self.0.tell();
        Seen {
            met_another: listed.rows != self.1,
            ..listed
        }
    }
}

/// Declares probes: the function, what may come of it, and the call.
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
    api_calls::reserve: NewRow, |conn, a| (&new_call(a.pending.job_id), NO_CAPS);
    api_calls::reserve: NewRow, |conn, a| (&new_call(a.pending.job_id), Caps { per_month: Some(2), ..NO_CAPS });
    api_calls::answer: Nothing, |conn, a| (a.call, &RawJson::from(json!({})));
    api_calls::fail: Nothing, |conn, a| (a.call, false, "x");
    api_calls::list_of_job: Nothing, |conn, a| (a.pending.job_id);
    api_calls::list_costs: OwnRows, |conn, a| (DateTime::UNIX_EPOCH);
    api_keys::list: OwnRows, |conn, a| ();
    api_keys::insert: NewRow, |conn, a| (&new_key(&[99; 32], &TextList::from_iter(["read"])));
    api_keys::revoke: Nothing, |conn, a| (a.key.id);
    api_keys::list_page: OwnRows, |conn, a| (Paging::default());
    api_keys::get: Nothing, |conn, a| (a.key.id);
    api_keys::expire_in: Nothing, |conn, a| (a.key.id, TimeDelta::seconds(1));
    audit_log::insert: NewRow, |conn, a| (&new_entry(&a.name));
    audit_log::list: OwnRows, |conn, a| (None, None, 100);
    rate_windows::count: NewRow, |conn, a| (RateKind::Requests, Uuid::max());
    rate_windows::delete_ended: OwnRows, |conn, a| ();
    scan_days::count: NewRow, |conn, a| (1);
    batches::get: Nothing, |conn, a| (a.batch.batch_id);
    batches::insert: NewRow, |conn, a| (&new_batch(&a.name));
    batches::update: Nothing, |conn, a| (a.batch.batch_id, &BatchJobChanges { error: Some(Some("x")), ..Default::default() });
    contacts::get: Nothing, |conn, a| (a.contact.id);
    contacts::list_after: OwnRows, |conn, a| (&ContactFilter::default(), None, 100);
    contacts::list_after: OwnRows, |conn, a| (&ContactFilter::default(), Some(Cursor::new(Utc::now(), a.contact.id)), 100);
    contacts::count: Nothing, |conn, a| (&ContactFilter { text: Some(&a.name), ..Default::default() });
    contacts::upsert_many: NoSuchRow, |conn, a| (&[new_contact(&a.page, &a.contact.email)]);
    // What the other suppressed is nothing to the one who asks.
    contacts::upsert_many: NewRow, |conn, a| (&[new_contact(&a.own_page, a.suppression.value.as_deref().unwrap())]);
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
    email_scans::list_domains: OwnRows, |conn, a| (100, 0, 10);
    email_scans::note_inbound_links: Nothing, |conn, a| (a.domain.id);
    erasures::erase: Nothing, |conn, a| (SuppressionKind::Address, &a.contact.email);
    erasures::erase: Nothing, |conn, a| (SuppressionKind::Domain, &a.domain.domain);
    erasures::hide: Nothing, |conn, a| (SuppressionKind::Address, &a.contact.email);
    suppressions::upsert: NewRow, |conn, a| (new_suppression(a.suppression.value.as_deref().unwrap()));
    suppressions::list: OwnRows, |conn, a| (Paging::default());
    suppressions::delete: Nothing, |conn, a| (a.suppression.id);
    suppressions::list_covered: Nothing, |conn, a| (&[a.suppression.value.as_deref().unwrap()]);
    domain_facts::find_hosting: Nothing, |conn, a| (a.domain.id);
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainHostingChanges { has_ssl: Some(Some(true)), ..Default::default() });
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainProfileChanges { title: Some(Some("x")), ..Default::default() });
    domain_facts::upsert: NoSuchRow, |conn, a| (a.domain.id, &DomainTechnologiesChanges { has_divi: Some(Some(true)), ..Default::default() });
    domains::get: Nothing, |conn, a| (a.domain.id);
    domains::get_details: Nothing, |conn, a| (a.domain.id);
    domains::find_by_name: Nothing, |conn, a| (&a.domain.domain);
    domains::list: OwnRows, |conn, a| (&DomainFilter::default(), DomainOrder::Newest, Paging::default());
    domains::list: Nothing, |conn, a| (&DomainFilter { text: Some(&a.name), ..Default::default() }, DomainOrder::Name, Paging::default());
    domains::upsert: NewRow, |conn, a| (&new_domain(&a.domain.domain));
    domains::upsert_many: NewRow, |conn, a| (&[new_domain(&a.domain.domain)]);
    domains::update: Nothing, |conn, a| (a.domain.id, &DomainChanges { notes: Some(Some("x")), ..Default::default() });
    domains::update_many: Nothing, |conn, a| (&[a.domain.id], &DomainChanges { notes: Some(Some("x")), ..Default::default() });
    domains::delete: Nothing, |conn, a| (a.domain.id);
    domains::lock: Nothing, |conn, a| (a.domain.id);
    domains::lock_many: Nothing, |conn, a| (&[a.domain.id]);
    idempotency_keys::begin: NewRow, |conn, a| (&a.idempotency_key, &[1; 32]);
    idempotency_keys::finish: Nothing, |conn, a| (&format!("{}-open", a.name), 200, "x");
    idempotency_keys::finish: Nothing, |conn, a| (&a.idempotency_key, 200, "x");
    jobs::enqueue: NewRow, |conn, a| (&deduplicated(&a.pending.kind, &a.name));
    // No foreign key leads from jobs to domains: the job is the tenant's own, and ends when it does not find its domain.
    jobs::enqueue: NewRow, |conn, a| (&NewJob { domain_id: Some(a.domain.id), ..new_job("x") });
    jobs::enqueue: NoSuchRow, |conn, a| (&NewJob { batch_id: Some(a.batch.batch_id), ..new_job("x") });
    jobs::enqueue_many: NewRow, |conn, a| (&[deduplicated(&a.pending.kind, &a.name)]);
    jobs::get: Nothing, |conn, a| (a.pending.job_id);
    jobs::list: OwnRows, |conn, a| (&JobFilter::default(), Paging::default());
    jobs::list: Nothing, |conn, a| (&JobFilter { domain_id: Some(a.domain.id), ..Default::default() }, Paging::default());
    jobs::cancel: Nothing, |conn, a| (a.pending.job_id);
    jobs::cancel: Nothing, |conn, a| (a.lease.job_id);
    jobs::retry: Nothing, |conn, a| (a.failed.job_id);
    jobs::count_of_batch: Nothing, |conn, a| (a.batch.batch_id, &[a.pending.job_id]);
    jobs::list: Nothing, |conn, a| (&JobFilter { batch_id: Some(a.batch.batch_id), others: &[a.pending.job_id], ..Default::default() }, Paging::default());
    jobs::retry_batch: Nothing, |conn, a| (a.batch.batch_id, &[a.pending.job_id]);
    jobs::queue::hold: Nothing, |conn, a| (a.lease);
    jobs::queue::report: Nothing, |conn, a| (a.lease, 0.5, "step", "message");
    jobs::queue::finish: Nothing, |conn, a| (a.lease, Outcome::Ok, &RawJson::from(json!({})));
    jobs::queue::fail: Nothing, |conn, a| (a.lease, &final_failure());
    jobs::queue::fail: Nothing, |conn, a| (a.lease, &Failure { retry_at: Some(Utc::now()), ..final_failure() });
    jobs::queue::end_cancelled: Nothing, |conn, a| (a.lease);
    pages::list: OwnRows, |conn, a| (&PageFilter::default(), Paging::default());
    pages::list: Nothing, |conn, a| (&PageFilter { domain_id: Some(a.domain.id), ..Default::default() }, Paging::default());
    pages::upsert: NoSuchRow, |conn, a| (&new_page(&a.domain, &a.url));
    place_searches::insert: NewRow, |conn, a| (&NewPlaceSearch { user_id: None, location: &a.name, business_type: &a.name, params: None, status: None });
    place_searches::update: Nothing, |conn, a| (a.search.id, &PlaceSearchChanges { status: Some(Some("x")), ..Default::default() });
    place_changes::change: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() }, &archived(), by_somebody());
    place_changes::change_each: Nothing, |conn, a| (&[&a.place_id], &[archived().patch()], by_somebody());
    place_changes::change: OwnRows, |conn, a| (&PlaceFilter::default(), &archived(), by_somebody());
    place_changes::undo_last: OwnRows, |conn, a| (uuid::Uuid::new_v4().into(), "somebody");
    place_changes::list: OwnRows, |conn, a| (None, None, 100);
    place_changes::list: Nothing, |conn, a| (Some(&a.place_id), None, 100);
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
    place_finds::list_of_place: Nothing, |conn, a| (&a.place_id);
    places::get: Nothing, |conn, a| (&a.place_id);
    places::find: Nothing, |conn, a| (&a.place_id);
    places::list: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, Paging::default());
    places::list: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() }, PlaceOrder::Name, Paging::default());
    places::list: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() }, PlaceOrder::Newest, Paging::first(1));
    places::list: OwnRows, |conn, a| (&PlaceFilter { name: Some(SHARED), ..Default::default() }, PlaceOrder::Newest, Paging::first(1));
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, None, 100);
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, Some(&behind(Some(DateTime::<Utc>::MAX_UTC - chrono::TimeDelta::days(90_000_000)))), 100);
    places::list_after: Nothing, |conn, a| (&PlaceFilter::default(), PlaceOrder::Newest, Some(&behind(None)), 100);
    places::list_after: OwnRows, |conn, a| (&PlaceFilter::default(), PlaceOrder::Name, Some(&PlaceCursor { key: CursorKey::Name(String::new()), id: 0.into() }), 100);
    places::list_ids: OwnRows, |conn, a| (&PlaceFilter::default(), 100);
    places::list_ids: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() }, 100);
    places::count: Nothing, |conn, a| (&PlaceFilter { name: Some(&a.name), ..Default::default() });
    places::count: Nothing, |conn, a| (&PlaceFilter { search_job_id: Some(a.pending.job_id), ..Default::default() });
    places::upsert_many: NewRow, |conn, a| (&[new_place(&a.place_id)]);
    sitemap_files::get: Nothing, |conn, a| (a.file.id);
    sitemap_files::list: OwnRows, |conn, a| (&SitemapFileFilter::default(), Paging::default());
    sitemap_files::list: Nothing, |conn, a| (&SitemapFileFilter { domain_id: Some(a.domain.id), ..Default::default() }, Paging::default());
    sitemap_files::count: Nothing, |conn, a| (&SitemapFileFilter { text: Some(&a.name), ..Default::default() });
    sitemap_files::update: Nothing, |conn, a| (a.file.id, &SitemapFileChanges { status: Some("x"), ..Default::default() });
    sitemap_files::update_matching: Nothing, |conn, a| (&SitemapFileFilter { text: Some(&a.name), ..Default::default() }, &SitemapFileChanges::default());
    sitemap_urls::list_of_file: Nothing, |conn, a| (a.file.id, &SitemapUrlFilter::default(), None, 100);
    sitemap_urls::list_of_domain: Nothing, |conn, a| (a.domain.id, &SitemapUrlFilter::default(), None, 100);
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
    sitemap_runs::list: Nothing, |conn, a| (a.domain.id, Paging::default());
    sitemap_runs::begin: NewRow, |conn, a| (a.own_domain, a.run.job_id, true);
    sitemap_runs::begin: NoSuchRow, |conn, a| (a.domain.id, a.failed.job_id, true);
    sitemap_runs::update: Nothing, |conn, a| (a.run.id, &SitemapRunChanges { note: Some("x"), ..Default::default() });
    sitemap_runs::delete_old: Nothing, |conn, a| (a.domain.id, 0);
    sitemap_url_changes::list: Nothing, |conn, a| (a.run.id, None, None, 100);
    sitemap_url_changes::settle: Nothing, |conn, a| (a.run.id, 1000);
    sitemap_urls::delete_unlisted: Nothing, |conn, a| (None, a.file.id, &[]);

    // The same without a row of the other tenant in the way: what row level security refuses here is the new row.
    contacts::upsert_many: NoSuchRow, |conn, a| (&[new_contact(&a.page, "fresh@fresh.test")]);
    contacts::upsert_mail_domains: NewRow, |conn, a| (&[("fresh.test".to_owned(), MxStatus::None)]);
    email_scans::begin: NoSuchRow, |conn, a| (a.bare_domain.id, a.failed.job_id, 100);
    suppressions::upsert: NewRow, |conn, a| (new_suppression("fresh@fresh.test"));
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainHostingChanges::default());
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainProfileChanges::default());
    domain_facts::upsert: NoSuchRow, |conn, a| (a.bare_domain.id, &DomainTechnologiesChanges::default());
    domains::upsert: NewRow, |conn, a| (&new_domain("fresh.test"));
    domains::upsert_many: NewRow, |conn, a| (&[new_domain("fresh.test")]);
    jobs::enqueue: NewRow, |conn, a| (&new_job("fresh"));
    jobs::enqueue_many: NewRow, |conn, a| (&[new_job("fresh")]);
    pages::upsert: NoSuchRow, |conn, a| (&new_page(&a.domain, "https://fresh.test/"));
    places::upsert_many: NewRow, |conn, a| (&[new_place("fresh")]);
    sitemap_urls::upsert_many: NoSuchRow, |conn, a| (None, &[new_sitemap_url(&a.file, "https://fresh.test/")]);
};

fn behind(time: Option<DateTime<Utc>>) -> PlaceCursor {
    PlaceCursor {
        key: CursorKey::Newest(time),
        id: i32::MAX.into(),
    }
}
