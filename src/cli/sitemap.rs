//! `scrapersky sitemap`: runs the same job as the API's analysis of sitemaps.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use database::ids::{DomainId, JobId, TenantId};
use database::migrate;
use database::models::enums::{JobStatus, SitemapFileStatus};
use database::models::sitemap_file::SitemapFile;
use database::pool::Pool;
use database::repo;
use database::repo::paging::{Newest, Paging};
use database::repo::sitemap_files::SitemapFileFilter;
use database::repo::sitemap_urls::SitemapUrlFilter;
use database::repo::tenants::DEFAULT_TENANT;
use jobs::Submission;
use scans::sitemap::{self, SitemapRequest, SitemapScan};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::bring_up::Database;
use super::output::Output;
use super::run::{block_on, require_schema};
use super::work::Awaited;
use super::{keys, work};
use crate::config::Config;
use crate::routes::names::view_job;
use crate::views::csv::BYTE_ORDER_MARK;
use crate::views::sitemap::{CSV_HEAD, SitemapUrlView, SitemapView};

/// Number of rows read at a time.
const AT_ONCE: i64 = 1000;

/// An analysis, and the format of its results.
#[derive(Debug, Args)]
pub struct SitemapOptions {
    /// The domain, or the URL of a sitemap
    #[arg(value_name = "DOMAIN|URL")]
    target: String,
    /// Prints the analysis and its files as JSON
    #[arg(long, conflicts_with_all = ["csv", "tree"])]
    json: bool,
    /// Prints all URLs as CSV
    #[arg(long, conflicts_with = "tree")]
    csv: bool,
    /// Writes the CSV without a byte order mark
    #[arg(long, requires = "csv")]
    no_bom: bool,
    /// Prints the tree of files with their counts (the default)
    #[arg(long)]
    tree: bool,
    /// Maximum number of URLs to store; 1,000,000 by default
    #[arg(long, value_name = "N")]
    max_urls: Option<i64>,
    /// Maximum depth of nested indexes
    #[arg(long, value_name = "N", default_value_t = 3)]
    max_depth: i16,
    /// Tenant that owns the results
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Analyses the sitemaps of a site and prints the results. The exit code is 0 if the analysis completed.
///
/// # Errors
///
/// When the target is invalid, or the database, the schema or a setting does not allow it.
pub fn run(options: &SitemapOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let scan = read_target(options, config)?;
    let database = Database::bring_up(config)?;
    block_on(analyse(&scan, options, config, &database))
}

/// A target with a path, or with a query, is the URL of a sitemap.
fn read_target(options: &SitemapOptions, config: &Config) -> anyhow::Result<SitemapScan> {
    let url = Url::parse(&options.target)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && (url.path() != "/" || url.query().is_some()));
    let domain = url.is_none().then_some(options.target.as_str());
    let request = SitemapRequest {
        domain,
        sitemap_url: url.as_ref().map(Url::as_str),
        max_urls: options.max_urls,
        max_depth: Some(options.max_depth),
    };
    Ok(SitemapScan::read(&request, &config.scans.sitemap)?)
}

async fn analyse(
    scan: &SitemapScan,
    options: &SitemapOptions,
    config: &Config,
    database: &Database,
) -> anyhow::Result<ExitCode> {
    migrate::up(&database.direct).await?;
    require_schema(database).await?;
    let pool = Pool::new(&database.url, &config.pool)?;
    let tenant = keys::tenant(&pool, options.tenant).await?;
    let (domain, id) = submit(&pool, tenant, scan).await?;
    let awaited = Awaited {
        work: "the analysis",
        subject: scan.domain.clone(),
    };

    let Some(job) = work::run_to_its_end(config, database, &pool, tenant, id, &awaited).await? else {
        return Ok(work::interrupted());
    };
    let is_completed = job.status == JobStatus::Completed;
    if !is_completed {
        eprintln!(
            "scrapersky: {}",
            job.error.as_deref().unwrap_or("the analysis has not ended")
        );
    }
    let files = files(&pool, tenant, domain, id).await?;
    if options.json {
        let files: Vec<_> = files.into_iter().map(SitemapView::from).collect();
        let view = view_job(&mut pool.tenant(tenant).await?, job).await?;
        say!("{:#}", json!({ "job": view, "files": files }));
    } else if options.csv {
        print_csv(&pool, tenant, domain, !options.no_bom).await?;
    } else {
        say!("{}", tree(&files).trim_end());
    }
    Ok(if is_completed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Queues the analysis, or returns the domain's unfinished one.
async fn submit(pool: &Pool, tenant: TenantId, scan: &SitemapScan) -> anyhow::Result<(DomainId, JobId)> {
    let mut conn = pool.tenant(tenant).await?;
    let submitted = sitemap::submit(&mut Submission::of_operator(&mut conn), scan).await?;
    conn.commit().await?;
    if !submitted.is_new {
        log::info!("continuing an unfinished analysis of {}", scan.domain);
    }
    Ok((submitted.domain_id, submitted.job_id))
}

/// Reads the files that the job has read.
async fn files(pool: &Pool, tenant: TenantId, domain: DomainId, job: JobId) -> anyhow::Result<Vec<SitemapFile>> {
    let filter = SitemapFileFilter {
        domain_id: Some(domain),
        job_id: Some(job),
        ..SitemapFileFilter::default()
    };
    let mut files = Vec::new();
    let mut paging = Paging::first(AT_ONCE);
    loop {
        let mut conn = pool.tenant(tenant).await?;
        let (page, _) = repo::sitemap_files::list(&mut conn, &filter, &paging).await?;
        let Some(last) = page.last() else {
            return Ok(files);
        };
        paging.after = Some(Newest::new(last.created_at, last.id));
        files.extend(page);
    }
}

async fn print_csv(pool: &Pool, tenant: TenantId, domain: DomainId, bom: bool) -> anyhow::Result<()> {
    let mut out = Output::open(None)?;
    let start = if bom { BYTE_ORDER_MARK } else { "" };
    let mut lines = csv::Writer::from_writer(start.as_bytes().to_vec());
    lines.write_record(CSV_HEAD)?;
    let mut paging = Paging::first(AT_ONCE);
    loop {
        let mut conn = pool.tenant(tenant).await?;
        let filter = SitemapUrlFilter::default();
        let rows = repo::sitemap_urls::list_of_domain(&mut conn, domain, &filter, &paging).await?;
        drop(conn);
        paging.after = rows.last().map(|row| row.id);
        for row in rows {
            lines.write_record(SitemapUrlView::from(row).csv())?;
        }
        out.write(&lines.into_inner()?)?;
        if paging.after.is_none() {
            return Ok(());
        }
        lines = csv::Writer::from_writer(Vec::new());
    }
}

/// Prints the files as a tree, below the indexes that list them.
fn tree(files: &[SitemapFile]) -> String {
    let mut below: HashMap<Option<Uuid>, Vec<&SitemapFile>> = HashMap::new();
    let known: std::collections::HashSet<Uuid> = files.iter().map(|file| file.id.get()).collect();
    for file in files {
        let parent = file.parent_id.map(|id| id.get()).filter(|id| known.contains(id));
        below.entry(parent).or_default().push(file);
    }
    for children in below.values_mut() {
        children.sort_by(|one, other| one.url.cmp(&other.url));
    }
    let mut text = String::new();
    draw(&mut text, &below, None, "");
    let urls: i64 = files.iter().filter_map(|file| file.url_count).map(i64::from).sum();
    let bytes: i64 = files.iter().filter_map(|file| file.size_bytes).map(i64::from).sum();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "{} files, {urls} URLs, {bytes} bytes", files.len());
    text
}

fn draw(text: &mut String, below: &HashMap<Option<Uuid>, Vec<&SitemapFile>>, parent: Option<Uuid>, indent: &str) {
    let children = below.get(&parent).map(Vec::as_slice).unwrap_or_default();
    for (index, file) in children.iter().enumerate() {
        let is_last = index + 1 == children.len();
        let (branch, deeper) = match (parent, is_last) {
            (None, _) => ("", ""),
            (Some(_), true) => ("└─ ", "   "),
            (Some(_), false) => ("├─ ", "│  "),
        };
        let _ = write!(text, "{indent}{branch}{}  {}", file.url, file.sitemap_type);
        if let Some(urls) = file.url_count.filter(|urls| *urls > 0) {
            let _ = write!(text, ", {urls} URLs");
        }
        if file.status != SitemapFileStatus::Completed.label() {
            let _ = write!(text, ", {}", file.status);
        }
        if let Some(error) = &file.error_message {
            let _ = write!(text, " ({error})");
        }
        text.push('\n');
        // Whoever lists whom is a tree: a file has one parent, which was there before it.
        draw(text, below, Some(file.id.get()), &format!("{indent}{deeper}"));
    }
}
