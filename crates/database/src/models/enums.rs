//! Enumerations stored by label: PostgreSQL enums, and text columns with a CHECK.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use schema::sql_types as pg_enums;

/// The word is not a label of the enumeration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not {what}; expected one of {}", valid.join(", "))]
pub struct UnknownLabel {
    given: String,
    what: &'static str,
    valid: &'static [&'static str],
}

/// Declares an enum and the one label that the database knows each variant by.
macro_rules! labelled_enum {
    (
        $(#[$doc:meta])*
        $name:ident($what:literal): $($sql:ty),+ {
            $($(#[$variant_doc:meta])* $variant:ident = $label:literal),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromSqlRow, AsExpression)]
        $(#[diesel(sql_type = $sql)])+
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every variant, in the order of the database.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label of every variant, in the same order.
            pub const LABELS: &'static [&'static str] = &[$($label),+];

            /// Returns the database's word for the variant.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownLabel;

            fn from_str(label: &str) -> Result<Self, UnknownLabel> {
                match label {
                    $($label => Ok(Self::$variant),)+
                    _ => Err(UnknownLabel { given: label.to_owned(), what: $what, valid: Self::LABELS }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.label())
            }
        }

        $(
            impl ToSql<$sql, Pg> for $name {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    out.write_all(self.label().as_bytes())?;
                    Ok(IsNull::No)
                }
            }

            impl FromSql<$sql, Pg> for $name {
                fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                    Ok(std::str::from_utf8(value.as_bytes())?.parse()?)
                }
            }
        )+
    };
}

labelled_enum! {
    /// How far a job is.
    JobStatus("a job status"): Text {
        /// It waits for a worker, from `run_at` on.
        Pending = "pending",
        /// A worker holds its lease.
        Running = "running",
        /// It ended and produced what it was for.
        Completed = "completed",
        /// It ended without, and is not tried again by itself.
        Failed = "failed",
        /// It was ended by request.
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
    /// How far a batch is.
    BatchStatus("a batch status"): Text {
        /// None of its jobs has begun.
        Pending = "pending",
        /// Some have.
        Running = "running",
        /// All completed.
        Completed = "completed",
        /// All failed.
        Failed = "failed",
        /// It was ended by request.
        Cancelled = "cancelled",
        /// All ended, some failed.
        Partial = "partial",
    }
}

labelled_enum! {
    /// Why a job ended the way it did.
    Outcome("an outcome"): Text {
        /// It produced what it was for.
        Ok = "ok",
        /// It worked, and there was nothing.
        OkEmpty = "ok_empty",
        /// Part of it worked.
        Partial = "partial",
        /// The site's robots.txt forbids it.
        BlockedRobots = "blocked_robots",
        /// The site answered with a status that gives no page.
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
        /// The name does not resolve.
        Dns = "dns",
        /// The site's TLS is unusable.
        Tls = "tls",
        /// The site took too long.
        Timeout = "timeout",
        /// The site sent more than is taken.
        TooLarge = "too_large",
        /// What the site sent cannot be read.
        Parse = "parse",
        /// The name leads to an address that must not be fetched.
        RefusedAddress = "refused_address",
        /// A service that the job needs refused or failed.
        Upstream = "upstream",
        /// The program failed.
        Internal = "internal",
    }
}

labelled_enum! {
    /// What a key lets its holder do.
    Scope("a scope"): Text {
        /// Read the tenant's rows.
        Read = "read",
        /// Start scans.
        Scan = "scan",
        /// Change what people decide about rows.
        Curate = "curate",
        /// Manage keys, delete.
        Admin = "admin",
    }
}

labelled_enum! {
    /// What is counted by the minute.
    RateKind("a kind of rate"): Text {
        /// Any request.
        Requests = "requests",
        /// One that queues a batch.
        Batches = "batches",
    }
}

labelled_enum! {
    /// What a person decided about a place, a domain's sitemap or a sitemap file.
    CurationStatus("a curation status"): pg_enums::PlaceStatusEnum, pg_enums::SitemapCurationStatusEnum {
        /// Nobody has looked yet.
        New = "New",
        /// Wanted.
        Selected = "Selected",
        /// Undecided.
        Maybe = "Maybe",
        /// Not wanted.
        NotAFit = "Not a Fit",
        /// Out of sight.
        Archived = "Archived",
    }
}

labelled_enum! {
    /// What kind of request changed places.
    PlaceAction("a kind of change"): Text {
        /// A change of one place.
        Update = "update",
        /// A change of many places at once.
        Bulk = "bulk",
        /// Rows of a file.
        Import = "import",
        /// The undoing of a bulk change or an import.
        Undo = "undo",
    }
}

labelled_enum! {
    /// How far a step of work on a domain is.
    TaskStatus("a task status"): pg_enums::TaskStatus {
        /// It waits.
        Queued = "Queued",
        /// It is under way.
        InProgress = "InProgress",
        /// It ended well.
        Completed = "Completed",
        /// It failed.
        Error = "Error",
        /// A person has to look.
        ManualReview = "ManualReview",
        /// It was ended by request.
        Cancelled = "Cancelled",
        /// It is held back.
        Paused = "Paused",
    }
}

labelled_enum! {
    /// How far the analysis or import of a sitemap, or the deep scan of a place, is.
    ProcessingStatus("a processing status"):
        pg_enums::SitemapAnalysisStatusEnum, pg_enums::SitemapImportStatusEnum, pg_enums::GcpApiDeepScanStatusEnum {
        /// It waits.
        Queued = "Queued",
        /// It is under way.
        Processing = "Processing",
        /// It ended well.
        Completed = "Completed",
        /// It failed.
        Error = "Error",
    }
}

labelled_enum! {
    /// How far an analysis of sitemaps is.
    SitemapRunState("a state of an analysis"): Text {
        /// It is under way, or waits to go on.
        Running = "running",
        /// It has read all there is.
        Completed = "completed",
        /// It has left something out, for a limit or since it could not be read.
        Partial = "partial",
        /// It has found nothing out.
        Failed = "failed",
    }
}

labelled_enum! {
    /// How a URL differs from the analysis before.
    UrlChange("a change"): Text {
        /// It was not listed before.
        Added = "added",
        /// It is not listed any more.
        Removed = "removed",
        /// It says another time of its last change.
        Changed = "changed",
    }
}

labelled_enum! {
    /// How far the analysis of a sitemap file is.
    SitemapFileStatus("a status of a sitemap file"): Text {
        /// It waits to be read.
        Pending = "pending",
        /// It was read to its end.
        Completed = "completed",
        /// It was read in part.
        Partial = "partial",
        /// It could not be read.
        Failed = "failed",
        /// It was not read, for a limit.
        Skipped = "skipped",
        /// The site has it no more.
        Gone = "gone",
    }
}

labelled_enum! {
    /// What was decided about a page.
    PageCurationStatus("a page curation status"): pg_enums::Pagecurationstatus {
        /// Nobody has looked yet.
        New = "New",
        /// It waits to be processed.
        Queued = "Queued",
        /// It is being processed.
        Processing = "Processing",
        /// It was processed.
        Complete = "Complete",
        /// Processing failed.
        Error = "Error",
        /// It was passed over.
        Skipped = "Skipped",
    }
}

labelled_enum! {
    /// How far the processing of a page is.
    PageProcessingStatus("a page processing status"): pg_enums::Pageprocessingstatus {
        /// It waits.
        Queued = "Queued",
        /// It is under way.
        Processing = "Processing",
        /// It ended well.
        Complete = "Complete",
        /// It failed.
        Error = "Error",
    }
}

labelled_enum! {
    /// Whom an email address reaches.
    EmailType("an email type"): pg_enums::ContactEmailTypeEnum {
        /// A function: info@, sales@.
        Service = "Service",
        /// A person at the site's own domain.
        Corporate = "Corporate",
        /// A mailbox at a free-mail provider.
        Free = "Free",
        /// None of these for certain.
        Unknown = "Unknown",
    }
}

labelled_enum! {
    /// Whether the domain of an address takes mail.
    MxStatus("an answer of DNS"): Text {
        /// It does.
        Ok = "ok",
        /// It does not.
        None = "none",
        /// Nobody could say.
        Unknown = "unknown",
    }
}

labelled_enum! {
    /// How far a URL is that a crawl has met.
    ScanUrlState("a state of a URL"): Text {
        /// It waits for its turn.
        Waiting = "waiting",
        /// It is being fetched, or was when the crawl was cut off.
        Fetching = "fetching",
        /// It was fetched, for better or worse.
        Fetched = "fetched",
        /// It is not fetched.
        LeftOut = "left_out",
    }
}

labelled_enum! {
    /// What is suppressed.
    SuppressionKind("a kind of suppression"): Text {
        /// One address.
        Address = "address",
        /// All addresses of a domain, and of those below it.
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
