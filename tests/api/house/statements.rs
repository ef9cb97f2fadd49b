//! The repositories' statements: how many are raw, and which may be sent before `BEGIN` is answered.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::sources::{below, code};

const REPOSITORIES: &str = "crates/database/src/repo";

/// The maximum share of raw statements, in percent.
const MAX_RAW: usize = 17;

/// Matches the execution of a query.
static EXECUTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\.(?:load|load_stream|first|get_result|get_results|execute)(?:::<[^()]*>)?\(").unwrap()
});

/// Matches the macro that executes two queries: a page and a count.
static PAGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bpage!\(conn,").unwrap());

/// Returns the repositories' `.sql` files, relative to the repository's root.
pub fn sql_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(REPOSITORIES)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn few_statements_are_raw() {
    let codes: Vec<String> = below(REPOSITORIES).iter().map(|source| code(&source.text)).collect();
    let count = |pattern: &Regex| codes.iter().map(|code| pattern.find_iter(code).count()).sum::<usize>();
    let executions = count(&EXECUTION) + 2 * count(&PAGE);
    // One call may send one of two files.
    let raw = count(&Regex::new(r"\bsql_query\(").unwrap()).max(sql_files().len());
    println!(
        "{raw} of {executions} executions in repo are raw: {:.1} %",
        100.0 * raw as f64 / executions as f64
    );
    assert!(executions > 150, "only {executions} were found");
    assert!(raw * 100 <= MAX_RAW * executions, "{raw} of {executions} are raw");
}

#[test]
fn raw_statements_are_files_with_a_reason_at_the_call() {
    let literal = Regex::new(r#""\s*(?i:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\s"#).unwrap();
    let mut broken = Vec::new();
    for source in below(REPOSITORIES) {
        let program = source.text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines: Vec<&str> = program.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            // `push_sql` writes part of a typed statement.
            if literal.is_match(line) && !line.contains("push_sql(") {
                broken.push(format!("{}:{}: a raw statement in a literal", source.path, number + 1));
            }
            if line.contains("sql_query(") {
                let explained = lines[number.saturating_sub(8)..number]
                    .iter()
                    .rev()
                    .take_while(|above| !above.trim_end().ends_with(';') && !above.trim_end().ends_with('{'))
                    .chain(number.checked_sub(1).map(|above| &lines[above]))
                    .any(|above| above.trim_start().starts_with("// "))
                    || lines[number.saturating_sub(3)..number]
                        .iter()
                        .any(|above| above.trim_start().starts_with("// "));
                if !explained {
                    broken.push(format!(
                        "{}:{}: a raw statement without a reason",
                        source.path,
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_pure_reads_are_sent_before_begin_is_answered() {
    // Writes and locks, in Diesel and in SQL.
    let writes = Regex::new(
        r"insert_into|\bupdate\(|\bdelete\(|copy_from|\.for_(?:no_key_)?update\(|\.for_(?:key_)?share\(|\.execute\(|pg_advisory|pg_notify|erase_text",
    )
    .unwrap();
    let writes_in_sql =
        Regex::new(r"\b(?:INSERT|UPDATE|DELETE|MERGE|SHARE|LOCK)\b|claim_jobs|pg_advisory|pg_notify|nextval|setval")
            .unwrap();
    let comment = Regex::new("--[^\n]*").unwrap();
    let text = Regex::new(r#"include_str!\("([^"]+)"\)"#).unwrap();
    let mut broken = Vec::new();
    let mut reads = 0;
    for source in below(REPOSITORIES) {
        for (at, _) in source.text.match_indices(".reading())") {
            reads += 1;
            let before = &source.text[..at];
            let begin = [";\n", "{\n", "}\n\n", ".await?;"]
                .iter()
                .filter_map(|end| before.rfind(end))
                .max()
                .unwrap_or_default();
            let statement = &before[begin..];
            let line = before.lines().count();
            if writes.is_match(statement) {
                broken.push(format!("{}:{line}: {statement}", source.path));
            }
            if let Some(file) = text.captures(statement) {
                let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(&source.path)
                    .with_file_name(&file[1]);
                let sql = fs::read_to_string(path).unwrap();
                let sql = comment.replace_all(&sql, "");
                if writes_in_sql.is_match(&sql) {
                    broken.push(format!("{}:{line}: {}", source.path, &file[1]));
                }
            }
        }
    }
    assert!(reads > 50, "only {reads} were found");
    assert!(
        broken.is_empty(),
        "writes that may be sent before their transaction is open:\n{}",
        broken.join("\n")
    );
}
