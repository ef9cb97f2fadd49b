//! Resolves names, and passes only permitted addresses on to connections.
//!
//! The check and the connection use the same look-up, so that a name cannot change its addresses in between. Literal
//! addresses are not resolved; the policy checks them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::error::is_out_of_descriptors;
use super::policy::Policy;

/// The maximum number of addresses that a connection tries.
const MAX_TRIED: usize = 8;

/// The maximum number of concurrent look-ups. The system's resolver may block a thread for half a minute, even after
/// its caller has given up.
const MAX_LOOKUPS: usize = 64;

/// How long a look-up may take: less than a connection, so that a name server that does not answer is not mistaken for a
/// site that does not, and long enough for the system's resolver to ask twice.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(6);

/// Resolves names to addresses, without judging them.
pub trait Lookup: Send + Sync + 'static {
    /// Returns the addresses of `host`.
    ///
    /// # Errors
    ///
    /// If the name has no addresses, or no name server answers.
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
            // A separate task keeps the permit for as long as the thread is blocked.
            let lookup = tokio::spawn(async move {
                let found = tokio::net::lookup_host((host, 0)).await;
                drop(permit);
                match found {
                    Ok(found) => Ok(found.map(|address| address.ip()).collect()),
                    Err(error) => Err(out_of_descriptors().unwrap_or(error)),
                }
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}

/// Returns the failure to open a socket, if none can be opened for want of descriptors: the system's resolver then says
/// that the name does not exist.
fn out_of_descriptors() -> Option<io::Error> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .err()
        .filter(is_out_of_descriptors)
}

/// The error passed through the HTTP client if a name has no permitted address.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// All addresses are refused; the kind of the first one.
    #[error("the name leads to {0}")]
    Refused(&'static str),
    /// The look-up failed.
    #[error("the name does not resolve: {0}")]
    Failed(#[source] io::Error),
}

impl ResolveError {
    /// Returns whether a later look-up may succeed.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            // `getaddrinfo` distinguishes "no such name" from "no answer" only in its text: the GNU C library's and
            // musl's.
            Self::Failed(error) if error.kind() == io::ErrorKind::TimedOut => true,
            Self::Failed(error) => {
                let said = error.to_string();
                said.contains("Temporary failure") || said.contains("Try again")
            }
        }
    }
}

/// The HTTP client's resolver, which returns permitted addresses only.
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
            let found = match tokio::time::timeout(LOOKUP_TIMEOUT, answer).await {
                Ok(found) => found.map_err(ResolveError::Failed)?,
                Err(_) => return Err(ResolveError::Failed(io::ErrorKind::TimedOut.into()).into()),
            };
            let mut permitted = policy.permitted(found).map_err(|refused| match refused {
                Some(what) => ResolveError::Refused(what),
                None => ResolveError::Failed(io::Error::other("it has no addresses")),
            })?;
            permitted.truncate(MAX_TRIED);
            // Port 0 means the URL's port.
            let addresses = permitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Resolves every name to the address of the operator's rule.
pub(super) struct Fixed(pub(super) SocketAddr);

impl Resolve for Fixed {
    fn resolve(&self, _name: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
