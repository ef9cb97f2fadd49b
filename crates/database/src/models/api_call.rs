//! Table `api_calls`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::api_calls;

use super::values::RawJson;
use crate::ids::{ApiCallId, JobId, TenantId};

/// A call of a paid service.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = api_calls)]
pub struct ApiCall {
    /// Identifies the row; later calls have higher ids.
    pub id: ApiCallId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The job that called; it may be deleted already.
    pub job_id: Option<JobId>,
    /// The service.
    pub service: String,
    /// The billed product.
    pub sku: String,
    /// Its list price, in millionths of a US dollar.
    pub price_micros: i32,
    /// The step of the job that calls.
    pub step: String,
    /// Whether it is billed, as far as known.
    pub is_billed: bool,
    /// When it started.
    pub called_at: DateTime<Utc>,
    /// When its answer was stored.
    pub answered_at: Option<DateTime<Utc>>,
    /// The part of the answer that the job needs to continue.
    pub answer: Option<RawJson>,
    /// Why the call failed.
    pub error: Option<String>,
}

/// A new [`ApiCall`].
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = api_calls)]
pub struct NewApiCall<'a> {
    /// The job that calls.
    pub job_id: Option<JobId>,
    /// The service.
    pub service: &'a str,
    /// The billed product.
    pub sku: &'a str,
    /// Its list price, in millionths of a US dollar.
    pub price_micros: i32,
    /// The step of the job that calls.
    pub step: &'a str,
}
