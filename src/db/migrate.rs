//! Migrations from the program, under a lock.
