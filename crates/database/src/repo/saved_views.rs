//! Table `saved_views`.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::saved_views;

use crate::ids::SavedViewId;
use crate::models::saved_view::{NewSavedView, SavedView};
use crate::tenant::TenantConnection;

/// Lists up to `limit` views by name.
pub async fn list(conn: &mut TenantConnection, limit: i64) -> QueryResult<Vec<SavedView>> {
    let tenant = conn.tenant_id();
    SavedView::query()
        .filter(saved_views::tenant_id.eq(tenant))
        .order(saved_views::name)
        .limit(limit)
        .load(&mut conn.reading())
        .await
}

/// Saves a view; one with the same name is replaced.
pub async fn upsert(conn: &mut TenantConnection, new: &NewSavedView<'_>) -> QueryResult<SavedView> {
    let tenant = conn.tenant_id();
    diesel::insert_into(saved_views::table)
        .values((new, saved_views::tenant_id.eq(tenant)))
        .on_conflict((saved_views::tenant_id, saved_views::name))
        .do_update()
        .set((
            saved_views::query.eq(excluded(saved_views::query)),
            saved_views::saved_by.eq(excluded(saved_views::saved_by)),
            saved_views::saved_at.eq(excluded(saved_views::saved_at)),
        ))
        .returning(SavedView::as_returning())
        .get_result(conn)
        .await
}

/// Deletes a view.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: SavedViewId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        saved_views::table
            .filter(saved_views::tenant_id.eq(tenant))
            .filter(saved_views::id.eq(id)),
    )
    .returning(saved_views::id)
    .get_result::<SavedViewId>(conn)
    .await
    .map(drop)
}
