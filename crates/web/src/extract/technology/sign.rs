//! The signs by which a technology is told, and how each is compared with what a page says.

use std::ops::Range;

use super::category::words;

words! {
    /// What a sign is compared with.
    SignKind {
        /// A part of the URL of a script, style sheet, other linked resource or frame; not of a picture.
        Url = "url",
        /// A part of the URL of any file of the site itself, pictures included.
        OwnUrl = "own_url",
        /// The relation of a `<link>` or a `Link` header that leads to the site itself.
        LinkRel = "link_rel",
        /// A part of an inline script.
        Script = "script",
        /// The type of an inline script.
        ScriptType = "script_type",
        /// The beginning of a class or an id.
        ClassOrId = "class_or_id",
        /// The beginning of an attribute's name.
        Attribute = "attribute",
        /// The name of a custom element.
        Element = "element",
        /// The beginning of an item in `<meta name="generator">`, or in a header that names software.
        Generator = "generator",
        /// The name of a `<meta>`.
        Meta = "meta",
        /// A part of a comment.
        Comment = "comment",
        /// A response header, with a part of its value behind a colon.
        Header = "header",
        /// The beginning of a cookie's name.
        Cookie = "cookie",
        /// The end of the host name in an MX record.
        Mx = "mx",
        /// The beginning of a word in a TXT record.
        Txt = "txt",
        /// The end of the host name in an NS record.
        Ns = "ns",
        /// The end of the host name in a CNAME record.
        Cname = "cname",
    }
}

/// A DNS record that can be a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// A mail server.
    Mx,
    /// A text.
    Txt,
    /// A name server.
    Ns,
    /// An alias.
    Cname,
}

impl DnsRecord {
    pub(super) const fn kind(self) -> SignKind {
        match self {
            Self::Mx => SignKind::Mx,
            Self::Txt => SignKind::Txt,
            Self::Ns => SignKind::Ns,
            Self::Cname => SignKind::Cname,
        }
    }
}

/// How much a sign proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// It is proof by itself.
    Strong,
    /// It is proof together with a weak sign of another kind.
    Weak,
}

/// One sign of a technology.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    pub(super) kind: SignKind,
    pub(super) strength: Strength,
    pub(super) pattern: String,
}

impl Sign {
    /// Returns the name and the part of the value that a header sign asks for, in lower case; a name that ends with a
    /// hyphen is a beginning, and a part that ends with `$` is the end of the value.
    fn header(&self) -> (&str, &str) {
        match self.pattern.split_once(':') {
            Some((name, part)) => (name.trim(), part.trim()),
            None => (self.pattern.as_str(), ""),
        }
    }

    /// Returns whether a header fits this sign. `value` is in lower case.
    pub(super) fn fits_header(&self, name: &str, value: &str) -> bool {
        let (known, part) = self.header();
        let start = name.get(..known.len()).filter(|_| known.ends_with('-'));
        let fits = match part.strip_suffix('$') {
            Some(end) => value.trim_end().ends_with(end),
            None => value.contains(part),
        };
        start.unwrap_or(name).eq_ignore_ascii_case(known) && fits
    }

    /// Returns where a text fits this sign, which is of a kind that is compared with short texts.
    pub(super) fn find_in(&self, text: &str) -> Option<Range<usize>> {
        let pattern = self.pattern.as_str();
        match self.kind {
            SignKind::Generator => word_at(text, pattern, |before| {
                let before = before.trim_end();
                before.is_empty() || before.ends_with([',', ';'])
            })
            .filter(|found| !pattern.ends_with(char::is_alphanumeric) || !goes_on(text, found)),
            SignKind::Txt => word_at(text, pattern, |before| {
                before.is_empty() || before.ends_with([' ', '"'])
            }),
            SignKind::Cookie => starts_with(text, pattern).then_some(0..pattern.len()),
            SignKind::Mx | SignKind::Ns | SignKind::Cname => host_end(text, pattern),
            _ => text.eq_ignore_ascii_case(pattern).then_some(0..text.len()),
        }
    }
}

/// Returns whether a word goes on behind its match.
fn goes_on(text: &str, found: &Range<usize>) -> bool {
    let rest = text.get(found.end..).unwrap_or_default();
    rest.starts_with(char::is_alphanumeric)
}

fn starts_with(text: &str, pattern: &str) -> bool {
    text.get(..pattern.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(pattern))
}

/// Finds a pattern, ignoring ASCII case, where the text before it `begins` a word.
fn word_at(text: &str, pattern: &str, begins: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    text.char_indices().map(|(at, _)| at).find_map(|at| {
        let (before, rest) = text.split_at_checked(at)?;
        (starts_with(rest, pattern) && begins(before)).then(|| at..at + pattern.len())
    })
}

/// Finds a host name at the end of another, in a record that may begin with numbers (the preference of an MX record).
fn host_end(record: &str, pattern: &str) -> Option<Range<usize>> {
    let end = record.trim_end().trim_end_matches('.').len();
    let start = end.checked_sub(pattern.len())?;
    let (before, host) = record.get(..end)?.split_at_checked(start)?;
    let is_whole = before.is_empty() || before.ends_with(['.', ' ', '\t']);
    (is_whole && host.eq_ignore_ascii_case(pattern)).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_fits_whole_words_and_names() {
        for (kind, pattern, text, fits) in [
            (SignKind::Generator, "WordPress", "WordPress 6.4.2", true),
            (SignKind::Generator, "WordPress", "wordpress.com", true),
            (SignKind::Generator, "WordPress", "WordPresser 1.0", false),
            (SignKind::Generator, "WordPress", "Loved by WordPress", false),
            (
                SignKind::Generator,
                "Go Daddy",
                "Starfield; Go Daddy Website Builder 8",
                true,
            ),
            (SignKind::Cookie, "laravel_session", "laravel_session", true),
            (SignKind::Cookie, "wp-settings-", "wp-settings-1", true),
            (SignKind::Cookie, "session", "laravel_session", false),
            (SignKind::Mx, "google.com", "1 ASPMX.L.GOOGLE.COM.", true),
            (SignKind::Mx, "google.com", "10 mx.notgoogle.com", false),
            (SignKind::Mx, "mx.zoho.eu", "10 mx.zoho.eu.", true),
            (SignKind::Mx, "google.com", "google.com.example.", false),
            (
                SignKind::Txt,
                "include:_spf.google.com",
                "v=spf1 include:_spf.google.com ~all",
                true,
            ),
            (
                SignKind::Txt,
                "include:_spf.google.com",
                "v=spf1 xinclude:_spf.google.com ~all",
                false,
            ),
            (
                SignKind::Meta,
                "shopify-checkout-api-token",
                "Shopify-Checkout-API-Token",
                true,
            ),
            (SignKind::Meta, "shopify", "shopify-checkout-api-token", false),
        ] {
            let sign = Sign {
                kind,
                strength: Strength::Strong,
                pattern: pattern.to_owned(),
            };
            assert_eq!(sign.find_in(text).is_some(), fits, "{kind:?} {pattern}: {text}");
        }
    }

    #[test]
    fn a_header_fits_by_name_and_value() {
        for (pattern, name, value, fits) in [
            ("x-shopid", "X-ShopId", "1", true),
            ("x-wix-", "X-Wix-Request-Id", "", true),
            ("x-wix-", "x-wixen", "", false),
            ("server: nginx", "Server", "nginx/1.2", true),
            ("server: nginx", "Server", "apache", false),
            ("server: nginx", "X-Server", "nginx", false),
            ("server: apache$", "Server", "apache", true),
            ("server: apache$", "Server", "apache-coyote/1.1", false),
        ] {
            let sign = Sign {
                kind: SignKind::Header,
                strength: Strength::Strong,
                pattern: pattern.to_owned(),
            };
            assert_eq!(sign.fits_header(name, value), fits, "{pattern}: {name}: {value}");
        }
    }
}
