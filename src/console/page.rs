//! The frame of all pages, and the parts that they share.

use chrono::{DateTime, Utc};
use database::models::enums::Scope;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rocket::http::{Header, Status};
use rocket::request::Request;
use rocket::response::content::RawHtml;
use rocket::response::{self, Responder, Response};

use crate::guards::{Permission, SignedIn};

/// Pages run the console's own scripts and style sheet, talk to this server and send forms to it.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                              frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// A page, or a part of one that htmx puts into it.
pub struct Page {
    status: Status,
    html: Markup,
}

impl Page {
    /// Returns a page in the frame, for somebody who is signed in.
    pub fn new<P: Permission>(place: Place, title: &str, visit: &SignedIn<P>, content: &Markup) -> Self {
        let html = frame(
            title,
            &html! {
                header {
                    a.brand href="/" { "ScraperSky" }
                    nav aria-label="Console" {
                        @for (known, path, name) in PLACES {
                            a href=(path) aria-current=[(*known == place).then_some("page")] { (name) }
                        }
                    }
                    form.sign-out method="post" action="/sign-out" { button.quiet { "Sign out" } }
                }
                main id="main" {
                    h1 { (title) }
                    @if !visit.scopes().contains(&Scope::Scan) {
                        p.hint { "This sign-in may read, and start nothing." }
                    }
                    (content)
                }
            },
        );
        Self {
            status: Status::Ok,
            html,
        }
    }

    /// Returns a page for somebody who is not signed in.
    pub fn bare(title: &str, content: &Markup) -> Self {
        let content = html! { main.narrow id="main" { h1 { (title) } (content) } };
        Self {
            status: Status::Ok,
            html: frame(title, &content),
        }
    }

    /// Returns the page with another status.
    pub fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }
}

impl<'r> Responder<'r, 'static> for Page {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Response::build_from(RawHtml(self.html.into_string()).respond_to(request)?)
            .status(self.status)
            .header(Header::new("Content-Security-Policy", CONTENT_POLICY))
            .ok()
    }
}

/// The pages in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Start,
    Leads,
    Find,
    Jobs,
    Schedules,
    Webhooks,
    Settings,
}

const PLACES: &[(Place, &str, &str)] = &[
    (Place::Start, "/", "Start"),
    (Place::Leads, "/leads", "Leads"),
    (Place::Find, "/find", "Find"),
    (Place::Jobs, "/jobs", "Jobs"),
    (Place::Schedules, "/schedules", "Schedules"),
    (Place::Webhooks, "/webhooks", "Webhooks"),
    (Place::Settings, "/settings", "Settings"),
];

fn frame(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // The style of its indicators would be inline, which the policy forbids.
                meta name="htmx-config" content=(PreEscaped(r#"{&quot;includeIndicatorCSS&quot;:false}"#));
                title { (title) " · ScraperSky" }
                link rel="icon" href="/console/icon.svg";
                link rel="stylesheet" href="/console/console.css";
                script src="/console/htmx.js" defer {}
                script src="/console/console.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (content)
            }
        }
    }
}

/// Writes a time, which the script shows in the reader's zone.
pub fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M")) " UTC" } }
}

/// Writes the word of a kind, a step or a reason for people.
pub fn words(word: &str) -> String {
    word.replace(['_', '.'], " ")
}

/// Writes a number with a thin space between groups of three digits.
pub fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Links to a page of a scanned site, if it is on the web.
pub fn link(address: &str) -> Markup {
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    html! {
        @if is_web {
            a href=(address) target="_blank" rel="noopener noreferrer nofollow" { (address) }
        } @else {
            (address)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn groups_digits_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }
}
