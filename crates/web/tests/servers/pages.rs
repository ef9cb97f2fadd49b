//! What is a page, and what only comes in its place.

use super::case::{Case, answer, page, raw};

fn typed(behaviour: &str, media_type: &str, body: impl AsRef<[u8]>) -> Case {
    Case::http(
        behaviour,
        answer("200 OK", &format!("Content-Type: {media_type}\r\n"), body),
    )
}

fn untyped(behaviour: &str, body: impl AsRef<[u8]>) -> Case {
    Case::http(behaviour, answer("200 OK", "", body))
}

pub fn cases() -> Vec<Case> {
    [empty(), typed_pages(), files()].into_iter().flatten().collect()
}

fn empty() -> Vec<Case> {
    let said = |status: u16| format!("shop.test answered with status {status} and an empty page");
    vec![
        Case::http("an empty page", page("")).fails("unreadable", &said(200)),
        Case::http(
            "an empty page without a length",
            raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"),
        )
        .fails("unreadable", &said(200)),
        Case::http("an empty page without a type", answer("200 OK", "", "")).fails("unreadable", &said(200)),
        Case::http("204", raw("HTTP/1.1 204 No Content\r\n\r\n")).fails("unreadable", &said(204)),
        Case::http("205", raw("HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n")).fails("unreadable", &said(205)),
        Case::http("a page of blanks", page(" \r\n\t\n ")).fails("unreadable", &said(200)),
        Case::http("a byte order mark", page(b"\xef\xbb\xbf\n")).fails("unreadable", &said(200)),
        Case::http("zeros", page(b"\0\0\0\0")).fails("unreadable", &said(200)),
        Case::http("blanks in UTF-16", page(b"\xff\xfe \0\n\0")).fails("unreadable", &said(200)),
        Case::http("one letter", page(" x ")).says(" x "),
    ]
}

fn typed_pages() -> Vec<Case> {
    let twice = "Content-Type: text/html\r\nContent-Type: text/html; charset=utf-8\r\n";
    let wrong_first = "Content-Type: text/plain\r\nContent-Type: text/html\r\n";
    vec![
        typed("a type in any case", "TEXT/HTML;Charset=UTF-8", "hello").says("hello"),
        typed("XHTML", "application/xhtml+xml", "<html>hello</html>").says("<html>hello</html>"),
        typed(
            "XML that is a page",
            "text/xml",
            "<?xml version='1.0'?><html>hello</html>",
        )
        .says("<?xml version='1.0'?><html>hello</html>"),
        typed("a type twice in one line", "text/html, text/html", "hello").says("hello"),
        typed("a type that says nothing", "unknown/unknown", "<p>hello").says("<p>hello"),
        typed("a type that is none", "html", "<p>hello").says("<p>hello"),
        Case::http("a type twice", answer("200 OK", twice, "hello")).says("hello"),
        Case::http("two types", answer("200 OK", wrong_first, "hello")).says("hello"),
        untyped("a page without a type", "<!DOCTYPE html><p>hello").says("<!DOCTYPE html><p>hello"),
        untyped("a text without a type", "hello").says("hello"),
        typed("a page in Latin 1", "text/html; charset=iso-8859-1", b"caf\xe9").says("caf\u{e9}"),
        typed("a page of no known charset", "text/html; charset=nonsense", "café").says("café"),
    ]
}

fn files() -> Vec<Case> {
    let said = |found: &str| format!("shop.test answered with {found} instead of a web page");
    let mut cases = vec![
        typed("a picture", "image/png", b"\x89PNG\r\n\x1a\n").fails("unreadable", &said("image/png")),
        typed("a text", "text/plain", "hello").fails("unreadable", &said("text/plain")),
        typed("JSON", "application/json", "{}").fails("unreadable", &said("application/json")),
        typed("a file", "application/octet-stream", "x").fails("unreadable", &said("application/octet-stream")),
        typed("a feed", "application/rss+xml", "<rss/>").fails("unreadable", &said("application/rss+xml")),
        typed("a drawing", "image/svg+xml", "<svg/>").fails("unreadable", &said("image/svg+xml")),
        untyped("a feed without a type", "<?xml version='1.0'?><rss/>")
            .fails("unreadable", &said("a file of no media type")),
    ];
    for (name, start, found) in [
        ("PNG", &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "image/png"),
        ("GIF", b"GIF89a\x01\0\x01\0", "image/gif"),
        ("JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        ("WebP", b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        ("an icon", b"\0\0\x01\0\x01\0\x10\x10", "image/x-icon"),
        ("a bitmap", b"BM\x36\x10\0\0\0\0\0\0\x36", "image/bmp"),
        ("PDF", b"%PDF-1.7\n", "application/pdf"),
        ("ZIP", b"PK\x03\x04\x14\0", "application/zip"),
        ("a film", b"\0\0\0\x20ftypisom", "video/mp4"),
    ] {
        cases.push(typed(&format!("{name} called a page"), "text/html", start).fails("unreadable", &said(found)));
    }
    cases.push(untyped("PNG without a type", b"\x89PNG\r\n\x1a\n\0").fails("unreadable", &said("image/png")));
    cases
}
