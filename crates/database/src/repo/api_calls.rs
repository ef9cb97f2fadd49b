//! Table `api_calls`: the ledger of calls that cost money.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::api_calls;

use crate::ids::{ApiCallId, JobId};
use crate::models::api_call::{ApiCall, NewApiCall};
use crate::models::values::RawJson;
use crate::tenant::TenantConnection;

/// How many calls may be made in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Of one job.
    pub per_job: i64,
    /// Of the tenant in this calendar month (UTC); `None` means any number.
    pub per_month: Option<i64>,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It may, and is in the ledger.
    Call(ApiCallId),
    /// The job has made all it may.
    JobCap,
    /// The tenant has made all it may this month.
    MonthCap,
}

/// What was called, and what that costs by the list.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct CostLine {
    /// The first day of the month, UTC.
    #[diesel(sql_type = diesel::sql_types::Date)]
    pub month: chrono::NaiveDate,
    /// The service.
    #[diesel(sql_type = Text)]
    pub service: String,
    /// What the service bills it as.
    #[diesel(sql_type = Text)]
    pub sku: String,
    /// Calls that are billed, as far as is known.
    #[diesel(sql_type = BigInt)]
    pub calls: i64,
    /// Calls that were refused and are not.
    #[diesel(sql_type = BigInt)]
    pub refused: i64,
    /// The sum in millionths of a US dollar.
    #[diesel(sql_type = BigInt)]
    pub price_micros: i64,
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    of_job: i64,
    #[diesel(sql_type = BigInt)]
    of_month: i64,
}

/// Writes a call into the ledger before it is made, if the caps allow it. Two jobs that ask at once are heard one
/// after the other, so that no cap is passed.
///
/// # Errors
///
/// Those of the database.
pub async fn reserve(conn: &mut TenantConnection, new: &NewApiCall<'_>, caps: Caps) -> QueryResult<Reserved> {
    let tenant = conn.tenant_id();
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('scrapersky api_calls ' || $1::text, 0))")
        .bind::<Uuid, _>(tenant)
        .execute(conn)
        .await?;
    let counts: Counts = diesel::sql_query(
        "SELECT count(*) FILTER (WHERE job_id = $2) AS of_job,
                count(*) FILTER (WHERE called_at >= date_trunc('month', now(), 'UTC')) AS of_month
         FROM api_calls
         WHERE tenant_id = $1 AND is_billed AND (called_at >= date_trunc('month', now(), 'UTC') OR job_id = $2)",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<diesel::sql_types::Nullable<Uuid>, _>(new.job_id)
    .get_result(conn)
    .await?;
    if counts.of_job >= caps.per_job {
        return Ok(Reserved::JobCap);
    }
    if caps.per_month.is_some_and(|cap| counts.of_month >= cap) {
        return Ok(Reserved::MonthCap);
    }
    let id = diesel::insert_into(api_calls::table)
        .values((new, api_calls::tenant_id.eq(tenant)))
        .returning(api_calls::id)
        .get_result(conn)
        .await?;
    Ok(Reserved::Call(id))
}

/// Notes that what a call answered is stored, in the transaction that stores it.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Notes that a call brought nothing, and whether it is billed nevertheless.
///
/// # Errors
///
/// `NotFound`, and those of the database.
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

/// Lists the calls of a job, the first one first.
///
/// # Errors
///
/// Those of the database.
pub async fn list_of_job(conn: &mut TenantConnection, job: JobId) -> QueryResult<Vec<ApiCall>> {
    let tenant = conn.tenant_id();
    ApiCall::query()
        .filter(api_calls::tenant_id.eq(tenant))
        .filter(api_calls::job_id.eq(job))
        .order(api_calls::id)
        .load(&mut conn.reading())
        .await
}

/// Sums the calls up by month and kind, the last month first.
///
/// # Errors
///
/// Those of the database.
pub async fn list_costs(conn: &mut TenantConnection, from: DateTime<Utc>) -> QueryResult<Vec<CostLine>> {
    diesel::sql_query(
        "SELECT date_trunc('month', called_at AT TIME ZONE 'UTC')::date AS month, service, sku,
                count(*) FILTER (WHERE is_billed) AS calls, count(*) FILTER (WHERE NOT is_billed) AS refused,
                coalesce(sum(price_micros) FILTER (WHERE is_billed), 0)::bigint AS price_micros
         FROM api_calls WHERE tenant_id = $1 AND called_at >= $2
         GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Timestamptz, _>(from)
    .load(conn)
    .await
}
