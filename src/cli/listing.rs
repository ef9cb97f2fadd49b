//! Lists and exports: rows are read in parts, and no connection is held while a part is written.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use database::ids::TenantId;
use database::pool::Pool;
use database::repo::paging::Paging;
use database::repo::tenants::DEFAULT_TENANT;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::bring_up::Database;
use super::keys;
use super::output::Output;
use super::run::{block_on, require_schema};
use super::serve::stop_asked_for;
use crate::config::Config;
use crate::views::csv::BYTE_ORDER_MARK;

/// Number of rows read at a time.
const AT_ONCE: i64 = 500;

/// How a list is shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct ListForm {
    /// Prints one JSON object per line instead of a table
    #[arg(long)]
    pub(super) json: bool,
    /// Maximum number of rows; all by default
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tenant that owns the rows
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// How an export is written.
#[derive(Clone, Debug, Args)]
pub struct ExportForm {
    /// Writes CSV with a header line, safe to open in a spreadsheet (the default)
    #[arg(long, conflicts_with_all = ["json", "format"])]
    csv: bool,
    /// Writes one JSON object per line
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// File format
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Writes the CSV without a byte order mark
    #[arg(long)]
    no_bom: bool,
    /// Writes to this file, which is replaced when the export is complete; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Maximum number of rows; all by default
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tenant that owns the rows
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Format of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// CSV with a header line, safe to open in a spreadsheet
    Csv,
    /// One JSON object per line
    Jsonl,
}

/// A row of a list.
pub(super) trait Listed: Serialize {
    /// The header of the table.
    const TABLE: &'static [&'static str];

    /// Returns the cells of the row in the table.
    fn row(&self) -> Vec<String>;
}

/// A row of an export.
pub(super) trait Exported: Serialize {
    /// The header of the CSV.
    fn head() -> Vec<String>;

    /// Returns the cells of the row in the CSV.
    fn cells(&self) -> Vec<String>;
}

/// The database of a command, as one tenant sees it.
pub(super) struct Source {
    /// The pool.
    pub(super) pool: Pool,
    /// The tenant.
    pub(super) tenant: TenantId,
}

impl Source {
    /// Returns the tenant's database, whose schema is the one this program is written for.
    pub(super) async fn open(database: &Database, config: &Config, tenant: Uuid) -> anyhow::Result<Self> {
        require_schema(database).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        let tenant = keys::tenant(&pool, tenant).await?;
        Ok(Self { pool, tenant })
    }

    /// Runs `work` on the tenant's database.
    pub(super) fn with<T>(
        config: &Config,
        tenant: Uuid,
        work: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let database = Database::bring_up(config)?;
        block_on(async {
            let source = Self::open(&database, config, tenant).await?;
            work(&source).await
        })
    }

    /// Reads rows part by part, at most `limit`, and hands each part on. `read` returns its connection before it ends.
    pub(super) async fn each_part<R, P>(
        &self,
        limit: Option<usize>,
        mut read: impl AsyncFnMut(&Self, &Paging<P>) -> anyhow::Result<Vec<R>>,
        position: impl Fn(&R) -> P,
        mut part: impl AsyncFnMut(&Self, Vec<R>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (mut after, mut left) = (None, limit.unwrap_or(usize::MAX));
        while left > 0 {
            let limit = i64::try_from(left).unwrap_or(i64::MAX).min(AT_ONCE);
            let rows = read(self, &Paging { limit, after }).await?;
            let Some(last) = rows.last() else { break };
            after = Some(position(last));
            left -= rows.len();
            part(self, rows).await?;
        }
        Ok(())
    }
}

impl ListForm {
    /// Prints the rows that `read` returns, part by part.
    pub(super) fn print<R, P, V: Listed>(
        self,
        config: &Config,
        read: impl AsyncFnMut(&Source, &Paging<P>) -> anyhow::Result<Vec<R>>,
        position: impl Fn(&R) -> P,
        mut view: impl AsyncFnMut(&Source, Vec<R>) -> anyhow::Result<Vec<V>>,
    ) -> anyhow::Result<()> {
        let mut out = Output::open(None)?;
        let mut head = Some(V::TABLE);
        Source::with(config, self.tenant, async |source| {
            let print = async |source: &Source, rows: Vec<R>| {
                let views = view(source, rows).await?;
                if self.json {
                    return out.write(&json_lines(&views)?);
                }
                let table = table(head.take(), views.iter().map(Listed::row));
                out.write(format!("{table}\n").as_bytes())
            };
            source.each_part(self.limit, read, position, print).await?;
            Ok(())
        })?;
        if let Some(head) = head.filter(|_| !self.json) {
            out.write(format!("{}\n", table(Some(head), Vec::<Vec<String>>::new())).as_bytes())?;
        }
        out.finish()
    }
}

impl ExportForm {
    fn format(&self) -> Format {
        match self.format {
            Some(format) => format,
            None if self.json => Format::Jsonl,
            None => Format::Csv,
        }
    }

    /// Writes the rows that `read` returns, part by part.
    pub(super) fn write<R, P, V: Exported>(
        &self,
        config: &Config,
        read: impl AsyncFnMut(&Source, &Paging<P>) -> anyhow::Result<Vec<R>>,
        position: impl Fn(&R) -> P,
        mut view: impl AsyncFnMut(&Source, Vec<R>) -> anyhow::Result<Vec<V>>,
    ) -> anyhow::Result<()> {
        let head = csv_lines([V::head()])?;
        self.write_parts(config, head, read, position, async |source, format, rows| {
            let views = view(source, rows).await?;
            match format {
                Format::Csv => csv_lines(views.iter().map(Exported::cells)),
                Format::Jsonl => json_lines(&views),
            }
        })
    }

    /// Writes `head` if the format is CSV, and what `write` makes of each part.
    pub(super) fn write_parts<R, P>(
        &self,
        config: &Config,
        head: Vec<u8>,
        read: impl AsyncFnMut(&Source, &Paging<P>) -> anyhow::Result<Vec<R>>,
        position: impl Fn(&R) -> P,
        mut write: impl AsyncFnMut(&Source, Format, Vec<R>) -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<()> {
        let format = self.format();
        let mut out = Output::open(self.output.as_deref())?;
        Source::with(config, self.tenant, async |source| {
            if format == Format::Csv {
                if !self.no_bom {
                    out.write(BYTE_ORDER_MARK.as_bytes())?;
                }
                out.write(&head)?;
            }
            let part = async |source: &Source, rows: Vec<R>| out.write(&write(source, format, rows).await?);
            let written = source.each_part(self.limit, read, position, part);
            match &self.output {
                // Ended by the signal itself, the program would leave a part of the file behind.
                Some(file) => {
                    let interrupted = stop_asked_for()?;
                    tokio::select! {
                        written = written => written,
                        () = interrupted => bail!("interrupted: {} is as it was", file.display()),
                    }
                }
                None => written.await,
            }
        })?;
        out.finish()
    }
}

/// Returns a table without lines.
pub(super) fn table(head: Option<&[&str]>, rows: impl IntoIterator<Item = impl IntoIterator<Item = String>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(head) = head {
        table.set_header(head.iter().copied());
    }
    for row in rows {
        table.add_row(row);
    }
    table
}

/// Prints a view as JSON or as a table.
pub(super) fn show(view: &impl Serialize, json: bool) -> anyhow::Result<()> {
    if json {
        say!("{}", serde_json::to_string_pretty(view)?);
    } else {
        say!("{}", facts(view)?);
    }
    Ok(())
}

/// Returns a table of a view's values; what is not known is left out.
pub(super) fn facts(view: &impl Serialize) -> anyhow::Result<Table> {
    let value = serde_json::to_value(view)?;
    let mut rows = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => {
                rows.extend(inner.iter().map(|(inner, value)| (format!("{name}.{inner}"), value)));
            }
            value => rows.push((name.clone(), value)),
        }
    }
    let known = rows.into_iter().filter(|(_, value)| !value.is_null());
    Ok(table(
        None,
        known.map(|(name, value)| [name, value.as_str().map_or_else(|| value.to_string(), str::to_owned)]),
    ))
}

/// Serializes rows as JSON, one per line.
pub(super) fn json_lines(rows: &[impl Serialize]) -> anyhow::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Serializes rows as CSV, with lines that end in CR LF as those of the API do.
pub(super) fn csv_lines(rows: impl IntoIterator<Item = Vec<String>>) -> anyhow::Result<Vec<u8>> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        lines.write_record(row)?;
    }
    Ok(lines.into_inner()?)
}
