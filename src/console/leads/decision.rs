//! Changes of what was decided about leads.

use database::ids::PlaceChangeId;
use database::models::enums::PlaceAction;
use database::models::place_change::{ChangedBy, PlaceCuration};
use database::repo;
use database::repo::leads::LeadFilter;
use database::tenant::TenantConnection;
use uuid::Uuid;

use crate::error::ApiResult;
use crate::guards::{Curate, SignedIn};
use crate::routes::places::who;

/// Changes leads, and returns how many and the id of the change.
pub async fn change(
    visit: &SignedIn<Curate>,
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    curation: &PlaceCuration,
    action: PlaceAction,
) -> ApiResult<(usize, PlaceChangeId)> {
    let who = who(visit);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action,
        who: &who,
    };
    let changed = repo::leads::change(conn, filter, curation, by).await?;
    Ok((changed, by.change_id))
}
