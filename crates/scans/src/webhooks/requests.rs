//! URLs that requests name.

use database::repo::webhook_secrets;
use database::repo::webhooks::requests;
use jobs::{Submission, SubmitError};

pub use database::repo::webhooks::requests::Ending;

/// Why a request may not name a URL before it has a secret.
const NO_SECRET: &str = "webhook_url needs a secret that signs what is posted: an administrator makes it with \
                         POST /api/v1/webhooks/secret";

/// Lets the end of what a request submitted be posted to the URL that it names, if it names one. Whatever else ends in the same way,
/// such as the same job when it is retried, is posted as well.
///
/// Called behind the submission: what ends is locked then, or not seen by workers yet, so that it cannot have ended unnoticed.
///
/// # Errors
///
/// [`SubmitError::Conflict`] if the tenant has no secret for it, or nothing is posted to the URL any more, and the errors of the
/// database.
pub async fn tell_of_end(
    submission: &mut Submission<'_>,
    url: Option<&str>,
    ending: Ending,
) -> Result<(), SubmitError> {
    let Some(url) = url else { return Ok(()) };
    let conn = submission.conn();
    let webhook = requests::upsert(conn, url).await?;
    if webhook_secrets::list_valid(conn, webhook.signed_as()).await?.is_empty() {
        return Err(SubmitError::Conflict(NO_SECRET.to_owned()));
    }
    if let Some(because) = webhook.disabled_because {
        return Err(SubmitError::Conflict(format!(
            "webhook_url is disabled ({because}): an administrator enables it with PATCH /api/v1/webhooks/{}",
            webhook.id
        )));
    }
    requests::follow(conn, webhook.id, ending).await?;
    Ok(())
}
