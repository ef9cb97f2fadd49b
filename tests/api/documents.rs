//! Extraction from HTML documents installed on the machine: it invents nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use url::Url;
use web::extract::{PageContext, Spelling, extract, read_page};
use web::html::{Document, Limits, parse};

use crate::support::extent;
use crate::support::rules::RULES;

/// The minimum number of documents for a meaningful test.
const MIN_DOCUMENTS: usize = 500;

/// Folders where packages install documents.
fn roots() -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = [
        "/usr/share/doc",
        "/usr/share/gtk-doc",
        "/usr/lib/node_modules",
        "/usr/local/lib/node_modules",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    if let Some(home) = std::env::var_os("HOME") {
        roots.push(Path::new(&home).join(".rustup/toolchains"));
    }
    roots.extend(std::env::var_os("SCRAPERSKY_TEST_HTML").map(PathBuf::from));
    roots
}

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            documents(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html" || extension == "htm")
        {
            found.push(path);
        }
    }
}

/// Checks, independently of the extraction, whether a page contains an address: without tags and invisible characters,
/// with entities, percent signs and words for signs replaced, forwards and backwards.
fn holds(page: &str, email: &str) -> bool {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{2060}' => {}
            c => text.extend(c.to_lowercase()),
        }
    }
    let plain = |text: &str| {
        let mut text = text.to_lowercase();
        for (entity, sign) in [
            ("&#64;", "@"),
            ("&#x40;", "@"),
            ("&commat;", "@"),
            ("&#46;", "."),
            ("&#x2e;", "."),
            ("&period;", "."),
            ("%40", "@"),
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
        ] {
            text = text.replace(entity, sign);
        }
        text
    };
    let worded = |text: &str| {
        let mut text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        for bracket in ["[]", "()", "{}", "<>"] {
            let (open, close) = bracket.split_at(1);
            text = text
                .replace(&format!("{open}at{close}"), "@")
                .replace(&format!("{open}dot{close}"), ".");
        }
        text
    };
    let spoken = |text: &str| text.replace(" at ", "@").replace(" dot ", ".");
    let turned = |text: &str| text.chars().rev().collect::<String>();
    let (raw, text) = (plain(page), plain(&text));
    [
        worded(&text),
        worded(&raw),
        spoken(&text),
        turned(&text),
        raw.clone(),
        text.clone(),
    ]
    .iter()
    .any(|text| text.contains(email))
        || is_protected(page, email)
}

/// Looks for Cloudflare's email protection: hexadecimal bytes, each combined with the same key by exclusive or.
fn is_protected(page: &str, email: &str) -> bool {
    (0..=255_u8).any(|key| {
        let hex = email
            .bytes()
            .fold(format!("{key:02x}"), |hex, byte| format!("{hex}{:02x}", byte ^ key));
        page.contains(&hex)
    })
}

/// Checks, independently of the extraction, whether a page contains the last digits of a number: without tags, entities
/// for blanks and what is written between digits.
fn has_number(page: &str, number: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.replace("&nbsp;", " ").replace("&#160;", " ").chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            c => text.push(c),
        }
    }
    let number = digits(number);
    let end = number.get(number.len().saturating_sub(5)..).unwrap_or_default();
    // In an attribute such as `tel:`, or in the text.
    digits(page).contains(end) || digits(&text).contains(end)
}

/// Checks whether a page contains the name at the end of a profile's address.
fn has_profile(page: &str, profile: &str) -> bool {
    let name = profile.rsplit(['/', '=', '@']).next().unwrap_or_default();
    let plain = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .to_lowercase()
    };
    plain(page).contains(&plain(name))
}

/// Returns the claims about a page that it does not contain, and the numbers of telephone numbers and profiles.
fn invented(page: &str, document: &Document, url: &Url) -> (Vec<String>, [usize; 2]) {
    let facts = extract(
        document,
        &PageContext {
            final_url: url,
            headers: &[],
            rules: &RULES,
        },
    );
    let links = &facts.social_links;
    let columns = [
        &links.facebook,
        &links.twitter,
        &links.linkedin,
        &links.instagram,
        &links.youtube,
    ];
    let profiles: Vec<&String> = columns.into_iter().flatten().chain(links.others.values()).collect();
    let emails = facts.emails.iter().filter(|email| !holds(page, &email.to_lowercase()));
    let numbers = facts.phone_numbers.iter().map(|number| &number.number);
    let invented = emails
        .chain(numbers.filter(|number| !has_number(page, number)))
        .chain(profiles.iter().copied().filter(|profile| !has_profile(page, profile)));
    (invented.cloned().collect(), [facts.phone_numbers.len(), profiles.len()])
}

#[test]
fn nothing_is_invented_on_installed_documents() {
    let mut all = Vec::new();
    for root in roots() {
        let mut found = Vec::new();
        documents(&root, &mut found);
        // A sample from all parts of a large folder.
        let step = (found.len() / 600).max(1);
        all.extend(found.into_iter().step_by(step));
    }
    if all.len() < MIN_DOCUMENTS {
        println!(
            "skipped: {} HTML documents are installed, and {MIN_DOCUMENTS} are needed; SCRAPERSKY_TEST_HTML names a folder",
            all.len()
        );
        return;
    }
    // A sample from all folders.
    let most = extent::of(700, 150).min(all.len());
    let all: Vec<PathBuf> = (0..most).map(|n| all[n * all.len() / most].clone()).collect();
    let url = Url::parse("https://www.acme-demo.com/doc/").unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    let mut claims = [0; 2];
    let mut spellings: BTreeMap<Spelling, usize> = BTreeMap::new();
    let mut read = 0;
    for path in &all {
        let Ok(bytes) = fs::read(path) else { continue };
        let page = String::from_utf8_lossy(&bytes);
        let Ok(document) = parse(&page, &Limits::default()) else {
            continue;
        };
        read += 1;
        for contact in read_page(&document, &url, &RULES).contacts {
            count += 1;
            *spellings.entry(contact.spelling).or_default() += 1;
            if !holds(&page, &contact.email) {
                wrong.push(format!("{}: {contact:?}", path.display()));
            }
        }
        let (invented, counts) = invented(&page, &document, &url);
        wrong.extend(invented.iter().map(|claim| format!("{}: {claim}", path.display())));
        claims = [claims[0] + counts[0], claims[1] + counts[1]];
    }
    let [numbers, profiles] = claims;
    println!("{read} documents, {count} addresses: {spellings:?}, {numbers} numbers, {profiles} profiles");
    let least = extent::of(MIN_DOCUMENTS, 100);
    assert!(
        read >= least,
        "only {read} of {most} could be read, and {least} are needed"
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Otherwise the test would prove nothing.
    assert!(count > 0, "no document has an address");
}
