//! SQL functions, of PostgreSQL and of the migrations, for typed statements.

use diesel::sql_types::{
    Array, BigInt, Bool, Date as Day, Integer, Interval, Jsonb, Nullable, SingleValue, SqlType, Text, Timestamp,
    Timestamptz, Uuid, is_nullable,
};

/// The type of a function without a result.
#[derive(Clone, Copy, Debug, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "void"))]
pub struct Void;

diesel::define_sql_function! {
    /// Returns the first argument that is not null.
    fn coalesce<T: SqlType<IsNull = is_nullable::NotNull> + SingleValue>(one: Nullable<T>, other: Nullable<T>) -> Nullable<T>;
}

diesel::define_sql_function! {
    /// Returns the earlier of two times, ignoring nulls.
    fn least(one: Nullable<Timestamptz>, other: Nullable<Timestamptz>) -> Nullable<Timestamptz>;
}

diesel::define_sql_function! {
    /// Returns the later of two times, ignoring nulls.
    fn greatest(one: Nullable<Timestamptz>, other: Nullable<Timestamptz>) -> Nullable<Timestamptz>;
}

diesel::define_sql_function! {
    /// Returns the later of two times.
    #[sql_name = "greatest"]
    fn later(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}

diesel::define_sql_function! {
    /// The function behind the operator `+`.
    #[sql_name = "timestamptz_pl_interval"]
    fn plus(time: Timestamptz, duration: Interval) -> Timestamptz;
}

diesel::define_sql_function! {
    /// Returns the current time, which also advances within a transaction.
    fn clock_timestamp() -> Timestamptz;
}

diesel::define_sql_function! {
    /// Returns whether the server is a standby.
    fn pg_is_in_recovery() -> Bool;
}

diesel::define_sql_function! {
    /// Returns the value of a setting of the server.
    fn current_setting(name: Text) -> Text;
}

diesel::define_sql_function! {
    /// Returns the start of the month (or other `unit`) of a time, in a time zone.
    #[sql_name = "date_trunc"]
    fn begin_of(unit: Text, time: Timestamptz, zone: Text) -> Timestamptz;
}

diesel::define_sql_function! {
    /// Returns the day of a time.
    fn date(time: Timestamp) -> Day;
}

diesel::define_sql_function! {
    /// Returns the MD5 hash in hexadecimal digits, by which URLs are indexed.
    fn md5(text: Text) -> Text;
}

diesel::define_sql_function! {
    /// Returns the text in lower case.
    fn lower(text: Text) -> Text;
}

diesel::define_sql_function! {
    /// Returns the last characters of a text.
    fn right(text: Text, characters: Integer) -> Text;
}

diesel::define_sql_function! {
    /// Returns a part of a text, counted from 1.
    fn split_part(text: Text, delimiter: Text, part: Integer) -> Text;
}

diesel::define_sql_function! {
    /// Returns a document with the value at a path replaced.
    fn jsonb_set(document: Nullable<Jsonb>, path: Array<Text>, value: Jsonb, create: Bool) -> Nullable<Jsonb>;
}

diesel::define_sql_function! {
    /// Returns the hash used as an advisory lock's key.
    fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
}

diesel::define_sql_function! {
    /// Takes an exclusive advisory lock until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Void;
}

diesel::define_sql_function! {
    /// Takes a shared advisory lock until the transaction ends.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Void;
}

diesel::define_sql_function! {
    /// Returns the number, on the clock of events, of the oldest transaction that has not ended.
    fn events_horizon() -> BigInt;
}

diesel::define_sql_function! {
    /// Notifies the listeners of a channel when the transaction commits.
    fn pg_notify(channel: Text, payload: Text) -> Void;
}

diesel::define_sql_function! {
    /// Removes matches of a pattern from the texts of the tenant's rows, and returns how many rows changed.
    fn erase_text(tenant: Uuid, pattern: Text, hint: Text) -> BigInt;
}

diesel::define_sql_function! {
    /// Removes addresses and those of domains, each with its pattern, from the texts of the tenant's rows in these tables,
    /// and returns how many rows changed.
    fn hide_text(tenant: Uuid, meant: Array<Text>, patterns: Array<Text>, tables: Array<Text>) -> BigInt;
}

diesel::define_sql_function! {
    /// Makes what isolates tenants where it is missing, and returns a row for each thing that was.
    #[sql_name = "scrapersky_internal.secure"]
    fn secure() -> Text;
}
