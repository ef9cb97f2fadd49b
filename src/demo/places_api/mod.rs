//! A stand-in for Google's places: a real HTTP server on loopback that speaks both protocols.
//!
//! It serves made-up businesses around a centre and behaves as Google does: pages of 20 and at most 60 results per
//! query, page tokens that take a moment to become valid (older protocol), a radius that results may exceed, refused
//! keys. A test can replace the response to any request ([`PlacesApi::trouble`]).

mod answer;
mod request;
mod world;

pub use self::answer::{DENIED_KEY, Trouble};
pub use self::world::World;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use self::answer::State;
use self::request::read;

/// The running server, which ends when this value is dropped.
#[derive(Debug)]
pub struct PlacesApi {
    addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl PlacesApi {
    /// Starts the server on a free port.
    ///
    /// # Errors
    ///
    /// Returns an error if no port can be opened.
    pub async fn start(world: World) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State {
            world,
            inner: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Errors of a connection come from the client.
                    let _ = talk(stream, &state).await;
                });
            }
        });
        Ok(Self { addr, state, task })
    }

    /// Returns the value for `SCRAPERSKY_PLACES_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Replaces the response to one request: the next one after `after` others.
    pub fn trouble(&self, after: usize, trouble: Trouble) {
        let mut inner = self.state.inner();
        let at = inner.requests.len() + after;
        inner.troubles.push_back((at, trouble));
    }

    /// Returns the requests so far, each as its path and the text searched for, or `page` for a later page. Keys are
    /// left out.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state.inner().requests.clone()
    }
}

impl Drop for PlacesApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let Some(request) = read(&mut stream).await? else {
        return Ok(());
    };
    let (status, mut body) = match state.note(&request) {
        None => state.answer(&request),
        Some(Trouble::Status(status, message)) => state.refusal(&request, status, message),
        Some(Trouble::Body(status, body)) => (status, body.to_owned()),
        Some(Trouble::Half) => {
            let (status, body) = state.answer(&request);
            let half = body.len() / 2;
            (status, body.chars().take(half).collect())
        }
        Some(Trouble::Silence) => {
            // Ends when the client closes the connection.
            let _ = stream.read_u8().await;
            return Ok(());
        }
    };
    let head = format!(
        "HTTP/1.1 {status} As It Is\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    body.insert_str(0, &head);
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
