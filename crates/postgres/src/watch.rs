//! Starts a private PostgreSQL again that has died while the program runs.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use super::{
    error::EmbeddedError,
    layout::Layout,
    options::EmbeddedOptions,
    postmaster::{self, Presence},
    server::EmbeddedPostgres,
};

/// How often the server is looked at, and the shortest wait between two attempts to start it.
const INTERVAL: Duration = Duration::from_secs(1);

/// The longest wait between two attempts to start it.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// What is wrong with the private PostgreSQL, as seen by the thread that watches it. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    trouble: Arc<Mutex<Option<String>>>,
}

impl Watch {
    /// Watches the server of a data directory until the process ends, and starts it again when it has died.
    ///
    /// Any number of processes may watch one server: the first to notice starts it, the others adopt it. A server
    /// stopped by [`EmbeddedPostgres::stop`] stays stopped until a program starts it.
    ///
    /// # Errors
    ///
    /// When the system has no thread left.
    pub fn begin(&self, options: EmbeddedOptions) -> io::Result<()> {
        let watch = self.clone();
        // Not a task of an async runtime, whose end would wait for it.
        let thread = thread::Builder::new().name("postgres watch".to_owned());
        thread.spawn(move || watch.run(&options)).map(drop)
    }

    /// Returns what is wrong with the server, in one sentence; `None` while it runs.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn run(&self, options: &EmbeddedOptions) {
        let mut pause = INTERVAL;
        loop {
            thread::sleep(pause);
            pause = match self.look_after(options) {
                Ok(()) => INTERVAL,
                Err(error) => {
                    let next = (pause * 2).min(MAX_PAUSE);
                    log::error!(
                        "the private PostgreSQL cannot be started; next attempt in {} s: {error}",
                        next.as_secs()
                    );
                    self.say(format!("the private PostgreSQL cannot be started: {error}"));
                    next
                }
            };
        }
    }

    /// Looks at the server once, and starts it if it has died.
    fn look_after(&self, options: &EmbeddedOptions) -> Result<(), EmbeddedError> {
        let layout = Layout::new(&options.data_dir)?;
        match postmaster::look(&layout)? {
            Presence::Live(_) => {
                self.clear();
                return Ok(());
            }
            Presence::Changing { pid: Some(_) } => {
                self.say("the private PostgreSQL is starting or stopping".to_owned());
                return Ok(());
            }
            Presence::None | Presence::Stale | Presence::Deaf { .. } | Presence::Changing { pid: None } => {}
        }
        if layout.is_stopped() {
            self.say("the private PostgreSQL was stopped; `scrapersky db start` starts it".to_owned());
            return Ok(());
        }
        if layout.cluster_version()?.is_none() {
            let data = layout.data.display();
            self.say(format!("the private PostgreSQL has lost its data directory {data}"));
            return Ok(());
        }
        if self.trouble().is_none() {
            log::warn!("the private PostgreSQL has died: starting it again");
        }
        self.say("the private PostgreSQL has died and is being started again".to_owned());
        if let Some(server) = EmbeddedPostgres::start_again(options)? {
            log::info!("the private PostgreSQL runs again (process {})", server.pid());
            self.clear();
        }
        Ok(())
    }

    fn say(&self, trouble: String) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    fn clear(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
