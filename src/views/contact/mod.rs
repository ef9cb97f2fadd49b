//! Contacts: addresses found on sites, the scans that find them, the pages that show them, and suppressions.

mod details;
mod page;
mod row;
mod scan;
mod suppression;
pub mod suppression_file;

pub use self::details::{ContactDetailsView, ContactPatch, ContactSourceView};
pub use self::page::PageView;
pub use self::row::{CONTACT_CSV_HEAD, ContactOfDomain, ContactView};
pub use self::scan::{EmailScanView, ScannedDomainView, ScannedDomains};
pub use self::suppression::{
    ErasureView, SuppressionImport, SuppressionItem, SuppressionLine, SuppressionReport, SuppressionRequest,
    SuppressionResult, SuppressionView,
};
