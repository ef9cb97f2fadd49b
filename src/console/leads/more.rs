//! What else is known of a lead: the pages and sitemaps of its site, and who decided what about it.

use database::ids::DomainId;
use database::models::lead::Lead;
use database::models::page::Page;
use database::models::sitemap_file::SitemapFile;
use database::repo;
use database::repo::pages::PageFilter;
use database::repo::paging::Paging;
use database::repo::sitemap_files::SitemapFileFilter;
use database::tenant::TenantConnection;
use maud::{Markup, html};

use crate::console::page::{link, thousands, time, words};
use crate::error::ApiResult;
use crate::routes::leads::changes_of;
use crate::views::lead::LeadChangeView;

/// The maximum number of rows of each part.
const ROWS: i64 = 20;

/// The pages and sitemaps of a lead's site, and the decisions about the lead.
#[derive(Default)]
pub struct More {
    pages: (Vec<Page>, i64),
    sitemaps: (Vec<SitemapFile>, i64),
    decisions: Vec<LeadChangeView>,
}

impl More {
    pub async fn load(conn: &mut TenantConnection, lead: &Lead) -> ApiResult<Self> {
        let decisions = changes_of(conn, lead, &Paging::first(ROWS)).await?;
        let Some(domain) = lead.domain_id else {
            return Ok(Self {
                decisions,
                ..Self::default()
            });
        };
        Ok(Self {
            pages: pages(conn, domain).await?,
            sitemaps: sitemaps(conn, domain).await?,
            decisions,
        })
    }

    pub fn show(&self) -> Markup {
        html! {
            (decisions(&self.decisions))
            (show_pages(&self.pages))
            (show_sitemaps(&self.sitemaps))
        }
    }
}

async fn pages(conn: &mut TenantConnection, domain: DomainId) -> ApiResult<(Vec<Page>, i64)> {
    let filter = PageFilter {
        domain_id: Some(domain),
        ..PageFilter::default()
    };
    Ok(repo::pages::list(conn, &filter, &Paging::first(ROWS)).await?)
}

async fn sitemaps(conn: &mut TenantConnection, domain: DomainId) -> ApiResult<(Vec<SitemapFile>, i64)> {
    let filter = SitemapFileFilter {
        domain_id: Some(domain),
        ..SitemapFileFilter::default()
    };
    Ok(repo::sitemap_files::list(conn, &filter, &Paging::first(ROWS)).await?)
}

/// Heads a part that may have more rows than are shown.
fn heading(name: &str, shown: usize, total: i64) -> Markup {
    let is_cut = i64::try_from(shown).is_ok_and(|shown| shown < total);
    html! {
        h2 { (name) }
        @if is_cut { p.hint { "The newest " (shown) " of " (thousands(total)) "." } }
    }
}

fn show_pages((pages, total): &(Vec<Page>, i64)) -> Markup {
    html! {
        @if !pages.is_empty() {
            section {
                (heading("Pages", pages.len(), *total))
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Address" } th { "Title" } th { "Kind" } th { "Answer" } th { "Last scan" } } }
                    tbody {
                        @for page in pages {
                            tr {
                                td.long { (link(&page.url)) }
                                td { (page.title.as_deref().unwrap_or_default()) }
                                td { (page.page_type.as_deref().unwrap_or_default()) }
                                td { @if let Some(status) = page.status_code { (status) } }
                                td { @if let Some(at) = page.last_scan { (time(at)) } }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn show_sitemaps((files, total): &(Vec<SitemapFile>, i64)) -> Markup {
    html! {
        @if !files.is_empty() {
            section {
                (heading("Sitemaps", files.len(), *total))
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Address" } th { "Kind" } th { "State" } th { "Pages" } th { "What went wrong" } } }
                    tbody {
                        @for file in files {
                            tr {
                                td.long { (link(&file.url)) }
                                td { (words(&file.sitemap_type)) }
                                td { (words(&file.status)) }
                                td { @if let Some(count) = file.page_count { (thousands(count.into())) } }
                                td { (file.error_message.as_deref().unwrap_or_default()) }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn decisions(changes: &[LeadChangeView]) -> Markup {
    html! {
        @if !changes.is_empty() {
            section {
                h2 { "Who decided what" }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "When" } th { "Who" } th { "What" } } }
                    tbody {
                        @for change in changes {
                            tr {
                                td { (time(change.changed_at)) }
                                td { (change.changed_by.name.as_deref().unwrap_or("unknown")) }
                                td {
                                    (difference(change))
                                    @if change.undone_at.is_some() { " " span.chip { "undone" } }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Says what a change changed.
fn difference(change: &LeadChangeView) -> Markup {
    let (before, after) = (&change.before, &change.after);
    let tags = |tags: &Option<Vec<Option<String>>>| {
        let known: Vec<&str> = tags.iter().flatten().flatten().map(String::as_str).collect();
        known.join(", ")
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
    let parts = [
        ("Status", text(&before.status), text(&after.status)),
        ("Tags", tags(&before.tags), tags(&after.tags)),
        ("Priority", number(before.priority), number(after.priority)),
        ("Look again on", text(&before.revisit_date), text(&after.revisit_date)),
        ("Notes", text(&before.notes), text(&after.notes)),
    ];
    html! {
        @for (name, before, after) in parts.iter().filter(|(_, before, after)| before != after) {
            div {
                span.hint { (name) ": " }
                @if after.is_empty() { "removed " del { (before) } } @else { (after) }
            }
        }
    }
}
