//! Leads as files: CSV, JSON lines and workbooks, with chosen columns or those that another program imports.

use std::convert::Infallible;
use std::fs::File;
use std::io::Seek;

use database::ids::TenantId;
use database::pool::Pool;
use database::repo;
use database::repo::leads::{LeadFilter, LeadOrder, LeadPosition};
use database::repo::paging::Paging;
use rocket::http::{ContentType, Header};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder, Response};
use rocket::{State, get};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use utoipa::IntoParams;

use super::export::{Bom, Export, json_lines, json_lines_type, unwritable};
use super::lead_filter::{LeadParams, LeadQuery, read_order};
use super::query::{position_behind, query_value, word};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Read};
use crate::views::lead::LeadView;
use crate::views::lead::columns::{COLUMNS, Cell, Column, Preset, choose};
use crate::views::words::WordOrEmpty;

/// How many leads an export reads per transaction. No transaction is open while the client reads.
const PART: i64 = 500;
/// The number of rows below the header that a worksheet has room for.
const MAX_SHEET_ROWS: i64 = 1_048_575;
/// The number of characters that a cell of a worksheet has room for.
const MAX_CELL_CHARS: usize = 32_767;

handlers![export_leads_csv, export_leads_jsonl, export_leads_xlsx];

/// Describes a preset, or an empty text, which is ignored.
type PresetWordOrEmpty = WordOrEmpty<Preset>;

/// The columns of a file. A guard, since a route takes one structure of the query only.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
struct ColumnsQuery<'r> {
    /// Names of columns, separated by commas, in their order; all by default.
    #[param(pattern = "^([a-z_]+( *, *[a-z_]+)*)?$", example = "name,email,phone")]
    columns: Option<&'r str>,
    /// The program whose import takes the columns.
    #[param(inline, value_type = Option<PresetWordOrEmpty>, example = "hubspot")]
    preset: Option<&'r str>,
}

/// The parameters of the columns, as they are described.
type ColumnsParams = ColumnsQuery<'static>;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ColumnsQuery<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            columns: query_value(request, "columns").filter(|text| !text.is_empty()),
            preset: query_value(request, "preset").filter(|text| !text.is_empty()),
        })
    }
}

impl ColumnsQuery<'_> {
    fn read(self) -> ApiResult<Vec<Column>> {
        columns_of(self.columns, self.preset)
    }
}

/// Returns the columns with these names, those that a program imports, or all.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the parameter.
pub(crate) fn columns_of(columns: Option<&str>, preset: Option<&str>) -> ApiResult<Vec<Column>> {
    match (columns, preset) {
        (None, None) => Ok(COLUMNS.to_vec()),
        (Some(names), None) => choose(names).map_err(|name| {
            let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
            let detail = format!("columns has {name:?}: expected some of {}", known.join(", "));
            ApiError::bad_request("columns", detail)
        }),
        (None, Some(name)) => Ok(word::<Preset>("preset", name)?.columns().to_vec()),
        (Some(_), Some(_)) => Err(ApiError::bad_request(
            "preset",
            "preset cannot be combined with columns: it has columns of its own",
        )),
    }
}

/// Exports the matching leads as CSV, with a byte order mark unless `bom=false`.
#[utoipa::path(
    tag = "Leads",
    params(
        Bom<'static>,
        ColumnsParams,
        LeadParams,
    ),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/export.csv?<query..>")]
fn export_leads_csv<'r>(
    caller: Caller<Read>,
    pool: &'r State<Pool>,
    bom: Bom<'_>,
    columns: ColumnsQuery<'_>,
    query: LeadQuery<'r>,
) -> ApiResult<Export<'r>> {
    let (columns, head) = (columns.read()?, bom.csv_start()?);
    csv_file(&caller, pool, head, columns, &query)
}

/// Returns the matching leads as a CSV file that begins with `head`.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the parameter.
pub(crate) fn csv_file<'r>(
    caller: &Caller<Read>,
    pool: &'r Pool,
    mut head: Vec<u8>,
    columns: Vec<Column>,
    query: &LeadQuery<'r>,
) -> ApiResult<Export<'r>> {
    head.extend(csv_records([columns.iter().map(|column| column.name.to_owned())])?);
    let (tenant, filter, order) = (caller.tenant(), query.filter()?, read_order(query.sort)?);
    Ok(Export::new("leads.csv", ContentType::CSV, head, move |after| {
        let (filter, columns) = (filter.clone(), columns.clone());
        Box::pin(async move {
            let (leads, next) = part(pool, tenant, &filter, order, after).await?;
            let rows = leads
                .iter()
                .map(|lead| columns.iter().map(move |column| (column.cell)(lead).csv()));
            Ok((csv_records(rows)?, next))
        })
    }))
}

/// Serializes records as CSV, with lines that end in CR LF (RFC 4180).
fn csv_records<R: IntoIterator<Item = String>>(records: impl IntoIterator<Item = R>) -> ApiResult<Vec<u8>> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        lines.write_record(record).map_err(unwritable)?;
    }
    lines.into_inner().map_err(unwritable)
}

/// Exports the matching leads as JSON lines.
#[utoipa::path(
    tag = "Leads",
    params(LeadParams),
    responses((status = 200, body = String, content_type = "application/jsonl")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/export.jsonl?<query..>")]
fn export_leads_jsonl<'r>(caller: Caller<Read>, pool: &'r State<Pool>, query: LeadQuery<'r>) -> ApiResult<Export<'r>> {
    let (tenant, filter, order) = (caller.tenant(), query.filter()?, read_order(query.sort)?);
    Ok(Export::new(
        "leads.jsonl",
        json_lines_type(),
        Vec::new(),
        move |after| {
            let filter = filter.clone();
            Box::pin(async move {
                let (leads, next) = part(pool, tenant, &filter, order, after).await?;
                Ok((json_lines(leads)?, next))
            })
        },
    ))
}

/// Reads the leads after a position, and returns the position of the last one if more may follow.
async fn part(
    pool: &Pool,
    tenant: TenantId,
    filter: &LeadFilter<'_>,
    order: LeadOrder,
    after: Option<LeadPosition>,
) -> ApiResult<(Vec<LeadView>, Option<LeadPosition>)> {
    let mut conn = pool.tenant(tenant).await?;
    let rows = repo::leads::list_after(&mut conn, filter, order, &Paging { limit: PART, after }).await?;
    let shown = repo::leads::show(&mut conn, &rows).await?;
    drop(conn);
    let next = position_behind(&rows, PART, |row| LeadPosition::of(row, order));
    Ok((LeadView::all(rows, &shown), next))
}

/// Exports the matching leads as a workbook.
#[utoipa::path(
    tag = "Leads",
    params(ColumnsParams, LeadParams),
    responses((
        status = 200,
        body = String,
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/export.xlsx?<query..>")]
async fn export_leads_xlsx(
    caller: Caller<Read>,
    pool: &State<Pool>,
    columns: ColumnsQuery<'_>,
    query: LeadQuery<'_>,
) -> ApiResult<Sheet> {
    workbook(&caller, pool, columns.read()?, &query).await
}

/// Returns the matching leads as a workbook.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for a wrong parameter, or if more leads match than a workbook has room for, and those of the database.
pub(crate) async fn workbook(
    caller: &Caller<Read>,
    pool: &Pool,
    columns: Vec<Column>,
    query: &LeadQuery<'_>,
) -> ApiResult<Sheet> {
    let (tenant, filter, order) = (caller.tenant(), query.filter()?, read_order(query.sort)?);
    let mut conn = pool.tenant(tenant).await?;
    let count = repo::leads::count(&mut conn, &filter).await?;
    drop(conn);
    if count > MAX_SHEET_ROWS {
        let detail = format!("{count} leads match: a workbook has room for {MAX_SHEET_ROWS}, export.csv for all");
        return Err(ApiError::bad_request("filter", detail));
    }
    let mut book = Book::new(columns)?;
    let mut after = None;
    loop {
        let (leads, next) = part(pool, tenant, &filter, order, after).await?;
        book = blocking(move || book.with(&leads)).await?;
        if next.is_none() {
            break;
        }
        after = next;
    }
    Ok(Sheet(blocking(move || book.save()).await?))
}

/// Runs work that waits for the disk on a thread where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, XlsxError> + Send + 'static) -> ApiResult<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(unwritable)?
        .map_err(unwritable)
}

/// A workbook that is being written. Its rows are kept in a temporary file, not in memory.
struct Book {
    workbook: Workbook,
    columns: Vec<Column>,
    time: Format,
    /// The row to write next.
    row: u32,
}

impl Book {
    fn new(columns: Vec<Column>) -> ApiResult<Self> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(unwritable)?;
        write_head(sheet, &columns).map_err(unwritable)?;
        Ok(Self {
            workbook,
            columns,
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            row: 1,
        })
    }

    /// Adds leads.
    fn with(mut self, leads: &[LeadView]) -> Result<Self, XlsxError> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        for lead in leads {
            for (number, column) in (0..).zip(&self.columns) {
                write_cell(sheet, (self.row, number), (column.cell)(lead), &self.time)?;
            }
            self.row += 1;
        }
        Ok(self)
    }

    /// Returns the file, from its start. It has no name, and is gone when it is closed.
    fn save(mut self) -> Result<File, XlsxError> {
        let mut file = tempfile::tempfile()?;
        self.workbook.save_to_writer(&file)?;
        file.rewind()?;
        Ok(file)
    }
}

fn write_head(sheet: &mut Worksheet, columns: &[Column]) -> Result<(), XlsxError> {
    sheet.set_name("Leads")?;
    for (number, column) in (0..).zip(columns) {
        sheet.write_string(0, number, column.name)?;
    }
    Ok(())
}

/// Writes a cell. A text is never read as a formula.
fn write_cell(sheet: &mut Worksheet, (row, column): (u32, u16), cell: Cell, time: &Format) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let end = text
                .char_indices()
                .nth(MAX_CELL_CHARS)
                .map_or(text.len(), |(end, _)| end);
            sheet.write_string(row, column, text.get(..end).unwrap_or_default())?;
        }
        Cell::Number(number) => {
            sheet.write_number(row, column, number)?;
        }
        Cell::Flag(flag) => {
            sheet.write_boolean(row, column, flag)?;
        }
        Cell::Time(at) => {
            let at = ExcelDateTime::from_timestamp(at.timestamp())?;
            sheet.write_datetime_with_format(row, column, &at, time)?;
        }
    }
    Ok(())
}

/// A workbook as a response, read from its file while it is sent.
pub(crate) struct Sheet(File);

impl<'r> Responder<'r, 'static> for Sheet {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(ContentType::new(
                "application",
                "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ))
            .header(Header::new(
                "Content-Disposition",
                "attachment; filename=\"leads.xlsx\"",
            ))
            .sized_body(None, tokio::fs::File::from_std(self.0))
            .ok()
    }
}
