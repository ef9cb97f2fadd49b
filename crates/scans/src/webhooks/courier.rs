//! Posts deliveries to webhooks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::{TenantId, WebhookId, WebhookTurn};
use database::models::enums::{DeliveryStatus, DisabledBecause};
use database::models::webhook::Webhook;
use database::models::webhook_delivery::{Try, WebhookDelivery};
use database::models::webhook_secret::WebhookSecret;
use database::pool::Pool;
use database::repo::webhooks::turns;
use database::repo::{self, webhook_deliveries, webhook_secrets, webhooks};
use jobs::Trace;
use rand::RngExt;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;
use web::fetch::{FetchConfig, FetchError, Poster, Reply, SetupError};

use super::config::WebhooksConfig;
use super::plan::{TRIES_IN_ORDER, pause_after, wait_after};
use super::signature::sign;

/// How many webhooks a process posts to at a time.
const MAX_WEBHOOKS: usize = 32;
/// How many webhooks get events in one statement, and how many events each.
const MAX_FOLLOWED: i64 = 100;
const MAX_EVENTS: i64 = 500;
/// The time between two looks for events and deliveries.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How much longer than its post a turn holds.
const MARGIN: Duration = Duration::from_secs(5);
/// How much of an answer is kept, in characters.
const MAX_ANSWER_CHARS: usize = 1000;
/// The status by which a receiver ends a webhook.
const GONE: u16 = 410;

/// Returns the id and the body by which a delivery is posted.
pub type Write = fn(&WebhookDelivery) -> serde_json::Result<(String, String)>;

/// Posts deliveries. Any number of couriers, in any number of processes, share one database.
pub struct Courier(Arc<Inner>);

struct Inner {
    pool: Pool,
    poster: Poster,
    config: WebhooksConfig,
    write: Write,
}

/// A try that begins.
struct Next {
    webhook: Webhook,
    delivery: WebhookDelivery,
    secrets: Vec<WebhookSecret>,
    /// The trace of the request that led to the event.
    trace: Option<Trace>,
}

/// What a courier learned of a try.
struct Tried {
    delivery: WebhookDelivery,
    made: Try,
    retry_after: Option<Duration>,
}

impl Courier {
    /// Creates a courier, which is idle until [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// Returns an error if the settings of outbound HTTP are invalid.
    pub fn new(pool: Pool, fetch: &FetchConfig, config: WebhooksConfig, write: Write) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Inner {
            pool,
            poster: Poster::new(fetch, config.timeout)?,
            config,
            write,
        })))
    }

    /// Posts deliveries until it is dropped; what it was posting then is posted once more, when its turns have ended.
    pub async fn run(self) {
        let mut posting = JoinSet::new();
        let mut is_down = false;
        loop {
            while posting.try_join_next().is_some() {}
            match self.look(&mut posting).await {
                Ok(()) => is_down = false,
                // An outage is logged once.
                Err(error) if is_down => log::debug!("looking for webhooks failed again: {error:#}"),
                Err(error) => {
                    log::warn!("looking for webhooks failed, retrying until it succeeds: {error:#}");
                    is_down = true;
                }
            }
            let pause = LOOK_EVERY.mul_f64(rand::rng().random_range(0.8..=1.2));
            tokio::time::sleep(pause).await;
        }
    }

    /// Turns events into deliveries, and begins to post to webhooks with deliveries that are due.
    async fn look(&self, posting: &mut JoinSet<()>) -> anyhow::Result<()> {
        loop {
            let mut conn = self.0.pool.system().await?;
            let behind = turns::queue(&mut conn, MAX_FOLLOWED, MAX_EVENTS).await?;
            conn.commit().await?;
            if behind < MAX_EVENTS {
                break;
            }
        }
        let free = MAX_WEBHOOKS.saturating_sub(posting.len());
        if free == 0 {
            return Ok(());
        }
        let mut conn = self.0.pool.system().await?;
        let (found, turn) = turns::take(&mut conn, i64::try_from(free)?, self.0.turn()).await?;
        conn.commit().await?;
        for (tenant, webhook) in found {
            let inner = Arc::clone(&self.0);
            posting.spawn(async move {
                if let Err(error) = inner.post_all(tenant, webhook, turn).await {
                    // Its turn ends, and somebody goes on.
                    log::debug!("webhook {webhook}: posting ended: {error:#}");
                }
            });
        }
        Ok(())
    }
}

impl Inner {
    /// Returns how long a turn holds: longer than a post.
    fn turn(&self) -> TimeDelta {
        as_delta(self.config.timeout + MARGIN)
    }

    /// Posts what is due of a webhook, in the order of events, until nothing is or the turn is lost.
    async fn post_all(&self, tenant: TenantId, id: WebhookId, turn: WebhookTurn) -> anyhow::Result<()> {
        let mut tried = None;
        while let Some(next) = self.next(tenant, id, turn, tried).await? {
            tried = Some(self.post(next).await?);
        }
        Ok(())
    }

    /// Notes a try, and begins the next one; `None` if nothing is due, or the webhook was disabled or its turn lost.
    async fn next(
        &self,
        tenant: TenantId,
        id: WebhookId,
        turn: WebhookTurn,
        tried: Option<Tried>,
    ) -> anyhow::Result<Option<Next>> {
        let mut conn = self.pool.tenant(tenant).await?;
        let Some(webhook) = turns::keep(&mut conn, id, turn, self.turn()).await? else {
            return Ok(None);
        };
        let may_go_on = match tried {
            Some(tried) => self.note(&mut conn, &webhook, tried).await?,
            None => true,
        };
        let next = if may_go_on {
            webhook_deliveries::begin_next(&mut conn, id).await?
        } else {
            None
        };
        let Some(delivery) = next else {
            turns::end(&mut conn, id, turn).await?;
            conn.commit().await?;
            return Ok(None);
        };
        let secrets = webhook_secrets::list_valid(&mut conn, webhook.signed_as()).await?;
        let trace = repo::jobs::find_traceparent(&mut conn, delivery.job_id, delivery.batch_id).await?;
        conn.commit().await?;
        Ok(Some(Next {
            webhook,
            delivery,
            secrets,
            trace: trace.and_then(|text| text.parse().ok()),
        }))
    }

    /// Posts a delivery.
    async fn post(
        &self,
        Next {
            webhook,
            delivery,
            secrets,
            trace,
        }: Next,
    ) -> anyhow::Result<Tried> {
        let (id, body) = (self.write)(&delivery)?;
        let at = Utc::now();
        let begun = Instant::now();
        let mut headers = vec![
            ("webhook-id", id.clone()),
            ("webhook-timestamp", at.timestamp().to_string()),
            ("webhook-signature", sign(&secrets, &id, at.timestamp(), &body)),
        ];
        headers.extend(trace.map(|trace| ("traceparent", trace.call().to_string())));
        let answer = match Url::parse(&webhook.url) {
            Ok(url) => self.poster.post_json(&url, &headers, &body).await,
            Err(_) => Err(FetchError::BadUrl("it is not a URL")),
        };
        let made = made(at, begun.elapsed(), &answer);
        Ok(Tried {
            delivery,
            made,
            retry_after: answer.ok().and_then(|reply| reply.retry_after),
        })
    }

    /// Notes a try, and returns whether the next one may follow at once.
    async fn note(
        &self,
        conn: &mut database::tenant::TenantConnection,
        webhook: &Webhook,
        tried: Tried,
    ) -> anyhow::Result<bool> {
        let Tried {
            delivery,
            made,
            retry_after,
        } = tried;
        let status = made.status.unwrap_or_default();
        if (200..300).contains(&status) {
            webhook_deliveries::note_try(conn, delivery.id, &made, DeliveryStatus::Delivered, TimeDelta::zero())
                .await?;
            turns::note_success(conn, webhook.id).await?;
            return Ok(true);
        }
        let wait = wait_after(delivery.attempts, self.config.retry);
        let pause = pause_after(status, retry_after, wait.unwrap_or_default());
        let (became, wait) = match wait {
            Some(wait) => (DeliveryStatus::Waiting, as_delta(wait.max(pause.unwrap_or_default()))),
            None => (DeliveryStatus::Failed, TimeDelta::zero()),
        };
        webhook_deliveries::note_try(conn, delivery.id, &made, became, wait).await?;
        if became == DeliveryStatus::Waiting && delivery.attempts < TRIES_IN_ORDER {
            webhook_deliveries::hold_back(conn, &delivery, wait).await?;
        }
        let failing_since = turns::note_failure(conn, webhook.id, pause.map(as_delta)).await?;
        let because = if status == GONE {
            DisabledBecause::Gone
        } else if self.has_failed_for_long(failing_since) {
            DisabledBecause::Failing
        } else {
            return Ok(pause.is_none());
        };
        if webhooks::disable(conn, webhook.id, because).await? {
            log::info!(
                "webhook {} of tenant {} is disabled: {because}",
                webhook.id,
                webhook.tenant_id
            );
        }
        Ok(false)
    }

    fn has_failed_for_long(&self, since: Option<DateTime<Utc>>) -> bool {
        match (since, self.config.give_up) {
            (Some(since), Some(give_up)) => Utc::now() - since > as_delta(give_up),
            _ => false,
        }
    }
}

/// Returns what is stored of a try.
fn made(at: DateTime<Utc>, took: Duration, answer: &Result<Reply, FetchError>) -> Try {
    let reply = answer.as_ref().ok();
    let text = reply.map(|reply| String::from_utf8_lossy(&reply.body).replace('\0', "\u{fffd}"));
    Try {
        at,
        seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
        status: reply.map(|reply| reply.status),
        answer: text.map(|text| text.chars().take(MAX_ANSWER_CHARS).collect::<String>()),
        error: answer.as_ref().err().map(ToString::to_string),
    }
}

/// Returns a time as the database takes it; one beyond the calendar becomes the longest.
fn as_delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Courier").field(&self.0.config).finish()
    }
}
