//! Contacts (lists, exports, corrections) and the pages of a site.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use database::ids::{ContactId, DomainId, TenantId};
use database::models::contact::{Contact, ContactChanges};
use database::pool::Pool;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::pages::PageFilter;
use database::repo::paging::{Newest, Paging};
use database::tenant::TenantConnection;
use rocket::http::{ContentType, Status};
use rocket::serde::json::Json;
use rocket::{FromForm, State, delete, get, patch};
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;

use super::export::{Bom, Export, PartResult, csv_lines, json_lines, json_lines_type};
use super::query::{Asked, PageQuery, PathId, parsed, position_behind, word};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Body, Caller, Curate, Db, Read};
use crate::views::Page;
use crate::views::contact::{
    CONTACT_CSV_HEAD, ContactDetailsView, ContactOfDomain, ContactPatch, ContactSourceView, ContactView, PageView,
};
use crate::views::words::{ContactMarkWord, EmailTypeWord};

/// How many contacts an export reads per transaction. No transaction is open while the client reads.
const PART: i64 = 500;
/// Maximum length of a name, role or note, in characters.
const MAX_CHARS: usize = 10_000;

handlers![
    list_contacts,
    list_domain_contacts,
    list_pages,
    get_contact,
    update_contact,
    delete_contact,
    export_contacts_csv,
    export_contacts_jsonl
];

/// A filter in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct ContactQuery<'r> {
    /// Only contacts of the domain with this name.
    #[param(example = "example.com")]
    domain: Option<&'r str>,
    /// Only contacts of the domain with this id.
    #[param(value_type = Option<Uuid>)]
    domain_id: Option<&'r str>,
    /// Only addresses of this type.
    #[field(name = "type")]
    #[param(rename = "type", inline, value_type = Option<EmailTypeWord>)]
    email_type: Option<&'r str>,
    /// Only contacts whose address or context contains this text.
    q: Option<&'r str>,
    /// Only contacts with this mark.
    #[param(inline, value_type = Option<ContactMarkWord>)]
    mark: Option<&'r str>,
    /// Only contacts last seen then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    seen_since: Option<&'r str>,
    /// Only contacts last seen before then: those that are gone.
    #[param(value_type = Option<DateTime<Utc>>)]
    last_seen_before: Option<&'r str>,
    /// Only contacts first seen then or later: the new ones.
    #[param(value_type = Option<DateTime<Utc>>)]
    first_seen_since: Option<&'r str>,
}

/// The parameters of the filter, as they are described.
type ContactParams = ContactQuery<'static>;

impl<'r> ContactQuery<'r> {
    fn filter(&self) -> ApiResult<ContactFilter<'r>> {
        Ok(ContactFilter {
            domain_id: parsed::<Uuid>("domain_id", self.domain_id)?.map(DomainId::from),
            email_type: self.email_type.map(|text| word("type", text)).transpose()?,
            ids: None,
            mark: self.mark.map(|text| word("mark", text)).transpose()?,
            text: self.q,
            seen_since: parsed::<DateTime<Utc>>("seen_since", self.seen_since)?,
            last_seen_before: parsed::<DateTime<Utc>>("last_seen_before", self.last_seen_before)?,
            first_seen_since: parsed::<DateTime<Utc>>("first_seen_since", self.first_seen_since)?,
            domain: self.domain,
            job_id: None,
            // Suppressed addresses are never listed.
            unsuppressed: true,
        })
    }
}

/// Lists the tenant's contacts, newest first; the cursor is stable while contacts are added.
#[utoipa::path(
    tag = "Contacts",
    params(
        PageQuery<'static>,
        ContactQuery<'static>,
    ),
    responses((status = 200, body = Page<ContactView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/contacts?<query..>")]
async fn list_contacts(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: ContactQuery<'_>,
) -> ApiResult<Page<ContactView>> {
    let (filter, asked) = (query.filter()?, Asked::read(&page, &())?);
    let mut conn = db.reading(&caller).await?;
    list(&mut conn, &filter, &asked).await
}

/// Lists the contacts found on a domain's site.
#[utoipa::path(
    tag = "Contacts",
    params(
        PathId<DomainId>,
        PageQuery<'static>,
        ContactQuery<'static>,
    ),
    responses((status = 200, body = Page<ContactView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/contacts?<query..>")]
async fn list_domain_contacts(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    page: PageQuery<'_>,
    query: ContactQuery<'_>,
) -> ApiResult<Page<ContactView>> {
    let filter = ContactFilter {
        domain_id: Some(id.0),
        ..query.filter()?
    };
    let asked = Asked::read(&page, &())?;
    let mut conn = db.reading(&caller).await?;
    // 404 for a domain that does not exist, an empty list for one without contacts.
    repo::domains::get(&mut conn, id.0).await?;
    list(&mut conn, &filter, &asked).await
}

async fn list(
    conn: &mut TenantConnection,
    filter: &ContactFilter<'_>,
    asked: &Asked<Newest<ContactId>>,
) -> ApiResult<Page<ContactView>> {
    let total = repo::contacts::count(conn, filter).await?;
    let rows = repo::contacts::list(conn, filter, &asked.paging).await?;
    asked.page(rows, Some(total), position)
}

/// Lists the known pages of a domain's site, newest first.
#[utoipa::path(
    tag = "Contacts",
    params(
        PathId<DomainId>,
        ("q" = Option<String>, Query, description = "A part of the URL."),
        ("page_type" = Option<String>, Query, description = "The kind of page, such as `contact` or `legal`."),
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<PageView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/pages?<q>&<page_type>")]
async fn list_pages(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    q: Option<&str>,
    page_type: Option<&str>,
    page: PageQuery<'_>,
) -> ApiResult<Page<PageView>> {
    let asked = Asked::read(&page, &())?;
    let filter = PageFilter {
        domain_id: Some(id.0),
        page_type,
        text: q,
        ..PageFilter::default()
    };
    let mut conn = db.reading(&caller).await?;
    repo::domains::get(&mut conn, id.0).await?;
    let (pages, total) = repo::pages::list(&mut conn, &filter, &asked.paging).await?;
    asked.page(pages, Some(total), |page| Newest::new(page.created_at, page.id))
}

/// Returns a contact with every page on which its address was found.
#[utoipa::path(
    tag = "Contacts",
    params(PathId<ContactId>),
    responses((status = 200, body = ContactDetailsView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/contacts/<id>")]
async fn get_contact(caller: Caller<Read>, db: Db<'_>, id: PathId<ContactId>) -> ApiResult<Json<ContactDetailsView>> {
    let mut conn = db.reading(&caller).await?;
    let contact = repo::contacts::get(&mut conn, id.0).await?;
    let sources = repo::contacts::list_sources(&mut conn, id.0).await?;
    Ok(Json(ContactDetailsView {
        contact: contact.into(),
        sources: sources.into_iter().map(ContactSourceView::from).collect(),
    }))
}

/// Corrects a contact; later scans keep the corrections.
#[utoipa::path(
    tag = "Contacts",
    params(PathId<ContactId>),
    request_body = ContactPatch,
    responses((status = 200, body = ContactView)),
    security(("credential" = ["curate"]))
)]
#[patch("/api/v1/contacts/<id>", data = "<body>")]
async fn update_contact(
    caller: Caller<Curate>,
    db: Db<'_>,
    id: PathId<ContactId>,
    body: Body<ContactPatch>,
) -> ApiResult<Json<ContactView>> {
    let ContactPatch {
        email_type: kind,
        name,
        role,
        notes,
        mark,
        tenant_id,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    for (field, text) in [("name", name), ("role", role), ("notes", notes)] {
        let text = text.as_ref().and_then(|text| text.as_deref()).unwrap_or_default();
        if text.chars().count() > MAX_CHARS || text.contains('\0') {
            let detail = format!("{field} must be a text of at most {MAX_CHARS} characters");
            return Err(ApiError::bad_request(field, detail));
        }
    }
    let changes = ContactChanges {
        email_type: kind
            .as_deref()
            .map(|text| word("email_type", text))
            .transpose()?
            .map(Some),
        name: name.as_ref().map(|text| text.as_deref()),
        role: role.as_ref().map(|text| text.as_deref()),
        notes: notes.as_ref().map(|text| text.as_deref()),
        mark: mark
            .as_ref()
            .map(|text| text.as_deref().map(|text| word("mark", text)).transpose())
            .transpose()?,
        marked_at: mark.as_ref().map(|text| text.as_ref().map(|_| Utc::now())),
        ..ContactChanges::default()
    };
    let mut conn = db.tenant(&caller).await?;
    // A suppressed contact is not shown.
    repo::contacts::get(&mut conn, id.0).await?;
    let contact = repo::contacts::update(&mut conn, id.0, &changes).await?;
    conn.commit().await?;
    Ok(Json(contact.into()))
}

/// Deletes a contact. A later scan may find it again, unless it is suppressed.
#[utoipa::path(
    tag = "Contacts",
    params(PathId<ContactId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["admin"]))
)]
#[delete("/api/v1/contacts/<id>")]
async fn delete_contact(caller: Caller<Admin>, db: Db<'_>, id: PathId<ContactId>) -> ApiResult<Status> {
    let mut conn = db.tenant(&caller).await?;
    repo::contacts::delete(&mut conn, id.0).await?;
    caller
        .note(&mut conn, "contact.delete", Some(&id.0.to_string()), json!({}))
        .await?;
    conn.commit().await?;
    Ok(Status::NoContent)
}

/// Serializes a part of the contacts.
type Write = fn(Vec<ContactOfDomain>) -> ApiResult<Vec<u8>>;

/// Exports the matching contacts as CSV, with a byte order mark unless `bom=false`.
#[utoipa::path(
    tag = "Contacts",
    params(
        Bom<'static>,
        ContactParams,
    ),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/contacts/export.csv?<query..>")]
fn export_contacts_csv<'r>(
    caller: Caller<Read>,
    pool: &'r State<Pool>,
    bom: Bom<'_>,
    query: ContactQuery<'r>,
) -> ApiResult<Export<'r>> {
    let mut head = bom.csv_start()?;
    head.extend(csv_lines([CONTACT_CSV_HEAD.map(str::to_owned)])?);
    let write: Write = |rows| csv_lines(rows.iter().map(ContactOfDomain::csv));
    let (tenant, filter) = (caller.tenant(), query.filter()?);
    Ok(Export::new("contacts.csv", ContentType::CSV, head, move |after| {
        Box::pin(part(pool, tenant, filter.clone(), after, write))
    }))
}

/// Exports the matching contacts as JSON lines.
#[utoipa::path(
    tag = "Contacts",
    params(ContactParams),
    responses((status = 200, body = String, content_type = "application/jsonl")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/contacts/export.jsonl?<query..>")]
fn export_contacts_jsonl<'r>(
    caller: Caller<Read>,
    pool: &'r State<Pool>,
    query: ContactQuery<'r>,
) -> ApiResult<Export<'r>> {
    let write: Write = |rows| json_lines(rows);
    let (tenant, filter) = (caller.tenant(), query.filter()?);
    Ok(Export::new(
        "contacts.jsonl",
        json_lines_type(),
        Vec::new(),
        move |after| Box::pin(part(pool, tenant, filter.clone(), after, write)),
    ))
}

fn position(row: &Contact) -> Newest<ContactId> {
    Newest::new(row.created_at, row.id)
}

/// Reads and serializes the contacts after a position.
async fn part(
    pool: &Pool,
    tenant: TenantId,
    filter: ContactFilter<'_>,
    after: Option<Newest<ContactId>>,
    write: Write,
) -> PartResult<Newest<ContactId>> {
    let mut conn = pool.tenant(tenant).await?;
    let rows = repo::contacts::list(&mut conn, &filter, &Paging { limit: PART, after }).await?;
    let domains: BTreeSet<DomainId> = rows.iter().map(|row| row.domain_id).collect();
    let domains: Vec<DomainId> = domains.into_iter().collect();
    let names = repo::domains::list_names(&mut conn, &domains).await?;
    drop(conn);
    let names: HashMap<DomainId, String> = names.into_iter().collect();
    let next = position_behind(&rows, PART, position);
    let rows = rows.into_iter().map(|contact| ContactOfDomain {
        domain: names.get(&contact.domain_id).cloned(),
        contact: contact.into(),
    });
    Ok((write(rows.collect())?, next))
}
