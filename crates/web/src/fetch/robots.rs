//! What a site's robots.txt lets us fetch: the Robots Exclusion Protocol (RFC 9309).
//!
//! The numbers in the comments are sections of the RFC; `tests` has one test for each rule of its text. Beyond
//! it, `Sitemap` lines are read as sitemaps.org has them and `Crawl-delay` as the sites that write it mean it.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

use url::Url;

use super::FetchError;
use super::policy::host_of;

/// How much of a robots.txt is read, in bytes: what the RFC demands at least (2.5).
pub(super) const MAX_ROBOTS: usize = 500 * 1024;

/// Rules kept of one robots.txt, so that checking a URL stays quick.
const MAX_RULES: usize = 10_000;

/// Sitemaps kept of one robots.txt.
const MAX_SITEMAPS: usize = 1_000;

/// The longest pause that a site may ask for: one that asks for an hour would hold a worker for days.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// The robots.txt of one origin.
#[derive(Clone, Debug, Default)]
pub struct Robots {
    text: Option<String>,
    unavailable: Option<u16>,
    rules: Vec<Rule>,
    delay: Option<Duration>,
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
        // Lines end with CR, LF or both (2.2); what is between CR and LF is then an empty line, which means nothing.
        for line in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
            reader.line(line);
        }
        let group = if reader.named_ever {
            reader.ours
        } else {
            reader.everyones
        };
        Self {
            text: Some(text.to_owned()),
            unavailable: None,
            rules: group.rules,
            delay: group.delay,
            sitemaps: reader.sitemaps,
        }
    }

    /// Returns the robots.txt of a site that has none: everything may be fetched (2.3.1.3).
    pub(super) fn absent() -> Self {
        Self::default()
    }

    /// Returns the robots.txt of a site that cannot show it now: nothing may be fetched (2.3.1.4).
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

    /// Returns the pause between two requests that it asks for, 10 s at most.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.delay
    }

    /// Returns whether `url` may be fetched: the longest rule that fits decides, and between two of
    /// one length the one that allows (2.2.2).
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
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
            None if self.allows(url) => Ok(()),
            None => Err(FetchError::Robots { host }),
            Some(_) if self.allows(url) => Ok(()),
            Some(status) => Err(FetchError::RobotsUnavailable { host, status }),
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

/// Collects what concerns us.
#[derive(Default)]
struct Reader<'a> {
    names: &'a [String],
    /// Whether the group being read is for us by name, and for everyone.
    named: bool,
    everyone: bool,
    /// Whether the group's rules have begun, so that the next name begins another group.
    in_rules: bool,
    named_ever: bool,
    /// Of all groups for us by name, as if they were one (2.2.1).
    ours: Group,
    everyones: Group,
    sitemaps: Vec<String>,
}

#[derive(Default)]
struct Group {
    rules: Vec<Rule>,
    delay: Option<Duration>,
}

impl Reader<'_> {
    /// Reads a line. One that cannot be read is left out, and harms no other (2.2).
    fn line(&mut self, line: &str) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else {
            return;
        };
        let (key, value) = (key.trim(), value.trim());
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if is("user-agent") {
            self.user_agent(value);
        } else if is("allow") {
            self.rule(true, value);
        } else if is("disallow") {
            self.rule(false, value);
        } else if is("crawl-delay") {
            self.crawl_delay(value);
        } else if is("sitemap") && !value.is_empty() && self.sitemaps.len() < MAX_SITEMAPS {
            // No record of others ends a group (2.2.4).
            self.sitemaps.push(value.to_owned());
        }
    }

    fn user_agent(&mut self, name: &str) {
        if self.in_rules {
            (self.in_rules, self.named, self.everyone) = (false, false, false);
        }
        if name.split_ascii_whitespace().next() == Some("*") {
            self.everyone = true;
        } else if self.names.iter().any(|ours| ours.eq_ignore_ascii_case(product(name))) {
            (self.named, self.named_ever) = (true, true);
        }
    }

    fn rule(&mut self, allow: bool, pattern: &str) {
        self.in_rules = true;
        // A rule without a path says nothing; `Disallow:` so allows everything.
        if pattern.is_empty() {
            return;
        }
        let rule = Rule {
            allow,
            pattern: normalised(&ascii(pattern)).into(),
        };
        for group in self.concerned() {
            if group.rules.len() < MAX_RULES {
                group.rules.push(rule.clone());
            }
        }
    }

    fn crawl_delay(&mut self, value: &str) {
        let seconds = value.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
        let Some(delay) = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(MAX_DELAY.as_secs_f64()))) else {
            return;
        };
        for group in self.concerned() {
            group.delay = group.delay.max(Some(delay));
        }
    }

    /// Returns what the group being read is for.
    fn concerned(&mut self) -> impl Iterator<Item = &mut Group> {
        let ours = self.named.then_some(&mut self.ours);
        let everyones = self.everyone.then_some(&mut self.everyones);
        ours.into_iter().chain(everyones)
    }
}

/// Returns the name at the beginning of a user agent's description, as robots.txt would call it.
pub(super) fn product(user_agent: &str) -> &str {
    let end = user_agent.find(|char: char| !(char.is_ascii_alphabetic() || matches!(char, '-' | '_')));
    user_agent.get(..end.unwrap_or(user_agent.len())).unwrap_or_default()
}

/// Percent-encodes what is not ASCII (2.2.2), as a URL's path has it.
fn ascii(text: &str) -> Cow<'_, str> {
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

    /// 2.2.1: the product token is matched in any case, up to the first character that none has.
    #[test]
    fn the_name_is_matched_in_any_case() {
        for name in [
            "ScraperSky",
            "scrapersky",
            "SCRAPERSKY",
            "ScraperSky/2.0",
            "scrapersky (bot)",
        ] {
            assert!(!allowed(&format!("User-agent: {name}\nDisallow: /"), "/a"), "{name}");
        }
        for name in ["Scraper", "ScraperSkyBot", "Sky", "Scraper Sky"] {
            assert!(allowed(&format!("User-agent: {name}\nDisallow: /"), "/a"), "{name}");
        }
    }

    /// 2.2.1: the groups that name the same crawler are one.
    #[test]
    fn groups_of_one_name_are_combined() {
        let text = "User-agent: ScraperSky\nDisallow: /a\n\nUser-agent: other\nDisallow: /b\n\nUser-agent: scrapersky\nDisallow: /c\n";
        assert!(!allowed(text, "/a") && allowed(text, "/b") && !allowed(text, "/c"));
        let text = "User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /c\n";
        assert!(!allowed(text, "/a") && !allowed(text, "/c"));
    }

    /// 2.2.1: `*` is for whoever no group names; where none is there either, nothing is forbidden.
    #[test]
    fn everyones_group_is_for_those_without_one() {
        assert!(!allowed("User-agent: *\nDisallow: /", "/"));
        assert!(allowed(
            "User-agent: *\nDisallow: /\n\nUser-agent: ScraperSky\nAllow: /",
            "/"
        ));
        assert!(allowed("User-agent: ScraperSky\n\nUser-agent: *\nDisallow: /x", "/"));
        assert!(allowed("User-agent: other\nDisallow: /", "/"));
        assert!(allowed("", "/") && allowed("# nothing", "/"));
    }

    /// 2.2: several names share the rules behind them; empty lines and other records do not divide a group.
    #[test]
    fn names_above_rules_share_them() {
        for between in [
            "",
            "\n",
            "# a comment\n",
            "Crawl-delay: 1\n",
            "Sitemap: https://shop.example/s.xml\n",
            "Host: x\n",
        ] {
            let text = format!(
                "User-agent: ScraperSky\n{between}User-agent: other\n{between}Disallow: /a\n{between}Disallow: /b"
            );
            assert!(!allowed(&text, "/a") && !allowed(&text, "/b"), "{between:?}");
        }
        let text = "User-agent: ScraperSky\nDisallow: /a\nUser-agent: other\nDisallow: /b";
        assert!(allowed(text, "/b"), "a name behind rules begins another group");
    }

    /// 2.2: rules before any name belong to nobody, lines that are none are left out, keys are in any case and
    /// may have blanks around them, and CR, LF and CRLF all end a line.
    #[test]
    fn lines_are_read_one_by_one() {
        assert!(allowed("Disallow: /", "/"));
        let broken =
            "nonsense\n: /\nUser-agent ScraperSky\nUser-agent: *\nDisallow /a\nDisallow; /b\n\u{0}\nDisallow: /c";
        assert!(allowed(broken, "/a") && allowed(broken, "/b") && !allowed(broken, "/c"));
        for end in ["\n", "\r", "\r\n"] {
            let text = format!("\u{feff} uSer-aGent \t: ScraperSky{end}{end}  DISALLOW  :  /a  # why{end}");
            assert!(!allowed(&text, "/a"), "{end:?}");
            assert!(allowed(&text, "/b"), "{end:?}");
        }
    }

    /// 2.2.2: matching is by octet, case counts, and begins at the first one of the path.
    #[test]
    fn paths_are_compared_from_their_beginning_and_by_case() {
        let text = "User-agent: *\nDisallow: /fish";
        for path in ["/fish", "/fishing", "/fish.html", "/fish/a", "/fish?b"] {
            assert!(!allowed(text, path), "{path}");
        }
        for path in ["/Fish", "/catfish", "/a/fish", "/?x=/fish"] {
            assert!(allowed(text, path), "{path}");
        }
    }

    /// 2.2.2: the most octets win, in whichever order the rules are, and of equal ones the one that allows.
    #[test]
    fn the_longest_rule_decides() {
        for text in [
            "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "User-agent: *\nDisallow: /example/page/disallowed.gif\nAllow: /example/page/",
        ] {
            assert!(allowed(text, "/example/page/"));
            assert!(!allowed(text, "/example/page/disallowed.gif"));
        }
        assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a", "/a"));
        assert!(allowed("User-agent: *\nAllow: /a\nDisallow: /a", "/a"));
        assert!(!allowed("User-agent: *\nAllow: /\nDisallow: /*.php", "/a.php"));
        assert!(allowed("User-agent: *\nDisallow: /\nAllow: /$", "/"));
        assert!(!allowed("User-agent: *\nDisallow: /\nAllow: /$", "/a"));
    }

    /// 2.2.2: a rule without a path says nothing.
    #[test]
    fn an_empty_rule_forbids_nothing() {
        assert!(allowed("User-agent: *\nDisallow:", "/a"));
        assert!(allowed("User-agent: *\nDisallow: # all", "/a"));
        assert!(!allowed("User-agent: *\nAllow:\nDisallow: /", "/a"));
    }

    /// 2.2.2: robots.txt itself may always be fetched.
    #[test]
    fn the_file_itself_is_always_allowed() {
        assert!(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
        assert!(Robots::unavailable(503).allows(&Url::parse("https://shop.example/robots.txt").unwrap()));
    }

    /// 2.3.1.3 and 2.3.1.4.
    #[test]
    fn none_allows_all_and_an_unreachable_one_nothing() {
        let url = Url::parse("https://shop.example/a").unwrap();
        assert!(Robots::absent().allows(&url));
        assert!(!Robots::unavailable(500).allows(&url));
    }

    /// 5.1 and 5.2: the examples of the RFC.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                    User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                    User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
                    User-Agent: quxbot\n\n";
        let allows = |name: &str, path: &str| {
            let url = Url::parse(&format!("https://shop.example{path}")).unwrap();
            Robots::parse(text, &[name.to_owned()]).allows(&url)
        };
        for (name, path, expected) in [
            ("anybot", "/a.gif", false),
            ("anybot", "/a.gif?x", true),
            ("anybot", "/example/", false),
            ("anybot", "/publications/a.gif", true),
            ("anybot", "/", true),
            ("foobot", "/", false),
            ("foobot", "/example/page.html", true),
            ("foobot", "/example/allowed.gif", true),
            ("foobot", "/example/other.html", false),
            ("barbot", "/example/page.html", false),
            ("bazbot", "/example/page.html", false),
            ("bazbot", "/a.gif", true),
            ("quxbot", "/example/", true),
        ] {
            assert_eq!(allows(name, path), expected, "{name} {path}");
        }
    }

    #[test]
    fn a_pause_is_taken_from_our_group_and_capped() {
        let delay = |text: &str| Robots::parse(text, &["ScraperSky".to_owned()]).delay();
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        assert_eq!(delay("User-agent: *\nCrawl-delay: 1.5\nDisallow: /a"), seconds(1.5));
        assert_eq!(delay("User-agent: *\nDisallow: /a\nCrawl-delay: 86400"), seconds(10.0));
        assert_eq!(
            delay("User-agent: *\nCrawl-delay: 5\n\nUser-agent: ScraperSky\nDisallow: /a"),
            None
        );
        for nothing in ["", "x", "-1", "NaN", "1e999x"] {
            assert_eq!(
                delay(&format!("User-agent: *\nCrawl-delay: {nothing}")),
                None,
                "{nothing:?}"
            );
        }
        assert_eq!(delay("User-agent: *\nCrawl-delay: inf"), seconds(10.0));
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
