//! Callers of answers that last longer than a credential may.

use rocket::request::Request;

use super::caller::{Caller, Managed, Permission};
use crate::error::ApiError;

impl<P: Permission> Caller<P> {
    /// Returns whether the request's credential still gives the caller what it gave at first. While that cannot be asked, it
    /// does.
    pub async fn is_still_valid(&self, request: &Request<'_>) -> bool {
        let Ok(state) = Managed::of(request) else {
            return false;
        };
        let found = match &self.known.session {
            Some(hash) => state
                .identities
                .session(state.pool, hash)
                .await
                .map(|(identity, _)| identity),
            None => state.identify_by_header(request).await,
        };
        match found {
            Ok(identity) => {
                identity.tenant == self.known.home
                    && (self.known.tenant == self.known.home || identity.may_act_for_all)
                    && P::SCOPE.is_none_or(|scope| identity.scopes.contains(&scope))
            }
            Err(error) => !matches!(error, ApiError::Unauthorized(_) | ApiError::Forbidden(_)),
        }
    }
}
