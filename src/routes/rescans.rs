//! Scans of domains that are known already.

use database::ids::DomainId;
use database::repo;
use database::repo::domains::DomainFilter;
use rocket::http::Status;
use rocket::{State, post};
use scans::domain::DEFAULT_PAGES;
use scans::rescan::{self, Rescan};
use scans::webhooks::{Ending, tell_of_end};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::job_filter::read_one;
use super::query::parsed;
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, CountedBatch, Db, Once, Scan};
use crate::views::answer::Answer;
use crate::views::batch::status_url;
use crate::views::fields;
use crate::views::words::TaskStatusWord;

handlers![scan_domains];

/// Domains to scan: either `ids` or `filter` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "content_scrape_status": "Error" }, "emails": true }))]
struct RescanRequest {
    /// Ids of the domains.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 10_000)]
    ids: Option<Vec<String>>,
    /// Selects the domains as the list does; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<DomainWords>,
    /// The maximum number of each site's pages to count.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1000)]
    max_pages: Option<i64>,
    /// Whether to scan the sites for email addresses as well.
    #[serde(default)]
    #[schema(default = false)]
    emails: bool,
    /// Whether to count the domains without scanning them.
    #[serde(default)]
    #[schema(default = false)]
    preview: bool,
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    webhook_url: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// A filter of domains, with the fields of the list.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainWords {
    /// Only domains whose name contains this text.
    #[serde(default)]
    q: Option<String>,
    /// Only domains with this status.
    #[serde(default)]
    status: Option<String>,
    /// Only domains whose scan has this status.
    #[serde(default)]
    #[schema(value_type = Option<TaskStatusWord>)]
    content_scrape_status: Option<String>,
    /// Only domains known to run on WordPress, or known not to.
    #[serde(default)]
    is_wordpress: Option<bool>,
}

/// An accepted batch of scans.
#[derive(Debug, Serialize, ToSchema)]
struct RescanAccepted {
    /// Id of the batch; null for a preview.
    batch_id: Option<Uuid>,
    /// Path of the batch's status; null for a preview.
    status_url: Option<String>,
    /// The number of domains.
    matched: i64,
    /// The number of scans, with those that were open already.
    job_count: usize,
}

impl DomainWords {
    /// Reads the filter.
    pub(super) fn filter(&self) -> ApiResult<DomainFilter<'_>> {
        Ok(DomainFilter {
            text: self.q.as_deref(),
            status: self.status.as_deref(),
            content_scrape_status: parsed("content_scrape_status", self.content_scrape_status.as_deref())?,
            is_wordpress: self.is_wordpress,
            ..DomainFilter::default()
        })
    }
}

impl RescanRequest {
    fn filter<'a>(&'a self, ids: Option<&'a [DomainId]>) -> ApiResult<DomainFilter<'a>> {
        let most = rescan::MAX_DOMAINS;
        match (ids, &self.filter) {
            (Some(ids), None) if ids.len() <= most => Ok(DomainFilter {
                ids: Some(ids),
                ..DomainFilter::default()
            }),
            (Some(ids), None) => {
                let detail = format!("ids has {} ids: it must have at most {most}", ids.len());
                Err(ApiError::bad_request("ids", detail))
            }
            (None, Some(words)) => words.filter(),
            (None, None) | (Some(_), Some(_)) => Err(ApiError::bad_request(
                "filter",
                "either `ids` or `filter` is required; an empty filter, `{}`, selects all",
            )),
        }
    }
}

/// Scans domains again as one batch, by their ids or by a filter; with `preview` only counts them. A domain whose scan is
/// open points to that scan.
#[utoipa::path(
    tag = "Domains",
    params(
        Once,
    ),
    request_body = RescanRequest,
    responses(
        (status = 202, body = RescanAccepted),
        (status = 200, body = RescanAccepted, description = "The domains were only counted."),
        (status = 409, description = "Nothing is posted to `webhook_url`."),
    ),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/domains/scan", data = "<body>")]
async fn scan_domains(
    caller: Caller<Scan>,
    _counted: CountedBatch,
    db: Db<'_>,
    once: Once,
    targets: &State<Targets>,
    body: Body<RescanRequest>,
) -> ApiResult<Answer> {
    let request = &body.value;
    let caller = caller.acting_for(request.tenant_id.as_deref(), db.pool()).await?;
    let ids = request.ids.iter().flatten().map(|id| read_one("ids", "", id));
    let ids = ids.collect::<ApiResult<Vec<DomainId>>>()?;
    let ids = request.ids.as_ref().map(|_| ids);
    let filter = request.filter(ids.as_deref())?;
    let webhook_url = targets.of_request(request.webhook_url.as_deref())?;
    let rescan = Rescan::read(request.max_pages.unwrap_or(DEFAULT_PAGES), request.emails)?;
    let key = once.of(&body)?;
    if request.preview {
        return db
            .once(&caller, key, async |conn| {
                let view = RescanAccepted {
                    batch_id: None,
                    status_url: None,
                    matched: repo::domains::count(conn, &filter).await?,
                    job_count: 0,
                };
                Ok((Status::Ok, view))
            })
            .await;
    }
    db.submit(&caller, key, async |submission| {
        let submitted = rescan.submit(submission, &filter).await?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Batch(submitted.batch_id)).await?;
        let batch = submitted.batch_id.get();
        let details = json!({ "domains": submitted.domains, "scans": submitted.scans });
        caller
            .note(submission.conn(), "domains.scan", Some(&batch.to_string()), details)
            .await?;
        let view = RescanAccepted {
            batch_id: Some(batch),
            status_url: Some(status_url(batch)),
            matched: i64::try_from(submitted.domains).unwrap_or(i64::MAX),
            job_count: submitted.scans,
        };
        Ok((Status::Accepted, view))
    })
    .await
}
