//! Streaming parser for all sitemap formats: bytes in, entries out, with constant memory.
//!
//! The formats are those of sitemaps.org (`urlset`, `sitemapindex`, one URL per line), with Google's extensions for
//! images, videos, news and languages, and RSS 2.0 and Atom, which that protocol also accepts. The parser is lenient:
//! elements are recognised by their local names, since namespaces are often wrong, and a file that is cut off keeps its
//! earlier entries.

mod element;
mod machine;
mod summary;

pub use self::summary::{Item, ParseLimits, Summary};

use std::io::{BufRead, Read};
use std::ops::ControlFlow;

use url::Url;

use self::element::Bases;
use self::machine::{Machine, Within};
use super::entry::Entry;
use super::input::{Input, Stop};
use super::problem::{Failure, Problem, STANDARD_BYTES, STANDARD_URLS};
use super::resolve::Resolver;

/// Parses a file fetched from `base`, and passes each entry to `each` until that breaks off.
///
/// `charset` is what the server declares; a declaration in the file takes precedence. This function does not fail:
/// problems are in the summary.
pub fn parse<R: Read>(
    file: R,
    base: &Url,
    charset: Option<&str>,
    limits: &ParseLimits,
    each: impl FnMut(Item<'_>) -> ControlFlow<()>,
) -> Summary {
    let mut input = Input::new(file, charset, limits.max_bytes, limits.max_piece);
    let mut machine = Machine {
        each,
        resolver: Resolver::new(base),
        max_urls: limits.max_urls,
        summary: Summary {
            is_gzip: input.is_gzip(),
            ..Summary::default()
        },
        entry: Entry::default(),
        within: Within::Nothing,
        field: None,
        text: String::new(),
        depth: 0,
        entry_depth: 0,
        aside: None,
        base: Bases::default(),
        entry_base: None,
    };
    match first_character(&mut input) {
        None => machine.summary.failure = Some(Failure::Empty),
        Some(b'<') => input = machine.xml(input),
        Some(_) => machine.lines(&mut input),
    }
    let mut summary = machine.summary;
    summary.bytes = input.size();
    if summary.bytes > STANDARD_BYTES {
        summary.problems.add(Problem::TooLargeForStandard);
    }
    if summary.pages + summary.children > STANDARD_URLS {
        summary.problems.add(Problem::TooManyForStandard);
    }
    // The reason why the input ended explains any error at its end.
    summary.failure = match (input.stop(), summary.failure) {
        (_, Some(enough @ (Failure::TooManyUrls | Failure::Doctype | Failure::WebPage | Failure::TooDeep))) => {
            Some(enough)
        }
        (Some(Stop::TooLarge), _) => Some(Failure::TooLarge),
        (Some(Stop::LongPiece), _) => Some(Failure::LongPiece),
        (Some(Stop::Damaged), _) => Some(Failure::Damaged),
        (Some(Stop::Unreadable), _) => Some(Failure::Unreadable),
        (None, failure) => failure,
    };
    summary
}

/// A byte order mark in UTF-8. PHP leaves one for each included file.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Skips blanks and byte order marks, and returns the next character without consuming it.
fn first_character<R: Read>(input: &mut Input<R>) -> Option<u8> {
    loop {
        let text = input.fill_buf().unwrap_or_default();
        if text.is_empty() {
            return None;
        }
        let mut skipped = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = text.get(skipped..).unwrap_or_default();
        let first = rest.first().copied().filter(|_| !rest.starts_with(MARK));
        if rest.starts_with(MARK) {
            skipped += MARK.len();
        }
        input.consume(skipped);
        if first.is_some() {
            return first;
        }
    }
}

#[cfg(test)]
mod tests;
