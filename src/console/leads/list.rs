//! The parts of the list of leads.

use chrono::{Datelike, Utc};
use database::models::enums::CurationStatus;
use maud::{Markup, html};

use super::address::Address;
use crate::console::page::time;
use crate::views::lead::LeadView;
use crate::views::words::Words;

/// The number of technologies that a row shows.
const CHIPS: usize = 4;
/// A certificate that ends within this many days is worth a word.
const CERTIFICATE_DAYS: i64 = 30;

/// The filters that most people need; the API has more, and a link may carry any of them.
pub fn filters(asked: &Address) -> Markup {
    let value = |name: &str| asked.value(name).unwrap_or_default();
    let choice = |name: &str, label: &str, options: &[(&str, &str)]| {
        html! {
            span.field {
                label for=(name) { (label) }
                select id=(name) name=(name) {
                    option value="" { (if name == "sort" { "newest" } else { "any" }) }
                    @for (word, text) in options {
                        option value=(word) selected[value(name) == *word] { (text) }
                    }
                }
            }
        }
    };
    let statuses: Vec<(&str, &str)> = CurationStatus::ALL
        .iter()
        .map(|status| (status.word(), status.label()))
        .collect();
    let yes_or_no = [("true", "yes"), ("false", "no")];
    html! {
        form.filters method="get" action="/leads" role="search" {
            span.field {
                label for="q" { "Name or domain" }
                input id="q" name="q" type="search" value=(value("q"));
            }
            (choice("status", "Status", &statuses))
            span.field {
                label for="min_score" { "Score from" }
                input id="min_score" name="min_score" type="number" min="0" max="100" value=(value("min_score"));
            }
            (choice("has_email", "Has an email", &yes_or_no))
            (choice("has_ssl", "HTTPS", &yes_or_no))
            span.field {
                label for="technology" { "Technology" }
                input id="technology" name="technology" value=(value("technology")) placeholder="WordPress";
            }
            span.field {
                label for="tag" { "Tag" }
                input id="tag" name="tag" value=(value("tag"));
            }
            (choice("sort", "Order", &[("-updated_at", "last changed"), ("name", "name"), ("-priority", "priority"), ("-rating", "rating"), ("-last_scan_at", "last scan"), ("-score", "score")]))
            button { "Show" }
            @if !asked.without(&["cursor", "changed", "count", "sort"]).is_empty() { a href="/leads" { "Clear" } }
        }
    }
}

/// Decides about the ticked leads, or about all that match.
pub fn decisions(total: i64) -> Markup {
    html! {
        fieldset.decisions {
            legend { "Decide about leads" }
            span.field {
                label for="scope" { "Which" }
                select id="scope" name="scope" {
                    option value="ticked" { "those ticked" }
                    option value="matching" { "all " (total) " that match" }
                }
            }
            span.field {
                label for="new_status" { "New status" }
                select id="new_status" name="new_status" {
                    option value="" { "as it is" }
                    @for status in CurationStatus::ALL { option value=(status.word()) { (status.label()) } }
                }
            }
            span.field { label for="add_tag" { "Add a tag" } input id="add_tag" name="add_tag"; }
            span.field { label for="remove_tag" { "Remove a tag" } input id="remove_tag" name="remove_tag"; }
            button { "Change" }
        }
    }
}

pub fn changed(change: &str, asked: &Address) -> Markup {
    let count = asked.value("count").unwrap_or_default();
    html! {
        form.notice method="post" action={ "/leads/undo/" (change) } role="status" {
            @if count == "1" { "1 lead was changed. " } @else { (count) " leads were changed. " }
            button.quiet { "Undo" }
        }
    }
}

pub fn table(leads: &[LeadView], may_curate: bool) -> Markup {
    html! {
        div.scroll tabindex="0" { table.leads {
            thead { tr {
                @if may_curate { th { span.unseen { "Selected" } } }
                th { "Lead" } th { "Score" } th { "Status" } th { "Signs" } th { "Contact" } th { "Phone" } th { "Rating" } th { "Last scan" }
            } }
            tbody {
                @for lead in leads {
                    tr {
                        @if may_curate {
                            td { input type="checkbox" name="ids" value=(lead.id) aria-label={ "Select " (lead.name) }; }
                        }
                        td {
                            a href={ "/leads/" (lead.id) } { (lead.name) }
                            @if let Some(domain) = lead.domain.as_ref().filter(|domain| **domain != lead.name) { div.hint { (domain) } }
                        }
                        td { (score(lead)) }
                        td {
                            (lead.status)
                            @for tag in lead.tags.iter().flatten() { " " span.chip.tag { (tag) } }
                        }
                        td { (signs(lead)) }
                        td {
                            @if let Some(contact) = &lead.contact {
                                (contact.email)
                                @if let Some(mark) = contact.mark { " " span.chip { (mark) } }
                            }
                        }
                        td { (lead.phone.as_deref().unwrap_or_default()) }
                        td { @if let Some(rating) = lead.rating { (rating) @if let Some(count) = lead.user_ratings_total { " (" (count) ")" } } }
                        td { @if let Some(at) = lead.last_scan_at { (time(at)) } @else { span.hint { "never" } } }
                    }
                }
            }
        } }
    }
}

/// Says which keys the page knows.
pub fn keys(may_curate: bool) -> Markup {
    let moving = [
        ("j k", "next, previous lead"),
        ("Enter", "open the lead"),
        ("/", "search"),
        ("e", "export"),
        ("?", "these keys"),
    ];
    let deciding = [
        ("x", "tick the lead"),
        ("s", "select"),
        ("m", "maybe"),
        ("n", "not a fit"),
        ("a", "archive"),
    ];
    html! {
        details id="keys" {
            summary { "Keys" }
            dl.keys {
                @for (key, what) in moving.iter().chain(deciding.iter().filter(|_| may_curate)) { dt { kbd { (key) } } dd { (what) } }
            }
            @if may_curate { p.hint { "A decision is about the ticked leads, or about the one that is marked where none is ticked." } }
        }
    }
}

/// The score of a lead; who opens it sees why.
fn score(lead: &LeadView) -> Markup {
    html! {
        @if let Some(score) = lead.score {
            @if lead.score_reasons.is_empty() {
                span.chip { (score) }
            } @else {
                details.score {
                    summary { span.chip { (score) } }
                    (reasons(lead))
                }
            }
        }
    }
}

/// What the score of a lead is made of.
pub fn reasons(lead: &LeadView) -> Markup {
    html! {
        ul.reasons {
            @for reason in &lead.score_reasons { li { (reason.because) " " span.hint { (format!("{:+}", reason.points)) } } }
        }
    }
}

/// What is worth a word about a lead's site, and nothing that is not known.
pub fn signs(lead: &LeadView) -> Markup {
    let ends_in = lead.certificate_expires_at.map(|end| (end - Utc::now()).num_days());
    let wordpress = lead.wordpress_version.as_deref();
    html! {
        @if lead.has_ssl == Some(false) { span.chip.bad { "no HTTPS" } " " }
        @if let Some(days) = ends_in.filter(|days| *days < CERTIFICATE_DAYS) {
            span.chip.bad { @if days < 0 { "certificate expired" } @else { "certificate ends in " (days) " days" } } " "
        }
        @if let Some(year) = lead.copyright_year.filter(|year| *year < Utc::now().year() - 1) { span.chip.bad { "copyright " (year) } " " }
        @for technology in lead.technologies.iter().take(CHIPS) {
            span.chip { (technology) @if technology == "WordPress" { @if let Some(version) = wordpress { " " (version) } } } " "
        }
        @if lead.technologies.len() > CHIPS { span.hint { "+" (lead.technologies.len() - CHIPS) } }
    }
}
