//! Listens for notifications on a separate connection.

use std::future::poll_fn;

use diesel::{ConnectionError, ConnectionResult};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client};

use super::connector::{Connector, Opened, sentence};
use crate::url::DatabaseUrl;

/// A session that listens on one channel.
///
/// It must not go through a transaction pooler, where `LISTEN` never receives anything.
#[derive(Debug)]
pub struct Listener {
    heard: Receiver<()>,
    socket: AbortHandle,
    /// The session ends when it is dropped.
    _client: Client,
}

impl Listener {
    /// Connects and starts to listen on `channel`, a name that needs no quotes.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] if the URL's TLS settings are unusable or the server cannot be reached or refuses.
    pub async fn connect(url: &DatabaseUrl, channel: &str) -> ConnectionResult<Self> {
        let bad = |error: String| ConnectionError::BadConnection(error);
        let connector = Connector::new(url).map_err(|error| bad(error.to_string()))?;
        let opened = connector.connect("scrapersky listener").await;
        let Opened {
            client,
            mut socket,
            is_direct,
            ..
        } = opened.map_err(|error| bad(error.to_string()))?;
        // LISTEN would stay on a server connection that other clients use next.
        if !is_direct && !url.keeps_sessions() {
            return Err(bad(format!(
                "LISTEN needs a direct connection, and {url} leads through a pooler"
            )));
        }
        let (hear, heard) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| socket.poll_message(context)).await {
                if matches!(message, AsyncMessage::Notification(_)) {
                    // A notification that is already waiting covers this one.
                    let _ = hear.try_send(());
                }
            }
        })
        .abort_handle();
        let listener = Self {
            heard,
            socket: task,
            _client: client,
        };
        let listen = listener._client.batch_execute(&format!("LISTEN {channel}")).await;
        listen.map_err(|error| bad(sentence(&error)))?;
        Ok(listener)
    }

    /// Waits for a notification; several in the meantime count as one. Returns whether the session is still open; if
    /// not, no further notification will arrive.
    pub async fn hear(&mut self) -> bool {
        self.heard.recv().await.is_some()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.socket.abort();
    }
}
