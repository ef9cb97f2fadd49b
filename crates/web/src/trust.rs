//! The certificates that the machine trusts.

use std::sync::LazyLock;

use rustls::RootCertStore;

/// What the system's certificates came to.
#[derive(Debug)]
pub struct SystemRoots {
    /// Those that can be used; there may be none.
    pub store: RootCertStore,
    /// The first thing that was wrong on the way, which explains why there are none.
    pub error: Option<String>,
}

/// Returns the certificates that the system trusts.
///
/// They are read once in a process: there are many, and every client of TLS wants them.
pub fn system_roots() -> &'static SystemRoots {
    static ROOTS: LazyLock<SystemRoots> = LazyLock::new(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut store = RootCertStore::empty();
        // One that cannot be read leaves a server untrusted that needs it.
        store.add_parsable_certificates(found.certs);
        SystemRoots {
            store,
            error: found.errors.first().map(ToString::to_string),
        }
    });
    &ROOTS
}
