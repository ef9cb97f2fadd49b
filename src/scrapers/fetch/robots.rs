//! What a site's robots.txt lets us fetch (RFC 9309).
//!
//! The file is read by the parser of the `robotstxt` crate, which forgives the mistakes that are
//! common. Its matcher is not used: it keeps a position for every character a `*` may stand for and
//! never lets one go, so that a few hundred lines of stars cost minutes and gigabytes. Nor does its
//! parser get to see anything but ASCII: on long lines it counts characters as bytes and panics.

use std::borrow::Cow;
use std::fmt::Write;

use robotstxt::{RobotsParseHandler, parse_robotstxt};
use url::Url;

use super::FetchError;
use super::policy::host_of;

/// How much of a robots.txt is read, in bytes: what the RFC demands at least.
pub(super) const MAX_ROBOTS: usize = 500 * 1024;

/// Rules kept of one robots.txt, so that checking a URL stays quick.
const MAX_RULES: usize = 10_000;

/// Sitemaps kept of one robots.txt.
const MAX_SITEMAPS: usize = 1_000;

/// The robots.txt of one origin.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    text: Option<String>,
    unavailable: Option<u16>,
    rules: Vec<Rule>,
    sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: Box<str>,
}

impl Robots {
    /// Reads a robots.txt as meant for whoever goes by one of `names`.
    #[must_use]
    pub fn parse(text: &str, names: &[String]) -> Self {
        let mut reader = Reader {
            names,
            ..Reader::default()
        };
        parse_robotstxt(&ascii(text), &mut reader);
        Self {
            text: Some(text.to_owned()),
            unavailable: None,
            rules: if reader.named_ever {
                reader.ours
            } else {
                reader.everyones
            },
            sitemaps: reader.sitemaps,
        }
    }

    /// Returns the robots.txt of a site that has none: everything may be fetched.
    pub(super) fn absent() -> Self {
        Self::default()
    }

    /// Returns the robots.txt of a site that cannot show it now: nothing may be fetched.
    pub(super) fn unavailable(status: u16) -> Self {
        Self {
            unavailable: Some(status),
            ..Self::default()
        }
    }

    /// Returns the text, cut at 500 KiB, if there is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Returns the sitemaps it names, as they are written.
    #[must_use]
    pub fn sitemaps(&self) -> &[String] {
        &self.sitemaps
    }

    /// Returns whether `url` may be fetched: the longest rule that fits decides, and between two of
    /// one length the one that allows.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        if self.unavailable.is_some() {
            return false;
        }
        let path = match url.query() {
            Some(query) => normalised(&format!("{}?{query}", url.path())).into_owned(),
            None => normalised(url.path()).into_owned(),
        };
        let fitting = self.rules.iter().filter(|rule| fits(&rule.pattern, &path));
        fitting
            .max_by_key(|rule| (rule.pattern.len(), rule.allow))
            .is_none_or(|rule| rule.allow)
    }

    /// Returns an error unless `url` may be fetched.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let host = host_of(url);
        match self.unavailable {
            Some(status) => Err(FetchError::RobotsUnavailable { host, status }),
            None if self.allows(url) => Ok(()),
            None => Err(FetchError::Robots { host }),
        }
    }

    /// Returns whether the site could show it.
    pub(super) fn is_available(&self) -> bool {
        self.unavailable.is_none()
    }

    /// Returns about how much memory it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        let rules: usize = self.rules.iter().map(|rule| rule.pattern.len() + 32).sum();
        let sitemaps: usize = self.sitemaps.iter().map(|sitemap| sitemap.len() + 32).sum();
        256 + rules + sitemaps + self.text.as_ref().map_or(0, String::len)
    }
}

/// Collects the rules that concern us.
#[derive(Default)]
struct Reader<'a> {
    names: &'a [String],
    /// Whether the group being read is for us by name, and for everyone.
    named: bool,
    everyone: bool,
    /// Whether the group's rules have begun, so that the next name begins another group.
    in_rules: bool,
    named_ever: bool,
    ours: Vec<Rule>,
    everyones: Vec<Rule>,
    sitemaps: Vec<String>,
}

impl Reader<'_> {
    fn rule(&mut self, allow: bool, pattern: &str) {
        self.in_rules = true;
        // A rule without a path says nothing; `Disallow:` so allows everything.
        if pattern.is_empty() {
            return;
        }
        let rule = Rule {
            allow,
            pattern: normalised(pattern).into(),
        };
        let lists = [(self.named, &mut self.ours), (self.everyone, &mut self.everyones)];
        for (concerned, rules) in lists {
            if concerned && rules.len() < MAX_RULES {
                rules.push(rule.clone());
            }
        }
    }
}

impl RobotsParseHandler for Reader<'_> {
    fn handle_robots_start(&mut self) {}

    fn handle_robots_end(&mut self) {}

    fn handle_user_agent(&mut self, _line: u32, name: &str) {
        if self.in_rules {
            (self.in_rules, self.named, self.everyone) = (false, false, false);
        }
        if name.split_ascii_whitespace().next() == Some("*") {
            self.everyone = true;
        } else if self.names.iter().any(|ours| ours.eq_ignore_ascii_case(product(name))) {
            (self.named, self.named_ever) = (true, true);
        }
    }

    fn handle_allow(&mut self, _line: u32, value: &str) {
        self.rule(true, value);
    }

    fn handle_disallow(&mut self, _line: u32, value: &str) {
        self.rule(false, value);
    }

    fn handle_sitemap(&mut self, _line: u32, value: &str) {
        if self.sitemaps.len() < MAX_SITEMAPS {
            self.sitemaps.push(value.to_owned());
        }
    }

    fn handle_unknown_action(&mut self, _line: u32, _action: &str, _value: &str) {}
}

/// Returns the name at the beginning of a user agent's description, as robots.txt would call it.
pub(super) fn product(user_agent: &str) -> &str {
    let end = user_agent.find(|char: char| !(char.is_ascii_alphabetic() || matches!(char, '-' | '_')));
    user_agent.get(..end.unwrap_or(user_agent.len())).unwrap_or_default()
}

/// Percent-encodes what is not ASCII, and drops the byte order mark.
fn ascii(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches('\u{feff}');
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + text.len() / 2);
    for char in text.chars() {
        if char.is_ascii() {
            encoded.push(char);
        } else {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Cow::Owned(encoded)
}

/// Writes a percent-encoded path in the one way in which equal paths look equal: letters, digits and
/// `-._~` plain, everything else that is encoded in upper case.
fn normalised(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        out.push_str(plain);
        let code = encoded
            .get(..2)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    let _ = write!(out, "%{byte:02X}");
                }
                rest = encoded.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = encoded;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns whether a rule's pattern fits the beginning of `path`, with `*` for anything and a final
/// `$` for the end; in time that grows with the two lengths, not with their product.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*').peekable();
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    if parts.peek().is_none() {
        return !to_the_end || rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if to_the_end && parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place is the best: it leaves the most to the parts that follow.
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, path: &str) -> bool {
        let names = ["ScraperSky".to_owned()];
        let url = Url::parse(&format!("https://shop.example{path}")).unwrap();
        Robots::parse(text, &names).allows(&url)
    }

    #[test]
    fn patterns_fit_as_the_rfc_says() {
        for (pattern, path, expected) in [
            ("/", "/a", true),
            ("/fish", "/fishing", true),
            ("/fish", "/Fish", false),
            ("/fish*", "/fish", true),
            ("/*.php", "/a/b.php?c", true),
            ("/*.php$", "/a.php", true),
            ("/*.php$", "/a.php5", false),
            ("/*.php$", "/a.php/b.php", true),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("/a*$", "/ab", true),
            ("*b", "/ab", true),
            ("/a*b*c", "/a1b2c3", true),
            ("/a*b*c", "/a1c2b3", false),
            ("/a*bc$", "/abc", true),
            ("/ab*b$", "/ab", false),
            ("/$x", "/$x", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn the_group_by_name_counts_before_the_one_for_everyone() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: scrapersky/2.0\nDisallow: /private\n\
                    Crawl-delay: 5\nAllow: /private/open\n";
        assert!(allowed(text, "/"));
        assert!(!allowed(text, "/private/a"));
        assert!(allowed(text, "/private/open/a"));
        assert!(!allowed("User-agent: *\nDisallow: /", "/"));
        assert!(allowed("User-agent: other\nDisallow: /", "/"));
        assert!(allowed(
            "User-agent: ScraperSky\nDisallow:\nUser-agent: *\nDisallow: /",
            "/"
        ));
        assert!(allowed("Disallow: /", "/"));
        assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a", "/a"));
        assert!(!allowed("\u{feff}user-agent:*\r\ndisallow:/\r\n", "/"));
    }

    #[test]
    fn encoded_paths_are_compared_by_what_they_mean() {
        let text = "User-agent: *\nDisallow: /caf%c3%a9\nDisallow: /straße\nDisallow: /%7Eann\nDisallow: /a%2fb";
        for path in ["/caf%C3%A9", "/café", "/stra%c3%9fe", "/~ann", "/%7eann", "/a%2Fb"] {
            assert!(!allowed(text, path), "{path}");
        }
        assert!(allowed(text, "/a/b"));
        assert_eq!(normalised("/%zz%4"), "/%zz%4");
    }

    #[test]
    fn sitemaps_and_the_text_are_kept() {
        let text = "Sitemap: https://shop.example/a.xml\nUser-agent: *\nSitemap: /b.xml # here\nDisallow: /c";
        let robots = Robots::parse(text, &[]);
        assert_eq!(robots.sitemaps(), ["https://shop.example/a.xml", "/b.xml"]);
        assert_eq!(robots.text(), Some(text));
        assert!(!allowed(text, "/c"), "a sitemap does not end a group");
    }

    #[test]
    fn a_hostile_file_ends_soon_and_stays_small() {
        let stars = format!(
            "User-agent: *\n{}",
            format!("Disallow: /{}b\n", "*a".repeat(8000)).repeat(30)
        );
        let lines = format!("User-agent: *\n{}", "Disallow: /*b\n".repeat(36_000));
        let long = format!("User-agent: *\nDisallow: /{}\nDisallow: /x\n", "é".repeat(100_000));
        for text in [&stars, &lines, &long] {
            assert!(allowed(text, &format!("/{}", "a".repeat(4000))));
            assert!(Robots::parse(text, &[]).weight() < 2 * MAX_ROBOTS);
        }
        assert!(!allowed(&long, "/x"));
    }

    #[test]
    fn a_product_is_the_first_word() {
        assert_eq!(product("ScraperSky/0.1 (a)"), "ScraperSky");
        assert_eq!((product("a-b_c"), product("")), ("a-b_c", ""));
    }
}
