//! `docs/facts.md` says what each column means.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TABLES: [&str; 5] = [
    "domains",
    "domain_profiles",
    "domain_technologies",
    "domain_hosting",
    "domain_evidence",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The columns of each table, sorted.
pub(super) fn columns() -> BTreeMap<&'static str, Vec<String>> {
    let schema = read("crates/schema/src/schema.rs");
    let columns = |table: &str| {
        let (_, table) = schema.split_once(&format!("\n    {table} (")).unwrap();
        let (table, _) = table.split_once("\n    }").unwrap();
        let lines = table.lines().filter_map(|line| line.split_once(" -> "));
        let mut columns: Vec<String> = lines.map(|(name, _)| name.trim().to_owned()).collect();
        columns.sort();
        columns
    };
    TABLES.into_iter().map(|table| (table, columns(table))).collect()
}

/// The columns that the page lists under each table's heading, sorted.
fn documented() -> BTreeMap<&'static str, Vec<String>> {
    let page = read("docs/facts.md");
    let documented = |table: &str| {
        let (_, section) = page.split_once(&format!("\n## {table}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let cells = rows.map(|row| row.split(" | ").next().unwrap());
        let mut names: Vec<String> = cells
            .flat_map(|cell| cell.split('`').skip(1).step_by(2))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    };
    TABLES.into_iter().map(|table| (table, documented(table))).collect()
}

#[test]
fn every_column_is_documented_once() {
    assert_eq!(documented(), columns());
}
