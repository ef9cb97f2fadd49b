//! What a domain's DNS records say of its mail: SPF and DMARC policies, read from their text.

mod dmarc;
mod spf;

pub use self::dmarc::Dmarc;
pub use self::spf::{Spf, SpfEnd};
