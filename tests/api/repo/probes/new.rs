//! New rows with only the required values.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::{ApiKeyId, BatchId, JobId, LeadId, ScheduleId, UserId};
use database::models::api_call::NewApiCall;
use database::models::api_key::NewApiKey;
use database::models::audit_entry::NewAuditEntry;
use database::models::batch_job::NewBatchJob;
use database::models::contact::NewContact;
use database::models::domain_change::NewDomainChange;
use database::models::domain_evidence::{EvidenceColumn, NewDomainEvidence};
use database::models::email_scan::NewEmailScanUrl;
use database::models::enums::{
    CurationStatus, DomainChangeKind, MissedRuns, Outcome, PlaceAction, RunOutcome, ScanUrlState, SuppressionKind,
};
use database::models::job::NewJob;
use database::models::lead_score::NewScore;
use database::models::page::Page;
use database::models::place_change::PlaceCuration;
use database::models::place_details::NewPlaceDetails;
use database::models::saved_view::NewSavedView;
use database::models::schedule::NewSchedule;
use database::models::schedule_run::NewScheduleRun;
use database::models::session::NewSession;
use database::models::suppression::NewSuppression;
use database::models::values::{RawJson, TextList};
use database::models::webhook::NewWebhook;
use database::models::webhook_delivery::Try;
use database::repo::api_calls::Caps;
use database::repo::jobs::Failure;
use database::repo::paging::Paging;
use database::repo::place_changes::ChangedBy;
use database::repo::places::{PlaceKey, PlacePosition};
use uuid::Uuid;

use crate::support::tenants::new_job;

/// A place that both tenants have staged, since its id is Google's.
pub const SHARED: &str = "shared";

pub const SECOND: Duration = Duration::from_secs(1);

pub fn new_entry(name: &str) -> NewAuditEntry<'_> {
    NewAuditEntry {
        actor: name,
        action: "test",
        subject: Some(name),
        details: None,
        request_id: None,
    }
}

/// A difference between two scans.
pub fn new_change(title: &str) -> NewDomainChange {
    NewDomainChange {
        kind: DomainChangeKind::Title,
        subject: None,
        before: None,
        after: Some(title.to_owned()),
    }
}

/// What a value is told by.
pub fn new_evidence(title: &str) -> NewDomainEvidence {
    NewDomainEvidence {
        column: EvidenceColumn::Title,
        value: title.to_owned(),
        url: None,
        rule: Some("title".to_owned()),
        snippet: Some(title.to_owned()),
        claim: None,
        confidence: 95,
    }
}

/// An address of a site, and what it is told by.
pub fn new_address(name: &str) -> NewDomainEvidence {
    NewDomainEvidence {
        column: EvidenceColumn::EmailAddresses,
        ..new_evidence(&format!("{name}@{name}.test"))
    }
}

/// A score.
pub fn new_score(lead_id: LeadId) -> NewScore {
    NewScore {
        lead_id,
        score: Some(7),
        reasons: "[]".to_owned(),
        due_at: None,
    }
}

pub fn new_contact<'a>(page: &Page, email: &'a str) -> NewContact<'a> {
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

pub fn new_scan_url(url: &str) -> NewEmailScanUrl<'_> {
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

pub fn new_suppression(value: &str) -> NewSuppression<'_> {
    NewSuppression {
        kind: SuppressionKind::Address,
        value,
        keeps_value: true,
        reason: None,
    }
}

pub const NO_CAPS: Caps = Caps {
    per_job: 1000,
    per_month: None,
};

pub fn new_call(job: JobId) -> NewApiCall<'static> {
    NewApiCall {
        job_id: Some(job),
        service: "places",
        sku: "search",
        price_micros: 1,
        step: "one",
    }
}

pub fn new_details(place_id: &str) -> NewPlaceDetails<'_> {
    NewPlaceDetails {
        place_id,
        website: Some(place_id),
        phone: None,
        opening_hours: None,
        raw_data: None,
        content_at: Utc::now(),
    }
}

pub fn archived() -> PlaceCuration {
    PlaceCuration {
        status: Some(CurationStatus::Archived),
        ..PlaceCuration::default()
    }
}

pub fn by_somebody() -> ChangedBy<'static> {
    ChangedBy {
        change_id: uuid::Uuid::new_v4().into(),
        action: PlaceAction::Bulk,
        who: "somebody",
    }
}

pub fn new_batch(kind: &str) -> NewBatchJob<'_> {
    NewBatchJob {
        processor_type: kind,
        created_by: None,
        total_domains: None,
        failed_domains: None,
        metadata: None,
        options: None,
    }
}

/// A session of a key, or of some person.
pub fn new_session(hash: &[u8; 32], key: Option<ApiKeyId>) -> NewSession<'_> {
    NewSession {
        hash,
        key_id: key,
        user_id: key.is_none().then(|| UserId::from(Uuid::max())),
        is_link: false,
        expires_at: Utc::now() + TimeDelta::days(1),
    }
}

pub fn new_key<'a>(hash: &'a [u8; 32], scopes: &'a TextList) -> NewApiKey<'a> {
    NewApiKey {
        name: "key",
        prefix: "sk",
        hash,
        scopes,
        expires_at: None,
    }
}

/// A trace.
pub const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A job of a batch, of a request with a trace.
pub fn new_failing(batch: BatchId) -> NewJob<'static> {
    NewJob {
        batch_id: Some(batch),
        traceparent: Some(TRACE),
        ..new_job("fails")
    }
}

pub fn deduplicated<'a>(kind: &'a str, key: &'a str) -> NewJob<'a> {
    NewJob {
        dedup_key: Some(key),
        traceparent: Some(TRACE),
        ..new_job(kind)
    }
}

pub fn final_failure() -> Failure<'static> {
    Failure {
        error: "it failed",
        outcome: Outcome::Internal,
        retry_at: None,
        is_counted: true,
    }
}

pub fn behind<P>(after: P) -> Paging<P> {
    Paging {
        after: Some(after),
        ..Paging::default()
    }
}

/// The position behind all places found at a time.
pub fn found(time: Option<DateTime<Utc>>) -> PlacePosition {
    PlacePosition {
        key: PlaceKey::Newest(time),
        id: i32::MAX.into(),
    }
}

pub fn new_schedule<'a>(name: &'a str, work: &'a RawJson, run_by: Option<UserId>) -> NewSchedule<'a> {
    NewSchedule {
        name,
        work,
        cron: None,
        time_zone: None,
        every: Some("P1D"),
        missed: MissedRuns::Once,
        run_by,
        next_run_at: DateTime::UNIX_EPOCH,
    }
}

/// A run that was due at the epoch.
pub fn new_run(schedule: ScheduleId) -> NewScheduleRun<'static> {
    NewScheduleRun {
        schedule_id: schedule,
        due_at: Some(DateTime::UNIX_EPOCH),
        outcome: RunOutcome::Nothing,
        error: None,
        job_id: None,
        batch_id: None,
        jobs: 0,
    }
}

pub fn new_view(name: &str) -> NewSavedView<'_> {
    NewSavedView {
        name,
        query: "status=selected",
        saved_by: None,
    }
}

pub fn new_webhook<'a>(url: &'a str, kinds: &'a TextList) -> NewWebhook<'a> {
    const ALL: &TextList = &TextList(Vec::new());
    NewWebhook {
        url,
        description: None,
        kinds,
        job_kinds: ALL,
    }
}

/// A try that succeeded.
pub fn new_try() -> Try {
    Try {
        at: DateTime::UNIX_EPOCH,
        seconds: 0.0,
        status: Some(200),
        answer: None,
        error: None,
    }
}
