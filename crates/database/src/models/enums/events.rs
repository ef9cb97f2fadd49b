//! Enumerations of events and webhooks.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;

use super::super::labels::{UnknownLabel, labelled_enum};

labelled_enum! {
    /// What an event tells of.
    EventKind("a kind of events"): Text {
        /// A job waits for a worker: it is new, or is tried again.
        JobQueued = "job.queued",
        /// A worker began an attempt at a job.
        JobBegun = "job.begun",
        /// A running job reported its progress.
        JobProgressed = "job.progressed",
        /// A job completed, failed or was cancelled.
        JobEnded = "job.ended",
        /// All jobs of a batch have ended.
        BatchDone = "batch.done",
        /// A run of a schedule was started.
        ScheduleFired = "schedule.fired",
        /// A run of a schedule was refused or missed.
        ScheduleFailed = "schedule.failed",
        /// A webhook was disabled.
        WebhookDisabled = "webhook.disabled",
        /// A test call of a webhook was requested.
        WebhookTested = "webhook.tested",
    }
}

labelled_enum! {
    /// What became of an event for a webhook.
    DeliveryStatus("a delivery status"): Text {
        /// It is tried, or waits for its next try.
        Waiting = "waiting",
        /// The receiver accepted it.
        Delivered = "delivered",
        /// The receiver accepted it at none of the tries.
        Failed = "failed",
        /// The webhook was disabled before.
        Dropped = "dropped",
    }
}

labelled_enum! {
    /// Why a webhook is disabled.
    DisabledBecause("a reason to disable a webhook"): Text {
        /// A client requested it.
        Request = "request",
        /// The receiver answered with 410 (Gone).
        Gone = "gone",
        /// The receiver accepted nothing for days.
        Failing = "failing",
    }
}
