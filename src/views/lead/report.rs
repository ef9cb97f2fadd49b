//! The report about a lead, as a page that prints well: what an agency shows to the business.

use chrono::{DateTime, Utc};
use database::models::contact::Contact;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;

use super::row::LeadView;
use crate::views::domain::{DomainChangeView, DomainDetailsView};

/// What the page looks like, on screens and on paper.
const STYLE: &str = "\
    body { font: 11pt/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }\
    header { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 2px solid #1a1a1a; padding-bottom: .5rem; }\
    h1 { font-size: 1.6rem; line-height: 1.2; margin: 1.5rem 0 .25rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; break-after: avoid; }\
    dl { display: grid; grid-template-columns: 12rem 1fr; gap: .2rem 1rem; margin: 0; } dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }\
    li { break-inside: avoid; } .faults li { margin-bottom: .3rem; font-weight: 600; } .faults .soft { font-weight: 400; overflow-wrap: anywhere; } .soft { color: #555; }\
    table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .5rem .2rem 0; overflow-wrap: anywhere; }\
    tr { break-inside: avoid; border-bottom: 1px solid #ddd; }\
    @page { margin: 18mm; } @media print { body { margin: 0; max-width: none; padding: 0; } a { color: inherit; text-decoration: none; } }";

/// What the report of a lead says.
#[derive(Debug)]
pub struct Report {
    /// Name of the agency whose report it is.
    pub agency: String,
    /// When it is made.
    pub made_at: DateTime<Utc>,
    /// The lead.
    pub lead: LeadView,
    /// What is wrong with the site, in words.
    pub faults: Vec<Fault>,
    /// What scans found about the site.
    pub site: Option<DomainDetailsView>,
    /// The addresses that were found and may be written to.
    pub contacts: Vec<Contact>,
    /// What changed, newest first.
    pub changes: Vec<DomainChangeView>,
}

/// Something that is wrong with the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in words.
    pub because: String,
    /// The pages that tell it, where they are known.
    pub pages: Vec<String>,
}

impl Report {
    /// Returns the report as a page. Every text is escaped.
    #[must_use]
    pub fn page(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Report: " (self.lead.name) }
                    style { (STYLE) }
                }
                body {
                    header { strong { (self.agency) } span.soft { (self.made_at.format("%Y-%m-%d")) } }
                    h1 { (self.lead.name) }
                    @if let Some(domain) = self.lead.domain.as_ref().filter(|domain| **domain != self.lead.name) { p.soft { (domain) } }
                    (self.faults())
                    (list("The site", &self.facts()))
                    (list("Contact", &self.contact()))
                    (self.addresses())
                    (self.changes())
                }
            }
        }
    }

    fn faults(&self) -> Markup {
        html! {
            @if !self.faults.is_empty() {
                h2 { "What we found" }
                ul.faults {
                    @for Fault { because, pages } in &self.faults {
                        li { (sentence(because)) @if !pages.is_empty() { div.soft { "Seen at " (pages.join(", ")) } } }
                    }
                }
            }
        }
    }

    /// The facts that are known, with their names.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let Some(site) = &self.site else { return Vec::new() };
        let (profile, hosting) = (site.profile.as_ref(), site.hosting.as_ref());
        let yes_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
        let grade = |json: &str| serde_json::from_str::<Graded>(json).ok().map(|graded| graded.grade);
        let facts = [
            ("Title", profile.and_then(|profile| profile.title.clone())),
            ("HTTPS", hosting.and_then(|hosting| hosting.has_ssl).map(yes_no)),
            (
                "Certificate ends",
                hosting.and_then(|hosting| hosting.ssl_expiry_date).map(day),
            ),
            (
                "Security headers",
                hosting
                    .and_then(|hosting| hosting.security_headers.as_ref())
                    .and_then(|headers| grade(headers.get()))
                    .map(|grade| format!("grade {grade}")),
            ),
            (
                "Time to answer",
                hosting
                    .and_then(|hosting| hosting.server_response_time)
                    .map(|ms| format!("{ms} ms")),
            ),
            (
                "Made for phones",
                profile.and_then(|profile| profile.has_viewport).map(yes_no),
            ),
            (
                "Privacy page",
                profile.and_then(|profile| profile.has_privacy_policy).map(yes_no),
            ),
            (
                "Copyright notice",
                profile.and_then(|profile| profile.copyright_year.clone()),
            ),
            ("Built with", self.technologies()),
            (
                "Hosted by",
                hosting.and_then(|hosting| hosting.hosting_provider.clone()),
            ),
            ("Last scan", self.lead.last_scan_at.map(day)),
        ];
        known(facts)
    }

    /// The technologies with the versions that are stated.
    fn technologies(&self) -> Option<String> {
        let claims = self.site.as_ref()?.technologies.as_ref()?.claims.as_ref()?;
        let claims: Vec<Claimed> = serde_json::from_str(claims.get()).ok()?;
        let named = claims.into_iter().map(|claim| match claim.version {
            Some(version) => format!("{} {version}", claim.name),
            None => claim.name,
        });
        Some(named.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
    }

    fn contact(&self) -> Vec<(&'static str, String)> {
        let LeadView {
            phone,
            address,
            rating,
            user_ratings_total,
            social_links,
            ..
        } = &self.lead;
        let rated = rating.map(|rating| match user_ratings_total {
            Some(count) => format!("{rating} of 5, {count} ratings"),
            None => format!("{rating} of 5"),
        });
        known([
            ("Address", address.clone()),
            ("Phone", phone.clone()),
            ("Rating", rated),
            ("Facebook", social_links.facebook.clone()),
            ("X", social_links.twitter.clone()),
            ("LinkedIn", social_links.linkedin.clone()),
            ("Instagram", social_links.instagram.clone()),
            ("YouTube", social_links.youtube.clone()),
        ])
    }

    fn addresses(&self) -> Markup {
        html! {
            @if !self.contacts.is_empty() {
                table {
                    thead { tr { th { "Email" } th { "Name" } th { "Role" } } }
                    tbody {
                        @for contact in &self.contacts {
                            tr {
                                td { (contact.email) }
                                td { (contact.name.as_deref().unwrap_or_default()) }
                                td { (contact.role.as_deref().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn changes(&self) -> Markup {
        html! {
            @if !self.changes.is_empty() {
                h2 { "What changed" }
                table { tbody {
                    @for change in &self.changes {
                        tr {
                            td { (change.changed_at.format("%Y-%m-%d")) }
                            td { (sentence(&change.kind.replace('_', " "))) @if let Some(subject) = &change.subject { ": " (subject) } }
                            td {
                                @match (&change.before, &change.after) {
                                    (Some(before), Some(after)) => { (before) " → " (after) }
                                    (one, other) => { (one.as_ref().or(other.as_ref()).map_or("", String::as_str)) }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}

#[derive(Deserialize)]
struct Graded {
    grade: String,
}

#[derive(Deserialize)]
struct Claimed {
    name: String,
    version: Option<String>,
}

fn known<const N: usize>(facts: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

fn list(title: &str, facts: &[(&str, String)]) -> Markup {
    html! {
        @if !facts.is_empty() {
            h2 { (title) }
            dl { @for (name, value) in facts { dt { (name) } dd { (value) } } }
        }
    }
}

/// Begins a text with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
