//! Decodes bytes to text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The number of bytes searched for a declaration in the page, as in the HTML standard.
const PRESCAN: usize = 1024;

/// The number of bytes used for guessing the charset.
const GUESSED_FROM: usize = 256 * 1024;

/// A text and its original charset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text; invalid bytes become U+FFFD.
    pub text: Cow<'a, str>,
    /// The standard name of the charset.
    pub charset: &'static str,
}

/// Decodes `body`; this never fails.
///
/// The charset is taken from a byte order mark, or the header, or a `meta` element in the first 1,024 bytes, or guessed
/// from the content and the host's top-level domain ([the HTML
/// standard](https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding)). A declaration is
/// ignored in two cases where the content disproves it: another charset is declared, but all non-ASCII content is valid
/// UTF-8; or UTF-8 is declared, but no non-ASCII content is valid UTF-8.
#[must_use]
pub fn decode<'a>(body: &'a [u8], content_type: Option<&str>, top_level_domain: Option<&str>) -> Decoded<'a> {
    let (encoding, body) = match Encoding::for_bom(body) {
        Some((encoding, length)) => (encoding, body.get(length..).unwrap_or_default()),
        None => (settle(body, content_type, top_level_domain), body),
    };
    let (text, _) = encoding.decode_without_bom_handling(body);
    Decoded {
        text,
        charset: encoding.name(),
    }
}

fn settle(body: &[u8], content_type: Option<&str>, top_level_domain: Option<&str>) -> &'static Encoding {
    let declared = content_type
        .and_then(charset_parameter)
        .and_then(|label| Encoding::for_label(label.as_bytes()));
    let Some(declared) = declared.or_else(|| declared_inside(body)) else {
        return guess(body, top_level_domain, Utf8Detection::Allow);
    };
    if declared == UTF_8 {
        return if is_nowhere_utf8(body) {
            guess(body, top_level_domain, Utf8Detection::Deny)
        } else {
            UTF_8
        };
    }
    // ISO-2022-JP is pure ASCII, and UTF-16 is hardly ever valid UTF-8.
    if !body.is_ascii() && std::str::from_utf8(body).is_ok() {
        return UTF_8;
    }
    declared
}

fn guess(body: &[u8], top_level_domain: Option<&str>, utf8: Utf8Detection) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let start = body.get(..GUESSED_FROM).unwrap_or(body);
    detector.feed(start, start.len() == body.len());
    // The detector panics on an invalid label: upper case, or not ASCII.
    let label = top_level_domain
        .map(str::to_ascii_lowercase)
        .filter(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    detector.guess(label.as_deref().map(str::as_bytes), utf8)
}

/// Returns whether there are non-ASCII bytes, but no valid non-ASCII UTF-8 character.
fn is_nowhere_utf8(body: &[u8]) -> bool {
    !body.is_ascii() && body.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

/// Returns the charset parameter of a media type.
fn charset_parameter(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("charset");
        named.then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// Returns the encoding that the page declares.
fn declared_inside(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..PRESCAN).unwrap_or(body);
    // Only ASCII matters, and each byte stays one character.
    let (head, _) = WINDOWS_1252.decode_without_bom_handling(head);
    let label = xml_declaration(&head).or_else(|| meta(&head))?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A declaration that was readable as ASCII cannot be UTF-16.
    Some(if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else {
        encoding
    })
}

fn xml_declaration(head: &str) -> Option<String> {
    let (declaration, _) = head.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let mut attributes = Attributes(declaration);
    attributes.find_map(|(name, value)| (name == "encoding").then_some(value))
}

fn meta(head: &str) -> Option<String> {
    let mut rest = head;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = tag;
        if let Some(comment) = tag.strip_prefix("!--") {
            // The dashes that open a comment may also close it.
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            if comment.starts_with('>') || comment.starts_with("->") {
                rest = comment;
            }
            continue;
        }
        let Some(name) = tag.get(..4) else { continue };
        let separated = tag
            .get(4..)
            .is_some_and(|after| after.starts_with([' ', '\t', '\n', '\r', '\u{c}', '/']));
        if !(name.eq_ignore_ascii_case("meta") && separated) {
            continue;
        }
        let mut attributes = Attributes(tag.get(4..).unwrap_or_default());
        let (mut charset, mut content, mut is_type) = (None, None, false);
        for (name, value) in attributes.by_ref() {
            match name.as_str() {
                "charset" => charset = charset.or(Some(value)),
                "content" => content = content.or(Some(value)),
                "http-equiv" => is_type |= value.eq_ignore_ascii_case("content-type"),
                _ => {}
            }
        }
        rest = attributes.0;
        let said = content.filter(|_| is_type).and_then(|content| {
            let lower = content.to_ascii_lowercase();
            let (_, after) = lower.split_once("charset")?;
            let value = after.trim_start().strip_prefix('=')?.trim_start();
            let value = value.trim_start_matches(['"', '\'']);
            value.split(['"', '\'', ';', ' ']).next().map(str::to_owned)
        });
        if let Some(label) = charset.or(said) {
            return Some(label);
        }
    }
    None
}

/// The attributes of a tag up to its end.
pub(super) struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// Reads what stands behind the name of a tag.
    pub(super) fn of(behind_name: &'a str) -> Self {
        Self(behind_name)
    }
}

impl Iterator for Attributes<'_> {
    type Item = (String, String);

    fn next(&mut self) -> Option<Self::Item> {
        let space = [' ', '\t', '\n', '\r', '\u{c}'];
        let start = self.0.trim_start_matches(|char| space.contains(&char) || char == '/');
        if start.is_empty() || start.starts_with('>') {
            self.0 = start;
            return None;
        }
        // A name may start with an equals sign, and so is never empty.
        let first = start.chars().next().map_or(0, char::len_utf8);
        let after_first = start.get(first..).unwrap_or_default();
        let length = after_first.find(|char| space.contains(&char) || matches!(char, '=' | '>' | '/'));
        let (name, rest) = start.split_at_checked(first + length.unwrap_or(after_first.len()))?;
        let value_follows = rest.trim_start_matches(space).strip_prefix('=');
        let (value, rest) = match value_follows.map(|value| value.trim_start_matches(space)) {
            None => ("", rest),
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inner = value.get(1..).unwrap_or_default();
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                _ => {
                    let end = value.find(|char| space.contains(&char) || char == '>');
                    value.split_at_checked(end.unwrap_or(value.len()))?
                }
            },
        };
        self.0 = rest;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], content_type: &str) -> (String, &'static str) {
        let decoded = decode(body, Some(content_type), Some("de"));
        (decoded.text.into_owned(), decoded.charset)
    }

    #[test]
    fn the_mark_wins_then_the_header_then_the_page() {
        let text = |body: &[u8], content_type| read(body, content_type).0;
        assert_eq!(
            text(b"\xef\xbb\xbfcaf\xc3\xa9", "text/html; charset=iso-8859-1"),
            "café"
        );
        assert_eq!(text(b"\xff\xfec\0a\0f\0\xe9\0", "text/html; charset=utf-8"), "café");
        assert_eq!(
            text(b"<meta charset=utf-8>\xef\xee", "text/html; charset=\"KOI8-R\""),
            "<meta charset=utf-8>ОН"
        );
        assert_eq!(
            text(b"<meta charset=windows-1251>\xcf\xf0\xe8", "text/html"),
            "<meta charset=windows-1251>При"
        );
        assert_eq!(
            read(b"<?xml version='1.0' encoding='Shift_JIS'?>", "text/xml").1,
            "Shift_JIS"
        );
    }

    #[test]
    fn a_meta_element_is_found_as_browsers_find_it() {
        for html in [
            "<META CHARSET = 'koi8-r' >",
            "<!-- <meta charset=utf-8> --><meta/charset=koi8-r>",
            "<!--><meta charset=koi8-r>",
            "<title>a</title><meta name=x content='charset=utf-8'><meta charset=\"koi8-r\">",
            "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>",
            "<meta content=\"text/html;charset = 'koi8-r'\" http-equiv=\"content-type\">",
            "<p =a=b><metadata charset=utf-8><meta charset=koi8-r",
        ] {
            assert_eq!(read(html.as_bytes(), "text/html").1, "KOI8-R", "{html}");
        }
        assert_eq!(read(b"<meta charset=utf-16le>", "text/html").1, "UTF-8");
        let late = format!("{}<meta charset=koi8-r>", " ".repeat(PRESCAN));
        assert_ne!(read(late.as_bytes(), "text/html").1, "KOI8-R");
    }

    #[test]
    fn an_undeclared_charset_is_guessed() {
        assert_eq!(read("Bäckerei Müller, Straße".as_bytes(), "text/html").1, "UTF-8");
        assert_eq!(
            read(b"B\xe4ckerei M\xfcller, Stra\xdfe", "text/html").0,
            "Bäckerei Müller, Straße"
        );
        assert_eq!(
            decode(b"a\xe9", None, Some("XN--P1AI")).charset.len(),
            decode(b"a\xe9", None, Some("xn--p1ai")).charset.len()
        );
    }

    #[test]
    fn a_declaration_that_the_content_disproves_is_not_believed() {
        let utf8 = "Bäckerei Müller".as_bytes();
        assert_eq!(read(utf8, "text/html; charset=iso-8859-1").0, "Bäckerei Müller");
        let latin = b"B\xe4ckerei M\xfcller";
        assert_eq!(read(latin, "text/html; charset=utf-8").0, "Bäckerei Müller");
        // A single invalid character among valid ones is just damaged.
        let damaged = b"B\xc3\xa4ckerei M\xfcller";
        assert_eq!(read(damaged, "text/html; charset=utf-8").0, "Bäckerei M\u{fffd}ller");
    }

    #[test]
    fn anything_is_read_without_failing() {
        let every: Vec<u8> = (0..=255).cycle().take(4096).collect();
        for content_type in [
            "",
            "text/html; charset",
            "text/html; charset=nonsense",
            "x; charset=utf-16",
            "x; charset=x-user-defined",
            "x; charset=iso-2022-kr",
        ] {
            for start in 0..300 {
                let _ = read(&every[start..start + 700], content_type);
            }
            let _ = read(b"", content_type);
            let _ = read("<meta charset=é><meta é='ü'<é<met".as_bytes(), content_type);
        }
        for label in ["é", "", "-", "a_b", "xn--"] {
            let _ = decode(b"\xe9\xe8", None, Some(label));
        }
    }
}
