//! What pages load: one style sheet and two scripts.

use rocket::http::{ContentType, Header};
use rocket::response::Responder;
use rocket::{Route, get, routes};

use crate::guards::Visitor;

/// htmx 4.0.1 (0BSD; see `assets/htmx-LICENSE.txt`).
const HTMX: &str = include_str!("assets/htmx-4.0.1.min.js");
const SCRIPT: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");
const STYLE: &str = include_str!("assets/console.css");
/// Browsers keep files for an hour: after an update of the program theirs may be that old.
const CACHE: &str = "private, max-age=3600";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![get_htmx, get_script, get_style, get_icon]
}

/// A file of the console.
#[derive(Responder)]
struct Asset {
    inner: (ContentType, &'static str),
    cache: Header<'static>,
}

impl Asset {
    fn new(kind: ContentType, text: &'static str) -> Self {
        Self {
            inner: (kind, text),
            cache: Header::new("Cache-Control", CACHE),
        }
    }
}

#[get("/console/htmx.js")]
fn get_htmx(_visitor: Visitor) -> Asset {
    Asset::new(ContentType::JavaScript, HTMX)
}

#[get("/console/console.js")]
fn get_script(_visitor: Visitor) -> Asset {
    Asset::new(ContentType::JavaScript, SCRIPT)
}

#[get("/console/console.css")]
fn get_style(_visitor: Visitor) -> Asset {
    Asset::new(ContentType::CSS, STYLE)
}

#[get("/console/icon.svg")]
fn get_icon(_visitor: Visitor) -> Asset {
    Asset::new(ContentType::SVG, ICON)
}
