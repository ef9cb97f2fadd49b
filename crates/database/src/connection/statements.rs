//! What a connection sends, and the statements that it has prepared.
//!
//! A name belongs to a session of the server, so statements are named only on connections that are proven direct. They
//! are found by their text and the types of their parameters, and closed when others have not been used for longer.
//! PostgreSQL plans a statement anew when its tables, the search path or the role under row level security change.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use tokio_postgres::{RowStream, Statement};

use super::types::Bind;

/// What is sent in one turn: statements with their binds, or statements without binds as one simple query.
pub(super) enum Message<'m> {
    /// Its rows are wanted.
    Load(&'m str, &'m [(Bind, Type)]),
    /// The number of affected rows is wanted.
    Execute(&'m str, &'m [(Bind, Type)]),
    Batch(&'m str),
}

/// What was wanted of an answer.
pub(super) enum Answer {
    Rows(RowStream),
    Count(u64),
}

/// The most statements that one connection keeps prepared. The program has about two hundred; each costs the server some
/// kilobytes.
const MAX_STATEMENTS: usize = 256;

/// Prepared statements by their text; those of one text differ in the types of their parameters.
#[derive(Default)]
pub(super) struct Statements {
    known: HashMap<String, Vec<Known>>,
    count: usize,
    /// Counts the uses, to find the least recent one.
    uses: u64,
}

struct Known {
    types: Vec<u32>,
    statement: Statement,
    used: u64,
}

impl Statements {
    /// Returns a prepared statement.
    pub(super) fn find(&mut self, sql: &str, binds: &[(Bind, Type)]) -> Option<Statement> {
        self.uses += 1;
        let types = || binds.iter().map(|(_, declared)| declared.oid());
        let same_types = |known: &&mut Known| known.types.iter().copied().eq(types());
        let known = self.known.get_mut(sql)?.iter_mut().find(same_types)?;
        known.used = self.uses;
        Some(known.statement.clone())
    }

    /// Keeps a statement that was just prepared, and closes the one whose last use is the longest ago if there are too
    /// many.
    pub(super) fn keep(&mut self, sql: &str, types: &[Type], statement: Statement) {
        if self.count >= MAX_STATEMENTS {
            self.close_oldest();
        }
        self.uses += 1;
        self.count += 1;
        self.known.entry(sql.to_owned()).or_default().push(Known {
            types: types.iter().map(Type::oid).collect(),
            statement,
            used: self.uses,
        });
    }

    /// Closes all statements.
    pub(super) fn clear(&mut self) {
        // The driver sends Close when a statement is dropped.
        self.known.clear();
        self.count = 0;
    }

    fn close_oldest(&mut self) {
        let last_used = |known: &Vec<Known>| known.iter().map(|known| known.used).min();
        let oldest = self.known.iter().min_by_key(|(_, known)| last_used(known));
        if let Some(sql) = oldest.map(|(sql, _)| sql.clone()) {
            // All of the same text, of which there is hardly ever more than one.
            self.count -= self.known.remove(&sql).map_or(0, |known| known.len());
        }
    }
}
