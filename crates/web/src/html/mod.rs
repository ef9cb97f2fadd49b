//! The guarded HTML parser: html5ever, stopped before a hostile page uses too much time or memory.
//!
//! html5ever follows the HTML standard, which is quadratic or worse for some input: 120 KB of `<font>` and `<p>` took
//! 15.7 s and 3.1 GB. The input is therefore parsed in small chunks, and time, number of nodes and depth are compared
//! with [`Limits`] between chunks.
//!
//! A page that reaches a limit is truncated, not refused: its head and first few hundred thousand nodes still contain
//! the title, addresses and technologies, and [`Document::is_truncated`] returns `true`. It is an error only if there
//! was no content before the limit.
//!
//! Parsing takes up to [`Limits::max_time`] of CPU: run it outside async threads. A [`Document`] is not `Send`; extract
//! what is needed on the same thread.

mod limits;
mod sink;

#[cfg(test)]
mod hostile;

pub use self::limits::{Limit, Limits};

use std::time::Instant;

use html5ever::driver;
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::Html;

use self::sink::BoundedSink;

/// The number of bytes parsed between two checks of the limits.
///
/// The nodes of one chunk are bounded by its length times [`Limits::max_depth`] (a `<p>` reopens every open formatting
/// element), so smaller chunks bound memory more tightly; with this size an ordinary page parses as fast as in one
/// piece.
const CHUNK_BYTES: usize = 1024;
/// The number of bytes for which a node is reserved, a little less than ordinary pages have.
const BYTES_PER_NODE: usize = 32;

/// Why a page could not be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A limit was reached before any content.
    #[error("the page cannot be parsed: {limit}, and its first {consumed_bytes} bytes have no content")]
    NothingWithin {
        /// The limit.
        limit: Limit,
        /// The number of bytes parsed.
        consumed_bytes: usize,
    },
}

/// A parsed page.
#[derive(Debug)]
pub struct Document {
    html: Html,
    stopped_by: Option<Limit>,
}

impl Document {
    /// Returns the tree.
    #[must_use]
    pub fn html(&self) -> &Html {
        &self.html
    }

    /// Returns whether parsing stopped before the end of the page.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.stopped_by.is_some()
    }

    /// Returns the limit at which parsing stopped, if any.
    #[must_use]
    pub fn stopped_by(&self) -> Option<Limit> {
        self.stopped_by
    }
}

/// Parses a page within the limits.
///
/// The tree is that of a browser with scripting enabled, so the content of `<noscript>` is text.
///
/// # Errors
///
/// If a limit was reached before any content.
pub fn parse(html: &str, limits: &Limits) -> Result<Document, ParseError> {
    let started = Instant::now();
    let sink = BoundedSink::new(*limits, html.len() / BYTES_PER_NODE);
    let mut parser = driver::parse_document(sink, driver::ParseOpts::default());
    // The chunks are parts of one buffer, so a text that spans some of them is never copied.
    let mut rest = StrTendril::from_slice(html);
    while !rest.is_empty() {
        let chunk = rest.floor_char_boundary(CHUNK_BYTES) as u32;
        parser.process(rest.subtendril(0, chunk));
        rest.pop_front(chunk);

        let sink = &parser.tokenizer.sink.sink;
        let exceeded = sink
            .exceeded()
            .or_else(|| (started.elapsed() > limits.max_time).then_some(Limit::Time));
        // The end of the page only closes open elements, once each, so the last chunk needs no check.
        if let Some(limit) = exceeded
            && !rest.is_empty()
        {
            // The tokenizer's end-of-file steps are skipped: on a hostile page they are as slow as the rest.
            let document = Document {
                html: parser.tokenizer.sink.sink.into_html(),
                stopped_by: Some(limit),
            };
            let consumed_bytes = html.len() - rest.len();
            return if has_content(&document.html) {
                Ok(document)
            } else {
                Err(ParseError::NothingWithin { limit, consumed_bytes })
            };
        }
    }
    Ok(Document {
        html: parser.finish(),
        stopped_by: None,
    })
}

/// Returns whether there is any text or any element within `<head>` or `<body>`.
fn has_content(html: &Html) -> bool {
    let Some(root) = html.tree.root().children().find(|node| node.value().is_element()) else {
        return false;
    };
    root.children().any(|section| section.has_children())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_ordinary_page_is_whole() {
        let page = parse("<!doctype html><title>Hello</title><p>World", &Limits::default()).unwrap();
        assert!(!page.is_truncated());
        assert_eq!(
            page.html().html(),
            "<!DOCTYPE html><html><head><title>Hello</title></head><body><p>World</p></body></html>"
        );
    }

    #[test]
    fn an_empty_page_is_a_page() {
        assert!(!parse("", &Limits::default()).unwrap().is_truncated());
    }

    #[test]
    fn chunks_do_not_show_in_the_tree() {
        let text = "Zoë naïve 東京 🦀 ".repeat(500);
        let source = format!("<p title='{text}'>{text}</p><script>{text}</script>");
        let limits = Limits {
            max_attribute_bytes: usize::MAX,
            ..Limits::default()
        };
        let page = parse(&source, &limits).unwrap();
        assert!(*page.html() == Html::parse_document(&source));
    }

    #[test]
    fn what_came_before_a_limit_is_kept() {
        let source = format!("<title>Kept</title>{}", "<div>".repeat(2_000));
        let page = parse(&source, &Limits::default()).unwrap();
        assert_eq!(page.stopped_by(), Some(Limit::Depth));
        assert!(page.html().html().contains("<title>Kept</title>"));
    }

    #[test]
    fn a_limit_before_any_content_is_an_error() {
        let source = format!("<html {}>", "a".repeat(10_000));
        let limits = Limits {
            max_time: Duration::ZERO,
            ..Limits::default()
        };
        assert_eq!(
            parse(&source, &limits).unwrap_err().to_string(),
            "the page cannot be parsed: it takes too long to parse, and its first 1024 bytes have no content"
        );
    }
}
