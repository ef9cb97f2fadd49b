//! What kind of content an answer is, as browsers find out.

use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// How much of a body is looked at (the MIME Sniffing standard, 5.2).
const SNIFFED: usize = 1445;

/// How much of an XML document is looked at to find its root.
const PROLOGUE: usize = 16 * 1024;

/// Tags by which a page is told whose type nobody says (the MIME Sniffing standard, 7.1).
const PAGE_TAGS: [&str; 22] = [
    "!doctype html",
    "html",
    "head",
    "meta",
    "link",
    "script",
    "iframe",
    "frameset",
    "h1",
    "div",
    "font",
    "table",
    "a",
    "style",
    "title",
    "b",
    "body",
    "br",
    "p",
    "center",
    "main",
    "!--",
];

/// Returns the media type without parameters, in lower case: the last one that is valid, as the Fetch standard has it.
/// `None` where there is none, or one that says nothing.
pub(super) fn essence(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_TYPE).iter();
    let types = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    types.filter_map(valid_essence).next_back()
}

fn valid_essence(value: &[u8]) -> Option<String> {
    let value = std::str::from_utf8(value).ok()?;
    let essence = value.split(';').next()?.trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let says_nothing = matches!(essence.as_str(), "unknown/unknown" | "application/unknown" | "*/*");
    (is_token(kind) && is_token(subtype) && !says_nothing).then_some(essence)
}

/// Returns whether a media type is one of XML, which may hold a page as well as anything else.
pub(super) fn is_xml(essence: &str) -> bool {
    matches!(essence, "text/xml" | "application/xml") || essence.ends_with("+xml")
}

/// Returns whether a body whose type nobody says may be a page: it begins like one, or is text at least.
pub(super) fn may_be_page(body: &[u8]) -> bool {
    let start = body.get(..SNIFFED).unwrap_or(body);
    if encoding_rs::Encoding::for_bom(start).is_some() {
        return true;
    }
    let text = start.trim_ascii_start();
    begins_page(text) || has_page_root(body) || (!is_binary(start) && !text.starts_with(b"%PDF-") && !is_xml_text(text))
}

fn begins_page(text: &[u8]) -> bool {
    let Some(tag) = text.strip_prefix(b"<") else {
        return false;
    };
    PAGE_TAGS.iter().any(|name| {
        let start = tag.get(..name.len()).unwrap_or_default();
        let ends = tag
            .get(name.len())
            .is_none_or(|byte| matches!(byte, b' ' | b'>' | b'\t' | b'\r' | b'\n' | b'/'));
        start.eq_ignore_ascii_case(name.as_bytes()) && (ends || *name == "!--")
    })
}

/// Returns whether there is a byte that no text has.
fn is_binary(start: &[u8]) -> bool {
    start
        .iter()
        .any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f))
}

fn is_xml_text(text: &[u8]) -> bool {
    text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<?xml"))
}

/// Returns whether a document of XML is a page: its root is `html`.
pub(super) fn has_page_root(body: &[u8]) -> bool {
    let start = body.get(..PROLOGUE).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let mut rest = text.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    loop {
        let behind = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->").map(|(_, behind)| behind)
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            instruction.split_once("?>").map(|(_, behind)| behind)
        } else if let Some(doctype) = rest.strip_prefix("<!") {
            doctype.split_once('>').map(|(_, behind)| behind)
        } else {
            let name = rest.strip_prefix('<').unwrap_or_default();
            let name = name
                .split(|char: char| char.is_whitespace() || matches!(char, '>' | '/'))
                .next();
            let local = name.map(|name| name.rsplit(':').next().unwrap_or(name));
            return local.is_some_and(|local| local.eq_ignore_ascii_case("html"));
        };
        match behind {
            Some(behind) => rest = behind.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_last_valid_type_counts() {
        for (values, expected) in [
            (&["text/html"][..], Some("text/html")),
            (&["Text/HTML; charset=x"], Some("text/html")),
            (&[" text/html ;"], Some("text/html")),
            (&["text/html, text/html"], Some("text/html")),
            (&["text/plain", "text/html"], Some("text/html")),
            (&["text/html, nonsense"], Some("text/html")),
            (&["image/svg+xml"], Some("image/svg+xml")),
            (&["html"], None),
            (&["text/html charset=utf-8"], None),
            (&["text/"], None),
            (&["*/*"], None),
            (&["unknown/unknown"], None),
            (&["\"text/html\""], None),
            (&[""], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(essence(&headers).as_deref(), expected, "{values:?}");
        }
    }

    #[test]
    fn a_page_is_told_by_its_beginning() {
        for (body, is_page) in [
            (&b"  <!DOCTYPE html><title>a"[..], true),
            (b"<html lang=en>", true),
            (b"<!-- a --><p>b", true),
            (b"<?xml version='1.0'?><!-- a --><!DOCTYPE html><html>", true),
            (b"\xef\xbb\xbf<html>", true),
            (b"just words", true),
            (b"", true),
            (b"<?xml version='1.0'?><rss>", false),
            (b"%PDF-1.7", false),
            (b"\x89PNG\r\n\x1a\n", false),
            (b"GIF89a\0", false),
        ] {
            assert_eq!(may_be_page(body), is_page, "{}", String::from_utf8_lossy(body));
        }
        assert!(has_page_root(b"<h:html xmlns:h='http://www.w3.org/1999/xhtml'/>"));
        assert!(!has_page_root(b"<svg><html/></svg>"));
        assert!(!has_page_root(b"<!-- <html>"));
    }
}
