//! The standard form of a domain, and the registrable part of a host name.

use std::fmt;
use std::str::FromStr;

use psl::Type;
use serde::{Deserialize, Serialize};
use url::Host;

/// The maximum length of a name in DNS.
const MAX_NAME_BYTES: usize = 253;
/// The maximum length of a label in DNS.
const MAX_LABEL_BYTES: usize = 63;
/// How much of an invalid input an error quotes.
const MAX_SHOWN_CHARS: usize = 80;

/// Top-level domains without public hosts. `test` is not included: staging sites use it.
const PRIVATE_TOP_LEVELS: [&str; 12] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
];

/// Returns whether a name is reserved for tests, so that the DNS does not know it (RFC 6761, 6.2).
#[must_use]
pub fn is_for_tests(name: &str) -> bool {
    name.rsplit('.')
        .next()
        .is_some_and(|label| label.eq_ignore_ascii_case("test"))
}

/// A public host name in standard form: lower case, punycode, without scheme, user, `www.`, port, path or trailing dot.
///
/// Different spellings of a site give the same name, and parsing a name returns it unchanged. The SQL function
/// `scrapersky.standard_domain` implements the same rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// Why a text is not a scannable domain, displayed as a sentence that quotes the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not a domain that can be scanned: {reason}")]
pub struct NameError {
    /// The input, shortened, with control characters escaped.
    pub input: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The name is empty.
    #[error("it is empty")]
    Empty,
    /// It is an IP address.
    #[error("it is an IP address; expected a host name")]
    IpAddress,
    /// It contains a character that host names cannot have.
    #[error("a host name cannot contain {0:?}")]
    Character(char),
    /// Its Unicode has no valid punycode.
    #[error("it cannot be written in punycode")]
    Idn,
    /// It has consecutive dots, or starts with one.
    #[error("there is nothing between two of its dots, or before the first")]
    EmptyLabel,
    /// A label starts or ends with a hyphen.
    #[error("its part `{0}` starts or ends with a hyphen")]
    Hyphen(String),
    /// A label is too long for DNS.
    #[error("its part `{0}` is longer than 63 characters")]
    LongLabel(String),
    /// The name is too long for DNS.
    #[error("it is longer than 253 characters")]
    LongName,
    /// The name has no dot.
    #[error("it has no dot, so it names no public host")]
    SingleLabel,
    /// The name is for private networks.
    #[error("names under .{0} are not public")]
    PrivateTopLevel(String),
    /// The name is an onion service.
    #[error("onion services are not reachable from here")]
    Onion,
    /// The name is a public suffix.
    #[error("it is a public suffix, under which domains are registered")]
    PublicSuffix,
}

impl DomainName {
    /// Parses a domain as people or files spell it.
    ///
    /// Unlisted top-level domains are accepted, since the public suffix list may be outdated; DNS decides.
    ///
    /// # Errors
    ///
    /// If it is not a public host name.
    pub fn parse(spelled: &str) -> Result<Self, NameError> {
        standardise(spelled).map(Self).map_err(|reason| NameError {
            input: shown(spelled),
            reason,
        })
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the registrable part: `example.co.uk` of `shop.example.co.uk`.
    #[must_use]
    pub fn registrable(&self) -> &str {
        registrable(&self.0)
    }

    /// Returns the last label.
    #[must_use]
    pub fn top_level(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }
}

/// Returns the registrable part of a host name, or all of it if it has none.
///
/// The host must be in lower case and punycode.
#[must_use]
pub fn registrable(host: &str) -> &str {
    psl::domain_str(host).unwrap_or(host)
}

/// Returns whether a domain is spelled with the `www.` that its standard form leaves out.
#[must_use]
pub fn is_spelled_with_www(spelled: &str) -> bool {
    let lower = spelled.trim().to_lowercase();
    let host = host_part(&lower);
    host.starts_with("www.") && standardise(spelled).is_ok_and(|name| !name.starts_with("www."))
}

/// Returns whether a host name is below a suffix for registrations, listed or not.
#[must_use]
pub fn is_registrable(host: &str) -> bool {
    psl::domain_str(host).is_some()
}

/// Returns whether a host name ends in a listed public suffix.
#[must_use]
pub fn has_known_suffix(host: &str) -> bool {
    psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

fn standardise(spelled: &str) -> Result<String, Reason> {
    let lower = spelled.trim().to_lowercase();
    let host = host_part(&lower);
    if host.is_empty() {
        return Err(Reason::Empty);
    }
    if host.starts_with('[') || host.parse::<std::net::Ipv6Addr>().is_ok() {
        return Err(Reason::IpAddress);
    }
    let host = without_port(host);
    let host = host.strip_suffix('.').unwrap_or(host);
    // The URL parser decodes percent signs, and does not report which character is invalid.
    if let Some(bad) = host
        .chars()
        .find(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'))
    {
        return Err(Reason::Character(bad));
    }
    if let Some(bad) = host.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(Reason::Character(bad));
    }
    if host.is_empty() {
        return Err(Reason::Empty);
    }
    check_lengths(host)?;
    let ascii = match Host::parse(host) {
        Ok(Host::Domain(name)) => name,
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => return Err(Reason::IpAddress),
        // The parser reads a name with a numeric last label as an IPv4 address.
        Err(_) if host.rsplit('.').next().is_some_and(is_numeric) => return Err(Reason::IpAddress),
        Err(_) => return Err(Reason::Idn),
    };
    // By now the ideographic full stop is a dot.
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    let name = without_www(ascii);
    check(name)?;
    Ok(name.to_owned())
}

/// Removes scheme, user, path, query and fragment.
fn host_part(lower: &str) -> &str {
    let rest = match lower.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        _ => lower.strip_prefix("//").unwrap_or(lower),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'.' | b'-'))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Removes `www.`, unless the rest is not a domain: `www.com` and `www.co.uk` are registered names.
fn without_www(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("www.")
        && rest.contains('.')
        && !is_public_suffix(rest)
    {
        name = rest;
    }
    name
}

/// Returns whether registries delegate names under this one.
///
/// Suffixes that companies listed for their customers, such as `github.io`, are sites themselves.
fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.typ() == Some(Type::Icann) && suffix == name)
}

fn is_numeric(label: &str) -> bool {
    let digits = label.strip_prefix("0x");
    match digits {
        Some(hex) => hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// Checks lengths before the URL parser spends time on the input.
fn check_lengths(host: &str) -> Result<(), Reason> {
    if host.is_ascii()
        && let Some(label) = host.split('.').find(|label| label.len() > MAX_LABEL_BYTES)
    {
        return Err(Reason::LongLabel(shown(label)));
    }
    // Each character of a label becomes at least one of its punycode.
    if host.chars().count() > MAX_NAME_BYTES {
        Err(Reason::LongName)
    } else {
        Ok(())
    }
}

fn check(name: &str) -> Result<(), Reason> {
    if name.is_empty() {
        return Err(Reason::Empty);
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(Reason::EmptyLabel);
        }
        if label.len() > MAX_LABEL_BYTES {
            return Err(Reason::LongLabel(shown(label)));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(Reason::Hyphen(label.to_owned()));
        }
        if let Some(bad) = label
            .chars()
            .find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-')
        {
            return Err(Reason::Character(bad));
        }
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(Reason::LongName);
    }
    let Some((_, top_level)) = name.rsplit_once('.') else {
        return Err(Reason::SingleLabel);
    };
    if is_numeric(top_level) {
        return Err(Reason::IpAddress);
    }
    if top_level == "onion" {
        return Err(Reason::Onion);
    }
    if PRIVATE_TOP_LEVELS.contains(&top_level) {
        return Err(Reason::PrivateTopLevel(top_level.to_owned()));
    }
    if is_public_suffix(name) {
        return Err(Reason::PublicSuffix);
    }
    Ok(())
}

/// Shortens and escapes an input for messages.
fn shown(input: &str) -> String {
    let mut text = String::new();
    for c in input.chars().take(MAX_SHOWN_CHARS) {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    if input.chars().nth(MAX_SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

impl FromStr for DomainName {
    type Err = NameError;

    fn from_str(spelled: &str) -> Result<Self, NameError> {
        Self::parse(spelled)
    }
}

impl TryFrom<String> for DomainName {
    type Error = NameError;

    fn try_from(spelled: String) -> Result<Self, NameError> {
        Self::parse(&spelled)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl AsRef<str> for DomainName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
