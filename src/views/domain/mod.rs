//! A domain with the facts known about its site.

mod change;
mod csv;
mod evidence;
mod hosting;
mod profile;
mod row;
mod technologies;

pub use self::change::DomainChangeView;
pub use self::csv::DOMAIN_CSV_HEAD;
pub use self::evidence::{ClaimedEvidence, DomainEvidenceView};
pub use self::hosting::DomainHostingView;
pub use self::profile::DomainProfileView;
pub use self::row::DomainView;
pub use self::technologies::DomainTechnologiesView;

use database::models::domain::Domain;
use database::models::domain_hosting::DomainHosting;
use database::models::domain_profile::DomainProfile;
use database::models::domain_technologies::DomainTechnologies;
use serde::Serialize;
use utoipa::ToSchema;

/// A domain with all facts known about its site.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainDetailsView {
    /// The domain itself.
    #[serde(flatten)]
    pub domain: DomainView,
    /// What the site says; null before the first scan.
    pub profile: Option<DomainProfileView>,
    /// The site's technologies; null before the first scan.
    pub technologies: Option<DomainTechnologiesView>,
    /// The site's hosting; null before the first scan.
    pub hosting: Option<DomainHostingView>,
}

impl
    From<(
        Domain,
        Option<DomainProfile>,
        Option<DomainTechnologies>,
        Option<DomainHosting>,
    )> for DomainDetailsView
{
    fn from(
        (domain, profile, technologies, hosting): (
            Domain,
            Option<DomainProfile>,
            Option<DomainTechnologies>,
            Option<DomainHosting>,
        ),
    ) -> Self {
        Self {
            domain: domain.into(),
            profile: profile.map(Into::into),
            technologies: technologies.map(Into::into),
            hosting: hosting.map(Into::into),
        }
    }
}
