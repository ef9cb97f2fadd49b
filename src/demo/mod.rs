//! The stand-ins that `scrapersky demo` uses for the outside world: servers on loopback.

pub mod places_api;
pub mod sites;

use std::net::SocketAddr;

use rocket::config::{Ident, LogLevel, Shutdown as ShutdownConfig};
use rocket::figment::Figment;
use rocket::{Build, Rocket, Shutdown};
use tokio::task::JoinHandle;

/// A running server, which is closed when this value is dropped.
#[derive(Debug)]
pub struct Listening {
    /// The address that it listens on.
    pub addr: SocketAddr,
    shutdown: Shutdown,
    serving: Option<JoinHandle<()>>,
}

impl Listening {
    /// Closes the server and waits until it has ended.
    pub async fn close(mut self) {
        self.shutdown.clone().notify();
        if let Some(serving) = self.serving.take() {
            // Its failures were logged by the task itself.
            let _ = serving.await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.shutdown.clone().notify();
    }
}

/// Returns the settings of a server on a free port of 127.0.0.1 that logs nothing and ignores signals.
#[must_use]
pub fn figment() -> Figment {
    Figment::from(rocket::Config {
        port: 0,
        ident: Ident::none(),
        cli_colors: false,
        log_level: LogLevel::Off,
        shutdown: ShutdownConfig {
            ctrlc: false,
            signals: std::collections::HashSet::new(),
            grace: 0,
            mercy: 0,
            ..ShutdownConfig::default()
        },
        ..rocket::Config::release_default()
    })
}

/// Starts a server and returns as soon as it listens.
///
/// # Errors
///
/// Returns an error if the server cannot start.
pub async fn launch(server: Rocket<Build>) -> anyhow::Result<Listening> {
    let (server, listening) = crate::telling(server);
    let ready = server.ignite().await?;
    let shutdown = ready.shutdown();
    let mut launched = tokio::spawn(ready.launch());
    tokio::select! {
        ended = &mut launched => {
            ended??;
            anyhow::bail!("the server ended before it listened")
        }
        addr = listening => Ok(Listening {
            addr: addr?,
            shutdown,
            serving: Some(tokio::spawn(async move {
                if let Ok(Err(error)) = launched.await {
                    log::error!("a server on loopback failed: {error}");
                }
            })),
        }),
    }
}
