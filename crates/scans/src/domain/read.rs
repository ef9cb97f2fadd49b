//! Reading of a page.

use database::models::enums::Outcome;
use jobs::{JobContext, JobError};
use web::extract::{PageContext, SiteMetadata, extract};
use web::fetch::Page;
use web::html::{self, Limits};
use web::sitemap::discover::PageLinks;

use crate::Services;

/// A page without its body, the facts that it states, and the sitemaps that it links.
type ReadPage = (Page, SiteMetadata, PageLinks);

/// Reads a page on a blocking thread.
pub(super) async fn read(
    ctx: &JobContext<Services>,
    mut page: Page,
) -> Result<Result<ReadPage, html::ParseError>, JobError> {
    let rules = ctx.services().rules.clone();
    let read = ctx.blocking(move || {
        let text = page.text();
        let document = html::parse(&text.text, &Limits::default())?;
        let headers: Vec<(&str, &str)> = page
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let metadata = extract(
            &document,
            &PageContext {
                final_url: &page.final_url,
                headers: &headers,
                rules: &rules,
            },
        );
        let links = PageLinks::of(document.html(), &page.final_url);
        drop(document);
        page.body.clear();
        Ok((page, metadata, links))
    });
    read.await
}

/// Returns the failure of a scan whose home page cannot be read.
pub(super) fn unreadable(error: &html::ParseError) -> JobError {
    JobError::permanent(Outcome::Parse, error.to_string())
}
