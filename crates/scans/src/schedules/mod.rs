//! Schedules: work that starts by itself, again and again.
//!
//! [`When`] says when a schedule runs, without side effects. A [`Scheduler`] in each process with workers looks for schedules that
//! are due, and starts each due run in the transaction that moves the schedule's next run: whichever process is first, and however
//! it ends, the run is started once. The work itself is that of requests, read and submitted as theirs is: quotas hold, and
//! unfinished work is joined.

mod every;
mod scheduler;
mod when;
mod words;
mod work;

pub use self::scheduler::{Bounds, Scheduler, Start, run_now};
pub use self::when::When;
pub use self::work::{Chosen, Started, Work};
