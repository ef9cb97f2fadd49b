//! A handful of sample sites of different kinds, told apart by their host names.

use std::net::SocketAddr;
use std::time::Duration;

use rocket::http::Status;
use rocket::http::uri::Host;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Responder, get, routes};
use web::fetch::ConnectTo;

use super::Listening;

/// The sites. Their names are reserved, so none is anybody's.
const SHOP: &str = "shop.demo.test";
const BAKERY: &str = "bakery.demo.test";
const SLOW: &str = "slow.demo.test";
const BROKEN: &str = "broken.demo.test";
const MOVED: &str = "moved.demo.test";
const HOSTILE: &str = "hostile.demo.test";

/// How long the slow site thinks.
const SLOWNESS: Duration = Duration::from_secs(3);

/// What a client may ask the demo to scan: every site, and what is refused at once.
pub const DOMAINS: &[&str] = &[SHOP, BAKERY, MOVED, SLOW, BROKEN, HOSTILE, "localhost", "10.0.0.1"];

/// The running sites. They close when this is dropped.
#[derive(Debug)]
pub struct Sites(Listening);

impl Sites {
    /// Opens the sites on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the server cannot start.
    pub async fn open() -> anyhow::Result<Self> {
        let sites = rocket::custom(super::figment()).mount("/", routes![page]);
        super::launch(sites).await.map(Self)
    }

    /// Returns where they listen.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Returns the rules by which the names of the sites lead to them.
    #[must_use]
    pub fn connect_to(&self) -> Vec<ConnectTo> {
        // A name and an address of ours are always a rule.
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
        _ => Answer::Failed(Status::NotFound),
    }
}

/// A page that makes a parser without limits work for minutes: formatting elements that are never
/// closed, each to be opened again within each following paragraph.
fn hostile() -> String {
    let bomb: String = (0..3000)
        .map(|i| format!("<p><b id={i}><i id={i}><font color={i}>"))
        .collect();
    format!("<!doctype html><html lang=en><title>A page that does not end well</title><body>{bomb}")
}
