//! Fetching and reading a page of a crawl.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jobs::{JobContext, JobError};
use url::Url;
use web::extract::technology::Rules;
use web::extract::{PageReading, read_card, read_page};
use web::fetch::{FetchError, Page, Want};
use web::html::{self, Limits};
use web::sitemap::discover::PageLinks;
use web::stand_in::StandIn;

use super::crawl::Crawl;
use super::site::{Scope, is_page};
use crate::Services;
use crate::failure::job_error;

/// The result of requesting a URL.
pub(super) enum Fetched {
    /// A response, with its content or the reason why it has none.
    Page(Box<Page>, Result<Read, String>),
    /// A redirect that is not followed.
    Redirect {
        page: Box<Page>,
        /// The target of the redirect.
        to: Option<Url>,
        /// Whether the target is on the site.
        is_on_site: bool,
    },
    /// The request failed, or the site's page is not its own.
    Failed {
        error: FetchError,
        /// The targets of the redirects followed before.
        passed: Vec<Url>,
    },
}

/// The content of a page.
pub(super) struct Read {
    pub(super) reading: PageReading,
    /// URLs of the sitemaps that the page names.
    pub(super) sitemaps: Vec<String>,
}

/// Fetches a URL of the site. Follows at most `left` redirects, to pages of the site that have not been fetched.
pub(super) async fn fetch(
    ctx: &JobContext<Services>,
    crawl: &Crawl,
    (url, scope): (&Url, &Scope),
    want: Want,
    left: usize,
) -> Result<Fetched, JobError> {
    let frontier = &crawl.frontier;
    let passed = Mutex::new(Vec::new());
    let follows = |next: &Url| {
        let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
        let goes_on = scope.holds(next) && is_page(next) && !frontier.is_done(next) && passed.len() < left;
        if goes_on {
            passed.push(next.clone());
        }
        goes_on
    };
    let page = match crawl.fetcher.get_while(url, want, &follows).await {
        Ok(page) => page,
        Err(error @ FetchError::File(_)) if !error.is_shortage() => return Err(job_error(&error, ctx.attempt())),
        Err(error) => {
            let mut passed = passed.into_inner().unwrap_or_else(PoisonError::into_inner);
            // URLs that were already requested are counted only once.
            let mut seen = HashSet::from([url.clone()]);
            passed.retain(|hop| seen.insert(hop.clone()));
            return Ok(Fetched::Failed { error, passed });
        }
    };
    if page.status.is_redirection() {
        let location = page.headers.get("location").and_then(|value| value.to_str().ok());
        let to = location.and_then(|location| page.final_url.join(location).ok());
        return Ok(Fetched::Redirect {
            is_on_site: to.as_ref().is_some_and(|to| scope.holds(to)),
            to,
            page: Box::new(page),
        });
    }
    if !page.status.is_success() {
        let reason = format!("the server answered with status {}", page.status.as_u16());
        return Ok(Fetched::Page(Box::new(page), Err(reason)));
    }
    let rules = ctx.services().rules.clone();
    let (page, read) = ctx
        .blocking(move || {
            let read = read(&page, &rules);
            (page, read)
        })
        .await?;
    let stand_in = read.as_ref().ok().and_then(|read| read.reading.stand_in);
    if let Some(what) = stand_in.filter(|what| *what != StandIn::Shell) {
        let host = page.final_url.host_str().unwrap_or_default().to_owned();
        let hops = page.redirects.iter().skip(1).chain(Some(&page.final_url));
        let passed = hops.filter(|_| !page.redirects.is_empty()).cloned().collect();
        return Ok(Fetched::Failed {
            error: FetchError::StandIn { host, what },
            passed,
        });
    }
    Ok(Fetched::Page(Box::new(page), read))
}

fn read(page: &Page, rules: &Rules) -> Result<Read, String> {
    let text = page.text();
    let is_card = page
        .content_type()
        .is_some_and(|kind| kind.contains("vcard") || kind.contains("directory"));
    if is_card {
        return Ok(Read {
            reading: read_card(&text.text, &page.final_url),
            sitemaps: Vec::new(),
        });
    }
    let document = html::parse(&text.text, &Limits::default()).map_err(|error| error.to_string())?;
    let sitemaps = PageLinks::of(document.html(), &page.final_url).sitemaps;
    Ok(Read {
        reading: read_page(&document, &page.final_url, rules),
        sitemaps: sitemaps.into_iter().take(10).map(String::from).collect(),
    })
}
