//! Lists of domains in files: one per line, or a column of a CSV file.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context, anyhow};
use scans::places::website::unwrap_link;
use web::names::DomainName;
use web::table::{Row, Table, plain_name};

use crate::views::place_csv::columns::{self, WEBSITE_NAMES};

/// Names of a column with domains, best first, without blanks and punctuation; names of websites come after them.
const DOMAIN_NAMES: &[&str] = &[
    "domain",
    "domains",
    "domainname",
    "hostname",
    "host",
    "website",
    "websites",
];
/// Number of rows examined to find the column with domains where no header names it.
const DECIDING_ROWS: usize = 100;

/// Reads the domains in a file; `-` is standard input.
///
/// # Errors
///
/// When the file cannot be read, or has no domains.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<String>> {
    let bytes = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin()
            .read_to_end(&mut bytes)
            .context("standard input cannot be read")?;
        bytes
    } else {
        fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    domains(&bytes).map_err(|error| anyhow!("{}: {error}", file.display()))
}

/// Returns the domains in a file, in its spelling.
///
/// Takes the column named `domain`, `website` or the like, or the one with the most domains.
fn domains(file: &[u8]) -> Result<Vec<String>, String> {
    let table = Table::read(file, None, |name| domain_rank(name).is_some() || columns::is_name(name))
        .map_err(|error| error.to_string())?;
    let (first, rest) = table.rows.split_first().ok_or("the file is empty")?;
    let mut named: Vec<(usize, usize)> = (0..first.cells.len())
        .filter_map(|column| Some((domain_rank(first.cell(column))?, column)))
        .collect();
    named.sort_unstable();
    let (columns, rows) = if named.is_empty() {
        let column = fullest(&table.rows);
        (
            vec![column],
            if is_header(first, rest, column)? {
                rest
            } else {
                table.rows.as_slice()
            },
        )
    } else {
        (named.into_iter().map(|(_, column)| column).collect(), rest)
    };
    let cells = rows.iter().filter_map(|row| {
        let mut cells = columns.iter().map(|column| row.cell(*column).trim());
        cells.find(|cell| !cell.is_empty())
    });
    Ok(cells.map(|cell| unwrap_link(cell).into_owned()).collect())
}

/// Returns the rank of a name among those of columns with domains; a text with a dot is a domain itself.
fn domain_rank(name: &str) -> Option<usize> {
    let plain = plain_name(name);
    let mut names = DOMAIN_NAMES.iter().chain(WEBSITE_NAMES);
    names.position(|known| *known == plain).filter(|_| !name.contains('.'))
}

/// Returns the column with the most domains, the first of several.
fn fullest(rows: &[Row]) -> usize {
    let count = |column: usize| {
        let cells = rows.iter().take(DECIDING_ROWS).map(|row| row.cell(column));
        cells.filter(|cell| is_domain(cell)).count()
    };
    let columns = rows.iter().take(DECIDING_ROWS).map(|row| row.cells.len()).max();
    (0..columns.unwrap_or_default())
        .rev()
        .max_by_key(|column| count(*column))
        .unwrap_or_default()
}

/// Returns whether a row is a header in which no column is known to have domains.
///
/// # Errors
///
/// A sentence, when the file has no domains.
fn is_header(first: &Row, rest: &[Row], column: usize) -> Result<bool, String> {
    let is_known = first
        .cells
        .iter()
        .any(|name| columns::is_name(name) && !is_domain(name));
    let has_domains = rest.iter().any(|row| is_domain(row.cell(column)));
    if is_known && !has_domains {
        let names: Vec<String> = first.cells.iter().map(|name| format!("{:?}", name.trim())).collect();
        return Err(format!(
            "there is no column `domain` or `website`: line {} has {}",
            first.line,
            names.join(", ")
        ));
    }
    let is_other = first.cells.len() > 1 && has_domains && !first.cells.iter().any(is_domain);
    Ok(is_known || is_other)
}

/// Returns whether a cell is a domain or the address of a page; an email address is not.
fn is_domain(cell: &str) -> bool {
    !cell.contains('@') && DomainName::parse(&unwrap_link(cell.trim())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_with_the_domains_is_found_wherever_it_is() {
        for file in [
            "domain,name\na.test,A\nb.test,B\n",
            "\u{feff}Name;Web-Site;Ort\r\nA;https://a.test/x;Hof\r\n;;\r\nB;b.test;\r\nC;;Ulm\r\n",
            "sep=;\nname;url\nA;a.test\n\n\nB;www.b.test\n",
            "name\twebsite\tdomain\nA\tx.test\ta.test\nB\tb.test\t\n",
            // Not named, or not named in a way that is known.
            "A,hof@x.test,a.test\nB,ulm@x.test,b.test\n",
            "Wer,Wo\nA,a.test\nB,b.test\n",
            "a.test\n\n  b.test  \n",
            "a.test\nb.test;B\n",
            "websites\na.test\nb.test\n",
            "/url?q=https://a.test/&sa=U\nhttps://www.google.com/url?url=https%3A%2F%2Fb.test\n",
        ] {
            let names: Vec<String> = domains(file.as_bytes())
                .unwrap()
                .iter()
                .map(|domain| DomainName::parse(domain).unwrap().as_str().to_owned())
                .collect();
            assert_eq!(names, ["a.test", "b.test"], "{file:?}");
        }
        // Invalid domains are reported later, one by one.
        assert_eq!(domains(b"localhost\na.test\n").unwrap(), ["localhost", "a.test"]);
        assert_eq!(domains(b"web.site,x\na.test,y\n").unwrap(), ["web.site", "a.test"]);
    }

    #[test]
    fn a_file_without_domains_says_why() {
        let error = domains(b"name,phone\nA,1\n").unwrap_err();
        assert!(
            error.contains("no column `domain` or `website`: line 1 has \"name\", \"phone\""),
            "{error}"
        );
        assert!(domains(b"").unwrap_err().contains("empty"));
        assert!(domains(b"PK\x03\x04").unwrap_err().contains("workbook"));
    }
}
