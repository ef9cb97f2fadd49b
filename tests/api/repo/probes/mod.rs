//! Calls of every repository function on tenants' rows, with another tenant's rows as arguments.

pub mod new;
mod rows;
mod table;
mod tell;

use std::future::Future;
use std::pin::Pin;

use database::ids::TenantId;
use database::tenant::TenantConnection;
use diesel::QueryResult;

pub use self::new::behind;
pub use self::rows::Rows;
pub use self::table::PROBES;

/// One call and its expected result.
pub struct Probe {
    /// `module::function`.
    pub function: &'static str,
    pub expects: Expects,
    pub call: for<'c> fn(&'c mut TenantConnection, &'c Rows) -> Answer<'c>,
}

pub type Answer<'c> = Pin<Box<dyn Future<Output = QueryResult<Seen>> + 'c>>;

/// The expected result of a call with another tenant's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No row, as if the row did not exist.
    Nothing,
    /// At most its own rows, counted correctly.
    OwnRows,
    /// A row of its own, in addition to the other tenant's.
    NewRow,
    /// A foreign key violation.
    NoSuchRow,
}

/// The content of a result: how many rows, and their tenants if known.
#[derive(Debug)]
pub struct Seen {
    pub rows: i64,
    pub owners: Vec<TenantId>,
    /// Whether a row or count of another tenant was included.
    pub met_another: bool,
}
