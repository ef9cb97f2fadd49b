//! Durable background jobs: the trait, the registry, the runner. This crate knows no scraper.
//!
//! A job is a value of a type that implements [`BackgroundJob`]. A [`Submission`] writes it into the table `jobs` in
//! the caller's own transaction, so that it exists exactly if that transaction commits. A [`Runner`], in the server
//! process or in any number of others, claims it for the duration of a lease, runs it, and extends the lease by
//! heartbeats. Whatever happens to a worker, an accepted job ends:
//!
//! | event | the job |
//! |---|---|
//! | it calls [`JobContext::finish`] | `completed`, in the transaction that wrote its rows |
//! | it returns a [`JobError`] that may be retried | waits, longer each time, until its attempts are used up, then `failed` |
//! | it returns one that may not | `failed` |
//! | it panics | a failed attempt, retried |
//! | a client cancels it | dropped at the next heartbeat: `cancelled` |
//! | its worker shuts down | handed back after the grace period, the attempt not counted |
//! | its worker dies or loses the database | another worker takes it when the lease ends; the attempt counts |
//!
//! A job may therefore run more than once and must write accordingly (upserts). It finishes only once: every write
//! about it names the claim, and a worker that lost its claim writes nothing. Rows that a job commits in separate
//! transactions before the last one are kept when it runs again.
//!
//! A running job holds no connection except those it opens itself with [`JobContext::tenant`], and
//! never across a network call.

mod attempt;
mod context;
mod error;
mod followers;
mod hold;
mod job;
mod notify;
mod once;
mod outage;
mod quota;
mod registry;
mod room;
mod runner;
mod settings;
mod shared;
mod stats;
mod submission;
mod trace;
mod upkeep;
mod waiters;

pub use self::context::{Finished, JobContext};
pub use self::error::{JobError, Retry};
pub use self::followers::{Follower, Followers, TooManyFollowers};
pub use self::job::BackgroundJob;
pub use self::notify::Waker;
pub use self::once::{OnceError, Reply, RequestKey, once};
pub use self::quota::{StoredRowCounts, count_stored_rows};
pub use self::registry::Registry;
pub use self::room::Room;
pub use self::runner::Runner;
pub use self::settings::{InvalidSettings, JobsConfig};
pub use self::stats::{Durations, OfKind, RunnerStats, StatsSnapshot};
pub use self::submission::{EnqueueOptions, Quotas, Submission, SubmitError};
pub use self::trace::{InvalidTrace, Trace};
pub use self::waiters::{Awaited, TooManyWaiters, Waiters};
