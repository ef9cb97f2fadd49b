//! The texts of statements.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use diesel::QueryResult;
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{QueryBuilder, QueryFragment, QueryId};

/// The texts of queries that always have the same. There are as many as the program has such queries.
static TEXTS: LazyLock<RwLock<HashMap<TypeId, Arc<str>>>> = LazyLock::new(RwLock::default);

/// Returns the text of a query.
///
/// That of forty columns takes longer to write than the server takes to find a row, so it is written once per type of a
/// query whose type tells its text; Diesel's own connections trust the same two marks.
///
/// # Errors
///
/// If the query cannot be written as SQL.
pub(super) fn of(query: &(impl QueryFragment<Pg> + QueryId)) -> QueryResult<Arc<str>> {
    let id = match query_id(query) {
        Some(id) if query.is_safe_to_cache_prepared(&Pg)? => id,
        _ => return write(query),
    };
    let known = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
    match known {
        Some(text) => Ok(text),
        None => {
            let text = write(query)?;
            TEXTS
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, Arc::clone(&text));
            Ok(text)
        }
    }
}

fn query_id<Q: QueryId>(_: &Q) -> Option<TypeId> {
    Q::query_id()
}

fn write(query: &impl QueryFragment<Pg>) -> QueryResult<Arc<str>> {
    let mut text = PgQueryBuilder::default();
    query.to_sql(&mut text, &Pg)?;
    Ok(text.finish().into())
}
