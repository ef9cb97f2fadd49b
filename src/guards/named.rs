//! What a request of the API names in its header fields and query: its credential and its tenant.

use rocket::request::Request;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult};

/// Returns the credential of a request.
pub(super) fn credential<'r>(request: &'r Request<'_>) -> ApiResult<&'r str> {
    let mut headers = request.headers().get("Authorization");
    let header = headers.next().ok_or(ApiError::Unauthorized(
        "missing Authorization header: send `Authorization: Bearer <API key or token>`",
    ))?;
    if headers.next().is_some() {
        return Err(ApiError::Unauthorized(
            "more than one Authorization header: send exactly one",
        ));
    }
    match header.split_once(' ') {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => Ok(credential.trim()),
        _ => Err(ApiError::Unauthorized(
            "the Authorization header must be `Bearer <API key or token>`",
        )),
    }
}

/// Reads the id of a tenant.
pub(super) fn read_tenant(named: &str) -> ApiResult<Uuid> {
    Uuid::parse_str(named.trim())
        .map_err(|_| ApiError::bad_request("tenant_id", format!("tenant_id is {named:?}: it must be a UUID")))
}

/// Returns the tenant that the header or the query names. An empty query parameter names none.
pub(super) fn named_tenant(request: &Request<'_>) -> ApiResult<Option<Uuid>> {
    let headers = request.headers().get("X-Tenant-Id").map(read_tenant);
    let query = request
        .query_fields()
        .filter(|field| field.name == "tenant_id" && !field.value.is_empty());
    let mut named = None;
    for tenant in headers.chain(query.map(|field| read_tenant(field.value))) {
        let tenant = tenant?;
        if named.replace(tenant).is_some_and(|earlier| earlier != tenant) {
            return Err(ApiError::bad_request(
                "tenant_id",
                "the request names two tenants: X-Tenant-Id and tenant_id must agree",
            ));
        }
    }
    Ok(named)
}
