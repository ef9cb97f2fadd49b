//! Only the connection opens and ends transactions by SQL text, since it must know whether one is open.

use std::sync::LazyLock;

use regex::Regex;

use super::sources::{CRATES, below};

/// Where SQL text may open a transaction.
const ALLOWED: &str = "crates/database/src/connection/";

/// A text with one of the words at its start or after a semicolon. (No block of PL/pgSQL matches.)
static OPENS_OR_ENDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:"|;)\s*\\?\s*(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT)(?:\s*[;"]|\s+(?:WORK|TRANSACTION|ISOLATION|READ|AND|TO)\b)"#)
        .unwrap()
});

#[test]
fn only_the_connection_contains_begin() {
    let strangers: Vec<String> = CRATES
        .into_iter()
        .flat_map(below)
        .filter(|source| !source.path.starts_with(ALLOWED))
        .flat_map(|source| {
            let found: Vec<String> = OPENS_OR_ENDS
                .find_iter(&source.text)
                .map(|found| format!("{}: {}", source.path, found.as_str()))
                .collect();
            found
        })
        .collect();
    assert!(
        strangers.is_empty(),
        "transactions opened or ended by text:\n{}",
        strangers.join("\n")
    );
}

#[test]
fn what_opens_a_transaction_is_recognised() {
    for opens in [
        "\"BEGIN\"",
        "\"begin; SET LOCAL x = 1\"",
        "\" START TRANSACTION READ ONLY\"",
        "\"SELECT 1; COMMIT\"",
        "\"ROLLBACK TO SAVEPOINT x\"",
    ] {
        assert!(OPENS_OR_ENDS.is_match(opens), "{opens}");
    }
    for other in ["\"DO $$ BEGIN PERFORM 1; END $$\"", "\"BEGIN:VCARD\"", "// BEGIN; then"] {
        assert!(!OPENS_OR_ENDS.is_match(other), "{other}");
    }
}
