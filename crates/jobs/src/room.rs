//! Whether the database has room for what jobs store.

use std::fmt;
use std::sync::Arc;

/// Tells whether the database has room for more; clones share it. The default one always has.
#[derive(Clone, Default)]
pub struct Room(Option<Arc<dyn Fn() -> Option<String> + Send + Sync>>);

impl Room {
    /// Asks `shortage`, which returns the reason as a sentence when there is no room. It is called for every few rows.
    #[must_use]
    pub fn new(shortage: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(shortage)))
    }

    /// Returns why there is no room for more; `None` if there is.
    #[must_use]
    pub fn shortage(&self) -> Option<String> {
        self.0.as_ref().and_then(|shortage| shortage())
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.shortage()).finish()
    }
}
