//! An import of places, with what became of each line.

use maud::{Markup, html};
use rocket::post;

use crate::console::form::{Refusal, rest};
use crate::console::page::{Page, Place, thousands};
use crate::error::ApiResult;
use crate::guards::{Curate, Db, SignedIn, Upload};
use crate::routes::place_files::{parse, store};
use crate::views::place_csv::{ImportReport, ImportResult};

/// The maximum number of lines that are listed.
const LISTED: usize = 200;

pub fn form(refusal: Option<&Refusal>) -> Markup {
    html! {
        section {
            h2 { "Import places" }
            form method="post" action="/find/import" {
                label for="rows" { "Lines of CSV, with the names of the columns in the first; a file may be dropped here" }
                textarea id="rows" name="rows" rows="4" spellcheck="false" required placeholder="name,website,phone,status" data-file="csv" {}
                label for="csv" { "Or a file, as it was exported or saved by a spreadsheet" }
                input id="csv" type="file" accept=".csv,text/csv";
                (rest(refusal, &[]))
                button { "Import" }
            }
        }
    }
}

/// Imports places, and shows what became of each line.
#[post("/find/import", data = "<sent>")]
pub async fn import_places(visit: SignedIn<Curate>, db: Db<'_>, sent: Upload) -> ApiResult<Page> {
    let rows = sent.field("rows").unwrap_or_default();
    let imported = match parse(rows.into_bytes(), Some("utf-8".to_owned())).await {
        Ok((_, imported)) => imported,
        Err(error) => {
            let refusal = Refusal::of(error)?;
            return Ok(Page::new(Place::Find, "Find", &visit, &form(Some(&refusal))).with_status(refusal.status));
        }
    };
    let mut conn = db.tenant(&visit).await?;
    let (report, change) = store(&visit, &mut conn, imported).await?;
    conn.commit().await?;
    let content = html! {
        (told(&report))
        @if report.inserted + report.updated > 0 {
            form method="post" action={ "/leads/undo/" (change) } { button { "Undo what it decided" } }
        }
        p { a href="/leads" { "Look at the leads" } }
    };
    Ok(Page::new(Place::Find, "What was imported", &visit, &content))
}

fn told(report: &ImportReport) -> Markup {
    let count = |number: usize| thousands(i64::try_from(number).unwrap_or(i64::MAX));
    let failed: Vec<_> = report
        .lines
        .iter()
        .filter(|line| line.result == ImportResult::Failed)
        .collect();
    html! {
        p {
            "Of " (count(report.rows)) " lines " strong { (count(report.inserted)) } " are new places, " strong { (count(report.updated)) }
            " changed places that were there, and " strong { (count(report.failed)) } " could not be used."
        }
        @if !report.ignored_columns.is_empty() {
            p.warning { "Columns that are not known, and were left out: " (report.ignored_columns.join(", ")) "." }
        }
        @if !failed.is_empty() {
            h2 { "Not imported" }
            div.scroll tabindex="0" { table {
                thead { tr { th { "Line" } th { "Why" } } }
                tbody {
                    @for line in failed.iter().take(LISTED) {
                        tr { td { (line.line) } td { (line.error.as_deref().unwrap_or_default()) } }
                    }
                }
            } }
        }
    }
}
