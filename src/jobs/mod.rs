//! Durable background jobs: the trait, the registry, the runner. It knows no scraper.
//!
//! A job is a value of a type that implements [`BackgroundJob`]. A [`Submission`] writes it into the
//! table `jobs` in the caller's own transaction, so it is there exactly if that commits. A
//! [`Runner`], in the server process or in any number of others, claims it for the length of a
//! lease, runs it, and extends the lease by heartbeats while it does. Whatever happens to a worker,
//! an accepted job ends:
//!
//! | what happens | what becomes of the job |
//! |---|---|
//! | it calls [`JobContext::finish`] | `completed`, in the transaction that wrote its rows |
//! | it returns a [`JobError`] that may be retried | waits, longer each time, until its attempts are used up: `failed` |
//! | it returns one that may not | `failed` |
//! | it panics | a failed attempt, retried |
//! | somebody cancels it | dropped at the next heartbeat: `cancelled` |
//! | its worker is asked to end | handed back at once, the attempt not counted |
//! | its worker dies or loses the database | another takes it when the lease has run out; the attempt counts |
//!
//! A job may therefore run more than once, and has to write with that in mind (upserts). It finishes
//! once: everything written about it names the claim, and a worker whose claim was given to another
//! writes nothing. What a job writes in transactions of its own before the last one is not undone
//! when it is run again.
//!
//! While a job works it holds no connection and no transaction but those it opens itself, by
//! [`JobContext::tenant`], for as long as it needs them: never across a network call.

mod attempt;
mod context;
mod error;
mod hold;
mod job;
mod notify;
mod once;
mod outage;
mod registry;
mod runner;
mod shared;
mod stats;
mod submission;
mod upkeep;

pub use self::context::{Finished, JobContext};
pub use self::error::{JobError, Retry};
pub use self::job::BackgroundJob;
pub use self::notify::Waker;
pub use self::once::{OnceError, Reply, RequestKey, once};
pub use self::registry::Registry;
pub use self::runner::Runner;
pub use self::stats::{RunnerStats, StatsSnapshot};
pub use self::submission::{EnqueueOptions, Submission, SubmitError};
