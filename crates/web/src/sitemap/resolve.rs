//! Conversion of a file's locations to absolute URLs, without inventing any.

use std::borrow::Cow;

use url::Url;

use super::problem::{MAX_URL, Problem, Problems, STANDARD_URL_LENGTH};
use crate::names::registrable;

/// Characters around a location that are not part of it.
const WRAPPERS: [(char, char); 8] = [
    ('"', '"'),
    ('\'', '\''),
    ('<', '>'),
    ('[', ']'),
    ('(', ')'),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
];

/// Texts that programs write for a missing value.
const PLACEHOLDERS: [&str; 6] = ["undefined", "null", "none", "nil", "nan", "false"];

/// Returns a location without surrounding blanks, quotes and brackets.
pub(super) fn unwrapped(loc: &str) -> &str {
    let is_blank = |char: char| char.is_whitespace() || matches!(char, '\u{200b}'..='\u{200f}' | '\u{feff}');
    let mut loc = loc.trim_matches(is_blank);
    while let Some(inner) = WRAPPERS
        .iter()
        .find_map(|(open, close)| loc.strip_prefix(*open)?.strip_suffix(*close))
    {
        loc = inner.trim_matches(is_blank);
    }
    // A single quotation mark is the rest of a pair.
    loc.trim_start_matches(|char: char| is_blank(char) || matches!(char, '"' | '\u{201c}'..='\u{201e}'))
        .trim_end_matches(|char: char| is_blank(char) || char == '"')
}

/// Converts locations to absolute URLs.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    base: &'a Url,
    host: &'a str,
}

impl<'a> Resolver<'a> {
    /// Creates a resolver for the file at `base`, which also determines the site.
    pub fn new(base: &'a Url) -> Self {
        Self {
            base,
            host: base.host_str().unwrap_or_default(),
        }
    }

    /// Returns the base URL.
    pub fn base(&self) -> &'a Url {
        self.base
    }

    /// Returns a resolver with another base URL and the same site.
    pub fn relative_to(self, base: &'a Url) -> Self {
        Self { base, ..self }
    }

    /// Returns whether a text is a complete URL, with or without its scheme, rather than a relative URL or another
    /// text.
    pub fn is_whole(&self, text: &str) -> bool {
        let has_scheme = ["http:", "https:"].iter().any(|scheme| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        has_scheme || self.lacks_scheme(text)
    }

    /// Returns the absolute URL and records its problems, or returns `None` if it is unusable.
    pub fn absolute<'l>(&self, loc: &'l str, problems: &mut Problems) -> Option<Cow<'l, str>> {
        if let Some(host) = plain_host(loc).filter(|host| self.is_real(host) && loc.len() <= STANDARD_URL_LENGTH) {
            if host != self.host {
                problems.add(Problem::OtherHost);
            }
            return Some(Cow::Borrowed(loc));
        }
        let loc = unwrapped(loc);
        if loc.is_empty() {
            problems.add(Problem::NoLocation);
            return None;
        }
        if loc.len() > MAX_URL {
            problems.add(Problem::BadLocation);
            return None;
        }
        if loc.len() > STANDARD_URL_LENGTH {
            problems.add(Problem::LongLocation);
        }
        let Some(mut url) = self.resolve(loc, problems).filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.as_str().len() <= MAX_URL
                && url.host_str().is_some_and(|host| self.is_real(host))
        }) else {
            problems.add(Problem::BadLocation);
            return None;
        };
        if url.host_str() != Some(self.host) {
            problems.add(Problem::OtherHost);
        }
        url.set_fragment(None);
        Some(Cow::Owned(url.into()))
    }

    fn resolve(&self, loc: &str, problems: &mut Problems) -> Option<Url> {
        // Some editors break long lines.
        let joined: String;
        let mut loc = loc;
        if loc.contains(['\n', '\r']) {
            joined = loc.lines().flat_map(|line| line.split('\r')).map(str::trim).collect();
            loc = &joined;
        }
        // Two URLs in one location are not usable.
        if loc
            .split_whitespace()
            .skip(1)
            .any(|word| without_scheme(word).is_some())
        {
            return None;
        }
        // Some templates put the site's URL in front of a complete one.
        while let Some(inner) = without_scheme(loc).filter(|inner| without_scheme(inner).is_some()) {
            loc = inner;
        }
        if self.lacks_scheme(loc) {
            problems.add(Problem::RelativeLocation);
            return Url::parse(&format!("{}://{loc}", self.base.scheme())).ok();
        }
        match Url::parse(loc) {
            Ok(url) => Some(url),
            Err(url::ParseError::RelativeUrlWithoutBase) if is_relative(loc) => {
                problems.add(Problem::RelativeLocation);
                self.base.join(loc).ok()
            }
            Err(_) => None,
        }
    }

    /// Returns whether a location lacks only a scheme: it begins with a host name that belongs to the site or has
    /// `www.`.
    fn lacks_scheme(&self, loc: &str) -> bool {
        let authority = loc.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        let is_host = host.contains('.')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && host.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        if !is_host {
            return false;
        }
        let host = host.to_ascii_lowercase();
        let is_www = host.strip_prefix("www.").is_some_and(|rest| rest.contains('.'));
        is_www || host == self.host || registrable(&host) == registrable(self.host)
    }

    /// Returns whether a host may be on the internet: a name without a dot is a placeholder, or on a local network.
    fn is_real(&self, host: &str) -> bool {
        host.contains(['.', ':']) || host == self.host
    }
}

/// Returns the text after the scheme.
fn without_scheme(loc: &str) -> Option<&str> {
    ["https://", "http://"].iter().find_map(|scheme| {
        let (start, rest) = loc.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Returns whether a text without a scheme is a relative URL, rather than words, a template or another text.
fn is_relative(loc: &str) -> bool {
    let is_foreign = |char: char| {
        char.is_whitespace()
            || char.is_control()
            || matches!(char, '{' | '}' | '<' | '>' | '"' | '\\' | '^' | '`' | '|' | '[')
    };
    let first = loc.split(['/', '?', '#']).next().unwrap_or_default();
    let is_placeholder = PLACEHOLDERS.iter().any(|word| first.eq_ignore_ascii_case(word))
        || first.starts_with(['$', '%'])
        // `http//host`, `ttp//host`: a damaged scheme.
        || (!first.is_empty() && loc.get(first.len()..).is_some_and(|rest| rest.starts_with("//")));
    !loc.contains(is_foreign) && !is_placeholder && !first.contains(['@', ':', '&']) && !loc.starts_with('#')
}

/// Returns the host of a URL that the WHATWG's parser would leave unchanged, so that it need not be parsed. This
/// applies to almost all URLs.
fn plain_host(loc: &str) -> Option<&str> {
    let rest = loc.strip_prefix("https://").or_else(|| loc.strip_prefix("http://"))?;
    let (host, path) = rest.split_at(rest.find('/')?);
    let is_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    // A host whose last label begins with a digit may be an IP address in another notation.
    let last = host.rsplit('.').next()?.bytes().next()?;
    let is_path = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'/' | b'-'
                    | b'_'
                    | b'.'
                    | b'~'
                    | b'?'
                    | b'='
                    | b'&'
                    | b'%'
                    | b'+'
                    | b','
                    | b':'
                    | b';'
                    | b'@'
                    | b'!'
                    | b'('
                    | b')'
                    | b'*'
                    | b'$'
            )
    };
    let is_plain = host.bytes().all(is_host)
        && last.is_ascii_lowercase()
        && !host.contains("xn--")
        && path.bytes().all(is_path)
        // Segments of dots are relative steps, plain or encoded.
        && !path.contains("/.")
        && !path.contains("/%2");
    is_plain.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_not_parsed_is_in_the_parsers_form() {
        let pieces = [
            "http://",
            "https://",
            "HTTP://",
            "shop.test",
            "Shop.test",
            "xn--a",
            "127.1",
            "0x7f.1",
            "shop.test:80",
            "a@shop.test",
            "/",
            "/a",
            "//",
            "/./",
            "/../",
            "/%2e/",
            "/%2E%2e",
            "?a=b",
            "?",
            "?a=/../b",
            "#c",
            " ",
            "é",
            "%zz",
            "%",
            "'",
            "\"",
            "|",
            "/a.b",
            "..",
            ";c=d",
            "\t",
        ];
        let mut plain = 0;
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    for four in pieces {
                        let loc = [one, two, three, four].concat();
                        if let Some(host) = plain_host(&loc) {
                            plain += 1;
                            let url = Url::parse(&loc).unwrap();
                            assert_eq!((url.as_str(), url.host_str()), (loc.as_str(), Some(host)));
                        }
                    }
                }
            }
        }
        assert!(plain > 150, "{plain}");
    }

    #[test]
    fn a_location_gives_a_plausible_url_or_is_left_out() {
        let base = Url::parse("https://shop.test/maps/a.xml").unwrap();
        for (loc, url) in [
            ("https://shop.test/a", Some("https://shop.test/a")),
            (" \u{feff}https://shop.test/a ", Some("https://shop.test/a")),
            ("'https://shop.test/a'", Some("https://shop.test/a")),
            ("<https://shop.test/a>", Some("https://shop.test/a")),
            ("[ https://shop.test/a ]", Some("https://shop.test/a")),
            ("\u{201c}https://shop.test/a\u{201d}", Some("https://shop.test/a")),
            ("\"https://shop.test/a", Some("https://shop.test/a")),
            ("https://shop.test/a(b)", Some("https://shop.test/a(b)")),
            ("https://shop.test/a'", Some("https://shop.test/a'")),
            ("shop.test", Some("https://shop.test/")),
            ("shop.test:8080/a", Some("https://shop.test:8080/a")),
            ("www.shop.test/a?b=c", Some("https://www.shop.test/a?b=c")),
            ("blog.shop.test/a", Some("https://blog.shop.test/a")),
            ("www.partner.example/a", Some("https://www.partner.example/a")),
            ("//shop.test/a", Some("https://shop.test/a")),
            ("http:/shop.test/a", Some("http://shop.test/a")),
            ("https://https://shop.test/a", Some("https://shop.test/a")),
            ("/a", Some("https://shop.test/a")),
            ("../a", Some("https://shop.test/a")),
            ("a.html", Some("https://shop.test/maps/a.html")),
            ("a.zip/b", Some("https://shop.test/maps/a.zip/b")),
            ("https://shop.test/a/\n      b", Some("https://shop.test/a/b")),
            ("https://shop.test/a b", Some("https://shop.test/a%20b")),
            ("https://shop.test/a https://shop.test/b", None),
            ("https:///a", None),
            ("https://", None),
            ("http//shop.test/a", None),
            ("htp://shop.test/a", None),
            ("https://undefined/a", None),
            ("https://localhost:3000/a", None),
            ("undefined/a", None),
            ("{{ base }}/a", None),
            ("${base}/a", None),
            ("%base%/a", None),
            ("our contact page", None),
            ("info@shop.test", None),
            ("mailto:info@shop.test", None),
            ("javascript:void(0)", None),
            ("&page;", None),
            ("#top", None),
            ("\"\"", None),
        ] {
            let found = Resolver::new(&base).absolute(loc, &mut Problems::default());
            assert_eq!(found.as_deref(), url, "{loc}");
        }
    }
}
