//! Leads: the list with its filters, decisions about what is selected, and one lead.

use chrono::Utc;
use database::ids::{LeadId, PlaceChangeId};
use database::models::enums::{CurationStatus, PlaceAction, Scope};
use database::models::lead::Lead;
use database::models::place_change::{ChangedBy, PlaceCuration};
use database::repo;
use database::repo::leads::{LeadFilter, LeadPosition};
use database::tenant::TenantConnection;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::http::uri::Origin;
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};
use serde_json::json;
use uuid::Uuid;

use super::page::{Page, Place, link, time};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Curate, Db, Permission, Read, SignedIn};
use crate::routes::curation::not_undone;
use crate::routes::lead_filter::{LeadQuery, read_order};
use crate::routes::place_filter::status_of;
use crate::routes::places::who;
use crate::routes::query::{Asked, PageQuery, PathId, parsed};
use crate::views::lead::LeadView;
use crate::views::words::Words;

/// The number of leads on a page.
const ROWS: &str = "50";
/// The number of technologies that a row shows.
const CHIPS: usize = 4;
/// A certificate that ends within this many days is worth a word.
const CERTIFICATE_DAYS: i64 = 30;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_leads, change_leads, undo, show_lead, change_lead]
}

#[get("/leads?<query..>")]
async fn show_leads(
    visit: SignedIn<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: LeadQuery<'_>,
    origin: &Origin<'_>,
) -> ApiResult<Page> {
    let page = PageQuery {
        limit: Some(ROWS),
        ..page
    };
    let order = read_order(query.sort)?;
    let asked = Asked::read(&page, &order)?;
    let filter = query.filter()?;
    let mut conn = db.reading(&visit).await?;
    let (mut rows, total) = if asked.paging.after.is_none() {
        repo::leads::list(&mut conn, &filter, order, asked.paging.limit).await?
    } else {
        let rows = repo::leads::list_after(&mut conn, &filter, order, &asked.paging).await?;
        (rows, repo::leads::count(&mut conn, &filter).await?)
    };
    let next = asked.cut(&mut rows, |row: &Lead| LeadPosition::of(row, order))?;
    let shown = repo::leads::show(&mut conn, &rows).await?;
    drop(conn);
    let leads = LeadView::all(rows, &shown);
    let asked = Address::of(origin);
    let may_curate = visit.scopes().contains(&Scope::Curate);
    let content = html! {
        (filters(&asked))
        @if let Some(change) = asked.value("changed") { (changed(&change, &asked)) }
        p.hint { (total) " leads" }
        @if leads.is_empty() {
            p.empty { "No leads match. " a href="/leads" { "Show all" } ", or " a href="/find" { "find businesses" } "." }
        } @else {
            form method="post" action={ "/leads?" (asked.without(&["changed"])) } id="selection" {
                @if may_curate { (decisions(total)) }
                (table(&leads, may_curate))
            }
            @if let Some(next) = next {
                p { a rel="next" href={ "/leads?" (asked.with("cursor", &next)) } { "More leads" } }
            }
        }
    };
    Ok(Page::new(Place::Leads, "Leads", &visit, &content))
}

/// The query of a page, as links repeat it.
struct Address(Vec<(String, String)>);

impl Address {
    fn of(origin: &Origin<'_>) -> Self {
        let query = origin.query().map(|query| query.as_str()).unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn value(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    }

    fn without(&self, names: &[&str]) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(
            self.0
                .iter()
                .filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_empty()),
        );
        text.finish()
    }

    fn with(&self, name: &str, value: &str) -> String {
        let mut text = url::form_urlencoded::Serializer::new(self.without(&[name, "changed"]));
        text.append_pair(name, value);
        text.finish()
    }
}

/// The filters that most people need; the API has more, and a link may carry any of them.
fn filters(asked: &Address) -> Markup {
    let value = |name: &str| asked.value(name).unwrap_or_default();
    let choice = |name: &str, label: &str, options: &[(&str, &str)]| {
        html! {
            span.field {
                label for=(name) { (label) }
                select id=(name) name=(name) {
                    option value="" { "any" }
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
            (choice("sort", "Order", &[("-updated_at", "last changed"), ("name", "name"), ("-priority", "priority"), ("-rating", "rating"), ("-last_scan_at", "last scan")]))
            button { "Show" }
            @if !asked.without(&["cursor", "changed", "count", "sort"]).is_empty() { a href="/leads" { "Clear" } }
        }
    }
}

/// Decides about the ticked leads, or about all that match.
fn decisions(total: i64) -> Markup {
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

fn changed(change: &str, asked: &Address) -> Markup {
    let count = asked.value("count").unwrap_or_default();
    html! {
        form.notice method="post" action={ "/leads/undo/" (change) } role="status" {
            (count) " leads were changed. " button.quiet { "Undo" }
        }
    }
}

fn table(leads: &[LeadView], may_curate: bool) -> Markup {
    html! {
        div.scroll { table.leads {
            thead { tr {
                @if may_curate { th { span.unseen { "Selected" } } }
                th { "Lead" } th { "Status" } th { "Signs" } th { "Contact" } th { "Phone" } th { "Rating" } th { "Last scan" }
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

/// What is worth a word about a lead's site, and nothing that is not known.
fn signs(lead: &LeadView) -> Markup {
    let ends_in = lead.certificate_expires_at.map(|end| (end - Utc::now()).num_days());
    let wordpress = lead.wordpress_version.as_deref();
    html! {
        @if lead.has_ssl == Some(false) { span.chip.bad { "no HTTPS" } " " }
        @if let Some(days) = ends_in.filter(|days| *days < CERTIFICATE_DAYS) {
            span.chip.bad { @if days < 0 { "certificate expired" } @else { "certificate ends in " (days) " days" } } " "
        }
        @for technology in lead.technologies.iter().take(CHIPS) {
            span.chip { (technology) @if technology == "WordPress" { @if let Some(version) = wordpress { " " (version) } } } " "
        }
        @if lead.technologies.len() > CHIPS { span.hint { "+" (lead.technologies.len() - CHIPS) } }
    }
}

/// What the form of the list sends.
#[derive(FromForm)]
struct Decision<'r> {
    scope: &'r str,
    ids: Vec<&'r str>,
    new_status: &'r str,
    add_tag: &'r str,
    remove_tag: &'r str,
}

#[post("/leads?<query..>", data = "<sent>")]
async fn change_leads(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    query: LeadQuery<'_>,
    origin: &Origin<'_>,
    sent: Form<Decision<'_>>,
) -> ApiResult<Redirect> {
    let filter = query.filter()?;
    let ids: Vec<LeadId> = sent
        .ids
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok().map(LeadId::from))
        .collect();
    let filter = match sent.scope {
        "matching" => filter,
        _ if ids.is_empty() => {
            return Err(ApiError::bad_request(
                "ids",
                "no lead is ticked: tick some, or choose all that match",
            ));
        }
        _ => LeadFilter {
            ids: Some(&ids),
            ..LeadFilter::default()
        },
    };
    let one = |tag: &str| {
        Some(tag.trim())
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect()
    };
    let curation = PlaceCuration {
        status: Some(sent.new_status)
            .filter(|word| !word.is_empty())
            .map(status_of)
            .transpose()?,
        add_tags: one(sent.add_tag),
        remove_tags: one(sent.remove_tag),
        ..PlaceCuration::default()
    };
    if curation.is_empty() {
        return Err(ApiError::bad_request(
            "new_status",
            "nothing to change: choose a status or a tag",
        ));
    }
    let mut conn = db.tenant(&visit).await?;
    let (count, id) = change(&visit, &mut conn, &filter, &curation, PlaceAction::Bulk).await?;
    let details = json!({ "changed": count });
    visit
        .note(&mut conn, "leads.change", Some(&id.to_string()), details)
        .await?;
    conn.commit().await?;
    let mut back = Address::of(origin);
    back.0.extend([
        ("count".to_owned(), count.to_string()),
        ("changed".to_owned(), id.to_string()),
    ]);
    Ok(Redirect::to(format!("/leads?{}", back.without(&[]))))
}

async fn change<P: Permission>(
    visit: &SignedIn<P>,
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    curation: &PlaceCuration,
    action: PlaceAction,
) -> ApiResult<(usize, PlaceChangeId)> {
    let who = who(visit);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action,
        who: &who,
    };
    let changed = repo::leads::change(conn, filter, curation, by).await?;
    Ok((changed, by.change_id))
}

#[post("/leads/undo/<id>")]
async fn undo(visit: SignedIn<Curate>, db: Db<'_>, id: PathId<PlaceChangeId>) -> ApiResult<Redirect> {
    let mut conn = db.tenant(&visit).await?;
    let undo = PlaceChangeId::from(Uuid::new_v4());
    let undone = repo::place_changes::undo(&mut conn, id.0, undo, &who(&visit)).await?;
    let undone = undone.map_err(not_undone)?;
    let details = json!({ "restored": undone.restored });
    visit
        .note(&mut conn, "leads.undo", Some(&undone.change_id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Redirect::to("/leads"))
}

#[get("/leads/<id>")]
async fn show_lead(visit: SignedIn<Read>, db: Db<'_>, id: PathId<LeadId>) -> ApiResult<Page> {
    let mut conn = db.reading(&visit).await?;
    let lead = repo::leads::get(&mut conn, id.0).await?;
    let shown = repo::leads::show(&mut conn, std::slice::from_ref(&lead)).await?;
    drop(conn);
    let lead = LeadView::new(lead, &shown);
    let content = html! {
        p { (signs(&lead)) }
        div.columns {
            section {
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
                h2 { "The site" }
                dl {
                    @if let Some(website) = lead.website.clone().or_else(|| lead.domain.as_ref().map(|domain| format!("https://{domain}/"))) {
                        dt { "Website" } dd { (link(&website)) }
                    }
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
            @if visit.scopes().contains(&Scope::Curate) { (decide(&lead)) } @else { (decided(&lead)) }
        }
    };
    Ok(Page::new(Place::Leads, &lead.name, &visit, &content))
}

fn decide(lead: &LeadView) -> Markup {
    html! {
        section {
            h2 { "What we decided" }
            form method="post" action={ "/leads/" (lead.id) } {
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
struct Curated<'r> {
    status: &'r str,
    tags: &'r str,
    priority: &'r str,
    revisit_date: &'r str,
    notes: &'r str,
}

#[post("/leads/<id>", data = "<sent>")]
async fn change_lead(
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
