//! Table `sitemap_file_curations`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::sitemap_file_curations;

use crate::ids::SitemapFileId;
use crate::models::sitemap_file_curation::{SitemapFileCuration, SitemapFileCurationChanges};
use crate::tenant::TenantConnection;

/// Looks up what people say of a sitemap file.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, file: SitemapFileId) -> QueryResult<Option<SitemapFileCuration>> {
    let tenant = conn.tenant_id();
    SitemapFileCuration::query()
        .filter(sitemap_file_curations::tenant_id.eq(tenant))
        .filter(sitemap_file_curations::sitemap_file_id.eq(file))
        .first(conn)
        .await
        .optional()
}

/// Writes what people say of a sitemap file, over what they said before where `changes` says so.
///
/// # Errors
///
/// A foreign key violation when the tenant has no such file, and those of the database.
pub async fn upsert(
    conn: &mut TenantConnection,
    file: SitemapFileId,
    changes: &SitemapFileCurationChanges<'_>,
) -> QueryResult<SitemapFileCuration> {
    let tenant = conn.tenant_id();
    diesel::insert_into(sitemap_file_curations::table)
        .values((
            changes,
            sitemap_file_curations::tenant_id.eq(tenant),
            sitemap_file_curations::sitemap_file_id.eq(file),
        ))
        .on_conflict((
            sitemap_file_curations::tenant_id,
            sitemap_file_curations::sitemap_file_id,
        ))
        .do_update()
        // Set once more, so that no changes at all are no error.
        .set((changes, sitemap_file_curations::sitemap_file_id.eq(file)))
        .returning(SitemapFileCuration::as_returning())
        .get_result(conn)
        .await
}
