//! The private PostgreSQL that starts itself.
