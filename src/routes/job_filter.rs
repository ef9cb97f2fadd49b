//! Filters of jobs, in the query of the list and in the bodies of bulk changes.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use database::ids::{BatchId, DomainId, JobId};
use database::models::enums::{JobStatus, Outcome};
use database::repo;
use database::repo::jobs::JobFilter;
use database::tenant::TenantConnection;
use rocket::FromForm;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::query::parsed;
use crate::error::{ApiError, ApiResult};
use crate::views::words::{JobStatusList, OutcomeWord};

/// Maximum number of ids in a query.
const MAX_IDS_OF_QUERY: usize = 1000;

/// A filter of jobs in words.
#[derive(Debug, Default, FromForm, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobWords {
    /// Only jobs with one of these statuses, separated by commas.
    #[param(inline, value_type = Option<JobStatusList>, example = "pending,running")]
    #[schema(inline, value_type = Option<JobStatusList>, example = "pending,running")]
    status: Option<String>,
    /// Only jobs of this kind, such as `domain_scan`.
    #[param(example = "domain_scan")]
    #[schema(example = "domain_scan")]
    kind: Option<String>,
    /// Only jobs that ended for this reason.
    #[param(inline, value_type = Option<OutcomeWord>, example = "timeout")]
    #[schema(value_type = Option<OutcomeWord>, example = "timeout")]
    outcome: Option<String>,
    /// Only jobs about the domain with this id.
    #[param(value_type = Option<Uuid>)]
    #[schema(value_type = Option<Uuid>)]
    domain_id: Option<String>,
    /// Only jobs of the batch with this id, a UUID or `batch_` and 32 hex digits, and those that do work of it.
    #[param(pattern = "^(batch_)?[0-9a-fA-F-]{32,36}$")]
    #[schema(pattern = "^(batch_)?[0-9a-fA-F-]{32,36}$")]
    batch_id: Option<String>,
    /// Only jobs that the job with this id, a UUID or `scan_` and 32 hex digits, queued.
    #[param(pattern = "^(scan_)?[0-9a-fA-F-]{32,36}$")]
    #[schema(pattern = "^(scan_)?[0-9a-fA-F-]{32,36}$")]
    parent_id: Option<String>,
    /// Only jobs created then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    created_from: Option<String>,
    /// Only jobs created earlier.
    #[param(value_type = Option<DateTime<Utc>>)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    created_before: Option<String>,
}

impl JobWords {
    /// Returns a filter by what people choose most.
    pub(crate) fn of(status: Option<&str>, kind: Option<&str>, outcome: Option<&str>, batch_id: Option<&str>) -> Self {
        Self {
            status: status.map(str::to_owned),
            kind: kind.map(str::to_owned),
            outcome: outcome.map(str::to_owned),
            batch_id: batch_id.map(str::to_owned),
            ..Self::default()
        }
    }
}

/// A filter of jobs, read.
#[derive(Debug, Default)]
pub(crate) struct ChosenJobs {
    ids: Option<Vec<JobId>>,
    statuses: Vec<JobStatus>,
    kind: Option<String>,
    outcome: Option<Outcome>,
    domain_id: Option<DomainId>,
    batch_id: Option<BatchId>,
    others: Vec<JobId>,
    parent_id: Option<JobId>,
    created_from: Option<DateTime<Utc>>,
    created_before: Option<DateTime<Utc>>,
}

impl ChosenJobs {
    /// Reads a filter.
    pub(crate) fn read(words: &JobWords) -> ApiResult<Self> {
        let JobWords {
            status,
            kind,
            outcome,
            domain_id,
            batch_id,
            parent_id,
            created_from,
            created_before,
        } = words;
        let statuses = status.as_deref().map(|text| list("status", text)).transpose()?;
        Ok(Self {
            ids: None,
            statuses: statuses.unwrap_or_default(),
            kind: kind.clone(),
            outcome: parsed("outcome", outcome.as_deref())?,
            domain_id: read_id("domain_id", "", domain_id.as_deref())?,
            batch_id: read_id("batch_id", "batch_", batch_id.as_deref())?,
            others: Vec::new(),
            parent_id: read_id("parent_id", "scan_", parent_id.as_deref())?,
            created_from: parsed("created_from", created_from.as_deref())?,
            created_before: parsed("created_before", created_before.as_deref())?,
        })
    }

    /// Also requires the ids in a query, separated by commas.
    pub(super) fn with_ids(self, ids: Option<&str>) -> ApiResult<Self> {
        let Some(ids) = ids else { return Ok(self) };
        let ids: Vec<&str> = ids.split(',').collect();
        if ids.len() > MAX_IDS_OF_QUERY {
            let detail = format!("ids has {} ids: it must have at most {MAX_IDS_OF_QUERY}", ids.len());
            return Err(ApiError::bad_request("ids", detail));
        }
        Ok(Self {
            ids: Some(read_ids(&ids)?),
            ..self
        })
    }

    /// Selects these jobs and no others.
    pub(super) fn only(ids: &[String]) -> ApiResult<Self> {
        Ok(Self {
            ids: Some(read_ids(ids)?),
            ..Self::default()
        })
    }

    /// Selects the jobs of a batch, with those that do work of it.
    pub(super) fn of_batch(id: BatchId) -> Self {
        Self {
            batch_id: Some(id),
            ..Self::default()
        }
    }

    /// Finds the jobs of others that do work of the batch, if the filter names one.
    pub(crate) async fn join(&mut self, conn: &mut TenantConnection) -> ApiResult<()> {
        if let Some(batch) = self.batch_id {
            self.others = repo::batches::list_joined(conn, batch).await?;
        }
        Ok(())
    }

    /// Returns the filter.
    pub(crate) fn filter(&self) -> JobFilter<'_> {
        JobFilter {
            ids: self.ids.as_deref(),
            statuses: &self.statuses,
            kind: self.kind.as_deref(),
            outcome: self.outcome,
            created_from: self.created_from,
            created_before: self.created_before,
            batch_id: self.batch_id,
            others: &self.others,
            parent_id: self.parent_id,
            domain_id: self.domain_id,
        }
    }
}

/// Reads values separated by commas.
fn list<T>(field: &'static str, text: &str) -> ApiResult<Vec<T>>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.split(',')
        .map(|word| {
            let wrong = |error| ApiError::bad_request(field, format!("{field} is {text:?}: {error}"));
            word.trim().parse().map_err(wrong)
        })
        .collect()
}

fn read_ids(ids: &[impl AsRef<str>]) -> ApiResult<Vec<JobId>> {
    ids.iter().map(|id| read_one("ids", "scan_", id.as_ref())).collect()
}

/// As [`read_one`], for an id that may be missing.
pub(super) fn read_id<T: From<Uuid>>(field: &'static str, prefix: &str, text: Option<&str>) -> ApiResult<Option<T>> {
    text.map(|text| read_one(field, prefix, text)).transpose()
}

/// Reads an id in either of its spellings.
pub(super) fn read_one<T: From<Uuid>>(field: &'static str, prefix: &str, text: &str) -> ApiResult<T> {
    let text = text.trim();
    let id = Uuid::parse_str(text.strip_prefix(prefix).unwrap_or(text));
    id.map(T::from).map_err(|_| {
        let other = if prefix.is_empty() {
            String::new()
        } else {
            format!(" or `{prefix}` and 32 hex digits")
        };
        ApiError::bad_request(field, format!("{field} has {text:?}: it must be a UUID{other}"))
    })
}
