//! The names behind the ids in histories: API keys and people.

use diesel::prelude::{CombineDsl, ExpressionMethods, IntoSql, NullableExpressionMethods, QueryDsl, QueryResult};
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use schema::{api_keys, profiles};
use uuid::Uuid;

use crate::models::actor::ActorName;
use crate::tenant::TenantConnection;

/// Lists the tenant's keys, including revoked ones, and people with these ids. Ids of others are left out.
pub async fn list_names(conn: &mut TenantConnection, ids: &[Uuid]) -> QueryResult<Vec<ActorName>> {
    let tenant = conn.tenant_id();
    let keys = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::id.eq_any(ids))
        .select((
            api_keys::id,
            true.into_sql::<Bool>(),
            api_keys::name.nullable(),
            None::<&str>.into_sql::<Nullable<Text>>(),
        ));
    let people = profiles::table
        .filter(profiles::tenant_id.eq(tenant))
        .filter(profiles::id.eq_any(ids))
        .select((profiles::id, false.into_sql::<Bool>(), profiles::name, profiles::email));
    let rows: Vec<(Uuid, bool, Option<String>, Option<String>)> =
        keys.union_all(people).load(&mut conn.reading()).await?;
    let named = |text: &String| !text.trim().is_empty();
    Ok(rows
        .into_iter()
        .map(|(id, is_key, name, email)| ActorName {
            id,
            is_key,
            name: name.filter(named).or_else(|| email.filter(named)),
        })
        .collect())
}
