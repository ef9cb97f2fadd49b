//! Export of the matching leads, with chosen columns or those that another program imports.

use std::convert::Infallible;

use database::pool::Pool;
use maud::{Markup, html};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{self, Responder};
use rocket::{State, get};

use super::address::Address;
use crate::console::form::filled;
use crate::console::page::words;
use crate::error::ApiResult;
use crate::guards::{Read, SignedIn};
use crate::routes::export::Export;
use crate::routes::lead_files::{Sheet, columns_of, csv_file, workbook};
use crate::routes::lead_filter::LeadQuery;
use crate::views::csv::BYTE_ORDER_MARK;
use crate::views::lead::columns::{COLUMNS, Preset};
use crate::views::words::Words;

/// The columns that are ticked at first.
const USUAL: &[&str] = &[
    "name",
    "domain",
    "website",
    "email",
    "contact_name",
    "phone",
    "address",
    "score",
    "status",
    "tags",
    "notes",
];

/// The form that exports what the list shows.
pub fn form(asked: &Address) -> Markup {
    html! {
        details id="export" {
            summary { "Export what matches" }
            form method="get" action="/leads/export" {
                @for (name, value) in asked.pairs_without(&["cursor", "changed", "count"]) {
                    input type="hidden" name=(name) value=(value);
                }
                div.filters {
                    span.field {
                        label for="format" { "As" }
                        select id="format" name="format" { option value="csv" { "CSV" } option value="xlsx" { "Excel workbook" } }
                    }
                    span.field {
                        label for="preset" { "For" }
                        select id="preset" name="preset" {
                            option value="" { "the columns below" }
                            @for preset in Preset::ALL { option value=(preset.word()) { "import into " (preset.word()) } }
                        }
                    }
                    button { "Download" }
                }
                fieldset.columns-chosen {
                    legend { "Columns" }
                    @for column in COLUMNS {
                        label.check {
                            input type="checkbox" name="column" value=(column.name) checked[USUAL.contains(&column.name)];
                            " " (words(column.name))
                        }
                    }
                }
            }
        }
    }
}

/// What the form sends besides the filter. A guard, since a route takes one structure of the query only.
pub struct Chosen<'r> {
    columns: Vec<&'r str>,
    preset: Option<&'r str>,
    is_workbook: bool,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Chosen<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let all = |name: &'static str| {
            let fields = request.query_fields().filter(move |field| field.name == name);
            fields.map(|field| field.value)
        };
        Outcome::Success(Self {
            columns: all("column").collect(),
            preset: all("preset").find_map(filled),
            is_workbook: all("format").any(|format| format == "xlsx"),
        })
    }
}

/// A file of leads.
pub enum LeadFile<'r> {
    Lines(Box<Export<'r>>),
    Workbook(Sheet),
}

impl<'r> Responder<'r, 'r> for LeadFile<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        match self {
            Self::Lines(export) => export.respond_to(request),
            Self::Workbook(sheet) => sheet.respond_to(request),
        }
    }
}

#[get("/leads/export?<query..>")]
pub async fn export_leads<'r>(
    visit: SignedIn<Read>,
    pool: &'r State<Pool>,
    chosen: Chosen<'_>,
    query: LeadQuery<'r>,
) -> ApiResult<LeadFile<'r>> {
    let names = Some(chosen.columns.join(",")).filter(|names| !names.is_empty() && chosen.preset.is_none());
    let columns = columns_of(names.as_deref(), chosen.preset)?;
    if chosen.is_workbook {
        return workbook(&visit, pool, columns, &query).await.map(LeadFile::Workbook);
    }
    csv_file(&visit, pool, BYTE_ORDER_MARK.into(), columns, &query).map(|export| LeadFile::Lines(Box::new(export)))
}
