//! The guarded HTML parser: html5ever, stopped before a hostile page costs too much.
//!
//! html5ever follows the HTML standard, which is quadratic and worse on some input: 120 KB of `<font>`
//! and `<p>` took 15.7 s and 3.1 GB. The input is fed in small chunks, and between two of them elapsed
//! time, number of nodes and depth are compared with [`Limits`].
//!
//! A page that reaches a limit is cut there and not refused: the head and the first few hundred thousand
//! nodes still hold the title, the addresses and the technology that a lead is made of, and
//! [`Document::is_truncated`] says that there was more. It is an error only when the limit came before
//! anything was seen.
//!
//! Parsing is CPU work of up to [`Limits::max_time`]: callers run it off the async threads. A
//! [`Document`] is not `Send`; take out of it what is needed where it was parsed.

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

/// How many bytes the parser gets between two looks at the limits.
///
/// What one chunk can create is bounded by its length times [`Limits::max_depth`] (a `<p>` opens every
/// formatting element again that is still open), so a smaller chunk bounds memory more tightly; at this
/// size an ordinary page parses as fast as in one piece.
const CHUNK_BYTES: usize = 1024;

/// Why a page could not be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A limit was reached before there was any content.
    #[error("the page cannot be parsed: {limit}, and its first {consumed_bytes} bytes have no content")]
    NothingWithin {
        /// Which limit it was.
        limit: Limit,
        /// How far the parser had come.
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

    /// Returns whether the page went on where parsing stopped.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.stopped_by.is_some()
    }

    /// Returns the limit at which the page was cut, if it was.
    #[must_use]
    pub fn stopped_by(&self) -> Option<Limit> {
        self.stopped_by
    }
}

/// Parses a page up to the limits.
///
/// The tree is the one a browser with scripting builds, so the content of `<noscript>` is text.
///
/// # Errors
///
/// When a limit was reached before the page had any content.
pub fn parse(html: &str, limits: &Limits) -> Result<Document, ParseError> {
    let started = Instant::now();
    let mut parser = driver::parse_document(BoundedSink::new(*limits), driver::ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
        rest = tail;
        parser.process(StrTendril::from_slice(chunk));

        let sink = &parser.tokenizer.sink.sink;
        let exceeded = sink
            .exceeded()
            .or_else(|| (started.elapsed() > limits.max_time).then_some(Limit::Time));
        // The end of a page closes what is open, once for each element: nothing to fear after its last chunk.
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
