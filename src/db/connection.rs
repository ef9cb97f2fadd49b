//! The connection: diesel-async over unnamed statements.
