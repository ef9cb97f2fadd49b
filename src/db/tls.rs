//! TLS to PostgreSQL by libpq's five `sslmode`s.
