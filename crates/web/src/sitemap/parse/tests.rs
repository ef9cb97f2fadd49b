//! Every fixture in fixtures/sitemaps with its expected result, and generated files that are too large for fixtures.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::path::Path;

use chrono::SecondsFormat;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::entry::Alternate;
use super::*;

const BASE: &str = "https://shop.test/maps/fixture.xml";

/// Writes the result in the format of the fixtures' `.expected` files.
fn read(file: impl Read, limits: &ParseLimits) -> (String, Summary) {
    let mut items = String::new();
    let summary = parse(file, &Url::parse(BASE).unwrap(), None, limits, |item| {
        let (word, entry) = match item {
            Item::Page(entry) => ("page", entry),
            Item::Child(entry) => ("child", entry),
        };
        write!(items, "{word} {}", entry.url).unwrap();
        if let Some(time) = entry.lastmod {
            write!(items, " lastmod={}", time.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap();
        }
        if let Some(word) = entry.changefreq {
            write!(items, " changefreq={word}").unwrap();
        }
        if let Some(priority) = entry.priority {
            write!(items, " priority={priority}").unwrap();
        }
        for (name, count) in [("images", entry.images), ("videos", entry.videos), ("news", entry.news)] {
            if count > 0 {
                write!(items, " {name}={count}").unwrap();
            }
        }
        for Alternate { hreflang, href } in &entry.alternates {
            write!(items, " {hreflang}={href}").unwrap();
        }
        items.push('\n');
        ControlFlow::Continue(())
    });
    let mut text = format!("kind {}\n", summary.kind.label());
    if summary.is_gzip {
        text.push_str("gzip\n");
    }
    if let Some(generator) = &summary.generator {
        writeln!(text, "generator {generator}").unwrap();
    }
    if let Some(complaint) = summary.complaint() {
        writeln!(text, "error {complaint}").unwrap();
    }
    (text + &items, summary)
}

#[test]
fn every_fixture_is_read_exactly() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sitemaps");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "expected") {
            continue;
        }
        count += 1;
        let mut expected = path.clone().into_os_string();
        expected.push(".expected");
        let expected = std::fs::read_to_string(expected).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let whole = read(bytes.as_slice(), &ParseLimits::default()).0;
        let bytewise = read(Trickle(&bytes), &ParseLimits::default()).0;
        if whole != expected || bytewise != expected {
            wrong.push(format!(
                "{}\nexpected:\n{expected}\nread:\n{whole}\nbyte by byte:\n{bytewise}",
                path.display()
            ));
        }
    }
    assert!(count >= 40, "{count} fixtures");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file that arrives one byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(0);
        };
        self.0 = rest;
        into[0] = *first;
        Ok(1)
    }
}

/// A file that begins with one text and repeats another.
fn long(first: &str, again: &str, times: usize, last: &str) -> impl Read {
    let again = again.to_owned();
    let mut left = times;
    let mut at = 0;
    let repeated = move |into: &mut [u8]| -> io::Result<usize> {
        let mut written = 0;
        while written < into.len() && left > 0 {
            let rest = &again.as_bytes()[at..];
            let length = rest.len().min(into.len() - written);
            into[written..written + length].copy_from_slice(&rest[..length]);
            written += length;
            at += length;
            if at == again.len() {
                (at, left) = (0, left - 1);
            }
        }
        Ok(written)
    };
    io::Cursor::new(first.to_owned())
        .chain(By(repeated))
        .chain(io::Cursor::new(last.to_owned()))
}

struct By<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for By<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (self.0)(into)
    }
}

fn failure(file: impl Read) -> (Option<Failure>, Summary) {
    let summary = parse(file, &Url::parse(BASE).unwrap(), None, &ParseLimits::default(), |_| {
        ControlFlow::Continue(())
    });
    (summary.failure, summary)
}

const START: &str = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>";

#[test]
fn files_beyond_the_standards_limits_are_read_and_reported() {
    let (end, summary) = failure(long(
        START,
        "<url><loc>https://shop.test/a</loc></url>",
        50_001,
        "</urlset>",
    ));
    assert_eq!((end, summary.pages), (None, 50_001));
    assert_eq!(summary.problems.count(Problem::TooManyForStandard), 1);
    let entry = format!(
        "<url><loc>https://shop.test/a</loc><!-- {} --></url>",
        "x".repeat(100_000)
    );
    let (end, summary) = failure(long(START, &entry, 530, "</urlset>"));
    assert_eq!((end, summary.pages), (None, 530));
    assert_eq!(
        summary.complaint().as_deref(),
        Some("it is larger than the 50 MB of the standard")
    );
}

#[test]
fn a_cap_ends_a_file_and_keeps_earlier_entries() {
    let entry = "<url><loc>https://shop.test/a</loc></url>";
    let limits = ParseLimits {
        max_bytes: 1 << 20,
        max_urls: 1000,
        ..ParseLimits::default()
    };
    let (_, summary) = read(long(START, entry, usize::MAX, ""), &limits);
    assert_eq!((summary.failure, summary.pages), (Some(Failure::TooManyUrls), 1000));
    let padded = format!("{entry}<!-- {} -->", "x".repeat(10_000));
    let (_, summary) = read(long(START, &padded, usize::MAX, ""), &limits);
    assert_eq!(
        (summary.failure, summary.bytes, summary.pages),
        (Some(Failure::TooLarge), 1 << 20, 105)
    );
    let exact = ParseLimits {
        max_bytes: START.len() as u64 + 9,
        ..ParseLimits::default()
    };
    let (_, summary) = read(long(START, "", 0, "</urlset>"), &exact);
    assert_eq!(
        summary.failure, None,
        "a file that is as large as is taken is read to its end"
    );
}

#[test]
fn an_endless_text_is_not_kept() {
    for (first, again) in [
        ("<url><loc>", "x"),
        ("<url attribute='", "x"),
        ("<!--", "x<>"),
        ("<![CDATA[", "]]x<"),
        ("<", "x"),
        ("<?x", "x"),
    ] {
        let (end, summary) = failure(long(&format!("{START}{first}"), again, usize::MAX, ""));
        assert_eq!(end, Some(Failure::LongPiece), "{first}");
        assert!(summary.bytes < 2 * 1024 * 1024, "{first}: {}", summary.bytes);
    }
    let (end, _) = failure(long("https://shop.test/", "x", usize::MAX, ""));
    assert_eq!(end, Some(Failure::LongPiece));
}

#[test]
fn a_nesting_bomb_ends_at_once() {
    let (end, summary) = failure(long(START, "<a>", usize::MAX, ""));
    assert_eq!(end, Some(Failure::TooDeep));
    assert!(summary.bytes < 100_000);
}

/// Compresses a text repeatedly: concatenated gzip files are one gzip file.
fn bomb(first: &str, again: &str, times: usize) -> Vec<u8> {
    let gzip = |text: &str| {
        let mut file = GzEncoder::new(Vec::new(), Compression::best());
        file.write_all(text.as_bytes()).unwrap();
        file.finish().unwrap()
    };
    let mut bomb = gzip(first);
    let again = gzip(again);
    (0..times).for_each(|_| bomb.extend_from_slice(&again));
    bomb
}

#[test]
fn a_gzip_bomb_ends_at_the_cap() {
    let first = format!("{START}<url><loc>https://shop.test/a</loc></url>");
    // 2 GB of blanks, which also exceed the length of a text: the cap that is reached first ends the file.
    let blanks = bomb(&first, &" ".repeat(1 << 20), 2048);
    assert!(blanks.len() < 16 << 20);
    let (end, summary) = failure(blanks.as_slice());
    assert_eq!((end, summary.pages), (Some(Failure::LongPiece), 1));
    assert!(summary.bytes < 4 << 20);

    // 2 GB of entries.
    let entries = bomb(
        &first,
        &format!("<url><loc>https://shop.test/a</loc></url>{}<a/>", " ".repeat(1 << 20)),
        2048,
    );
    let limits = ParseLimits {
        max_piece: 2 << 20,
        max_bytes: 8 << 20,
        ..ParseLimits::default()
    };
    let (_, summary) = read(entries.as_slice(), &limits);
    assert_eq!(
        (summary.failure, summary.bytes, summary.pages),
        (Some(Failure::TooLarge), 8 << 20, 9)
    );
}

#[test]
fn a_consumer_that_breaks_off_gets_no_more_entries() {
    let mut taken = 0;
    let file = long(START, "<url><loc>https://shop.test/a</loc></url>", usize::MAX, "");
    let summary = parse(file, &Url::parse(BASE).unwrap(), None, &ParseLimits::default(), |_| {
        taken += 1;
        if taken == 10 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(
        (taken, summary.pages, summary.failure),
        (10, 10, Some(Failure::TooManyUrls))
    );
}

#[test]
fn the_servers_charset_counts_if_the_file_names_none() {
    let file = b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>https://shop.test/\xe9</loc></url></urlset>";
    let url = |charset| {
        let mut found = String::new();
        parse(
            &file[..],
            &Url::parse(BASE).unwrap(),
            charset,
            &ParseLimits::default(),
            |item| {
                if let Item::Page(entry) = item {
                    found.push_str(&entry.url);
                }
                ControlFlow::Continue(())
            },
        );
        found
    };
    assert_eq!(url(Some("iso-8859-1")), "https://shop.test/%C3%A9");
    assert_eq!(url(Some("nonsense")), "https://shop.test/%EF%BF%BD");
    assert_eq!(url(None), "https://shop.test/%EF%BF%BD");
}
