//! Sample sites of different kinds, distinguished by their host names.

use std::net::SocketAddr;
use std::time::Duration;

use rocket::http::Status;
use rocket::http::uri::Host;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Responder, get, routes};
use web::fetch::ConnectTo;

use super::Listening;

/// The host names of the sites, under a reserved top-level domain.
const SHOP: &str = "shop.demo.test";
const BAKERY: &str = "bakery.demo.test";
const SLOW: &str = "slow.demo.test";
const BROKEN: &str = "broken.demo.test";
const MOVED: &str = "moved.demo.test";
const HOSTILE: &str = "hostile.demo.test";
/// What the names of all sites end in.
pub const SUFFIX: &str = "demo.test";

/// How long the slow site takes to respond.
const SLOWNESS: Duration = Duration::from_secs(3);

/// Domains for a client to scan: every site, and two that are refused at once.
pub const DOMAINS: &[&str] = &[SHOP, BAKERY, MOVED, SLOW, BROKEN, HOSTILE, "localhost", "10.0.0.1"];

/// The running sites, which are closed when this value is dropped.
#[derive(Debug)]
pub struct Sites(Listening);

impl Sites {
    /// Opens the sites on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Returns an error if the server cannot start.
    pub async fn open() -> anyhow::Result<Self> {
        let sites = rocket::custom(super::figment()).mount("/", routes![page]);
        super::launch(sites).await.map(Self)
    }

    /// Returns the address that the sites listen on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Returns the rules that resolve the names of the sites to this server.
    #[must_use]
    pub fn connect_to(&self) -> Vec<ConnectTo> {
        // Formatting a socket address always gives a valid rule.
        format!("*.demo.test={}", self.0.addr).parse().into_iter().collect()
    }
}

#[derive(Responder)]
enum Answer {
    Page(RawHtml<String>),
    Moved(Box<Redirect>),
    Failed(Status),
}

#[get("/")]
async fn page(host: &Host<'_>) -> Answer {
    let html = |page: &str| Answer::Page(RawHtml(page.to_owned()));
    match host.domain().as_str() {
        SHOP => html(include_str!("pages/shop.html")),
        BAKERY => html(include_str!("pages/bakery.html")),
        SLOW => {
            tokio::time::sleep(SLOWNESS).await;
            html(include_str!("pages/slow.html"))
        }
        BROKEN => Answer::Failed(Status::InternalServerError),
        MOVED => Answer::Moved(Box::new(Redirect::moved(format!("http://{BAKERY}/")))),
        HOSTILE => Answer::Page(RawHtml(hostile())),
        name => match business(name) {
            Some(number) => Answer::Page(RawHtml(business_page(number))),
            None => Answer::Failed(Status::NotFound),
        },
    }
}

/// Returns which business of the made-up map a host belongs to, such as 7 for `www.b7.demo.test`.
fn business(host: &str) -> Option<u32> {
    let host = host.strip_prefix("www.").unwrap_or(host);
    host.strip_prefix('b')?
        .strip_suffix(SUFFIX)?
        .strip_suffix('.')?
        .parse()
        .ok()
}

/// Returns the site of a business, on one page.
fn business_page(number: u32) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><title>Business {number}, Houston</title></head><body><h1>Business {number}</h1>\
         <p>Write to <a href=\"mailto:office@business-{number}-demo.com\">office@business-{number}-demo.com</a>.</p></body></html>"
    )
}

/// Returns a page on which a parser without limits works for minutes: formatting elements that are never closed, each
/// of which has to be reopened in every following paragraph.
fn hostile() -> String {
    let bomb: String = (0..3000)
        .map(|i| format!("<p><b id={i}><i id={i}><font color={i}>"))
        .collect();
    format!("<!doctype html><html lang=en><title>A page that does not end well</title><body>{bomb}")
}
