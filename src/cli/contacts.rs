//! `scrapersky contacts`: lists and exports contacts.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use database::ids::{ContactId, DomainId};
use database::models::contact::Contact;
use database::models::enums::EmailType;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::paging::{Newest, Paging};
use uuid::Uuid;

use super::listing::{ExportForm, Exported, ListForm, Listed, Source};
use crate::config::Config;
use crate::views::contact::{CONTACT_CSV_HEAD, ContactOfDomain};
use crate::views::words::Words;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum ContactsCommand {
    /// Prints contacts as a table, newest first
    List {
        /// The contacts to list
        #[command(flatten)]
        which: ContactChoice,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Writes contacts as CSV or JSON lines
    Export {
        /// The contacts to export
        #[command(flatten)]
        which: ContactChoice,
        /// How they are written
        #[command(flatten)]
        form: ExportForm,
    },
}

/// A filter, as the API has it. Suppressed addresses are left out.
#[derive(Debug, Args)]
pub struct ContactChoice {
    /// Only contacts of the domain with this name
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Only contacts of the domain with this id
    #[arg(long, value_name = "UUID")]
    domain_id: Option<Uuid>,
    /// Only contacts of this type: service, corporate, free, unknown
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    email_type: Option<EmailType>,
    /// Only contacts whose address or context contains this text
    #[arg(long, short, value_name = "TEXT")]
    q: Option<String>,
    /// Only contacts last seen then or later, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    seen_since: Option<DateTime<Utc>>,
    /// Only contacts last seen before then: those that are gone
    #[arg(long, value_name = "TIME")]
    last_seen_before: Option<DateTime<Utc>>,
    /// Only contacts first seen then or later: the new ones
    #[arg(long, value_name = "TIME")]
    first_seen_since: Option<DateTime<Utc>>,
}

fn parse_type(word: &str) -> Result<EmailType, String> {
    EmailType::read(word).ok_or_else(|| format!("expected one of {}", EmailType::listed()))
}

/// Runs the command.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it.
pub fn run(command: &ContactsCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        ContactsCommand::List { which, form } => form.print(
            config,
            async |source, paging| which.read(source, paging).await,
            position,
            named,
        ),
        ContactsCommand::Export { which, form } => form.write(
            config,
            async |source, paging| which.read(source, paging).await,
            position,
            named,
        ),
    }
}

fn position(contact: &Contact) -> Newest<ContactId> {
    Newest::new(contact.created_at, contact.id)
}

impl ContactChoice {
    async fn read(&self, source: &Source, paging: &Paging<Newest<ContactId>>) -> anyhow::Result<Vec<Contact>> {
        let filter = ContactFilter {
            domain_id: self.domain_id.map(DomainId::from),
            email_type: self.email_type,
            text: self.q.as_deref(),
            seen_since: self.seen_since,
            last_seen_before: self.last_seen_before,
            first_seen_since: self.first_seen_since,
            domain: self.domain.as_deref(),
            unsuppressed: true,
            ..ContactFilter::default()
        };
        let mut conn = source.pool.tenant(source.tenant).await?;
        Ok(repo::contacts::list(&mut conn, &filter, paging).await?)
    }
}

/// Adds the names of their domains to contacts.
async fn named(source: &Source, rows: Vec<Contact>) -> anyhow::Result<Vec<ContactOfDomain>> {
    let domains: BTreeSet<DomainId> = rows.iter().map(|row| row.domain_id).collect();
    let domains: Vec<DomainId> = domains.into_iter().collect();
    let mut conn = source.pool.tenant(source.tenant).await?;
    let names = repo::domains::list_names(&mut conn, &domains).await?;
    drop(conn);
    let names: HashMap<DomainId, String> = names.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|contact| ContactOfDomain {
            domain: names.get(&contact.domain_id).cloned(),
            contact: contact.into(),
        })
        .collect())
}

impl Listed for ContactOfDomain {
    const TABLE: &'static [&'static str] = &["email", "type", "name", "role", "domain", "last seen"];

    fn row(&self) -> Vec<String> {
        let Self { contact, domain } = self;
        vec![
            contact.email.clone(),
            contact.email_type.unwrap_or_default().to_owned(),
            contact.name.clone().unwrap_or_default(),
            contact.role.clone().unwrap_or_default(),
            domain.clone().unwrap_or_default(),
            contact.last_seen_at.format("%F %R").to_string(),
        ]
    }
}

impl Exported for ContactOfDomain {
    fn head() -> Vec<String> {
        CONTACT_CSV_HEAD.map(str::to_owned).into()
    }

    fn cells(&self) -> Vec<String> {
        self.csv().into()
    }
}
