//! One lead, and what was decided about it.

use database::ids::{DomainId, LeadId};
use database::models::contact::Contact;
use database::models::enums::{CurationStatus, PlaceAction, Scope};
use database::models::place_change::PlaceCuration;
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::domain_changes::DomainChangeFilter;
use database::repo::leads::LeadFilter;
use database::repo::paging::Paging;
use database::tenant::TenantConnection;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, State, get, post};
use web::score::ScoreRules;

use super::decision::change;
use super::facts::{changes, contacts, facts};
use super::list::{reasons, signs};
use super::more::More;
use crate::console::page::{Page, Place, link, time};
use crate::error::ApiResult;
use crate::guards::{Curate, Db, Read, SignedIn};
use crate::routes::domain_evidence;
use crate::routes::lead_report::{ReportPage, load};
use crate::routes::place_filter::status_of;
use crate::routes::query::{PathId, parsed};
use crate::views::domain::{DomainChangeView, DomainDetailsView, DomainEvidenceView};
use crate::views::lead::LeadView;
use crate::views::words::Words;

#[get("/leads/<id>")]
pub async fn show_lead(visit: SignedIn<Read>, db: Db<'_>, id: PathId<LeadId>) -> ApiResult<Page> {
    let mut conn = db.reading(&visit).await?;
    let lead = repo::leads::get(&mut conn, id.0).await?;
    let shown = repo::leads::show(&mut conn, std::slice::from_ref(&lead)).await?;
    let site = match lead.domain_id {
        Some(domain) => Some(Site::load(&mut conn, domain).await?),
        None => None,
    };
    let more = More::load(&mut conn, &lead).await?;
    drop(conn);
    let lead = LeadView::new(lead, &shown);
    let content = html! {
        p { (signs(&lead)) " " a href={ "/leads/" (lead.id) "/report" } { "Report to print" } }
        @if let Some(score) = lead.score {
            section {
                h2 { "Score " (score) " of 100" }
                (reasons(&lead))
            }
        }
        div.columns {
            section {
                (known(&lead))
            }
            @if visit.scopes().contains(&Scope::Curate) { (decide(&lead)) } @else { (decided(&lead)) }
        }
        @if let Some(site) = &site {
            (contacts(&site.contacts))
            (changes(&site.changes))
            div.columns { (facts(&site.details, &site.evidence)) }
        }
        (more.show())
    };
    Ok(Page::new(Place::Leads, &lead.name, &visit, &content))
}

#[get("/leads/<id>/report")]
pub async fn show_report(
    visit: SignedIn<Read>,
    db: Db<'_>,
    rules: &State<ScoreRules>,
    id: PathId<LeadId>,
) -> ApiResult<ReportPage> {
    let mut conn = db.reading(&visit).await?;
    Ok(load(&mut conn, rules, id.0).await?.into())
}

/// The maximum number of contacts that the page of a lead shows.
const CONTACTS: i64 = 100;
/// The maximum number of changes that it shows.
const CHANGES: i64 = 20;

/// What scans found about a lead's site.
struct Site {
    details: DomainDetailsView,
    contacts: Vec<Contact>,
    changes: Vec<DomainChangeView>,
    evidence: Vec<DomainEvidenceView>,
}

impl Site {
    async fn load(conn: &mut TenantConnection, domain: DomainId) -> ApiResult<Self> {
        let details = repo::domains::get_details(conn, domain).await?.into();
        let evidence = domain_evidence::load(conn, domain, &details).await?;
        let filter = ContactFilter {
            domain_id: Some(domain),
            unsuppressed: true,
            ..ContactFilter::default()
        };
        let contacts = repo::contacts::list(conn, &filter, &Paging::first(CONTACTS)).await?;
        let filter = DomainChangeFilter {
            domain_id: Some(domain),
            ..DomainChangeFilter::default()
        };
        let changes = repo::domain_changes::list(conn, &filter, &Paging::first(CHANGES)).await?;
        Ok(Self {
            details,
            contacts,
            changes: changes.into_iter().map(Into::into).collect(),
            evidence,
        })
    }
}

/// Where the site is, by what is known of it.
fn website(lead: &LeadView) -> Option<String> {
    let domain = lead.domain.as_ref();
    let at_domain = match lead.has_ssl {
        Some(true) => domain.map(|domain| format!("https://{domain}/")),
        Some(false) => domain.map(|domain| format!("http://{domain}/")),
        None => domain.cloned(),
    };
    lead.website.clone().or(at_domain)
}

fn known(lead: &LeadView) -> Markup {
    html! {
                @if lead.place_id.is_some() {
                h2 { "The business" }
                dl {
                    @if let Some(address) = &lead.address { dt { "Address" } dd { (address) } }
                    @if let Some(kind) = &lead.business_type { dt { "Found as" } dd { (kind) } }
                    @if let Some(rating) = lead.rating { dt { "Rating" } dd { (rating) " of 5" @if let Some(count) = lead.user_ratings_total { ", " (count) " ratings" } } }
                    @if let Some(phone) = &lead.phone { dt { "Phone" } dd { (phone) } }
                    @if let Some(contact) = &lead.contact {
                        dt { "Contact" }
                        dd {
                            (contact.email)
                            @if let Some(name) = &contact.name { ", " (name) }
                            @if let Some(role) = &contact.role { ", " (role) }
                        }
                    }
                }
                }
                h2 { "The site" }
                dl {
                    @if let Some(website) = website(lead) { dt { "Website" } dd { (link(&website)) } }
                    @if let Some(at) = lead.last_scan_at { dt { "Last scan" } dd { (time(at)) } }
                    @if let Some(secure) = lead.has_ssl { dt { "HTTPS" } dd { (if secure { "yes" } else { "no" }) } }
                    @if let Some(end) = lead.certificate_expires_at { dt { "Certificate ends" } dd { (time(end)) } }
                    @if !lead.technologies.is_empty() { dt { "Built with" } dd { (lead.technologies.join(", ")) } }
                    @let social = &lead.social_links;
                    @for (name, profile) in [("Facebook", &social.facebook), ("X", &social.twitter), ("LinkedIn", &social.linkedin), ("Instagram", &social.instagram), ("YouTube", &social.youtube)] {
                        @if let Some(profile) = profile { dt { (name) } dd { (link(profile)) } }
                    }
                }
    }
}

fn decide(lead: &LeadView) -> Markup {
    html! {
        section {
            h2 { "What we decided" }
            form id="decision" method="post" action={ "/leads/" (lead.id) } {
                label for="status" { "Status" }
                select id="status" name="status" {
                    @for status in CurationStatus::ALL {
                        option value=(status.word()) selected[lead.status == status.word()] { (status.label()) }
                    }
                }
                label for="tags" { "Tags, separated by commas" }
                input id="tags" name="tags" value=(lead.tags.clone().unwrap_or_default().join(", "));
                label for="priority" { "Priority; higher comes first" }
                input id="priority" name="priority" type="number" value=(lead.priority.map(|priority| priority.to_string()).unwrap_or_default());
                label for="revisit_date" { "Look again on" }
                input id="revisit_date" name="revisit_date" type="date" value=(lead.revisit_date.map(|date| date.to_string()).unwrap_or_default());
                label for="notes" { "Notes" }
                textarea id="notes" name="notes" rows="6" { (lead.notes.as_deref().unwrap_or_default()) }
                button { "Save" }
            }
        }
    }
}

fn decided(lead: &LeadView) -> Markup {
    html! {
        section {
            h2 { "What we decided" }
            dl {
                dt { "Status" } dd { (lead.status) }
                @if let Some(tags) = &lead.tags { dt { "Tags" } dd { (tags.join(", ")) } }
                @if let Some(date) = lead.revisit_date { dt { "Look again on" } dd { (date) } }
                @if let Some(notes) = &lead.notes { dt { "Notes" } dd { (notes) } }
            }
        }
    }
}

/// What the form of a lead sends.
#[derive(FromForm)]
pub struct Curated<'r> {
    status: &'r str,
    tags: &'r str,
    priority: &'r str,
    revisit_date: &'r str,
    notes: &'r str,
}

#[post("/leads/<id>", data = "<sent>")]
pub async fn change_lead(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    id: PathId<LeadId>,
    sent: Form<Curated<'_>>,
) -> ApiResult<Redirect> {
    let tags: Vec<String> = sent
        .tags
        .split(',')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect();
    let notes = Some(sent.notes.trim()).filter(|notes| !notes.is_empty());
    let curation = PlaceCuration {
        status: Some(status_of(sent.status)?),
        notes: Some(notes.map(str::to_owned)),
        tags: Some(Some(tags).filter(|tags| !tags.is_empty())),
        priority: Some(parsed("priority", filled(sent.priority))?),
        revisit_date: Some(parsed("revisit_date", filled(sent.revisit_date))?),
        ..PlaceCuration::default()
    };
    let mut conn = db.tenant(&visit).await?;
    let lead = repo::leads::get(&mut conn, id.0).await?;
    let filter = LeadFilter {
        ids: Some(&[lead.id]),
        ..LeadFilter::default()
    };
    change(&visit, &mut conn, &filter, &curation, PlaceAction::Update).await?;
    conn.commit().await?;
    Ok(Redirect::to(format!("/leads/{}", lead.id)))
}

fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}
