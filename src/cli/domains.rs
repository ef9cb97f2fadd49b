//! `scrapersky domains`: lists, shows and exports domains.

use clap::{Args, Subcommand, ValueEnum};
use database::ids::DomainId;
use database::models::domain::Domain;
use database::models::enums::TaskStatus;
use database::repo;
use database::repo::QueryError;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use database::repo::paging::Paging;
use database::repo::tenants::DEFAULT_TENANT;
use uuid::Uuid;
use web::names::DomainName;

use super::listing::{ExportForm, Exported, ListForm, Listed, Source, facts};
use crate::config::Config;
use crate::views::domain::{DOMAIN_CSV_HEAD, DomainDetailsView, DomainView};

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum DomainsCommand {
    /// Prints domains as a table
    List {
        /// The domains to list
        #[command(flatten)]
        which: DomainChoice,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Prints a domain with all facts about its site
    Show {
        /// The domain, by its name or its id
        domain: String,
        /// Prints JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Tenant that owns the domain
        #[arg(long, default_value_t = DEFAULT_TENANT)]
        tenant: Uuid,
    },
    /// Writes domains as CSV or JSON lines
    Export {
        /// The domains to export
        #[command(flatten)]
        which: DomainChoice,
        /// How they are written
        #[command(flatten)]
        form: ExportForm,
    },
}

/// A filter and an order, as the API has them.
#[derive(Debug, Args)]
pub struct DomainChoice {
    /// Only domains whose name contains this text
    #[arg(long, short, value_name = "TEXT")]
    q: Option<String>,
    /// Only domains to which people gave this status
    #[arg(long)]
    status: Option<String>,
    /// Only domains whose last scan has this status, such as Completed or Error
    #[arg(long, value_name = "STATUS")]
    content_scrape_status: Option<TaskStatus>,
    /// Only domains whose site runs on WordPress, or does not
    #[arg(long, value_name = "true|false")]
    is_wordpress: Option<bool>,
    /// The order
    #[arg(long, value_enum, default_value_t = Sort::Newest)]
    sort: Sort,
}

/// The order of a list of domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Newest first
    #[value(alias = "-created_at")]
    Newest,
    /// Last scanned first
    #[value(alias = "-last_scan")]
    LastScan,
    /// By name
    Domain,
}

impl From<Sort> for DomainOrder {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Newest => Self::Newest,
            Sort::LastScan => Self::LastScan,
            Sort::Domain => Self::Name,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// When the domain is unknown, or the database, the schema or a setting does not allow it.
pub fn run(command: &DomainsCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        DomainsCommand::List { which, form } => form.print(
            config,
            async |source, paging| which.read(source, paging).await,
            |domain| DomainPosition::of(domain, which.sort.into()),
            async |_, rows| Ok(views(rows)),
        ),
        DomainsCommand::Export { which, form } => form.write(
            config,
            async |source, paging| which.read(source, paging).await,
            |domain| DomainPosition::of(domain, which.sort.into()),
            async |_, rows| Ok(views(rows)),
        ),
        DomainsCommand::Show { domain, json, tenant } => Source::with(config, *tenant, async |source| {
            let details = DomainDetailsView::from(find(source, domain).await?);
            if *json {
                say!("{}", serde_json::to_string_pretty(&details)?);
            } else {
                say!("{}", facts(&details)?);
            }
            Ok(())
        }),
    }
}

impl DomainChoice {
    async fn read(&self, source: &Source, paging: &Paging<DomainPosition>) -> anyhow::Result<Vec<Domain>> {
        let filter = DomainFilter {
            text: self.q.as_deref(),
            status: self.status.as_deref(),
            content_scrape_status: self.content_scrape_status,
            is_wordpress: self.is_wordpress,
            ..DomainFilter::default()
        };
        let mut conn = source.pool.tenant(source.tenant).await?;
        Ok(repo::domains::list_after(&mut conn, &filter, self.sort.into(), paging).await?)
    }
}

fn views(rows: Vec<Domain>) -> Vec<DomainView> {
    rows.into_iter().map(DomainView::from).collect()
}

/// Finds a domain by its name or its id.
async fn find(source: &Source, named: &str) -> anyhow::Result<repo::domains::DomainDetails> {
    let mut conn = source.pool.tenant(source.tenant).await?;
    let id = match named.parse::<Uuid>() {
        Ok(id) => Some(DomainId::from(id)),
        Err(_) => {
            let name = DomainName::parse(named)?;
            let filter = DomainFilter {
                name: Some(name.as_str()),
                ..DomainFilter::default()
            };
            let found = repo::domains::list_after(&mut conn, &filter, DomainOrder::Name, &Paging::first(1)).await?;
            found.first().map(|domain| domain.id)
        }
    };
    let details = match id {
        Some(id) => repo::domains::get_details(&mut conn, id).await,
        None => Err(QueryError::NotFound),
    };
    match details {
        Err(QueryError::NotFound) => Err(anyhow::anyhow!(
            "the tenant has no domain {named}; `scrapersky domains list` shows its domains"
        )),
        details => Ok(details?),
    }
}

impl Listed for DomainView {
    const TABLE: &'static [&'static str] = &["domain", "status", "scan", "scanned", "pages", "id"];

    fn row(&self) -> Vec<String> {
        vec![
            self.domain.clone(),
            self.status.clone(),
            self.content_scrape_status.unwrap_or_default().to_owned(),
            self.content_scrape_at
                .map(|at| at.format("%F %R").to_string())
                .unwrap_or_default(),
            self.page_count.map(|count| count.to_string()).unwrap_or_default(),
            self.id.to_string(),
        ]
    }
}

impl Exported for DomainView {
    fn head() -> Vec<String> {
        DOMAIN_CSV_HEAD.map(str::to_owned).into()
    }

    fn cells(&self) -> Vec<String> {
        self.csv().into()
    }
}
