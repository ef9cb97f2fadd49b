//! `scrapersky emails`: runs the same job as the API's scan for email addresses.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use database::ids::{JobId, TenantId};
use database::migrate;
use database::models::contact::Contact;
use database::models::domain::{Domain, NewDomain};
use database::models::enums::JobStatus;
use database::pool::Pool;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::paging::{Newest, Paging};
use database::repo::tenants::DEFAULT_TENANT;
use jobs::Submission;
use scans::email::{self, DEFAULT_PAGES};
use serde_json::json;
use uuid::Uuid;
use web::names::DomainName;

use super::bring_up::Database;
use super::output::Output;
use super::run::{block_on, require_schema};
use super::work::Awaited;
use super::{keys, work};
use crate::config::Config;
use crate::routes::names::view_job;
use crate::views::contact::{CONTACT_CSV_HEAD, ContactOfDomain, ContactView};
use crate::views::csv::BYTE_ORDER_MARK;

/// Number of contacts read at a time.
const AT_ONCE: i64 = 1000;

/// A scan, and the format of its results.
#[derive(Debug, Args)]
pub struct EmailsOptions {
    /// The domain
    domain: String,
    /// Prints the scan and its contacts as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints the contacts as CSV
    #[arg(long)]
    csv: bool,
    /// Writes the CSV without a byte order mark
    #[arg(long, requires = "csv")]
    no_bom: bool,
    /// Maximum number of pages to fetch
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PAGES, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    max_pages: i32,
    /// Tenant that owns the results
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Scans the site of a domain and prints its contacts. The exit code is 0 if the scan completed.
///
/// # Errors
///
/// When the domain is invalid, or the database, the schema or a setting does not allow it.
pub fn run(options: &EmailsOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let name = DomainName::parse(&options.domain)?;
    let database = Database::bring_up(config)?;
    block_on(scan(&name, options, config, &database))
}

async fn scan(
    name: &DomainName,
    options: &EmailsOptions,
    config: &Config,
    database: &Database,
) -> anyhow::Result<ExitCode> {
    migrate::up(&database.direct).await?;
    require_schema(database).await?;
    let pool = Pool::new(&database.url, &config.pool)?;
    let tenant = keys::tenant(&pool, options.tenant).await?;
    let (domain, id) = submit(&pool, tenant, name, options.max_pages).await?;
    let awaited = Awaited {
        work: "the scan",
        subject: name.as_str().to_owned(),
    };

    let Some(job) = work::run_to_its_end(config, database, &pool, tenant, id, &awaited).await? else {
        return Ok(work::interrupted());
    };
    let is_completed = job.status == JobStatus::Completed;
    if !is_completed {
        eprintln!(
            "scrapersky: {}",
            job.error.as_deref().unwrap_or("the scan has not ended")
        );
    }
    let contacts = contacts(&pool, tenant, &domain, id).await?;
    let contacts: Vec<ContactView> = contacts.into_iter().map(ContactView::from).collect();
    if options.json {
        let view = view_job(&mut pool.tenant(tenant).await?, job).await?;
        say!("{:#}", json!({ "job": view, "contacts": contacts }));
    } else if options.csv {
        let start = if options.no_bom { "" } else { BYTE_ORDER_MARK };
        let mut lines = csv::Writer::from_writer(start.as_bytes().to_vec());
        lines.write_record(CONTACT_CSV_HEAD)?;
        for contact in contacts {
            let domain = Some(domain.domain.clone());
            lines.write_record(ContactOfDomain { contact, domain }.csv())?;
        }
        Output::open(None)?.write(&lines.into_inner()?)?;
    } else {
        say!("{}", table(&contacts));
        let count = |name: &str| {
            let result = job
                .result
                .as_ref()
                .and_then(|result| result.parse::<serde_json::Value>().ok());
            result.and_then(|result| result.get(name)?.as_i64()).unwrap_or_default()
        };
        say!(
            "{} addresses on {} pages of {}",
            contacts.len(),
            count("pages_scanned"),
            domain.domain
        );
    }
    Ok(if is_completed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Queues the scan, or returns the domain's unfinished one.
async fn submit(pool: &Pool, tenant: TenantId, name: &DomainName, max_pages: i32) -> anyhow::Result<(Domain, JobId)> {
    let mut conn = pool.tenant(tenant).await?;
    let new = NewDomain {
        domain: name.as_str(),
        lead_source: None,
        created_by: None,
    };
    let id = repo::domains::upsert(&mut conn, &new).await?.id;
    let submitted = email::submit(&mut Submission::of_operator(&mut conn), id, max_pages).await?;
    conn.commit().await?;
    if !submitted.is_new {
        log::info!("continuing an unfinished scan of {name}");
    }
    Ok((submitted.domain, submitted.scan.job_id))
}

/// Reads the contacts that the scan found.
async fn contacts(pool: &Pool, tenant: TenantId, domain: &Domain, job: JobId) -> anyhow::Result<Vec<Contact>> {
    let filter = ContactFilter {
        domain_id: Some(domain.id),
        job_id: Some(job),
        unsuppressed: true,
        ..ContactFilter::default()
    };
    let (mut all, mut paging) = (Vec::new(), Paging::first(AT_ONCE));
    loop {
        let mut conn = pool.tenant(tenant).await?;
        let rows = repo::contacts::list(&mut conn, &filter, &paging).await?;
        drop(conn);
        let Some(last) = rows.last() else { break };
        paging.after = Some(Newest::new(last.created_at, last.id));
        all.extend(rows);
    }
    all.sort_by(|one, other| {
        one.source_url
            .cmp(&other.source_url)
            .then_with(|| one.email.cmp(&other.email))
    });
    Ok(all)
}

fn table(contacts: &[ContactView]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["address", "type", "name", "role", "sure", "mail", "page"]);
    for contact in contacts {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        table.add_row([
            contact.email.clone(),
            text(contact.email_type),
            text(contact.name.as_deref()),
            text(contact.role.as_deref()),
            contact
                .confidence
                .map(|number| format!("{number} %"))
                .unwrap_or_default(),
            text(contact.mx_status),
            text(contact.source_url.as_deref()),
        ]);
    }
    table
}
