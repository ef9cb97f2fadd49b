//! What scans found about a lead's site: every value that is known, and no other.

use database::models::contact::Contact;
use maud::{Markup, html};
use serde::Serialize;
use serde_json::Value;

use crate::console::page::{link, time};
use crate::views::domain::{DomainChangeView, DomainDetailsView, DomainEvidenceView};

/// Columns that say which row it is, not what the site is like.
const OF_THE_ROW: &[&str] = &["id", "domain_id", "created_at", "updated_at"];

/// Shows what scans found, and what it is told by.
pub fn facts(details: &DomainDetailsView, evidence: &[DomainEvidenceView]) -> Markup {
    html! {
        (part("What the site says", details.profile.as_ref(), evidence))
        (part("What it runs on", details.technologies.as_ref(), evidence))
        (part("Where it is hosted", details.hosting.as_ref(), evidence))
    }
}

fn part<T: Serialize>(title: &str, view: Option<&T>, evidence: &[DomainEvidenceView]) -> Markup {
    let view = view.and_then(|view| serde_json::to_value(view).ok());
    let fields = match view {
        Some(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let known: Vec<(&String, &Value)> = fields
        .iter()
        .filter(|(name, value)| !OF_THE_ROW.contains(&name.as_str()) && says_something(value))
        .collect();
    html! {
        @if !known.is_empty() {
            section {
                h2 { (title) }
                dl { @for (name, value) in known { dt { (label(name)) } dd { (shown(value)) (told_by(name, value, evidence)) } } }
            }
        }
    }
}

/// Shows what the values of a column are told by.
fn told_by(column: &str, value: &Value, evidence: &[DomainEvidenceView]) -> Markup {
    let told: Vec<&DomainEvidenceView> = evidence.iter().filter(|told| told.column == column).collect();
    let has_parts = value.is_array() || value.is_object();
    html! {
        @if !told.is_empty() {
            details.evidence {
                summary { "Evidence" }
                ul {
                    @for told in told {
                        li {
                            @if has_parts { b { (told.value) } " " }
                            (told.rule)
                            @if !told.snippet.is_empty() { ": " q { (told.snippet) } }
                            @if let Some(url) = &told.url { " on " (link(url)) }
                            div.hint { (told.confidence) " % sure, first seen " (time(told.first_seen)) ", last seen " (time(told.last_seen)) }
                        }
                    }
                }
            }
        }
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Writes a column's name for people.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn shown(value: &Value) -> Markup {
    match value {
        Value::Bool(yes) => html! { (if *yes { "yes" } else { "no" }) },
        Value::String(text) => link(text),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            html! { @for (index, item) in items.iter().enumerate() { @if index > 0 { ", " } (shown(item)) } }
        }
        Value::Array(_) | Value::Object(_) => {
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            html! { details { summary { "Show" } pre { (text) } } }
        }
        Value::Null | Value::Number(_) => html! { (value.to_string()) },
    }
}

/// Shows the addresses that were found at the site.
pub fn contacts(contacts: &[Contact]) -> Markup {
    html! {
        @if !contacts.is_empty() {
            section {
                h2 { "Contacts" }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Address" } th { "Name" } th { "Role" } th { "Confidence" } th { "Mark" } th { "First seen" } th { "Last seen" } } }
                    tbody {
                        @for contact in contacts {
                            tr {
                                td { (contact.email) }
                                td { (contact.name.as_deref().unwrap_or_default()) }
                                td { (contact.role.as_deref().unwrap_or_default()) }
                                td { @if let Some(confidence) = contact.confidence { (confidence) " %" } }
                                td { (contact.mark.map(|mark| mark.label()).unwrap_or_default()) }
                                td { (time(contact.created_at)) }
                                td { (time(contact.last_seen_at)) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Shows what scans found changed, newest first.
pub fn changes(changes: &[DomainChangeView]) -> Markup {
    html! {
        @if !changes.is_empty() {
            section {
                h2 { "What changed" }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "When" } th { "What" } th { "Before" } th { "After" } } }
                    tbody {
                        @for change in changes {
                            tr {
                                td { (time(change.changed_at)) }
                                td { (label(change.kind)) @if let Some(subject) = &change.subject { ": " (subject) } }
                                td { (change.before.as_deref().unwrap_or_default()) }
                                td { (change.after.as_deref().unwrap_or_default()) }
                            }
                        }
                    }
                } }
            }
        }
    }
}
