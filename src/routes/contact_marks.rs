//! Marks of contacts: what came of writing to them.

use chrono::{DateTime, Utc};
use database::ids::{ContactId, DomainId};
use database::models::enums::ContactMark;
use database::repo;
use database::repo::contacts::ContactFilter;
use rocket::http::Status;
use rocket::post;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::query::word;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Curate, Db, Once};
use crate::views::answer::Answer;
use crate::views::fields;
use crate::views::words::{ContactMarkWord, EmailTypeWord};

handlers![mark_contacts];

/// Marks of contacts in bulk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "domain": "example.com" }, "mark": "contacted" }))]
struct MarkRequest {
    /// Ids of contacts.
    ids: Option<Vec<Uuid>>,
    /// What the contacts have in common; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<ContactFilterBody>,
    /// The mark; null removes the marks.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(value_type = Option<ContactMarkWord>, required)]
    mark: Option<String>,
    /// Whether to only count the contacts.
    #[serde(default)]
    #[schema(default = false)]
    preview: bool,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// A filter of contacts in a body.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactFilterBody {
    /// Only contacts of the domain with this name.
    domain: Option<String>,
    /// Only contacts of the domain with this id.
    domain_id: Option<Uuid>,
    /// Only addresses of this type.
    #[serde(rename = "type")]
    #[schema(value_type = Option<EmailTypeWord>)]
    email_type: Option<String>,
    /// Only contacts whose address or context contains this text.
    q: Option<String>,
    /// Only contacts with this mark.
    #[schema(value_type = Option<ContactMarkWord>)]
    mark: Option<String>,
    /// Only contacts last seen then or later.
    seen_since: Option<DateTime<Utc>>,
    /// Only contacts last seen before then: those that are gone.
    last_seen_before: Option<DateTime<Utc>>,
    /// Only contacts first seen then or later: the new ones.
    first_seen_since: Option<DateTime<Utc>>,
}

/// The result of marking contacts.
#[derive(Debug, Serialize, ToSchema)]
struct Marked {
    /// The number of contacts that match.
    matched: i64,
    /// The number of contacts that were marked; 0 for a preview.
    changed: usize,
}

impl MarkRequest {
    fn filter<'r>(&'r self, ids: Option<&'r [ContactId]>) -> ApiResult<ContactFilter<'r>> {
        if ids.is_none() && self.filter.is_none() {
            let detail = "`ids` or `filter` is required; an empty filter, `{}`, selects all";
            return Err(ApiError::bad_request("ids", detail));
        }
        // Suppressed contacts are not shown.
        let unsuppressed = true;
        let Some(body) = &self.filter else {
            return Ok(ContactFilter {
                ids,
                unsuppressed,
                ..ContactFilter::default()
            });
        };
        Ok(ContactFilter {
            ids,
            mark: body.mark.as_deref().map(|text| word("mark", text)).transpose()?,
            domain: body.domain.as_deref(),
            domain_id: body.domain_id.map(DomainId::from),
            email_type: body.email_type.as_deref().map(|text| word("type", text)).transpose()?,
            text: body.q.as_deref(),
            seen_since: body.seen_since,
            last_seen_before: body.last_seen_before,
            first_seen_since: body.first_seen_since,
            job_id: None,
            unsuppressed,
        })
    }
}

/// Reads a mark, or null for none.
fn read_mark(text: Option<&str>) -> ApiResult<Option<ContactMark>> {
    text.map(|text| word("mark", text)).transpose()
}

/// Marks contacts by their ids or by a filter as contacted, bounced or wrong; with `preview` only counts them.
#[utoipa::path(
    tag = "Contacts",
    params(Once),
    request_body = MarkRequest,
    responses((status = 200, body = Marked)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/contacts/mark", data = "<body>")]
async fn mark_contacts(caller: Caller<Curate>, db: Db<'_>, once: Once, body: Body<MarkRequest>) -> ApiResult<Answer> {
    let asked = &body.value;
    let caller = caller.acting_for(asked.tenant_id.as_deref(), db.pool()).await?;
    let ids: Option<Vec<ContactId>> = asked
        .ids
        .as_ref()
        .map(|ids| ids.iter().copied().map(ContactId::from).collect());
    let filter = asked.filter(ids.as_deref())?;
    let mark = read_mark(asked.mark.as_deref())?;
    db.once(&caller, once.of(&body)?, async |conn| {
        if asked.preview {
            let matched = repo::contacts::count(conn, &filter).await?;
            return Ok((Status::Ok, Marked { matched, changed: 0 }));
        }
        let changed = repo::contacts::mark_many(conn, &filter, mark).await?;
        let details = json!({ "changed": changed, "mark": asked.mark });
        caller.note(conn, "contacts.mark", None, details).await?;
        let matched = i64::try_from(changed).unwrap_or(i64::MAX);
        Ok((Status::Ok, Marked { matched, changed }))
    })
    .await
}
