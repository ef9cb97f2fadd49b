//! The report about a lead.

use chrono::Utc;
use database::ids::LeadId;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::domain_changes::DomainChangeFilter;
use database::repo::paging::Paging;
use database::tenant::TenantConnection;
use rocket::http::Header;
use rocket::response::content::RawHtml;
use rocket::{Responder, State, get};
use web::score::ScoreRules;

use super::query::PathId;
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::domain::DomainEvidenceView;
use crate::views::lead::{Fault, LeadView, Report};

/// The page loads nothing and runs nothing; its style is within.
const CONTENT_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Maximum number of addresses and of changes in a report.
const ADDRESSES: i64 = 20;
const CHANGES: i64 = 20;

handlers![show_lead_report];

/// A report as a page.
#[derive(Responder)]
pub struct ReportPage {
    inner: RawHtml<String>,
    policy: Header<'static>,
}

impl From<Report> for ReportPage {
    fn from(report: Report) -> Self {
        Self {
            inner: RawHtml(report.page().into_string()),
            policy: Header::new("Content-Security-Policy", CONTENT_POLICY),
        }
    }
}

/// Shows a report about a lead, as a page to print: what is wrong with the site, facts, contacts and changes.
#[utoipa::path(
    tag = "Leads",
    params(PathId<LeadId>),
    responses((status = 200, body = String, content_type = "text/html")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/<id>/report")]
async fn show_lead_report(
    caller: Caller<Read>,
    db: Db<'_>,
    rules: &State<ScoreRules>,
    id: PathId<LeadId>,
) -> ApiResult<ReportPage> {
    let mut conn = db.reading(&caller).await?;
    Ok(load(&mut conn, rules, id.0).await?.into())
}

/// Loads the report of a lead.
///
/// # Errors
///
/// `NotFound` if the tenant has no such lead.
pub async fn load(conn: &mut TenantConnection, rules: &ScoreRules, id: LeadId) -> ApiResult<Report> {
    let lead = repo::leads::get(conn, id).await?;
    let shown = repo::leads::show(conn, std::slice::from_ref(&lead)).await?;
    let agency = repo::tenants::get(conn).await?.name;
    let (mut site, mut contacts, mut changes) = (None, Vec::new(), Vec::new());
    let mut evidence = Vec::new();
    if let Some(domain) = lead.domain_id {
        let details = repo::domains::get_details(conn, domain).await?.into();
        evidence = super::domain_evidence::load(conn, domain, &details).await?;
        site = Some(details);
        let filter = ContactFilter {
            domain_id: Some(domain),
            unsuppressed: true,
            ..ContactFilter::default()
        };
        contacts = repo::contacts::list(conn, &filter, &Paging::first(ADDRESSES)).await?;
        let filter = DomainChangeFilter {
            domain_id: Some(domain),
            ..DomainChangeFilter::default()
        };
        let rows = repo::domain_changes::list(conn, &filter, &Paging::first(CHANGES)).await?;
        changes = rows.into_iter().map(Into::into).collect();
    }
    let lead = LeadView::new(lead, &shown);
    let faults = lead.score_reasons.iter().filter_map(|reason| {
        let rule = rules.iter().find(|rule| rule.name == reason.rule && rule.is_fault)?;
        Some(Fault {
            because: reason.because.clone(),
            pages: pages(&rule.columns(), &evidence),
        })
    });
    Ok(Report {
        agency,
        made_at: Utc::now(),
        faults: faults.collect(),
        lead,
        site,
        contacts,
        changes,
    })
}

/// Returns the pages that tell the values of columns, each page once.
fn pages(columns: &[(&str, Option<&str>)], evidence: &[DomainEvidenceView]) -> Vec<String> {
    let is_asked = |told: &&DomainEvidenceView| {
        let mut columns = columns.iter();
        columns.any(|(column, value)| *column == told.column && value.is_none_or(|value| value == told.value))
    };
    let mut pages = Vec::new();
    for page in evidence.iter().filter(is_asked).filter_map(|told| told.url.as_ref()) {
        if !pages.contains(page) {
            pages.push(page.clone());
        }
    }
    pages
}
