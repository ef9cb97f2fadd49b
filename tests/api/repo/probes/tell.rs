//! Extracts rows and their tenants from the repositories' results.

use chrono::{DateTime, Utc};
use database::ids::{DomainId, JobId, SitemapFileId, WebhookSecretId};
use database::models::actor::ActorName;
use database::models::api_call::ApiCall;
use database::models::api_key::ApiKey;
use database::models::audit_entry::AuditEntry;
use database::models::batch_job::{BatchJob, BatchSummary};
use database::models::contact::{Contact, ContactSource};
use database::models::domain::{Domain, NamedDomain};
use database::models::domain_change::DomainChange;
use database::models::domain_evidence::DomainEvidence;
use database::models::domain_hosting::DomainHosting;
use database::models::domain_profile::DomainProfile;
use database::models::domain_technologies::DomainTechnologies;
use database::models::email_scan::{DomainPages, EmailScan, EmailScanUrl};
use database::models::enums::JobStatus;
use database::models::event::Event;
use database::models::idempotency_key::IdempotencyKey;
use database::models::job::Job;
use database::models::lead::Lead;
use database::models::lead_change::LeadChange;
use database::models::lead_score::{LockedLead, ScoreFacts};
use database::models::page::Page;
use database::models::place_change::PlaceChange;
use database::models::place_details::PlaceDetails;
use database::models::place_search::PlaceSearch;
use database::models::saved_view::SavedView;
use database::models::schedule::Schedule;
use database::models::schedule_run::ScheduleRun;
use database::models::score_points::ScorePoints;
use database::models::session::Session;
use database::models::sitemap_file::SitemapFile;
use database::models::sitemap_run::SitemapRun;
use database::models::sitemap_url::SitemapUrl;
use database::models::sitemap_url_change::SitemapUrlChange;
use database::models::staged_place::StagedPlace;
use database::models::stored_rows::StoredRows;
use database::models::suppression::Suppression;
use database::models::tenant::Tenant;
use database::models::tenant_limits::TenantLimits;
use database::models::webhook::Webhook;
use database::models::webhook_delivery::WebhookDelivery;
use database::models::webhook_secret::WebhookSecret;
use database::repo::api_calls::{Billed, CostLine, Reserved};
use database::repo::batches::JobCount;
use database::repo::bulk::Upserted;
use database::repo::domains;
use database::repo::erasures::Erased;
use database::repo::jobs::bulk::Cancelled;
use database::repo::jobs::waiting::Ahead;
use database::repo::jobs::{Enqueued, States};
use database::repo::leads::Shown;
use database::repo::overview::Overview;
use database::repo::place_changes::{NotUndone, Undone};
use database::repo::place_details::Candidate;
use database::repo::rate_windows::Taken;
use database::repo::scan_days::{ScanDay, ScansToday};
use database::repo::sitemap_files::FileTotals;
use database::repo::sitemap_url_changes::ChangeCounts;

use super::Seen;

/// A result from which rows and tenants can be read.
pub trait Tell {
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
    Session: tenant_id,
    AuditEntry: tenant_id,
    Taken: tenant_id,
    StoredRows: tenant_id,
    Tenant: id,
    TenantLimits: tenant_id,
    BatchJob: tenant_id,
    BatchSummary: tenant_id,
    Contact: tenant_id,
    Domain: tenant_id,
    NamedDomain: tenant_id,
    DomainChange: tenant_id,
    DomainEvidence: tenant_id,
    DomainHosting: tenant_id,
    DomainProfile: tenant_id,
    DomainTechnologies: tenant_id,
    EmailScan: tenant_id,
    Event: tenant_id,
    EmailScanUrl: tenant_id,
    Suppression: tenant_id,
    Job: tenant_id,
    Lead: tenant_id,
    LockedLead: tenant_id,
    ScorePoints: tenant_id,
    LeadChange: tenant_id,
    Page: tenant_id,
    ApiCall: tenant_id,
    PlaceChange: tenant_id,
    PlaceDetails: tenant_id,
    PlaceSearch: tenant_id,
    SavedView: tenant_id,
    ScansToday: tenant_id,
    Schedule: tenant_id,
    ScheduleRun: tenant_id,
    SitemapFile: tenant_id,
    SitemapRun: tenant_id,
    SitemapUrl: tenant_id,
    SitemapUrlChange: tenant_id,
    StagedPlace: tenant_id,
    Webhook: tenant_id,
    WebhookDelivery: tenant_id,
);

/// If it counted the other tenant's day, it would include that tenant's scans.
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

impl Tell for (DomainChange, String) {
    fn tell(&self) -> Seen {
        self.0.tell()
    }
}

impl Tell for ScoreFacts {
    fn tell(&self) -> Seen {
        1_i64.tell()
    }
}

impl Tell for Shown {
    fn tell(&self) -> Seen {
        (self.places.len() + self.sites.len() + self.contacts.len()).tell()
    }
}

/// Each tenant has as many rows of each kind, and kinds of jobs are named after it.
impl Tell for Overview {
    fn tell(&self) -> Seen {
        let changes: i64 = self.changes.iter().map(|(_, count)| count).sum();
        let running: i64 = self.workers.iter().map(|worker| worker.jobs).sum();
        let counted = [self.funnel.found, self.new_leads, self.new_contacts, changes, running];
        let kinds = self.jobs.iter().map(|jobs| &jobs.kind);
        let mut kinds = kinds.chain(self.waiting.iter().map(|job| &job.kind));
        Seen {
            // Behind row level security alone, another tenant's are not there at all.
            met_another: kinds.any(|kind| kind.contains("acme")) || ![[4, 4, 1, 1, 1], [0; 5]].contains(&counted),
            ..counted.iter().sum::<i64>().tell()
        }
    }
}

impl Tell for (EmailScan, Option<Job>) {
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

impl Tell for JobCount {
    fn tell(&self) -> Seen {
        self.jobs.tell()
    }
}

impl Tell for Cancelled {
    fn tell(&self) -> Seen {
        self.total().tell()
    }
}

/// Each tenant has three jobs.
impl Tell for States {
    fn tell(&self) -> Seen {
        let total = self.of(JobStatus::ALL);
        Seen {
            met_another: total > 3,
            ..total.tell()
        }
    }
}

/// Kinds of jobs are named after their tenant.
impl Tell for Ahead {
    fn tell(&self) -> Seen {
        self.of_kind.tell()
    }
}

/// When jobs started and ended.
impl Tell for (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    fn tell(&self) -> Seen {
        (i64::from(self.0.is_some()) + i64::from(self.1.is_some())).tell()
    }
}

/// The result of [`idempotency_keys::begin`]: the stored request, or `None` if it is new.
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

one_row_each!(
    ActorName,
    Candidate,
    ContactSource,
    (JobId, DateTime<Utc>),
    DateTime<Utc>,
    WebhookSecret,
    WebhookSecretId
);

impl Tell for DomainPages {
    fn tell(&self) -> Seen {
        self.domain.tell()
    }
}

/// Every text of the other tenant contains its name.
impl Tell for String {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.contains("acme"),
            ..1_i64.tell()
        }
    }
}

/// The tenant's own calls do not reach the cap; together with another's they would.
impl Tell for Reserved {
    fn tell(&self) -> Seen {
        Seen {
            met_another: !matches!(self, Self::Call(_)),
            ..1_i64.tell()
        }
    }
}

/// Each tenant has made one call.
impl Tell for CostLine {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.calls != 1,
            ..self.calls.tell()
        }
    }
}

/// The same for billed calls.
impl Tell for Billed {
    fn tell(&self) -> Seen {
        Seen {
            met_another: self.calls > 1,
            ..self.calls.tell()
        }
    }
}

impl Tell for (Option<JobId>, Billed) {
    fn tell(&self) -> Seen {
        self.1.tell()
    }
}

impl Tell for (JobId, i64) {
    fn tell(&self) -> Seen {
        self.1.tell()
    }
}

impl Tell for Result<Undone, NotUndone> {
    fn tell(&self) -> Seen {
        self.as_ref().map_or_else(|_| 1_i64.tell(), Tell::tell)
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
