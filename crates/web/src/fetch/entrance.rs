//! Where an address of a site leads, told by the headers alone.

use std::time::Duration;

use reqwest::header::LOCATION;
use url::Url;

use super::error::FetchError;
use super::fetcher::Fetcher;
use super::page::{Page, Want};
use super::policy::clean;

/// How long the question where an address leads may take.
const TIME: Duration = Duration::from_secs(10);

/// Where an address of a site leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The address that was asked, and where it redirects to, in order.
    pub route: Vec<Url>,
    /// The status of the last answer.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub failure: Option<FetchError>,
}

impl Entrance {
    /// Returns how a page was reached.
    #[must_use]
    pub fn of(page: &Page) -> Self {
        let mut route = page.redirects.clone();
        route.push(page.final_url.clone());
        if page.status.is_redirection()
            && let Some(location) = page.headers.get(LOCATION)
            && let Ok(location) = std::str::from_utf8(location.as_bytes())
            && let Ok(next) = page.final_url.join(location)
            && let Ok(next) = clean(&next)
        {
            route.push(next);
        }
        Self {
            route,
            status: Some(page.status.as_u16()),
            failure: None,
        }
    }
}

impl Fetcher {
    /// Asks where `url` leads, by one request, and one more for each redirect that `follows` agrees to.
    pub async fn entrance(&self, url: &Url, follows: &(dyn Fn(&Url) -> bool + Send + Sync)) -> Entrance {
        let want = Want::headers().within(TIME.min(self.timeout()));
        match self.get_while(url, want, follows).await {
            Ok(page) => Entrance::of(&page),
            Err(failure) => Entrance {
                route: vec![url.clone()],
                status: None,
                failure: Some(failure),
            },
        }
    }
}
