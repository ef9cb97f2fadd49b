//! The home page, which every crawl starts at.

use jobs::{JobContext, JobError};
use url::Url;
use web::fetch::{FailureKind, FetchError};

use super::crawl::Crawl;
use super::frontier::MAX_FETCHES;
use super::page::{Fetched, fetch};
use super::site::Scope;
use super::store;
use crate::Services;
use crate::failure::{is_silence, job_error, outcome, real_cause};

/// Fetches the home page by https or else by http, and under `www.` if the bare name does not resolve.
pub(super) async fn fetch_home(ctx: &JobContext<Services>, crawl: &Crawl, left: usize) -> Result<Fetched, JobError> {
    // Redirects may lead to any host below the registered domain.
    let scope = Scope::new(&crawl.name, None, true);
    let mut first: Option<FetchError> = None;
    for host in [crawl.name.clone(), format!("www.{}", crawl.name)] {
        for scheme in ["https", "http"] {
            let Ok(url) = Url::parse(&format!("{scheme}://{host}/")) else {
                continue;
            };
            match fetch(ctx, &url, &scope, &crawl.frontier, left).await? {
                Fetched::Failed { error, passed } => {
                    let is_dns = error.kind() == FailureKind::Dns;
                    if !is_silence(&error) && !is_dns {
                        return Ok(Fetched::Failed { error, passed });
                    }
                    first = Some(match first {
                        None => error,
                        // If neither name resolves, the error names the one that was requested.
                        Some(first) if is_dns => first,
                        Some(first) if first.kind() == FailureKind::Dns => error,
                        Some(first) => real_cause(first, error),
                    });
                    if is_dns {
                        break;
                    }
                }
                fetched => return Ok(fetched),
            }
        }
        if first.as_ref().is_some_and(|error| error.kind() != FailureKind::Dns) {
            break;
        }
    }
    let error = first.unwrap_or(FetchError::BadUrl("its host is not a valid name"));
    Ok(Fetched::Failed {
        error,
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
    crawl.frontier.put_back(index);
    store::urls(ctx, crawl).await?;
    let (outcome, message) = (outcome(&error), error.to_string());
    Ok(if is_last || !error.is_transient() {
        JobError::permanent(outcome, message)
    } else {
        job_error(&error)
    })
}
