//! Import of suppressions: many addresses and domains at a time.

use std::collections::HashSet;

use database::models::enums::SuppressionKind;
use database::models::suppression::NewSuppression;
use database::repo;
use database::repo::erasures::Meant;
use database::tenant::TenantConnection;
use rocket::http::Status;
use rocket::{State, post};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::suppressions::{Turns, read_value};
use crate::error::{ApiError, ApiResult};
use crate::guards::body::parse;
use crate::guards::{Caller, Curate, Db, Once, Upload};
use crate::views::answer::Answer;
use crate::views::contact::suppression_file::{self, SuppressionFile};
use crate::views::contact::{
    SuppressionImport, SuppressionItem, SuppressionLine, SuppressionReport, SuppressionResult,
};

/// Maximum number of addresses and domains of an import.
const MAX_LINES: usize = 10_000;
/// Maximum length of a reason, in characters.
const MAX_REASON_CHARS: usize = 1000;

handlers![import_suppressions];

/// Suppresses many addresses and domains, given as JSON or as a file, and reports the result of each line.
#[utoipa::path(
    tag = "Suppressions",
    params(Once),
    request_body(
        description = "JSON, or a file with an address or a domain per line, or with columns `email`, `domain` and `reason`.",
        content(
            (SuppressionImport = "application/json"),
            (String = "text/csv", example = json!("email,domain,reason\njane@example.com,,asked\n,example.org,customer\n")),
            (String = "text/plain", example = json!("jane@example.com\nexample.org\n"))
        )
    ),
    responses((status = 200, body = SuppressionReport)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/suppressions/import", data = "<body>")]
async fn import_suppressions(
    caller: Caller<Curate>,
    db: Db<'_>,
    turns: &State<Turns>,
    once: Once,
    body: Upload,
) -> ApiResult<Answer> {
    // On a blocking thread, since parsing a large file takes time.
    let (digest, import) = tokio::task::spawn_blocking(move || (Sha256::digest(&body.bytes), read(&body)))
        .await
        .map_err(|error| ApiError::Internal(format!("parsing an imported file failed: {error}")))?;
    let (import, tenant_id) = import?;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let _turn = turns.take(caller.tenant()).await?;
    db.once(&caller, once.with_digest(&digest.into())?, async |conn| {
        let inserted = import.store(conn).await?;
        let report = import.report(inserted);
        let details = json!({ "inserted": report.inserted, "already": report.already, "failed": report.failed });
        caller.note(conn, "suppression.import", None, details).await?;
        Ok((Status::Ok, report))
    })
    .await
}

/// What an import asks for.
struct Import {
    /// The number of each line, with what it suppresses or why nothing.
    lines: Vec<(u64, Result<Wanted, String>)>,
    ignored_columns: Vec<String>,
}

/// An address or a domain, in normalized form.
struct Wanted {
    kind: SuppressionKind,
    value: String,
    reason: Option<String>,
}

/// Reads a body of either form, and the tenant that it names.
fn read(body: &Upload) -> ApiResult<(Import, Option<String>)> {
    if body.content_type.as_ref().is_some_and(|kind| kind.is_json()) {
        let SuppressionImport {
            items,
            reason,
            tenant_id,
        } = parse(&body.bytes)?;
        check_count("items", items.len())?;
        let item = |(line, item): (u64, SuppressionItem)| {
            let reason = item.reason.or_else(|| reason.clone());
            (line, wanted(SuppressionItem { reason, ..item }))
        };
        let import = Import {
            lines: (1..).zip(items).map(item).collect(),
            ignored_columns: Vec::new(),
        };
        return Ok((import, tenant_id));
    }
    let SuppressionFile { lines, ignored_columns } = suppression_file::read(&body.bytes, body.charset().as_deref())
        .map_err(|detail| ApiError::BadRequest {
            field: Some("file".into()),
            detail,
        })?;
    check_count("file", lines.len())?;
    let lines = lines.into_iter().map(|(line, item)| (line, item.and_then(wanted)));
    let import = Import {
        lines: lines.collect(),
        ignored_columns,
    };
    Ok((import, None))
}

fn check_count(field: &'static str, count: usize) -> ApiResult<()> {
    if count > MAX_LINES {
        let detail = format!("{count} addresses and domains: at most {MAX_LINES} at a time");
        return Err(ApiError::bad_request(field, detail));
    }
    Ok(())
}

fn wanted(item: SuppressionItem) -> Result<Wanted, String> {
    let SuppressionItem { email, domain, reason } = item;
    let refused = |text: &String| text.chars().count() > MAX_REASON_CHARS || text.contains('\0');
    if reason.as_ref().is_some_and(refused) {
        return Err(format!(
            "the reason must have at most {MAX_REASON_CHARS} characters and no NUL"
        ));
    }
    match read_value(email.as_deref(), domain.as_deref()) {
        Ok((kind, value)) => Ok(Wanted { kind, value, reason }),
        Err(error) => Err(error.to_string()),
    }
}

impl Import {
    /// Suppresses what is not suppressed yet, and returns these values.
    async fn store(&self, conn: &mut TenantConnection) -> ApiResult<HashSet<String>> {
        let mut seen = HashSet::new();
        let new: Vec<NewSuppression<'_>> = self
            .lines
            .iter()
            .filter_map(|(_, wanted)| wanted.as_ref().ok())
            .filter(|wanted| seen.insert(wanted.value.as_str()))
            .map(|wanted| NewSuppression {
                kind: wanted.kind,
                value: &wanted.value,
                keeps_value: true,
                reason: wanted.reason.as_deref(),
            })
            .collect();
        if new.is_empty() {
            return Ok(HashSet::new());
        }
        let inserted = repo::suppressions::insert_many(conn, &new).await?;
        let inserted: HashSet<String> = inserted.into_iter().filter_map(|row| row.value).collect();
        // What was suppressed before is hidden already.
        let meant: Vec<Meant<'_>> = new
            .iter()
            .filter(|new| inserted.contains(new.value))
            .map(|new| (new.kind, new.value))
            .collect();
        if !meant.is_empty() {
            repo::erasures::hide(conn, &meant).await?;
        }
        Ok(inserted)
    }

    /// Says what became of each line: the first one with a value that was inserted has inserted it.
    fn report(&self, mut inserted: HashSet<String>) -> SuppressionReport {
        let line = |(line, wanted): &(u64, Result<Wanted, String>)| {
            let (result, error) = match wanted {
                Err(error) => (SuppressionResult::Failed, Some(error.clone())),
                Ok(wanted) if inserted.remove(&wanted.value) => (SuppressionResult::Inserted, None),
                Ok(_) => (SuppressionResult::Already, None),
            };
            SuppressionLine {
                line: *line,
                result,
                error,
            }
        };
        let lines: Vec<SuppressionLine> = self.lines.iter().map(line).collect();
        let count = |result| lines.iter().filter(|line| line.result == result).count();
        SuppressionReport {
            rows: lines.len(),
            inserted: count(SuppressionResult::Inserted),
            already: count(SuppressionResult::Already),
            failed: count(SuppressionResult::Failed),
            ignored_columns: self.ignored_columns.clone(),
            lines,
        }
    }
}
