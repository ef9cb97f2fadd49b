//! Deliveries of events to webhooks.

use database::ids::{WebhookDeliveryId, WebhookId};
use database::models::webhook_delivery::{DeliveryPosition, WebhookDelivery};
use database::repo;
use database::tenant::TenantConnection;
use rocket::serde::json::Json;
use rocket::{get, post};

use super::query::{Asked, PageQuery, PathId, word};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Caller, Db, NoFields, OptionalBody};
use crate::views::Page;
use crate::views::answer::Created;
use crate::views::webhook::DeliveryView;
use crate::views::words::DeliveryStatusWord;

handlers![test_webhook, list_deliveries, get_delivery, redeliver];

/// Posts an event of kind `webhook.tested` to a webhook, whatever kinds it wants, and returns its delivery, which is tried at once.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>),
    request_body = Option<NoFields>,
    responses((status = 201, body = DeliveryView), (status = 409, description = "The webhook is disabled.")),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/webhooks/<id>/test", data = "<_body>")]
async fn test_webhook(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    _body: OptionalBody<NoFields>,
) -> ApiResult<Created<DeliveryView>> {
    let delivery = test(&caller, &db, id.0).await?;
    let path = format!("/api/v1/webhooks/{}/deliveries/{}", id.0, delivery.id);
    Ok(Created::new(path, view(delivery)?))
}

/// Posts an event that a webhook is tested to it, and returns its delivery.
///
/// # Errors
///
/// [`ApiError::NotFound`], [`ApiError::Conflict`] if the webhook is disabled, and those of the database.
pub(crate) async fn test(caller: &Caller<Admin>, db: &Db<'_>, id: WebhookId) -> ApiResult<WebhookDelivery> {
    let mut conn = db.tenant(caller).await?;
    require_enabled(&mut conn, id).await?;
    let delivery = repo::webhook_deliveries::insert_test(&mut conn, id).await?;
    conn.commit().await?;
    Ok(delivery)
}

/// Lists the deliveries of a webhook, those of the newest events first.
#[utoipa::path(
    tag = "Webhooks",
    params(
        PathId<WebhookId>,
        PageQuery<'static>,
        ("status" = Option<DeliveryStatusWord>, Query, description = "Only deliveries with this status."),
    ),
    responses((status = 200, body = Page<DeliveryView>)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/webhooks/<id>/deliveries?<status>")]
async fn list_deliveries(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    page: PageQuery<'_>,
    status: Option<&str>,
) -> ApiResult<Page<DeliveryView>> {
    let asked = Asked::read(&page, &())?;
    let status = status.map(|text| word("status", text)).transpose()?;
    let mut conn = db.tenant(&caller).await?;
    repo::webhooks::get(&mut conn, id.0).await?;
    let mut found = repo::webhook_deliveries::list(&mut conn, id.0, status, &asked.paging).await?;
    let next_cursor = asked.cut(&mut found, |delivery| DeliveryPosition {
        clock: delivery.clock,
        id: delivery.event_id,
    })?;
    Ok(Page {
        items: found.into_iter().map(view).collect::<ApiResult<_>>()?,
        next_cursor,
        total: None,
    })
}

/// Returns a delivery, with each try and its answer.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>, ("delivery_id" = Uuid, Path, description = "Id of the delivery.")),
    responses((status = 200, body = DeliveryView)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/webhooks/<id>/deliveries/<delivery_id>")]
async fn get_delivery(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    delivery_id: PathId<WebhookDeliveryId>,
) -> ApiResult<Json<DeliveryView>> {
    let mut conn = db.tenant(&caller).await?;
    let delivery = repo::webhook_deliveries::get(&mut conn, id.0, delivery_id.0).await?;
    Ok(Json(view(delivery)?))
}

/// Sends an event again, whatever became of its delivery, with all tries from now on.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>, ("delivery_id" = Uuid, Path, description = "Id of the delivery.")),
    request_body = Option<NoFields>,
    responses((status = 200, body = DeliveryView), (status = 409, description = "The webhook is disabled.")),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/webhooks/<id>/deliveries/<delivery_id>/redeliver", data = "<_body>")]
async fn redeliver(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    delivery_id: PathId<WebhookDeliveryId>,
    _body: OptionalBody<NoFields>,
) -> ApiResult<Json<DeliveryView>> {
    let delivery = send_again(&caller, &db, (id.0, delivery_id.0)).await?;
    Ok(Json(view(delivery)?))
}

/// Sends the event of a delivery to its webhook again.
///
/// # Errors
///
/// [`ApiError::NotFound`], [`ApiError::Conflict`] if the webhook is disabled, and those of the database.
pub(crate) async fn send_again(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    (webhook, id): (WebhookId, WebhookDeliveryId),
) -> ApiResult<WebhookDelivery> {
    let mut conn = db.tenant(caller).await?;
    require_enabled(&mut conn, webhook).await?;
    let delivery = repo::webhook_deliveries::retry(&mut conn, webhook, id).await?;
    conn.commit().await?;
    Ok(delivery)
}

/// Refuses a webhook that is disabled: nothing is posted to it.
async fn require_enabled(conn: &mut TenantConnection, id: WebhookId) -> ApiResult<()> {
    if repo::webhooks::get(conn, id).await?.disabled_at.is_some() {
        let detail = "the webhook is disabled: enable it with `\"is_enabled\": true` first";
        return Err(ApiError::Conflict(detail.to_owned()));
    }
    Ok(())
}

fn view(delivery: WebhookDelivery) -> ApiResult<DeliveryView> {
    DeliveryView::new(delivery).map_err(|error| ApiError::Internal(format!("serializing a delivery failed: {error}")))
}
