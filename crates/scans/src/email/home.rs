//! The home page, which every crawl starts at.

use jobs::{JobContext, JobError};
use web::fetch::{Candidates, FetchError, Want};

use super::crawl::Crawl;
use super::frontier::MAX_FETCHES;
use super::page::{Fetched, fetch};
use super::site::Scope;
use super::store;
use crate::Services;
use crate::failure::{job_error, outcome};

/// Fetches the home page from the first of its candidates that answers.
pub(super) async fn fetch_home(ctx: &JobContext<Services>, crawl: &Crawl, left: usize) -> Result<Fetched, JobError> {
    // Redirects may lead to any host below the registered domain.
    let scope = Scope::new(&crawl.name, None, true);
    let mut candidates = Candidates::new(&crawl.name, crawl.fetcher.timeout());
    while let Some((url, time)) = candidates.next() {
        let want = Want::html_or_card().within(time);
        match fetch(ctx, crawl, (&url, &scope), want, left).await? {
            Fetched::Failed { error, passed } => {
                if let Err(error) = candidates.failed(&url, error) {
                    return Ok(Fetched::Failed { error, passed });
                }
            }
            fetched => return Ok(fetched),
        }
    }
    Ok(Fetched::Failed {
        error: candidates.into_error(),
        passed: Vec::new(),
    })
}

/// Returns the error that ends an attempt without a home page, since there are no links to follow.
pub(super) async fn without(
    ctx: &JobContext<Services>,
    crawl: &mut Crawl,
    index: usize,
    error: FetchError,
) -> Result<JobError, JobError> {
    let is_last = crawl
        .frontier
        .get(index)
        .is_none_or(|entry| entry.fetches >= MAX_FETCHES);
    if error.is_dns_outage() {
        crawl.frontier.withdraw(index);
    } else {
        crawl.frontier.put_back(index);
    }
    store::urls(ctx, crawl).await?;
    Ok(if is_last && !error.is_dns_outage() {
        JobError::permanent(outcome(&error), error.to_string())
    } else {
        job_error(&error, ctx.attempt())
    })
}
