//! A stand-in for Google's places: a real HTTP server on loopback that speaks both protocols.
//!
//! It holds made-up businesses around a centre and answers as Google does: pages of 20 and at most 60 results a query,
//! page tokens that are not valid at once (older protocol), a radius that is only a wish, keys that are refused. A
//! test can have any request answered otherwise ([`PlacesApi::trouble`]).

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

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct PlacesApi {
    addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl PlacesApi {
    /// Starts the server on a port of its own.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on.
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
                    // Whatever goes wrong with a connection is the client's doing.
                    let _ = talk(stream, &state).await;
                });
            }
        });
        Ok(Self { addr, state, task })
    }

    /// Returns what `SCRAPERSKY_PLACES_URL` has to be.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Has a request answered otherwise: the next one that comes after `after` others.
    pub fn trouble(&self, after: usize, trouble: Trouble) {
        let mut inner = self.state.inner();
        let at = inner.requests.len() + after;
        inner.troubles.push_back((at, trouble));
    }

    /// Returns the requests so far: the path and what was searched for, or `page` for a later page. No key.
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
            // Ends when the client hangs up.
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
