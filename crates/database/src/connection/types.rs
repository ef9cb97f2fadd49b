//! The user-defined types of a database, loaded once per connection.
//!
//! Two parties need them. Diesel needs a type's oid to declare a bind. tokio-postgres needs the definition of every
//! type in a result, and looks an unknown one up with *named* statements in the middle of the answer: behind a pooler
//! the name may be missing or taken, and an answer longer than the channel's two chunks blocks the connection forever,
//! since nobody reads it meanwhile. So all types are loaded before the first statement, in one transaction, which a
//! pooler keeps on one server connection, and the named statements are deallocated before it ends.
//!
//! The types are read from the catalogue, not from a hand-kept list. Connections do not share them: the catalogue query
//! is sent with the session's set-up, so sharing would save nothing, and a shared copy would be outdated after the next
//! migration. The first use of a type created while a connection is open fails with `invalid_sql_statement_name`, and
//! the pool replaces the connection.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;
use diesel::pg::{PgMetadataLookup, PgTypeMetadata};
use futures_util::future::try_join_all;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

/// Enums, ranges and base types (from extensions) that the login role may use.
///
/// Composite types are left out: whole rows are never selected. Domains arrive as their base type. Enums come first,
/// see [`learn`].
const USER_TYPES: &str = "SELECT t.oid, t.typarray, n.nspname, t.typname, pg_type_is_visible(t.oid), \
     format_type(t.oid, NULL) \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     WHERE t.oid >= 16384 AND t.typtype IN ('e', 'b', 'r') AND t.typcategory <> 'A' \
     AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') AND has_type_privilege(t.oid, 'USAGE') \
     ORDER BY t.typtype <> 'e', t.oid";

/// The oids of user-defined types and of their array types, by schema and name.
pub(super) struct Types(Arc<Oids>);

/// By schema (`None` for types on the search path) and name: the type's oid and its array's.
type Oids = HashMap<(Option<String>, String), (u32, u32)>;

impl Types {
    /// Returns a handle through which Diesel looks oids up.
    pub(super) fn lookup(&self) -> Lookup {
        Lookup(Arc::clone(&self.0))
    }
}

/// An owned handle on [`Types`], since Diesel's look-up may not borrow.
pub(super) struct Lookup(Arc<Oids>);

impl PgMetadataLookup for Lookup {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let key = (schema.map(str::to_owned), name.to_owned());
        // An unknown type is declared as 0: the server infers it from the statement.
        let (oid, array_oid) = self.0.get(&key).copied().unwrap_or_default();
        PgTypeMetadata::new(oid, array_oid)
    }
}

/// Loads the types, registers them with `client`, and runs `session`, the session's set-up.
///
/// Takes two round trips, and about eight more if there is any type. It leaves no named statement behind.
pub(super) async fn learn(client: &Client, session: &str) -> Result<Types, Error> {
    // No other statements may exist on the server connection: a name left by another client of the pooler would collide
    // with those tokio-postgres chooses.
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
    // The first type, an enum if there is one, prepares the look-up statements; after that all others are looked up
    // concurrently.
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

/// Shows only the length: binds hold users' data.
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
