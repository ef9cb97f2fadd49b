//! Every repository function on tenants' rows, aimed at the rows of another tenant.

mod new;
mod rows;
mod table;
mod tell;

use std::future::Future;
use std::pin::Pin;

use database::ids::TenantId;
use database::tenant::TenantConnection;
use diesel::QueryResult;

pub use self::rows::Rows;
pub use self::table::PROBES;

/// One call, and what may come of it.
pub struct Probe {
    /// `module::function`.
    pub function: &'static str,
    pub expects: Expects,
    pub call: for<'c> fn(&'c mut TenantConnection, &'c Rows) -> Answer<'c>,
}

pub type Answer<'c> = Pin<Box<dyn Future<Output = QueryResult<Seen>> + 'c>>;

/// What a tenant gets by a call that is aimed at another's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No row, as if there were none.
    Nothing,
    /// Its own rows at most, counted rightly.
    OwnRows,
    /// A row of its own, made beside the other's.
    NewRow,
    /// A foreign key that says there is no such row.
    NoSuchRow,
}

/// What an answer says: how many rows there are, and whose they are where it says so.
#[derive(Debug)]
pub struct Seen {
    pub rows: i64,
    pub owners: Vec<TenantId>,
    /// It took another tenant's row for its own, or counted it.
    pub met_another: bool,
}
