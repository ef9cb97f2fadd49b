//! Table `api_calls`: the ledger of paid calls.

use chrono::{DateTime, Utc};
use diesel::dsl::{count, count_star, now, sum};
use diesel::prelude::{
    AggregateExpressionMethods, BoolExpressionMethods, ExpressionMethods, HasQuery, IntoSql, NullableExpressionMethods,
    QueryDsl, QueryResult, Queryable, QueryableByName,
};
use diesel::sql_types::{BigInt, Date, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::api_calls;

use super::functions::begin_of;
use super::locks;
use crate::ids::{ApiCallId, JobId};
use crate::models::api_call::{ApiCall, NewApiCall};
use crate::models::values::RawJson;
use crate::tenant::{SystemConnection, TenantConnection};

/// The maximum numbers of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Per job.
    pub per_job: i64,
    /// Per tenant and calendar month (UTC); `None` means unlimited.
    pub per_month: Option<i64>,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// Yes; it is recorded in the ledger.
    Call(ApiCallId),
    /// No: the job has reached its cap.
    JobCap,
    /// No: the tenant has reached its cap of this month.
    MonthCap,
}

/// A number of billed calls, and the sum of their list prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Billed {
    /// The number of calls.
    pub calls: i64,
    /// The sum in millionths of a US dollar; `None` without calls.
    price_micros: Option<i64>,
}

impl Billed {
    /// Returns the sum in millionths of a US dollar.
    #[must_use]
    pub fn price_micros(&self) -> i64 {
        self.price_micros.unwrap_or_default()
    }
}

/// The number of calls of one kind in a month, and their list price.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct CostLine {
    /// The first day of the month, UTC.
    #[diesel(sql_type = Date)]
    pub month: chrono::NaiveDate,
    /// The service.
    #[diesel(sql_type = Text)]
    pub service: String,
    /// The billed product.
    #[diesel(sql_type = Text)]
    pub sku: String,
    /// Billed calls, as far as known.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    /// Refused calls, which are not billed.
    #[diesel(sql_type = BigInt)]
    pub refused: i64,
    /// The sum in millionths of a US dollar.
    #[diesel(sql_type = BigInt)]
    pub price_micros: i64,
}

/// Records a call in the ledger before it is made, if the caps allow it. A tenant's jobs do this one at a time, so that
/// no cap is exceeded.
pub async fn reserve(conn: &mut TenantConnection, new: &NewApiCall<'_>, caps: Caps) -> QueryResult<Reserved> {
    let tenant = conn.tenant_id();
    locks::exclusive(conn, "scrapersky api_calls").await?;
    let is_of_job = || api_calls::job_id.eq(new.job_id).assume_not_null();
    let is_of_month = || api_calls::called_at.ge(begin_of("month", now.into_sql::<Timestamptz>(), "UTC"));
    let (of_job, of_month): (i64, i64) = api_calls::table
        .filter(api_calls::tenant_id.eq(tenant))
        .filter(api_calls::is_billed)
        .filter(is_of_month().or(is_of_job()))
        .select((
            count(api_calls::id).aggregate_filter(is_of_job()),
            count(api_calls::id).aggregate_filter(is_of_month()),
        ))
        .get_result(&mut conn.reading())
        .await?;
    if of_job >= caps.per_job {
        return Ok(Reserved::JobCap);
    }
    if caps.per_month.is_some_and(|cap| of_month >= cap) {
        return Ok(Reserved::MonthCap);
    }
    let id = diesel::insert_into(api_calls::table)
        .values((new, api_calls::tenant_id.eq(tenant)))
        .returning(api_calls::id)
        .get_result(conn)
        .await?;
    Ok(Reserved::Call(id))
}

/// Records a call's answer in the transaction that stores its results.
///
/// # Errors
///
/// `NotFound`.
pub async fn answer(conn: &mut TenantConnection, id: ApiCallId, answer: &RawJson) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::update(
        api_calls::table
            .filter(api_calls::tenant_id.eq(tenant))
            .filter(api_calls::id.eq(id)),
    )
    .set((api_calls::answered_at.eq(now), api_calls::answer.eq(answer)))
    .returning(api_calls::id)
    .get_result::<ApiCallId>(conn)
    .await
    .map(|_| ())
}

/// Records that a call failed, and whether it is billed anyway.
///
/// # Errors
///
/// `NotFound`.
pub async fn fail(conn: &mut TenantConnection, id: ApiCallId, is_billed: bool, error: &str) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::update(
        api_calls::table
            .filter(api_calls::tenant_id.eq(tenant))
            .filter(api_calls::id.eq(id)),
    )
    .set((api_calls::is_billed.eq(is_billed), api_calls::error.eq(error)))
    .returning(api_calls::id)
    .get_result::<ApiCallId>(conn)
    .await
    .map(|_| ())
}

/// Lists the calls of a job, oldest first.
pub async fn list_of_job(conn: &mut TenantConnection, job: JobId) -> QueryResult<Vec<ApiCall>> {
    let tenant = conn.tenant_id();
    ApiCall::query()
        .filter(api_calls::tenant_id.eq(tenant))
        .filter(api_calls::job_id.eq(job))
        .order(api_calls::id)
        .load(&mut conn.reading())
        .await
}

/// Counts the billed calls of each of these jobs, and sums up their list prices in millionths of a US dollar; jobs
/// without calls are left out.
pub async fn list_costs_of_jobs(
    conn: &mut TenantConnection,
    jobs: &[JobId],
) -> QueryResult<Vec<(Option<JobId>, Billed)>> {
    let tenant = conn.tenant_id();
    api_calls::table
        .filter(api_calls::tenant_id.eq(tenant))
        .filter(api_calls::job_id.eq_any(jobs))
        .filter(api_calls::is_billed)
        .group_by(api_calls::job_id)
        .select((api_calls::job_id, (count_star(), sum(api_calls::price_micros))))
        .load(&mut conn.reading())
        .await
}

/// Counts the billed calls of this calendar month (UTC), and sums up their list prices.
pub async fn sum_of_month(conn: &mut TenantConnection) -> QueryResult<Billed> {
    let tenant = conn.tenant_id();
    api_calls::table
        .filter(api_calls::tenant_id.eq(tenant))
        .filter(api_calls::is_billed)
        .filter(api_calls::called_at.ge(begin_of("month", now.into_sql::<Timestamptz>(), "UTC")))
        .select((count_star(), sum(api_calls::price_micros)))
        .get_result(&mut conn.reading())
        .await
}

/// Counts the billed calls of all tenants that were made since then, and sums up their list prices, by what they are billed as.
pub async fn count_recent(conn: &mut SystemConnection, since: DateTime<Utc>) -> QueryResult<Vec<(String, Billed)>> {
    api_calls::table
        .filter(api_calls::is_billed)
        .filter(api_calls::called_at.ge(since))
        .group_by(api_calls::sku)
        .select((api_calls::sku, (count_star(), sum(api_calls::price_micros))))
        .load(&mut conn.reading())
        .await
}

/// Sums up calls by month and kind, latest month first.
pub async fn list_costs(conn: &mut TenantConnection, from: DateTime<Utc>) -> QueryResult<Vec<CostLine>> {
    // Diesel cannot group by an expression.
    diesel::sql_query(include_str!("list_costs.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Timestamptz, _>(from)
        .load(&mut conn.reading())
        .await
}
