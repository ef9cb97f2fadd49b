//! Table `saved_views`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::saved_views;

use crate::ids::{SavedViewId, TenantId, UserId};

/// A filter of the list of leads that somebody gave a name.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = saved_views)]
pub struct SavedView {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Identifies the view.
    pub id: SavedViewId,
    /// Its name, which no other view of the tenant has.
    pub name: String,
    /// The query of the list's address.
    pub query: String,
    /// Who saved it last: a user or an API key.
    pub saved_by: Option<UserId>,
    /// When it was saved last.
    pub saved_at: DateTime<Utc>,
}

/// A new [`SavedView`].
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = saved_views)]
pub struct NewSavedView<'a> {
    /// Its name.
    pub name: &'a str,
    /// The query of the list's address.
    pub query: &'a str,
    /// Who saves it: a user or an API key.
    pub saved_by: Option<UserId>,
}
