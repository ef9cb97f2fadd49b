//! The frame of the pages of the settings.

use database::models::enums::Scope;
use maud::{Markup, html};

use crate::console::page::{Page, Place};
use crate::guards::{Permission, SignedIn};

/// The pages of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Use,
    Keys,
    Suppressions,
    Scoring,
    Audit,
    Tenants,
}

/// Returns a page of the settings, with links to those that whoever is signed in may see.
pub fn page<P: Permission>(tab: Tab, title: &str, visit: &SignedIn<P>, content: &Markup) -> Page {
    let has = |scope| visit.scopes().contains(&scope);
    let tabs = [
        (Tab::Use, "/settings", "Limits and use", true),
        (Tab::Keys, "/settings/keys", "Keys", has(Scope::Admin)),
        (
            Tab::Suppressions,
            "/settings/suppressions",
            "Suppressions",
            has(Scope::Read),
        ),
        (Tab::Scoring, "/settings/scoring", "Score", has(Scope::Read)),
        (Tab::Audit, "/settings/audit", "Audit", has(Scope::Admin)),
        (Tab::Tenants, "/settings/tenants", "Tenants", visit.may_act_for_all()),
    ];
    let content = html! {
        nav.tabs aria-label="Settings" {
            @for (known, path, name, _) in tabs.into_iter().filter(|(.., is_seen)| *is_seen) {
                a href=(path) aria-current=[(known == tab).then_some("page")] { (name) }
            }
        }
        (content)
    };
    Page::new(Place::Settings, title, visit, &content)
}

/// Links to the next page of a list.
pub fn more(path: &str, next: Option<&str>) -> Markup {
    html! {
        @if let Some(next) = next {
            p { a rel="next" href={ (path) "?limit=50&cursor=" (next) } { "Older ones" } }
        }
    }
}
