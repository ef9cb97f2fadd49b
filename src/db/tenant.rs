//! Transactions of one tenant, and of the system.
