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

/// The first bytes of files that are no pages, whatever their media type says (the MIME Sniffing standard, 6 and 7.1).
const SIGNATURES: [(&[u8], &str); 14] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS\x00", "application/ogg"),
];

/// Returns the media type of a file that its first bytes tell; `None` for text.
pub(super) fn sniffed(body: &[u8]) -> Option<&'static str> {
    let of_container = |offset: usize, name: &[u8]| body.get(offset..offset + name.len()) == Some(name);
    if of_container(0, b"RIFF") && of_container(8, b"WEBP") {
        return Some("image/webp");
    }
    if of_container(4, b"ftyp") {
        return Some(if of_container(8, b"avif") {
            "image/avif"
        } else {
            "video/mp4"
        });
    }
    // The text "BM" may begin a page; a bitmap's reserved fields are zero.
    if of_container(0, b"BM") && of_container(6, b"\0\0\0\0") {
        return Some("image/bmp");
    }
    let found = SIGNATURES.iter().find(|(start, _)| body.starts_with(start));
    found.map(|(_, name)| *name)
}

/// Returns whether there is nothing but blanks in a body.
pub(super) fn is_blank(body: &[u8]) -> bool {
    let text = [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"]
        .iter()
        .find_map(|mark| body.strip_prefix(*mark))
        .unwrap_or(body);
    text.iter()
        .all(|byte| matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n' | 0x0c))
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
    fn files_are_told_by_their_first_bytes_and_blanks_by_having_nothing_else() {
        for (body, found) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x20ftypavif", Some("image/avif")),
            (b"BM\x36\x10\0\0\0\0\0\0", Some("image/bmp")),
            (b"BMW dealers <p>", None),
            (b"<p>%PDF-", None),
            (b"", None),
        ] {
            assert_eq!(sniffed(body), found, "{}", String::from_utf8_lossy(body));
        }
        for (body, expected) in [
            (&b""[..], true),
            (b" \r\n\t", true),
            (b"\xef\xbb\xbf\n", true),
            (b"\xff\xfe \0\n\0", true),
            (b" . ", false),
        ] {
            assert_eq!(is_blank(body), expected, "{body:?}");
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
