//! Files of addresses and domains to suppress.

use web::table::{Row, Table, plain_name};

use super::SuppressionItem;

/// Names of a column with addresses, in plain form.
const EMAIL_NAMES: &[&str] = &["email", "emails", "emailaddress", "mail", "emailadresse"];
/// Names of a column with domains.
const DOMAIN_NAMES: &[&str] = &["domain", "domains", "domainname"];
/// Names of a column with reasons.
const REASON_NAMES: &[&str] = &["reason", "reasons", "grund"];

/// The lines of a file.
#[derive(Debug)]
pub struct SuppressionFile {
    /// The number of each line in the file, from 1, with what it names or why it names nothing.
    pub lines: Vec<(u64, Result<SuppressionItem, String>)>,
    /// Names of the unknown columns.
    pub ignored_columns: Vec<String>,
}

/// Reads a file with an address or a domain per line, or with columns `email`, `domain` and `reason` that its first line
/// names, in any order. `charset` is the declared encoding, if any.
///
/// # Errors
///
/// Returns a description of the problem if the file is not text, or has columns but none with addresses or domains.
pub fn read(file: &[u8], charset: Option<&str>) -> Result<SuppressionFile, String> {
    let table = Table::read(file, charset, is_name).map_err(|error| error.to_string())?;
    let (first, rest) = table.rows.split_first().ok_or("the file is empty")?;
    if !first.cells.iter().any(is_name) {
        return Ok(SuppressionFile {
            lines: table.rows.iter().map(|row| (row.line, read_plain(row))).collect(),
            ignored_columns: Vec::new(),
        });
    }
    let columns = Columns::read(first)?;
    let ignored = first
        .cells
        .iter()
        .filter(|name| !is_name(name) && !name.trim().is_empty());
    Ok(SuppressionFile {
        lines: rest.iter().map(|row| (row.line, columns.item(row))).collect(),
        ignored_columns: ignored.map(|name| name.trim().to_owned()).collect(),
    })
}

fn is_name(name: &str) -> bool {
    [EMAIL_NAMES, DOMAIN_NAMES, REASON_NAMES]
        .iter()
        .any(|names| is_among(name, names))
}

/// A text with a dot or an `@` is an address or a domain itself.
fn is_among(name: &str, names: &[&str]) -> bool {
    !name.contains(['.', '@']) && names.contains(&plain_name(name).as_str())
}

/// The positions of the known columns.
struct Columns {
    email: Option<usize>,
    domain: Option<usize>,
    reason: Option<usize>,
}

impl Columns {
    fn read(names: &Row) -> Result<Self, String> {
        let position = |known: &[&str]| names.cells.iter().position(|name| is_among(name, known));
        let columns = Self {
            email: position(EMAIL_NAMES),
            domain: position(DOMAIN_NAMES),
            reason: position(REASON_NAMES),
        };
        if columns.email.is_none() && columns.domain.is_none() {
            let found: Vec<String> = names.cells.iter().map(|name| format!("{:?}", name.trim())).collect();
            return Err(format!(
                "there is no column `email` or `domain`: line {} has {}",
                names.line,
                found.join(", ")
            ));
        }
        Ok(columns)
    }

    fn item(&self, row: &Row) -> Result<SuppressionItem, String> {
        check_closed(row)?;
        let cell = |column: Option<usize>| {
            let text = row.cell(column?).trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Ok(SuppressionItem {
            email: cell(self.email),
            domain: cell(self.domain),
            reason: cell(self.reason),
        })
    }
}

/// Reads a line of a file without names of columns.
fn read_plain(row: &Row) -> Result<SuppressionItem, String> {
    check_closed(row)?;
    let mut cells = row.cells.iter().map(str::trim).filter(|cell| !cell.is_empty());
    let text = cells.next().unwrap_or_default().to_owned();
    if cells.next().is_some() {
        return Err(
            "the line has several cells: it must have one, or the first line of the file must name the columns `email`, \
             `domain` and `reason`"
                .to_owned(),
        );
    }
    let (email, domain) = if text.contains('@') {
        (Some(text), None)
    } else {
        (None, Some(text))
    };
    Ok(SuppressionItem {
        email,
        domain,
        reason: None,
    })
}

fn check_closed(row: &Row) -> Result<(), String> {
    if row.is_unclosed {
        return Err("a quotation mark is not closed".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of each line with its address, domain and reason.
    fn items(file: &str) -> Vec<(u64, [Option<String>; 3])> {
        let read = read(file.as_bytes(), None).unwrap();
        let item = |(line, item): (u64, Result<SuppressionItem, String>)| {
            let SuppressionItem { email, domain, reason } = item.unwrap();
            (line, [email, domain, reason])
        };
        read.lines.into_iter().map(item).collect()
    }

    #[test]
    fn lists_and_tables_are_read() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            items("\u{feff}ann@a.test\r\n\r\n  b.test \r\n"),
            [(1, [text("ann@a.test"), None, None]), (3, [None, text("b.test"), None])]
        );
        assert_eq!(
            items("sep=;\nReason;E-Mail;Domain\nleft us;ann@a.test;\n;;b.test\n"),
            [
                (3, [text("ann@a.test"), None, text("left us")]),
                (4, [None, text("b.test"), None])
            ]
        );
        assert_eq!(items("email\nann@a.test"), [(2, [text("ann@a.test"), None, None])]);
    }

    #[test]
    fn what_is_not_a_list_says_why() {
        let error = read(b"name,reason\nA,x\n", None).unwrap_err();
        assert!(
            error.contains("no column `email` or `domain`: line 1 has \"name\", \"reason\""),
            "{error}"
        );
        assert!(read(b"", None).unwrap_err().contains("empty"));
        assert!(read(b"PK\x03\x04", None).unwrap_err().contains("workbook"));
        let several = read(b"ann@a.test,bob@a.test\n", None).unwrap().lines.remove(0).1;
        assert!(several.unwrap_err().contains("several cells"));
        let known = read(b"email,phone\nann@a.test,1\n", None).unwrap();
        assert_eq!(known.ignored_columns, ["phone"]);
    }
}
