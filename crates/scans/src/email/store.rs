//! The rows that a crawl writes: each page with its contacts and the URLs found on it, in one transaction.

use chrono::Utc;
use database::ids::PageId;
use database::models::contact::NewContact;
use database::models::domain::DomainChanges;
use database::models::email_scan::EmailScanChanges;
use database::models::enums::{Outcome, PageProcessingStatus, TaskStatus};
use database::models::page::NewPage;
use database::models::values::TextList;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::tenant::TenantConnection;
use jobs::{Finished, JobContext, JobError};
use url::Url;
use web::extract::PageReading;
use web::sitemap::page_type::page_type;

use super::crawl::{Crawl, Cut};
use super::disposition::Disposition;
use super::frontier::Frontier;
use super::kind;
use crate::Services;

/// Maximum number of links stored per page.
const MAX_LINKS: usize = 300;
/// Number of scans kept per domain.
const KEPT_SCANS: i64 = 3;

/// The result of requesting a page.
pub(super) struct PageRow {
    pub(super) url: String,
    pub(super) status: Option<u16>,
    pub(super) disposition: Disposition,
    pub(super) reason: Option<String>,
    pub(super) reading: Option<PageReading>,
}

impl PageRow {
    /// Returns a result without content.
    pub(super) fn bare(url: String, status: Option<u16>, disposition: Disposition, reason: Option<String>) -> Self {
        Self {
            url,
            status,
            disposition,
            reason,
            reading: None,
        }
    }
}

/// Starts a crawl, or loads the state that an earlier attempt stored.
pub(super) async fn begin(ctx: &JobContext<Services>, name: &str, total_pages: i32) -> Result<Crawl, JobError> {
    let mut conn = ctx.tenant().await?;
    let domain = ctx.domain(&mut conn, name).await?.id;
    ctx.hold(&mut conn).await?;
    let scan = repo::email_scans::begin(&mut conn, domain, ctx.job_id(), total_pages).await?;
    let frontier = Frontier::load(repo::email_scans::list_urls(&mut conn, scan.id).await?);
    let changes = DomainChanges {
        page_scrape_status: Some(Some(TaskStatus::InProgress)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, domain, &changes).await?;
    conn.commit().await?;
    Ok(Crawl::new(
        scan,
        domain,
        name,
        frontier,
        (ctx.services().fetcher.session(), ctx.services().email.subdomains),
    ))
}

/// Opens a transaction in which this worker holds the job: a cancelled crawl stops within a page.
async fn open(ctx: &JobContext<Services>) -> Result<TenantConnection, JobError> {
    let mut conn = ctx.tenant_of_domain().await?;
    ctx.hold(&mut conn).await?;
    Ok(conn)
}

/// Writes the results for URLs.
pub(super) async fn urls(ctx: &JobContext<Services>, crawl: &mut Crawl) -> Result<(), JobError> {
    let mut conn = open(ctx).await?;
    write_urls(&mut conn, crawl).await?;
    conn.commit().await?;
    Ok(())
}

/// Writes the URLs of the sitemaps.
pub(super) async fn seeded(ctx: &JobContext<Services>, crawl: &mut Crawl) -> Result<(), JobError> {
    let mut conn = open(ctx).await?;
    write_urls(&mut conn, crawl).await?;
    let changes = EmailScanChanges {
        seeded_at: Some(Utc::now()),
        ..EmailScanChanges::default()
    };
    crawl.scan = repo::email_scans::update(&mut conn, crawl.scan.id, &changes).await?;
    conn.commit().await?;
    Ok(())
}

async fn write_urls(conn: &mut TenantConnection, crawl: &mut Crawl) -> Result<(), JobError> {
    let changed = crawl.frontier.changes();
    if !changed.is_empty() {
        repo::email_scans::upsert_urls(conn, crawl.scan.id, &crawl.frontier.rows(&changed)).await?;
    }
    Ok(())
}

/// Writes pages, their content, and the URLs found on them.
pub(super) async fn pages(ctx: &JobContext<Services>, crawl: &mut Crawl, rows: &[PageRow]) -> Result<(), JobError> {
    let mut conn = open(ctx).await?;
    for row in rows {
        write_page(&mut conn, ctx, crawl, row).await?;
    }
    write_urls(&mut conn, crawl).await?;
    let filter = ContactFilter {
        domain_id: Some(crawl.domain),
        job_id: Some(ctx.job_id()),
        ..ContactFilter::default()
    };
    let contacts = repo::contacts::count(&mut conn, &filter).await?;
    let changes = EmailScanChanges {
        pages_scanned: i32::try_from(crawl.frontier.fetched()).ok(),
        contacts_found: i32::try_from(contacts).ok(),
        entry_url: crawl.scan.entry_url.as_deref(),
        sitemap_links: Some(&crawl.scan.sitemap_links),
        busy_ms: Some(crawl.scan.busy_ms),
        ..EmailScanChanges::default()
    };
    let scan = repo::email_scans::update(&mut conn, crawl.scan.id, &changes).await?;
    conn.commit().await?;
    crawl.scan = scan;
    Ok(())
}

/// Writes a page and its contacts. A chain of redirects has several rows.
async fn write_page(
    conn: &mut TenantConnection,
    ctx: &JobContext<Services>,
    crawl: &Crawl,
    row: &PageRow,
) -> Result<(), JobError> {
    let unread = PageReading::default();
    let reading = row.reading.as_ref().unwrap_or(&unread);
    let hidden = Hidden::of(conn, crawl, reading).await?;
    let page = upsert_page(conn, crawl, row, reading, &hidden).await?;
    if reading.contacts.is_empty() {
        return Ok(());
    }
    let is_contact_page = page_type(&row.url) == Some("contact")
        || Url::parse(&row.url).is_ok_and(|url| super::site::rank(&url, "") == 1);
    let contacts: Vec<NewContact<'_>> = reading
        .contacts
        .iter()
        .map(|found| {
            let email_type = kind::of(&found.email, &crawl.name);
            NewContact {
                domain_id: crawl.domain,
                page_id: page,
                email: &found.email,
                email_type: Some(email_type),
                has_gmail: Some(kind::is_gmail(&found.email)),
                context: found.context.as_deref().filter(|context| !hidden.is_in(context)),
                source_url: Some(&row.url),
                source_job_id: Some(ctx.job_id()),
                name: found.name.as_deref(),
                role: found.role.as_deref(),
                confidence: Some(kind::confidence(found, email_type, &crawl.name, is_contact_page)),
                spelling: found.spelling.label(),
            }
        })
        .collect();
    repo::contacts::upsert_many(conn, &contacts).await?;
    Ok(())
}

/// Writes the row of a page. Fields that require reading the page are null if it was not read.
async fn upsert_page(
    conn: &mut TenantConnection,
    crawl: &Crawl,
    row: &PageRow,
    reading: &PageReading,
    hidden: &Hidden,
) -> Result<PageId, JobError> {
    let is_read = row.reading.is_some();
    let links: TextList = reading
        .links
        .iter()
        .map(|link| link.url.as_str())
        .filter(|url| !hidden.is_in(url))
        .take(MAX_LINKS)
        .collect();
    let (title, description, h1) = (
        hidden.text(reading.title.as_deref()),
        hidden.text(reading.description.as_deref()),
        hidden.text(reading.h1.as_deref()),
    );
    let types: TextList = reading.schema_types.iter().collect();
    let is_fine = row.disposition.is_fine();
    let new = NewPage {
        domain_id: crawl.domain,
        url: &row.url,
        title: title.as_deref(),
        description: description.as_deref(),
        h1: h1.as_deref(),
        canonical_url: reading.canonical_url.as_deref(),
        meta_robots: reading.meta_robots.as_deref(),
        has_schema_markup: is_read.then_some(!reading.schema_types.is_empty()),
        schema_types: is_read.then_some(&types),
        has_contact_form: is_read.then_some(reading.has_contact_form),
        has_comments: is_read.then_some(reading.has_comments),
        word_count: is_read.then(|| i32::try_from(reading.word_count).unwrap_or(i32::MAX)),
        inbound_links: None,
        outbound_links: is_read.then_some(&links),
        last_modified: None,
        last_scan: Some(Utc::now()),
        page_type: page_type(&row.url),
        lead_source: Some("email_scan"),
        additional_json: None,
        sitemap_file_id: None,
        page_processing_status: Some(if is_fine {
            PageProcessingStatus::Complete
        } else {
            PageProcessingStatus::Error
        }),
        page_processing_error: if is_fine { None } else { row.reason.as_deref() },
        status_code: row.status.map(i32::from),
        disposition: Some(row.disposition.label()),
        disposition_reason: row.reason.as_deref(),
        content_hash: is_read.then_some(reading.fingerprint.as_str()),
    };
    Ok(repo::pages::upsert(conn, &new).await?.id)
}

/// The suppressed addresses of a page, which its texts may mention.
struct Hidden {
    /// The addresses in lower case, each with its local part.
    emails: Vec<(String, String)>,
}

impl Hidden {
    async fn of(conn: &mut TenantConnection, crawl: &Crawl, reading: &PageReading) -> Result<Self, JobError> {
        let mut emails = Vec::new();
        if !reading.contacts.is_empty() {
            let own = format!("@{}", crawl.name);
            let asked: Vec<&str> = reading
                .contacts
                .iter()
                .map(|found| found.email.as_str())
                .chain([own.as_str()])
                .collect();
            emails = repo::suppressions::list_covered(conn, &asked).await?;
            if emails.contains(&own) {
                emails = reading.contacts.iter().map(|found| found.email.clone()).collect();
            }
        }
        let with_local = |email: String| {
            let local = email.split('@').next().unwrap_or_default().to_owned();
            (email, local)
        };
        Ok(Self {
            emails: emails.into_iter().map(with_local).collect(),
        })
    }

    /// Returns whether a text contains the local part of a suppressed address.
    fn is_in(&self, text: &str) -> bool {
        !self.emails.is_empty() && {
            let text = text.to_lowercase();
            self.emails.iter().any(|(_, local)| text.contains(local.as_str()))
        }
    }

    /// Returns the text, or `None` if it contains a suppressed address.
    fn text(&self, text: Option<&str>) -> Option<String> {
        let lower = text.map(str::to_lowercase).unwrap_or_default();
        let holds = self.emails.iter().any(|(email, _)| lower.contains(email.as_str()));
        text.filter(|_| !holds).map(str::to_owned)
    }
}

/// Ends the crawl and its job.
pub(super) async fn finish(ctx: &JobContext<Services>, crawl: &mut Crawl) -> Result<Finished, JobError> {
    ctx.report("storing", &format!("adding up the pages of {}", crawl.name), 0.97)
        .await;
    urls(ctx, crawl).await?;
    let crawl = &*crawl;
    let lost = crawl.frontier.lost();
    if let Some(Cut::Room(shortage)) = &crawl.cut
        && !crawl.frontier.has_read()
    {
        return Err(JobError::permanent(Outcome::StorageFull, shortage.clone()));
    }
    if lost > 0 && !crawl.frontier.has_read() {
        // An empty result would look like a site without addresses.
        let message = format!(
            "no page of {} could be stored: each attempt was interrupted",
            crawl.name
        );
        return Err(JobError::permanent(Outcome::Internal, message));
    }
    // Reaching the requested number of pages does not count as cut off.
    let is_cut = lost > 0 || !matches!(crawl.cut, None | Some(Cut::Pages(_)));
    let outcome = match (is_cut, crawl.scan.contacts_found) {
        _ if matches!(crawl.cut, Some(Cut::Room(_))) => Outcome::StorageFull,
        (true, _) => Outcome::Partial,
        (false, 0) if crawl.needs_rendering => Outcome::NeedsRendering,
        (false, 0) => Outcome::OkEmpty,
        (false, _) => Outcome::Ok,
    };
    let note = crawl.note();
    ctx.finish_with(async |mut conn| {
        let conn_ref = &mut conn;
        ctx.domain(conn_ref, &crawl.name).await?;
        repo::email_scans::note_inbound_links(conn_ref, crawl.domain).await?;
        repo::contacts::note_mail_domains(conn_ref, crawl.domain).await?;
        let changes = EmailScanChanges {
            completed_at: Some(Utc::now()),
            note: note.as_deref(),
            ..EmailScanChanges::default()
        };
        repo::email_scans::update(conn_ref, crawl.scan.id, &changes).await?;
        repo::email_scans::delete_old(conn_ref, crawl.domain, KEPT_SCANS).await?;
        let changes = DomainChanges {
            page_scrape_status: Some(Some(TaskStatus::Completed)),
            page_scrape_at: Some(Some(Utc::now())),
            page_scrape_error: Some(None),
            ..DomainChanges::default()
        };
        repo::domains::update(conn_ref, crawl.domain, &changes).await?;
        ctx.finish(conn, outcome, &crawl.summary(), &crawl.result()).await
    })
    .await
}
