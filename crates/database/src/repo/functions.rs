//! Functions of PostgreSQL, and of the migrations, that typed statements call.

use diesel::sql_types::{
    Array, BigInt, Bool, Date as Day, Integer, Interval, Jsonb, Nullable, SingleValue, SqlType, Text, Timestamp,
    Timestamptz, Uuid, is_nullable,
};

/// What a function returns that returns nothing.
#[derive(Clone, Copy, Debug, SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "void"))]
pub struct Void;

diesel::define_sql_function! {
    /// The first of two that is not null.
    fn coalesce<T: SqlType<IsNull = is_nullable::NotNull> + SingleValue>(one: Nullable<T>, other: Nullable<T>) -> Nullable<T>;
}

diesel::define_sql_function! {
    /// The earlier of two times; of a null and a time, the time.
    fn least(one: Nullable<Timestamptz>, other: Nullable<Timestamptz>) -> Nullable<Timestamptz>;
}

diesel::define_sql_function! {
    /// The later of two times; of a null and a time, the time.
    fn greatest(one: Nullable<Timestamptz>, other: Nullable<Timestamptz>) -> Nullable<Timestamptz>;
}

diesel::define_sql_function! {
    /// The later of two times.
    #[sql_name = "greatest"]
    fn later(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}

diesel::define_sql_function! {
    /// What the operator `+` calls.
    #[sql_name = "timestamptz_pl_interval"]
    fn plus(time: Timestamptz, duration: Interval) -> Timestamptz;
}

diesel::define_sql_function! {
    /// The time as it passes, also within a transaction.
    fn clock_timestamp() -> Timestamptz;
}

diesel::define_sql_function! {
    /// The beginning of the month, or whatever `unit` says, in a time zone.
    #[sql_name = "date_trunc"]
    fn begin_of(unit: Text, time: Timestamptz, zone: Text) -> Timestamptz;
}

diesel::define_sql_function! {
    /// The day of a time.
    fn date(time: Timestamp) -> Day;
}

diesel::define_sql_function! {
    /// The MD5 hash in hexadecimal digits: URLs are indexed by it.
    fn md5(text: Text) -> Text;
}

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(text: Text) -> Text;
}

diesel::define_sql_function! {
    /// The last characters of a text.
    fn right(text: Text, characters: Integer) -> Text;
}

diesel::define_sql_function! {
    /// A part of a text, counted from 1.
    fn split_part(text: Text, delimiter: Text, part: Integer) -> Text;
}

diesel::define_sql_function! {
    /// A document with another value at a path.
    fn jsonb_set(document: Nullable<Jsonb>, path: Array<Text>, value: Jsonb, create: Bool) -> Nullable<Jsonb>;
}

diesel::define_sql_function! {
    /// The hash by which an advisory lock is named.
    fn hashtextextended(text: Text, seed: BigInt) -> BigInt;
}

diesel::define_sql_function! {
    /// Takes an advisory lock until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Void;
}

diesel::define_sql_function! {
    /// The same, beside others that take it so.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Void;
}

diesel::define_sql_function! {
    /// Tells those who listen on a channel, when the transaction commits.
    fn pg_notify(channel: Text, payload: Text) -> Void;
}

diesel::define_sql_function! {
    /// Takes what matches a pattern out of the texts of the tenant's rows, and returns how many changed.
    fn erase_text(tenant: Uuid, pattern: Text, hint: Text) -> BigInt;
}
