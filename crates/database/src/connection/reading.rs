//! Reads that are sent together with their transaction's `BEGIN`.

use std::fmt;

use diesel::QueryResult;
use diesel::connection::DebugQuery;
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::Error;
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};
use futures_core::future::BoxFuture;
use futures_util::future::{FutureExt, ready};

use super::wire::Leaves;
use super::{Connection, Row, Rows};

/// A handle for statements that only read.
///
/// The first statement of a transaction is sent through it in the same flush as `BEGIN`, without a round trip of its
/// own. If `BEGIN` is refused as a whole, the statement has run outside the transaction, as the login role: its rows
/// are discarded unseen, but a write could not be undone. So nothing may go through it that writes, locks or calls a
/// function that does; `tests/api/repo/statements.rs` checks this, and counting affected rows is refused.
///
/// It is `Copy`: statements polled together (`try_join!`) are sent together, in the order of their first poll.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'c>(&'c Connection);

impl Connection {
    /// Returns the handle for statements that only read.
    #[must_use]
    pub fn reading(&self) -> Reading<'_> {
        Reading(self)
    }
}

/// Always fails: whether a raw SQL text only reads is unknown.
impl SimpleAsyncConnection for Reading<'_> {
    async fn batch_execute(&mut self, _: &str) -> QueryResult<()> {
        Err(refusal())
    }
}

impl<'c> AsyncConnectionCore for Reading<'c> {
    type LoadFuture<'conn, 'query> = BoxFuture<'c, QueryResult<Rows>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'c, QueryResult<usize>>;
    type Stream<'conn, 'query> = Rows;
    type Row<'conn, 'query> = Row;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let conn = self.0;
        let query = source.as_query();
        conn.wire.started(&Read(&diesel::debug_query::<Pg, _>(&query)));
        let statement = conn.statement(&query);
        conn.wire.load(statement, Leaves::WithBegin).boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, _: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        ready(Err(refusal())).boxed()
    }
}

fn refusal() -> Error {
    Error::QueryBuilderError("a reading handle only loads rows".into())
}

/// A query through [`Reading`], as instrumentation sees it.
struct Read<'q>(&'q dyn DebugQuery);

impl fmt::Display for Read<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -- reading", self.0)
    }
}

impl fmt::Debug for Read<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Read").field(&self.0).finish()
    }
}

impl DebugQuery for Read<'_> {}
