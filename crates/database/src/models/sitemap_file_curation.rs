//! Table `sitemap_file_curations`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::sitemap_file_curations;

use super::values::TextList;
use crate::ids::{SitemapFileId, TenantId};

/// What people say of a sitemap file.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_file_curations)]
pub struct SitemapFileCuration {
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The file it is about.
    pub sitemap_file_id: SitemapFileId,
    /// How important it is: higher comes first.
    pub priority: Option<i32>,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// That person's name.
    pub user_name: Option<String>,
    /// What people wrote about it.
    pub notes: Option<String>,
    /// Labels that people gave it.
    pub tags: Option<TextList>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Not to be worked on before.
    pub process_after: Option<DateTime<Utc>>,
}

/// What to change about a [`SitemapFileCuration`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset, Insertable)]
#[diesel(table_name = sitemap_file_curations)]
pub struct SitemapFileCurationChanges<'a> {
    /// How important it is: higher comes first.
    pub priority: Option<Option<i32>>,
    /// Where the lead came from.
    pub lead_source: Option<Option<&'a str>>,
    /// That person's name.
    pub user_name: Option<Option<&'a str>>,
    /// What people wrote about it.
    pub notes: Option<Option<&'a str>>,
    /// Labels that people gave it.
    pub tags: Option<Option<&'a TextList>>,
    /// Whether it is in use.
    pub is_active: Option<Option<bool>>,
    /// Not to be worked on before.
    pub process_after: Option<Option<DateTime<Utc>>>,
}
