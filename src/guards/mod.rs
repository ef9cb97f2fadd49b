//! Request guards: the types that handlers take in their signatures.

pub mod actor;
mod addresses;
pub mod body;
pub mod caller;
pub mod db;
pub mod host;
pub mod identity;
pub mod jwks;
mod lasting;
mod leases;
pub mod limits;
pub mod meter;
mod named;
pub mod once;
pub mod parameters;
pub mod session;
pub mod super_admin;
pub mod token;
pub mod traffic;
pub mod upload;

pub use self::body::{Body, NoFields, OptionalBody};
pub use self::caller::{Admin, Anyone, Caller, CountedBatch, Curate, Permission, Read, Scan};
pub use self::db::Db;
pub use self::host::OneHost;
pub use self::identity::Identities;
pub use self::limits::{Limits, Visitor};
pub use self::meter::Meter;
pub use self::once::Once;
pub use self::session::{SignIn, SignedIn, make_link};
pub use self::super_admin::SuperAdmin;
pub use self::token::Tokens;
pub use self::traffic::Traffic;
pub use self::upload::Upload;
