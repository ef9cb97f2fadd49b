//! Names to addresses, of which only the permitted ones are ever handed to a connection.
//!
//! The check and the connection use one and the same answer: a name that says something else when
//! asked again gains nothing. Addresses written as such never come here; the policy checks them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::policy::Policy;

/// The addresses of a name that a connection tries at most.
const MAX_TRIED: usize = 8;

/// Look-ups under way at most. The system's resolver blocks a thread for up to half a minute, also
/// when nobody waits for it any more.
const MAX_LOOKUPS: usize = 64;

/// Turns names into addresses; it need not judge them.
pub trait Lookup: Send + Sync + 'static {
    /// Returns the addresses of `host`.
    ///
    /// # Errors
    ///
    /// When the name has none, or nobody can be asked.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Debug)]
pub struct SystemLookup {
    permits: Arc<Semaphore>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let permits = Arc::clone(&self.permits);
        Box::pin(async move {
            let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
            // A task of its own keeps the permit for as long as the thread is blocked.
            let lookup = tokio::spawn(async move {
                let found = tokio::net::lookup_host((host, 0)).await;
                drop(permit);
                found.map(|found| found.map(|address| address.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}

/// Is returned through the HTTP client when a name leads nowhere that may be connected to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// All its addresses are refused, the first because of what it is.
    #[error("the name leads to {0}")]
    Refused(&'static str),
    /// There is no answer.
    #[error("the name does not resolve: {0}")]
    Failed(io::Error),
}

impl ResolveError {
    /// Returns whether another answer can be expected later.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            // `getaddrinfo` tells "no such name" from "nobody answered" in words only: the GNU C
            // library's and musl's.
            Self::Failed(error) => {
                let said = error.to_string();
                said.contains("Temporary failure") || said.contains("Try again")
            }
        }
    }
}

/// Resolves for the HTTP client, and hands out permitted addresses only.
pub(super) struct Guarded {
    lookup: Arc<dyn Lookup>,
    policy: Arc<Policy>,
}

impl Guarded {
    pub(super) fn new(lookup: Arc<dyn Lookup>, policy: Arc<Policy>) -> Self {
        Self { lookup, policy }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = self.lookup.lookup(name.as_str().to_owned());
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            let found = answer.await.map_err(ResolveError::Failed)?;
            let mut permitted = policy.permitted(found).map_err(|refused| match refused {
                Some(what) => ResolveError::Refused(what),
                None => ResolveError::Failed(io::Error::other("it has no addresses")),
            })?;
            permitted.truncate(MAX_TRIED);
            // Port 0 stands for the URL's.
            let addresses = permitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Resolves every name to the one address that the operator named.
pub(super) struct Fixed(pub(super) SocketAddr);

impl Resolve for Fixed {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
