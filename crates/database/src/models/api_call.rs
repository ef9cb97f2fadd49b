//! Table `api_calls`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::api_calls;

use super::values::RawJson;
use crate::ids::{ApiCallId, JobId, TenantId};

/// A call of a service that costs money.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = api_calls)]
pub struct ApiCall {
    /// Identifies the row; later calls have higher ids.
    pub id: ApiCallId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The job that called; it may be forgotten by now.
    pub job_id: Option<JobId>,
    /// The service.
    pub service: String,
    /// What the service bills it as.
    pub sku: String,
    /// Its list price, in millionths of a US dollar.
    pub price_micros: i32,
    /// Which part of the job's work it is.
    pub step: String,
    /// Whether it is billed, as far as is known.
    pub is_billed: bool,
    /// When it was begun.
    pub called_at: DateTime<Utc>,
    /// When what it answered was stored.
    pub answered_at: Option<DateTime<Utc>>,
    /// What the job needs of the answer to go on behind it.
    pub answer: Option<RawJson>,
    /// Why there is no answer.
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
    /// What the service bills it as.
    pub sku: &'a str,
    /// Its list price, in millionths of a US dollar.
    pub price_micros: i32,
    /// Which part of the job's work it is.
    pub step: &'a str,
}
