//! A site of 300 pages for crawls: planted addresses in every spelling, decoys, traps, rules, duplicates, broken pages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::site::{Reply, Site};

/// The domain.
pub const HOST: &str = "acme.bench.test";

/// An address on a page.
#[derive(Clone, Debug)]
pub struct Planted {
    pub email: String,
    pub path: String,
    pub kind: &'static str,
    /// The word directly before it.
    pub before: String,
}

/// The plan of the site.
pub struct Plan {
    pub planted: Vec<Planted>,
    pages: BTreeMap<String, String>,
}

/// Returns an address in one of several spellings.
fn spelled(number: usize, email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap();
    let dotted = |dot: &str| domain.replace('.', dot);
    let turned: String = email.chars().rev().collect();
    let key = 0x2a_u8;
    let hex = email
        .bytes()
        .fold(format!("{key:02x}"), |hex, b| format!("{hex}{:02x}", b ^ key));
    match number % 20 {
        0 => email.to_owned(),
        1 => format!("<a href=\"mailto:{email}?subject=Hi\">write</a>"),
        2 => format!("{local}&#64;{}", domain.replace('.', "&#46;")),
        3 => format!("{local} [at] {}", dotted(" [dot] ")),
        4 => format!("{local}(at){}", dotted("(punkt)")),
        5 => format!("{local} [arroba] {}", dotted(" [punto] ")),
        6 => format!("{local} (chiocciola) {}", dotted(" (punto) ")),
        7 => format!("{local} [arobase] {}", dotted(" [point] ")),
        8 => format!("{local} [собака] {}", dotted(" [точка] ")),
        9 => format!("<a class=\"__cf_email__\" data-cfemail=\"{hex}\">[email&#160;protected]</a>"),
        10 => format!("<a href=\"/cdn-cgi/l/email-protection#{hex}\">write</a>"),
        11 => format!(
            "<script type=\"application/ld+json\">{{\"@type\":\"Organization\",\"email\":\"{email}\"}}</script>"
        ),
        12 => format!("<bdo dir=\"rtl\">{turned}</bdo>"),
        13 => format!("<span style=\"unicode-bidi:bidi-override;direction:rtl\">{turned}</span>"),
        14 => email.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        15 => format!("<span data-email=\"{email}\"></span>"),
        16 => format!("<a data-user=\"{local}\" data-domain=\"{domain}\">write</a>"),
        17 => {
            let card = format!("BEGIN%3AVCARD%0AEMAIL%3A{}%0AEND%3AVCARD", email.replace('@', "%40"));
            format!("<a href=\"data:text/vcard,{card}\">card</a>")
        }
        18 => format!("{local} <b>[małpa]</b> {}", dotted(" [kropka] ")),
        _ => format!("<i>{local}</i>@<b>{domain}</b>"),
    }
}

/// Returns a text that only looks like an address.
fn decoy(number: usize) -> String {
    match number % 10 {
        0 => format!("<img src=\"/img/logo{number}@2x.png\">"),
        1 => format!("react-{number}@18.2.0"),
        2 => format!("user{number}@example.com"),
        3 => format!("0123456789abcdef{number:08}@sentry.io"),
        4 => format!("node{number}@printer.local"),
        5 => format!("asset{number}@3x.webp"),
        6 => format!("https://user{number}:secret@files.acme-demo.com/"),
        7 => format!("dev{number}@build.invalid"),
        8 => format!("Sale number {number} (at) 5.99"),
        _ => format!("<script>var x{number} = 'hidden{number}@acme-demo.com'</script>"),
    }
}

impl Plan {
    /// Plans the site: 20 addresses on each of the 5 pages to fetch first, and decoys on all pages.
    pub fn new() -> Self {
        let first = ["/contact", "/impressum", "/about-us", "/team", "/privacy"];
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        let mut planted = Vec::new();
        let domains = [
            (HOST, "corporate"),
            ("gmail.com", "free"),
            ("partner-firma.de", "unknown"),
            ("bücher-handel.de", "unknown"),
        ];
        for (page, path) in first.iter().enumerate() {
            let body = bodies.entry((*path).to_owned()).or_default();
            for number in 0..20 {
                let (domain, kind) = domains[(number / 5 + page) % 4];
                let (local, kind) = match (number, page) {
                    (0, 0) => ("info".to_owned(), "service"),
                    (0, 1) => ("support".to_owned(), "service"),
                    _ => (format!("person{page}x{number}"), kind),
                };
                let email = format!("{local}@{domain}");
                // Spellings in bytes or URLs use punycode.
                let ascii = format!("{local}@{}", domain.replace("bücher-handel", "xn--bcher-handel-dlb"));
                let written = match number {
                    9..=11 | 15..=17 => spelled(number, &ascii),
                    _ => spelled(number, &email),
                };
                let before = format!("mark{page}n{number}");
                writeln!(body, "<p>{before} {written} behind it.</p>").unwrap();
                planted.push(Planted {
                    email: ascii,
                    path: (*path).to_owned(),
                    kind,
                    before,
                });
            }
        }
        Self {
            planted,
            pages: pages(bodies),
        }
    }

    /// The number of pages.
    pub fn count(&self) -> usize {
        self.pages.len()
    }

    /// Starts the site.
    pub async fn start(&self) -> Site {
        let pages = self.pages.clone();
        Site::start(move |path| answer(&pages, path)).await
    }
}

/// Creates 300 pages: the ones with addresses, and articles that link to the next ones and to traps.
fn pages(first: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut decoys = 0;
    let mut more = |count: usize| {
        let mut text = String::new();
        for _ in 0..count {
            writeln!(text, "<p>{}</p>", decoy(decoys)).unwrap();
            decoys += 1;
        }
        text
    };
    let nav = "<a href=\"/contact\">Contact</a> <a href=\"/team\">Team</a> <a href=\"/\">Home</a>";
    for (path, body) in &first {
        let page = format!("<title>{path}</title><h1>{path}</h1>{body}{}{nav}", more(10));
        pages.insert(path.clone(), page);
    }
    let links: String = (0..12)
        .map(|n| format!("<a href=\"/article/{n}\">Article {n}</a>\n"))
        .collect();
    let home = format!(
        "<title>Acme</title><h1>Acme</h1>{links}<a href=\"/impressum\">Impressum</a><a href=\"/about-us\">About</a>\
         <a href=\"/privacy\">Privacy</a>{nav}<a href=\"/calendar/2024/01\">Calendar</a><a href=\"/private/secret\">Secret</a>\
         <a href=\"/leave\">Leave</a><a href=\"https://other-site.bench.test/contact\">Other</a><a href=\"/broken\">Broken</a>\
         <a href=\"/slow\">Slow</a><a href=\"/file.pdf\">File</a><a href=\"/loop\">Loop</a><a href=\"/twin\">Copy</a>\
         <a href=\"/list?page=1\">List</a><a href=\"/data\">Data</a><a href=\"/circle/a/b/a/b/a/b\">Circle</a>{}",
        more(20)
    );
    pages.insert("/".to_owned(), home);
    let team = pages["/team"].clone();
    pages.insert("/twin".to_owned(), team);
    let mut number = 0;
    while pages.len() < 300 {
        let next: String = (1..=4)
            .map(|step| format!("<a href=\"/article/{}\">Next</a>", number * 2 + 10 + step))
            .collect();
        let page = format!(
            "<title>Article {number}</title><h1>Article {number}</h1><p>Words about {number}.</p>{next}{nav}{}\
             <a href=\"/article/{number}?utm_source=x#top\">Myself</a><a href=\"/article/{number}?replytocom=1\">Reply</a>",
            if number < 140 { more(1) } else { String::new() }
        );
        pages.insert(format!("/article/{number}"), page);
        number += 1;
    }
    assert!(decoys >= 200, "{decoys} decoys");
    pages
}

fn answer(pages: &BTreeMap<String, String>, path: &str) -> Reply {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    if let Some(page) = pages.get(bare) {
        return Reply::html(page);
    }
    match bare {
        "/robots.txt" => Reply::new(
            "200 OK",
            &[("Content-Type", "text/plain")],
            "User-agent: *\nDisallow: /private/\n",
        ),
        "/private/secret" => Reply::html("<p>secret@acme.bench.test"),
        "/leave" => Reply::redirect("https://other-site.bench.test/contact"),
        "/loop" => Reply::redirect("/loop2"),
        "/loop2" => Reply::redirect("/loop"),
        "/broken" => Reply::new(
            "500 Internal Server Error",
            &[("Content-Type", "text/html")],
            "broken@acme.bench.test",
        ),
        "/slow" => Reply::Late(Duration::from_millis(300), Reply::html("<p>A slow page").into_bytes()),
        "/data" => Reply::new("200 OK", &[("Content-Type", "application/json")], "{}"),
        "/list" => {
            let page: usize = query.trim_start_matches("page=").parse().unwrap_or(1);
            let next = page + 1;
            Reply::html(format!(
                "<title>List {page}</title><p>Page {page}<a href=\"/list?page={next}\">next</a>"
            ))
        }
        _ if bare.starts_with("/calendar/") => {
            let parts: Vec<u32> = bare.split('/').skip(2).filter_map(|part| part.parse().ok()).collect();
            let (year, month) = (
                parts.first().copied().unwrap_or(2024),
                parts.get(1).copied().unwrap_or(1),
            );
            let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            Reply::html(format!(
                "<title>{bare}</title><p>{bare}<a href=\"/calendar/{year}/{month:02}\">next month</a>"
            ))
        }
        _ => Reply::new("404 Not Found", &[("Content-Type", "text/html")], "<p>nothing"),
    }
}
