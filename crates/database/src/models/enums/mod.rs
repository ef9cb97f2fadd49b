//! Enumerations stored by label: PostgreSQL enums, and text columns with a CHECK.

mod events;
mod schedules;

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use schema::sql_types as pg_enums;

pub use self::events::{DeliveryStatus, DisabledBecause, EventKind};
pub use self::schedules::{MissedRuns, PausedBecause, RunOutcome};
pub use super::domain_change::DomainChangeKind;
pub use super::labels::UnknownLabel;
use super::labels::labelled_enum;

labelled_enum! {
    /// The status of a job.
    JobStatus("a job status"): Text {
        /// Waiting for a worker, claimable from `run_at` on.
        Pending = "pending",
        /// A worker holds its lease.
        Running = "running",
        /// Completed with a result.
        Completed = "completed",
        /// Failed for good; not retried automatically.
        Failed = "failed",
        /// Cancelled on request.
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Returns whether the job has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

labelled_enum! {
    /// The status of a batch.
    BatchStatus("a batch status"): Text {
        /// None of its jobs has started.
        Pending = "pending",
        /// Some of its jobs have started.
        Running = "running",
        /// All jobs completed.
        Completed = "completed",
        /// All jobs failed.
        Failed = "failed",
        /// Cancelled on request.
        Cancelled = "cancelled",
        /// All jobs ended, some of them failed.
        Partial = "partial",
    }
}

labelled_enum! {
    /// Why a job ended the way it did.
    Outcome("an outcome"): Text {
        /// Completed with a result.
        Ok = "ok",
        /// Completed, but nothing was found.
        OkEmpty = "ok_empty",
        /// Partly succeeded.
        Partial = "partial",
        /// The site's robots.txt forbids it.
        BlockedRobots = "blocked_robots",
        /// The site answered with an error status.
        BlockedStatus = "blocked_status",
        /// The site redirects to another site.
        RedirectsTo = "redirects_to",
        /// The site tests whether the visitor is a person.
        BotChallenge = "bot_challenge",
        /// The domain is parked or for sale.
        Parked = "parked",
        /// The server shows a default page, on which nobody has put a site.
        DefaultPage = "default_page",
        /// The page shows nothing before its scripts have run.
        NeedsRendering = "needs_rendering",
        /// The host name does not resolve.
        Dns = "dns",
        /// The site's TLS does not work.
        Tls = "tls",
        /// The site took too long.
        Timeout = "timeout",
        /// The response is too large.
        TooLarge = "too_large",
        /// The response cannot be read.
        Parse = "parse",
        /// The host has an address that must not be fetched.
        RefusedAddress = "refused_address",
        /// A required service refused or failed.
        Upstream = "upstream",
        /// The disk of the database had no room for more.
        StorageFull = "storage_full",
        /// The tenant's quota of stored rows is used up.
        QuotaReached = "quota_reached",
        /// An internal error.
        Internal = "internal",
    }
}

labelled_enum! {
    /// The scopes of a key.
    Scope("a scope"): Text {
        /// Read the tenant's rows.
        Read = "read",
        /// Start scans.
        Scan = "scan",
        /// Change people's decisions.
        Curate = "curate",
        /// Manage keys, delete.
        Admin = "admin",
    }
}

labelled_enum! {
    /// The kinds of requests with a limit per minute.
    RateKind("a kind of rate"): Text {
        /// GET and HEAD requests.
        Reads = "reads",
        /// All other requests.
        Requests = "requests",
        /// Requests that queue a batch.
        Batches = "batches",
    }
}

labelled_enum! {
    /// A person's decision about a lead, a place, a domain's sitemap or a sitemap file.
    CurationStatus("a curation status"): Text, pg_enums::PlaceStatusEnum, pg_enums::SitemapCurationStatusEnum {
        /// Not checked yet.
        New = "New",
        /// Wanted.
        Selected = "Selected",
        /// Undecided.
        Maybe = "Maybe",
        /// Not wanted.
        NotAFit = "Not a Fit",
        /// Hidden.
        Archived = "Archived",
    }
}

labelled_enum! {
    /// What came of writing to a contact.
    ContactMark("a mark of a contact"): Text {
        /// Somebody wrote to the address.
        Contacted = "contacted",
        /// The address does not accept mail.
        Bounced = "bounced",
        /// The address belongs to somebody else.
        Wrong = "wrong",
    }
}

labelled_enum! {
    /// The kind of request that changed places.
    PlaceAction("a kind of change"): Text {
        /// A change of one place.
        Update = "update",
        /// A change of many places at once.
        Bulk = "bulk",
        /// An import of rows from a file.
        Import = "import",
        /// The undoing of a bulk change or an import.
        Undo = "undo",
    }
}

labelled_enum! {
    /// The status of a step of work on a domain.
    TaskStatus("a task status"): pg_enums::TaskStatus {
        /// Waiting.
        Queued = "Queued",
        /// Running.
        InProgress = "InProgress",
        /// Succeeded.
        Completed = "Completed",
        /// Failed.
        Error = "Error",
        /// A person has to check it.
        ManualReview = "ManualReview",
        /// Cancelled on request.
        Cancelled = "Cancelled",
        /// On hold.
        Paused = "Paused",
    }
}

labelled_enum! {
    /// The status of a sitemap's analysis or import, or of a place's deep scan.
    ProcessingStatus("a processing status"):
        pg_enums::SitemapAnalysisStatusEnum, pg_enums::SitemapImportStatusEnum, pg_enums::GcpApiDeepScanStatusEnum {
        /// Waiting.
        Queued = "Queued",
        /// Running.
        Processing = "Processing",
        /// Succeeded.
        Completed = "Completed",
        /// Failed.
        Error = "Error",
    }
}

labelled_enum! {
    /// The status of an analysis of sitemaps.
    SitemapRunState("a state of an analysis"): Text {
        /// Running, or waiting to continue.
        Running = "running",
        /// Read everything.
        Completed = "completed",
        /// Left something out, because of a limit or an unreadable file.
        Partial = "partial",
        /// Failed without a result.
        Failed = "failed",
    }
}

labelled_enum! {
    /// How a URL differs from the previous analysis.
    UrlChange("a change"): Text {
        /// Newly listed.
        Added = "added",
        /// No longer listed.
        Removed = "removed",
        /// Its stated last modification differs.
        Changed = "changed",
    }
}

labelled_enum! {
    /// The status of a sitemap file's analysis.
    SitemapFileStatus("a status of a sitemap file"): Text {
        /// Waiting to be read.
        Pending = "pending",
        /// Read to its end.
        Completed = "completed",
        /// Read in part.
        Partial = "partial",
        /// Could not be read.
        Failed = "failed",
        /// Not read because of a limit.
        Skipped = "skipped",
        /// The file no longer exists.
        Gone = "gone",
    }
}

labelled_enum! {
    /// A person's decision about a page.
    PageCurationStatus("a page curation status"): pg_enums::Pagecurationstatus {
        /// Not checked yet.
        New = "New",
        /// Waiting to be processed.
        Queued = "Queued",
        /// Being processed.
        Processing = "Processing",
        /// Processed.
        Complete = "Complete",
        /// Processing failed.
        Error = "Error",
        /// Skipped.
        Skipped = "Skipped",
    }
}

labelled_enum! {
    /// The status of a page's processing.
    PageProcessingStatus("a page processing status"): pg_enums::Pageprocessingstatus {
        /// Waiting.
        Queued = "Queued",
        /// Running.
        Processing = "Processing",
        /// Succeeded.
        Complete = "Complete",
        /// Failed.
        Error = "Error",
    }
}

labelled_enum! {
    /// Whether an email address is a person's or a role's.
    EmailType("an email type"): pg_enums::ContactEmailTypeEnum {
        /// A role: info@, sales@.
        Service = "Service",
        /// A person at the site's own domain.
        Corporate = "Corporate",
        /// A mailbox at a free-mail provider.
        Free = "Free",
        /// Not clear.
        Unknown = "Unknown",
    }
}

labelled_enum! {
    /// Whether an address's domain accepts mail.
    MxStatus("an answer of DNS"): Text {
        /// It accepts mail.
        Ok = "ok",
        /// It does not accept mail.
        None = "none",
        /// Could not be determined.
        Unknown = "unknown",
    }
}

labelled_enum! {
    /// The status of a URL in a crawl.
    ScanUrlState("a state of a URL"): Text {
        /// Waiting to be fetched.
        Waiting = "waiting",
        /// Being fetched, or interrupted while it was.
        Fetching = "fetching",
        /// Fetched, successfully or not.
        Fetched = "fetched",
        /// Not to be fetched.
        LeftOut = "left_out",
    }
}

labelled_enum! {
    /// The kind of a suppression.
    SuppressionKind("a kind of suppression"): Text {
        /// One address.
        Address = "address",
        /// All addresses of a domain and its subdomains.
        Domain = "domain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_back_as_their_variant() {
        for status in CurationStatus::ALL {
            assert_eq!(status.label().parse(), Ok(*status));
        }
    }

    #[test]
    fn an_unknown_label_is_named_with_the_valid_ones() {
        let error = "done".parse::<JobStatus>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"done\" is not a job status; expected one of pending, running, completed, failed, cancelled"
        );
    }
}
