//! Enumerations of schedules.

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
    /// What becomes of runs that no worker started in time.
    MissedRuns("a way to treat missed runs"): Text {
        /// One run makes up for all of them.
        Once = "once",
        /// They are left out.
        Skip = "skip",
    }
}

labelled_enum! {
    /// Why a schedule is paused.
    PausedBecause("a reason to pause a schedule"): Text {
        /// A client requested it.
        Request = "request",
        /// The key in whose name it runs was revoked or has expired.
        KeyInvalid = "key_invalid",
        /// When it runs cannot be told any more.
        NoNextRun = "no_next_run",
    }
}

labelled_enum! {
    /// What became of a run of a schedule.
    RunOutcome("an outcome of a run"): Text {
        /// Its work is queued.
        Started = "started",
        /// There was nothing to do.
        Nothing = "nothing",
        /// Its work was refused.
        Refused = "refused",
        /// No worker was there to start it, and it was left out.
        Missed = "missed",
    }
}
