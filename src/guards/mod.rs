//! Request guards: what a handler may ask for in its signature.

pub mod body;
pub mod caller;
pub mod db;
pub mod once;

pub use self::body::Body;
pub use self::caller::{Caller, KeyCache};
pub use self::db::Db;
pub use self::once::Once;
