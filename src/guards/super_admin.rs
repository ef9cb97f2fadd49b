//! Super administrators, who manage tenants.

use database::ids::TenantId;
use database::models::audit_entry::NewAuditEntry;
use database::models::values::RawJson;
use database::repo;
use database::tenant::SystemConnection;
use rocket::request::{FromRequest, Outcome, Request};

use super::caller::Known;
use crate::error::{ApiError, ApiResult};

/// A person whose role holds for every tenant: `SUPER_ADMIN` or `GLOBAL_ADMIN`. An API key never is one.
///
/// The guard counts the request as [`Caller`](super::Caller) does.
#[derive(Debug)]
pub struct SuperAdmin {
    known: Known,
}

impl SuperAdmin {
    /// Returns a caller as a super administrator.
    ///
    /// # Errors
    ///
    /// [`ApiError::Forbidden`] if it is none.
    pub(super) fn with(known: Known) -> ApiResult<Self> {
        if known.may_act_for_all {
            return Ok(Self { known });
        }
        let detail = "this request requires a token of a person with the role SUPER_ADMIN or GLOBAL_ADMIN";
        Err(ApiError::Forbidden(detail.to_owned()))
    }

    /// Returns the person's own tenant.
    #[must_use]
    pub fn home(&self) -> TenantId {
        self.known.home
    }

    /// Adds an entry to the audit log of a tenant, in the transaction that does something to it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn note(
        &self,
        conn: &mut SystemConnection,
        about: TenantId,
        action: &str,
        details: serde_json::Value,
    ) -> ApiResult<()> {
        let actor = self.known.actor.acting_in(about == self.known.home);
        let details = RawJson::from(details);
        let entry = NewAuditEntry {
            actor: &actor.to_string(),
            action,
            subject: Some(&about.to_string()),
            details: Some(&details),
            request_id: Some(self.known.request.0),
        };
        repo::audit_log::insert_about(conn, about, &entry).await?;
        Ok(())
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for SuperAdmin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let known = match Known::of(request).await {
            Ok(known) => known,
            Err(status) => return Outcome::Error((status, ())),
        };
        match Self::with(known) {
            Ok(admin) => Outcome::Success(admin),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
