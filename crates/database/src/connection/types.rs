//! The types a database adds to PostgreSQL's own, learnt once per connection.
//!
//! Two parties ask for them. Diesel needs a type's number to declare a bind. tokio-postgres needs
//! the definition of every type in a result, and looks an unknown one up with *named* statements,
//! in the middle of the answer: behind a pooler the name may be missing or taken, and an answer
//! longer than the channel's two chunks stops the connection for good, since nobody reads it
//! meanwhile. So all of them are learnt before the first statement, inside one transaction, which
//! a pooler keeps on one server connection, and the names are deallocated before it ends.
//!
//! What is learnt is whatever the catalogue holds, not a list kept in step by hand. Connections do
//! not share it: the catalogue query travels with the session's own set-up, so sharing would save
//! nothing, and a shared copy would be wrong after the next migration. A type created while a
//! connection is open makes its first use fail with `invalid_sql_statement_name`, upon which the
//! pool replaces the connection.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;
use diesel::pg::{PgMetadataLookup, PgTypeMetadata};
use futures_util::future::try_join_all;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

/// Enums, ranges and base types (those of extensions) that the login role may name.
///
/// Composite types are left out: whole rows are not selected as such here. Domains arrive as
/// their base type. Enums come first, see [`learn`].
const USER_TYPES: &str = "SELECT t.oid, t.typarray, n.nspname, t.typname, pg_type_is_visible(t.oid), \
     format_type(t.oid, NULL) \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     WHERE t.oid >= 16384 AND t.typtype IN ('e', 'b', 'r') AND t.typcategory <> 'A' \
     AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') AND has_type_privilege(t.oid, 'USAGE') \
     ORDER BY t.typtype <> 'e', t.oid";

/// The numbers of user-defined types, and of their array types, by schema and name.
pub(super) struct Types(Arc<Oids>);

/// By schema (none for what the search path finds) and name: the type's number and its array's.
type Oids = HashMap<(Option<String>, String), (u32, u32)>;

impl Types {
    /// Returns what Diesel asks for the numbers of types.
    pub(super) fn lookup(&self) -> Lookup {
        Lookup(Arc::clone(&self.0))
    }
}

/// An owned handle on [`Types`]: Diesel takes only look-ups that borrow nothing.
pub(super) struct Lookup(Arc<Oids>);

impl PgMetadataLookup for Lookup {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let key = (schema.map(str::to_owned), name.to_owned());
        // An unknown type is declared as 0: the server infers it from the statement.
        let (oid, array_oid) = self.0.get(&key).copied().unwrap_or_default();
        PgTypeMetadata::new(oid, array_oid)
    }
}

/// Learns the types, teaches them to `client`, and runs `session`, the session's set-up.
///
/// Takes two round trips, and about eight more if there are types to learn, however many. It
/// leaves no named statement behind.
pub(super) async fn learn(client: &Client, session: &str) -> Result<Types, Error> {
    // Only this transaction may have statements on the server connection: a name left over by
    // another client of the pooler would collide with those tokio-postgres chooses.
    let answer = client
        .simple_query(&format!("BEGIN; DEALLOCATE ALL; {USER_TYPES}"))
        .await?;
    let mut types = HashMap::new();
    let mut probes = Vec::new();
    for message in &answer {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let Some(found) = FoundType::from_row(row) else {
            continue;
        };
        let mut probe = format!("SELECT NULL::{}", found.sql_name);
        if found.array_oid != 0 {
            probe.push_str(&format!(", NULL::{}[]", found.sql_name));
        }
        probe.push_str(" LIMIT 0");
        probes.push(probe);
        let oids = (found.oid, found.array_oid);
        if found.visible {
            types.insert((None, found.name.clone()), oids);
        }
        types.insert((Some(found.schema), found.name), oids);
    }
    // The first one, an enum if there is any, prepares the look-up statements; after that all
    // others may ask at the same time, each for a few round trips that overlap.
    if let Some((first, others)) = probes.split_first() {
        client.query_typed(first, &[]).await?;
        try_join_all(others.iter().map(|probe| client.query_typed(probe, &[]))).await?;
    }
    client
        .batch_execute(&format!("DEALLOCATE ALL; COMMIT; {session}"))
        .await?;
    Ok(Types(Arc::new(types)))
}

struct FoundType {
    oid: u32,
    array_oid: u32,
    schema: String,
    name: String,
    visible: bool,
    sql_name: String,
}

impl FoundType {
    fn from_row(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            oid: row.get(0)?.parse().ok()?,
            array_oid: row.get(1)?.parse().ok()?,
            schema: row.get(2)?.to_owned(),
            name: row.get(3)?.to_owned(),
            visible: row.get(4)? == "t",
            sql_name: row.get(5)?.to_owned(),
        })
    }
}

/// A bind that Diesel has already encoded.
pub(super) struct Bind(pub(super) Option<Vec<u8>>);

/// Shows the length only: binds hold what users sent.
impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(bytes) => write!(f, "<{} bytes>", bytes.len()),
            None => f.write_str("NULL"),
        }
    }
}

impl ToSql for Bind {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match &self.0 {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        declared: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.to_sql(declared, out)
    }
}
