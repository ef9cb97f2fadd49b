//! What headers, files, DNS and the scan's own requests tell.

use database::models::domain_evidence::EvidenceColumn as Column;
use database::models::domain_hosting::DomainHosting;
use url::Url;
use web::fetch::Entrance;
use web::hosting::Told as Provider;

use super::connection::of_connection;
use crate::dns::DnsRecords;
use crate::domain::gathered::Gathered;
use crate::evidence::{EvidenceRows, INFERRED, Told};

/// Adds what the values of `hosting` are told by, which a scan has just written.
pub(in crate::domain) fn of_hosting(rows: &mut EvidenceRows, gathered: &Gathered, hosting: &DomainHosting) {
    of_connection(rows, gathered, hosting);
    headers(rows, gathered, hosting);
    providers(rows, gathered);
    redirects(rows, gathered);
    crawlers(rows, gathered, hosting);
    measured(rows, gathered, hosting);
    for (kind, record) in gathered.dns.iter().flat_map(DnsRecords::texts) {
        let rule = format!("dns {kind}");
        rows.add(Column::DnsRecords, &record, Told::certain(None, &rule, &record));
    }
}

fn headers(rows: &mut EvidenceRows, gathered: &Gathered, hosting: &DomainHosting) {
    let home = gathered.home.final_url.as_str();
    if let Some(server) = &hosting.server_type {
        rows.add(
            Column::ServerType,
            server,
            Told::certain(Some(home), "header server", server),
        );
    }
    if let Some(modified) = hosting.last_modified {
        let value = modified.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        let header = gathered.home.headers.get("last-modified");
        let written = header.and_then(|header| header.to_str().ok()).unwrap_or(&value);
        rows.add(
            Column::LastModified,
            &value,
            Told::certain(Some(home), "header last-modified", written),
        );
    }
    let report = gathered.security();
    let changed = report.tests.iter().filter(|test| test.modifier != 0);
    let because: Vec<String> = changed
        .map(|test| format!("{} {:+}", test.test, test.modifier))
        .collect();
    let because = format!("{} points: {}", report.score, because.join(", "));
    rows.add(
        Column::SecurityHeaders,
        report.grade,
        Told::certain(Some(home), "grade of the HTTP Observatory", &because),
    );
}

fn providers(rows: &mut EvidenceRows, gathered: &Gathered) {
    let home = gathered.home.final_url.as_str();
    let providers = gathered.providers();
    for (column, provider) in [
        (Column::CdnProvider, &providers.cdn),
        (Column::HostingProvider, &providers.hosting),
        (Column::DnsRecords, &providers.dns),
        (Column::DnsRecords, &providers.mail),
    ] {
        if let Some(Provider { provider, by, what }) = provider {
            let told = Told {
                url: (*by == "header").then_some(home),
                rule: by,
                snippet: what,
                confidence: INFERRED,
            };
            rows.add(column, provider, told);
        }
    }
}

fn redirects(rows: &mut EvidenceRows, gathered: &Gathered) {
    for (rule, entrance) in gathered.redirects.entrances() {
        let Entrance { route, status, failure } = entrance;
        let Some((first, last)) = route.first().zip(route.last()) else {
            continue;
        };
        let steps: Vec<&str> = route.iter().map(Url::as_str).collect();
        let end = match (status, failure) {
            (_, Some(failure)) => failure.to_string(),
            (Some(status), None) => status.to_string(),
            (None, None) => String::new(),
        };
        let way = format!("{}: {end}", steps.join(" to "));
        rows.add(
            Column::Redirects,
            last.as_str(),
            Told::certain(Some(first.as_str()), rule, &way),
        );
    }
}

/// Adds what robots.txt and the home page say to crawlers.
fn crawlers(rows: &mut EvidenceRows, gathered: &Gathered, hosting: &DomainHosting) {
    let home = gathered.home.final_url.as_str();
    let robots = gathered.home.final_url.join("/robots.txt").map(String::from);
    let robots = robots.unwrap_or_default();
    if let Some(text) = &hosting.robots_txt {
        rows.add(
            Column::RobotsTxt,
            text,
            Told::certain(Some(&robots), "robots.txt", text),
        );
    }
    let hints = gathered.crawler_hints();
    for (value, url, rule) in [
        (hints.meta_robots, home, "meta robots"),
        (hints.x_robots_tag.as_deref(), home, "header x-robots-tag"),
        (hints.canonical_url, home, "link canonical"),
    ] {
        if let Some(value) = value {
            rows.add(Column::CrawlerHints, value, Told::certain(Some(url), rule, value));
        }
    }
    for sitemap in hints.sitemaps {
        rows.add(
            Column::CrawlerHints,
            sitemap,
            Told::certain(Some(&robots), "robots.txt sitemap", sitemap),
        );
    }
    if let Some(seconds) = hints.crawl_delay {
        let seconds = seconds.to_string();
        rows.add(
            Column::CrawlerHints,
            &seconds,
            Told::certain(Some(&robots), "robots.txt crawl-delay", &seconds),
        );
    }
}

/// Adds what the scan measured.
fn measured(rows: &mut EvidenceRows, gathered: &Gathered, hosting: &DomainHosting) {
    let home = gathered.home.final_url.as_str();
    let pages = format!("pages read: {}", gathered.totals.pages());
    for (column, value, rule, seen) in [
        (
            Column::ServerResponseTime,
            hosting.server_response_time,
            "time to the first byte",
            home,
        ),
        (
            Column::AverageResponseTime,
            hosting.average_response_time,
            "mean of the pages",
            &pages,
        ),
        (
            Column::AveragePageSize,
            hosting.average_page_size,
            "mean of the pages",
            &pages,
        ),
        (
            Column::TotalImagesCount,
            hosting.total_images_count,
            "images of the pages",
            &pages,
        ),
    ] {
        if let Some(value) = value {
            rows.add(column, &value.to_string(), Told::certain(Some(home), rule, seen));
        }
    }
    if let Some(counts) = &hosting.performance_metrics {
        let told = Told::certain(Some(home), "elements of the page", counts.as_str());
        rows.add(Column::PerformanceMetrics, counts.as_str(), told);
    }
}
