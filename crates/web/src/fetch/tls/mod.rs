//! What TLS says of a site: its certificate, and what is wrong with it.

mod certificate;
mod fault;
mod judge;

pub use self::certificate::Certificate;
pub use self::fault::TlsFault;
pub(super) use self::judge::{Judge, Judgement};
