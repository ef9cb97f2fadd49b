//! Filters for lists of leads.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::{ExpressionMethods, PgArrayExpressionMethods, PgBinaryExpressionMethods, QueryDsl};
use diesel::sql_types::{Bool, Uuid};
use schema::leads;

use crate::ids::{DomainId, JobId, LeadId, TenantId};
use crate::models::enums::{ContactMark, CurationStatus};
use crate::repo::paging::containing;
use crate::repo::places::{Near, searched};

/// A query of leads.
pub(super) type Rows<'a> = leads::BoxedQuery<'a, Pg>;

/// Which leads to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter<'a> {
    /// Only these leads.
    pub ids: Option<&'a [LeadId]>,
    /// Only those with this curation status.
    pub status: Option<CurationStatus>,
    /// Only those with this tag.
    pub tag: Option<&'a str>,
    /// Only those with this priority or a higher one.
    pub min_priority: Option<i32>,
    /// Only those with at least this score.
    pub min_score: Option<i16>,
    /// Only those to be looked at again on this day or before.
    pub revisit_by: Option<chrono::NaiveDate>,
    /// Only those whose name or domain contains this text in its first 120 characters, ignoring case.
    pub text: Option<&'a str>,
    /// Only those whose place has this text in its address or searched location; see
    /// [`PlaceFilter::location`](crate::repo::places::PlaceFilter::location).
    pub location: Option<&'a str>,
    /// Only those whose place was found as this type of business.
    pub business_type: Option<&'a str>,
    /// Only those whose place is within this circle.
    pub near: Option<Near>,
    /// Only those whose place has at least this rating.
    pub min_rating: Option<f64>,
    /// Only those whose place was found by this search.
    pub search_job_id: Option<JobId>,
    /// Only those with this domain.
    pub domain_id: Option<DomainId>,
    /// Only those with an address that may be written to, or without one.
    pub has_email: Option<bool>,
    /// Only those with a telephone number, or without one.
    pub has_phone: Option<bool>,
    /// Only those with a contact that has this mark.
    pub mark: Option<ContactMark>,
    /// Only those whose site uses the technology with this name, in any case.
    pub technology: Option<&'a str>,
    /// Only those whose site is served over TLS, or is known not to be.
    pub has_ssl: Option<bool>,
    /// Only those whose certificate expires before this time.
    pub certificate_expires_before: Option<DateTime<Utc>>,
    /// Only those that say something else since this time.
    pub changed_since: Option<DateTime<Utc>>,
}

impl LeadFilter<'_> {
    /// Returns whether the filter looks for a text in every lead.
    pub(super) fn is_search(&self) -> bool {
        [self.text, self.location, self.technology].iter().any(Option::is_some)
    }
}

/// Returns the query of the tenant's matching leads.
pub(super) fn matching<'a>(tenant: TenantId, filter: &LeadFilter<'a>) -> Rows<'a> {
    let rows = leads::table.filter(leads::tenant_id.eq(tenant)).into_boxed();
    of_site(of_place(curated(rows, filter), tenant, filter), filter)
}

/// Restricts the query by what people decided, and by the lead itself.
fn curated<'a>(mut query: Rows<'a>, filter: &LeadFilter<'a>) -> Rows<'a> {
    if let Some(ids) = filter.ids {
        query = query.filter(leads::id.eq_any(ids));
    }
    if let Some(status) = filter.status {
        query = query.filter(leads::status.eq(status));
    }
    if let Some(tag) = filter.tag {
        // Stated twice: the first condition selects the partial index of leads with tags.
        query = query
            .filter(leads::tags.is_not_null())
            .filter(leads::tags.contains(vec![tag]));
    }
    if let Some(priority) = filter.min_priority {
        query = query.filter(leads::priority.ge(priority));
    }
    if let Some(day) = filter.revisit_by {
        query = query.filter(leads::revisit_date.le(day));
    }
    if let Some(text) = filter.text {
        query = query.filter(leads::search_name.like(searched(containing(text))));
    }
    if let Some(score) = filter.min_score {
        query = query.filter(leads::score.ge(score));
    }
    if let Some(since) = filter.changed_since {
        query = query.filter(leads::updated_at.ge(since));
    }
    query
}

/// Restricts the query by the leads' places.
fn of_place<'a>(mut query: Rows<'a>, tenant: TenantId, filter: &LeadFilter<'a>) -> Rows<'a> {
    if let Some(location) = filter.location {
        query = query.filter(leads::search_address.like(searched(containing(location))));
    }
    if let Some(business_type) = filter.business_type {
        query = query.filter(leads::business_type.eq(business_type));
    }
    if let Some(near) = filter.near {
        let ([south, north], [west, east]) = near.bounds();
        query = query
            .filter(leads::latitude.between(south, north))
            .filter(leads::longitude.between(west, east))
            .filter(near.contains());
    }
    if let Some(rating) = filter.min_rating {
        query = query.filter(leads::rating.ge(rating));
    }
    if let Some(job) = filter.search_job_id {
        // Places of the old system only know their last search.
        query = query.filter(
            sql::<Bool>(
                "leads.place_id IN (
                     SELECT s.place_id FROM places_staging s WHERE s.tenant_id = ",
            )
            .bind::<Uuid, _>(tenant)
            .sql(" AND s.search_job_id = ")
            .bind::<Uuid, _>(job)
            .sql(" UNION SELECT f.place_id FROM place_finds f WHERE f.tenant_id = ")
            .bind::<Uuid, _>(tenant)
            .sql(" AND f.search_job_id = ")
            .bind::<Uuid, _>(job)
            .sql(")"),
        );
    }
    query
}

/// Restricts the query by the leads' domains, their sites and contacts.
fn of_site<'a>(mut query: Rows<'a>, filter: &LeadFilter<'a>) -> Rows<'a> {
    if let Some(domain) = filter.domain_id {
        query = query.filter(leads::domain_id.eq(domain));
    }
    if let Some(wanted) = filter.has_email {
        query = query.filter(leads::has_email.eq(wanted));
    }
    if let Some(wanted) = filter.has_phone {
        query = query.filter(leads::has_phone.eq(wanted));
    }
    query = match filter.mark {
        None => query,
        Some(ContactMark::Contacted) => query.filter(leads::is_contacted),
        Some(ContactMark::Bounced) => query.filter(leads::has_bounced),
        Some(ContactMark::Wrong) => query.filter(leads::has_wrong),
    };
    if let Some(name) = filter.technology {
        // Each name is between line feeds.
        let line = containing(&format!("\n{name}\n"));
        query = query.filter(leads::search_technologies.like(searched(line)));
    }
    if let Some(wanted) = filter.has_ssl {
        query = query.filter(leads::has_ssl.eq(wanted));
    }
    if let Some(time) = filter.certificate_expires_before {
        query = query.filter(leads::certificate_expires_at.lt(time));
    }
    query
}
