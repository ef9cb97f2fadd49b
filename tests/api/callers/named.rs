//! Names of rows in requests.

/// The ids of one tenant's rows, as requests have them.
#[derive(Clone, Debug)]
pub struct Ids {
    pub tenant: String,
    pub domain: String,
    pub pending: String,
    pub failed: String,
    pub search: String,
    pub batch: String,
    pub place: String,
    pub change: String,
    pub lead: String,
    pub lead_change: String,
    pub sitemap: String,
    pub run: String,
    pub key: String,
    pub contact: String,
    pub suppression: String,
    /// An `Idempotency-Key` in use.
    pub once: String,
    /// A row's number, as in cursors.
    pub number: String,
    pub webhook: String,
    pub delivery: String,
    pub schedule: String,
    pub schedule_run: String,
    /// A saved view.
    pub view: String,
}
