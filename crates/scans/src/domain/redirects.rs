//! Where the addresses of a site lead: by http, and with or without `www.`.

use jobs::{JobContext, JobError};
use serde::Serialize;
use url::Url;
use web::fetch::{Entrance, Fetcher, Page};
use web::names::registrable;

use crate::Services;
use crate::failure::job_error;

/// Where the addresses of a site lead.
#[derive(Debug)]
pub(super) struct Redirects {
    /// The host at which the site is.
    host: String,
    /// Where the name leads by http.
    pub(super) http: Entrance,
    /// Where the name with `www.` leads, or the one without it; `None` if the site was reached through both.
    other_name: Option<Entrance>,
}

/// Where an address leads, as it is stored.
#[derive(Serialize)]
struct Shown<'a> {
    route: &'a [Url],
    status: Option<u16>,
    error: Option<String>,
}

impl<'a> From<&'a Entrance> for Shown<'a> {
    fn from(entrance: &'a Entrance) -> Self {
        Self {
            route: &entrance.route,
            status: entrance.status,
            error: entrance.failure.as_ref().map(ToString::to_string),
        }
    }
}

impl Redirects {
    /// Asks for the addresses through which the home page was not reached, by one request each.
    pub(super) async fn ask(ctx: &JobContext<Services>, fetcher: &Fetcher, home: &Page) -> Result<Self, JobError> {
        let asked = &home.requested_url;
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        let http = match with(asked, "http", &host(asked)) {
            Some(http) if asked.scheme() == "https" => {
                let stays =
                    |next: &Url| next.scheme() == "http" && registrable(&host(next)) == registrable(&host(asked));
                fetcher.entrance(&http, &stays).await
            }
            _ => Entrance::of(home),
        };
        let given = host(asked);
        let other = match given.strip_prefix("www.") {
            Some(bare) => bare.to_owned(),
            None => format!("www.{given}"),
        };
        let is_known = home
            .redirects
            .iter()
            .chain([&home.final_url])
            .any(|url| host(url) == other);
        let other = with(asked, home.final_url.scheme(), &other).filter(|_| !is_known);
        let other_name = match other {
            Some(url) => Some(fetcher.entrance(&url, &|_| false).await),
            None => None,
        };
        let failures = [Some(&http), other_name.as_ref()].into_iter().flatten();
        for failure in failures.filter_map(|entrance| entrance.failure.as_ref()) {
            if failure.is_shortage() {
                return Err(job_error(failure, ctx.attempt()));
            }
        }
        Ok(Self {
            host: host(&home.final_url),
            http,
            other_name,
        })
    }

    /// Iterates over the addresses that were asked, each with the rule that names it.
    pub(super) fn entrances(&self) -> impl Iterator<Item = (&'static str, &Entrance)> {
        let other = self
            .other_name
            .as_ref()
            .map(|other| ("request for the other name", other));
        [("request by http", &self.http)].into_iter().chain(other)
    }

    /// Returns the value that is stored.
    pub(super) fn to_json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Stored<'a> {
            host: &'a str,
            http: Shown<'a>,
            other_name: Option<Shown<'a>>,
        }
        Stored {
            host: &self.host,
            http: Shown::from(&self.http),
            other_name: self.other_name.as_ref().map(Shown::from),
        }
    }
}

/// Returns the front page of a host.
fn with(url: &Url, scheme: &str, host: &str) -> Option<Url> {
    let mut url = url.clone();
    url.set_scheme(scheme).ok()?;
    url.set_host(Some(host)).ok()?;
    url.set_path("/");
    url.set_query(None);
    Some(url)
}
