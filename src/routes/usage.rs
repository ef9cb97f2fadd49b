//! What the tenant uses of its quotas.

use jobs::count_stored_rows;
use rocket::get;
use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};

handlers![get_usage];

/// What the tenant uses.
#[derive(Debug, Serialize, ToSchema)]
struct Usage {
    /// Rows in the tables that grow with what is found.
    stored_rows: Share,
}

/// How much of a quota is used.
#[derive(Debug, Serialize, ToSchema)]
struct Share {
    used: i64,
    /// The quota; null means no limit.
    limit: Option<i64>,
}

/// Returns how many rows the tenant has stored, and how many it may.
#[utoipa::path(
    tag = "Accounts",
    responses((status = 200, body = Usage)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/usage")]
async fn get_usage(caller: Caller<Read>, db: Db<'_>) -> ApiResult<Json<Usage>> {
    let mut conn = db.tenant(&caller).await?;
    let used = count_stored_rows(&mut conn).await?;
    conn.commit().await?;
    Ok(Json(Usage {
        stored_rows: Share {
            used,
            limit: caller.stored_rows(),
        },
    }))
}
