//! The cookies of one job (RFC 6265).
//!
//! A jar is never shared between jobs, so that what a site knows of one is not told to another, and it is gone with its
//! job: no cookie is ever stored.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

use super::date::http_date;
use super::policy::host_of;

/// The most cookies of one jar; the oldest make room.
const MAX_COOKIES: usize = 100;

/// The longest cookie, in bytes of name and value (RFC 6265, 6.1).
const MAX_BYTES: usize = 4096;

/// The cookies of one job.
#[derive(Debug, Default)]
pub(super) struct Jar(Mutex<Vec<Cookie>>);

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    /// Whether only `host` gets it, and none of its subdomains.
    is_host_only: bool,
    path: String,
    is_secure: bool,
    expires: Option<DateTime<Utc>>,
}

impl Jar {
    /// Keeps the cookies that an answer from `url` sets.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        let now = Utc::now();
        for value in headers.get_all(SET_COOKIE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let Some(cookie) = Cookie::read(&text, url, now) else {
                continue;
            };
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|other| !other.is_replaced_by(&cookie));
            if !cookie.is_expired(now) {
                if kept.len() >= MAX_COOKIES {
                    kept.remove(0);
                }
                kept.push(cookie);
            }
        }
    }

    /// Returns the `Cookie` header of a request, or `None` without cookies for it.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let now = Utc::now();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sent: Vec<&Cookie> = kept.iter().filter(|cookie| cookie.is_for(url, now)).collect();
        // Those of longer paths come first.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty())
            .then(|| HeaderValue::from_bytes(pairs.join("; ").as_bytes()).ok())
            .flatten()
    }
}

impl Cookie {
    /// Reads a `Set-Cookie` header (5.2, 5.3); `None` if it sets nothing.
    fn read(text: &str, url: &Url, now: DateTime<Utc>) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.len() + value.len() > MAX_BYTES || text.contains(|char: char| char.is_control()) {
            return None;
        }
        let host = host_of(url);
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(url.path()).to_owned(),
            is_host_only: true,
            is_secure: false,
            expires: None,
            host,
        };
        let mut lasts = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" => cookie.widen(url, value)?,
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "path" => default_path(url.path()).clone_into(&mut cookie.path),
                "secure" => cookie.is_secure = true,
                "expires" => cookie.expires = http_date(value).or(cookie.expires),
                "max-age" => lasts = value.parse::<i64>().ok().or(lasts),
                _ => {}
            }
        }
        if let Some(seconds) = lasts {
            let end = TimeDelta::try_seconds(seconds.max(-1)).and_then(|age| now.checked_add_signed(age));
            cookie.expires = Some(end.unwrap_or(DateTime::<Utc>::MAX_UTC));
        }
        (!cookie.is_secure || url.scheme() == "https").then_some(cookie)
    }

    /// Sends the cookie to the subdomains of `domain` as well; `None` if the host must not set cookies for it.
    fn widen(&mut self, url: &Url, domain: &str) -> Option<()> {
        let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
        let host = host_of(url);
        if domain.is_empty() {
            return Some(());
        }
        // Nobody owns a suffix under which others register; a host of that name may set cookies for itself.
        let is_suffix = psl::suffix_str(&domain).is_none_or(|suffix| suffix == domain);
        if is_suffix || url.domain().is_none() {
            (self.host, self.is_host_only) = (host.clone(), true);
            return (domain == host).then_some(());
        }
        if !is_within(&host, &domain) {
            return None;
        }
        (self.host, self.is_host_only) = (domain, false);
        Some(())
    }

    fn is_replaced_by(&self, newer: &Self) -> bool {
        self.name == newer.name && self.host == newer.host && self.path == newer.path
    }

    fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    fn is_for(&self, url: &Url, now: DateTime<Utc>) -> bool {
        let host = host_of(url);
        let is_host = host == self.host || (!self.is_host_only && is_within(&host, &self.host));
        is_host
            && !self.is_expired(now)
            && (!self.is_secure || url.scheme() == "https")
            && is_below(url.path(), &self.path)
    }
}

/// Returns whether a host is a domain or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|label| label.is_empty() || label.ends_with('.'))
}

/// Returns whether a path is another one or below it (5.1.4).
fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || parent.ends_with('/'))
}

/// Returns the path of a cookie that names none: the folder of the request (5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => path.get(..end).unwrap_or("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(from: &str, set: &[&str], to: &str) -> Option<String> {
        let jar = Jar::default();
        for value in set {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_str(value).unwrap());
            jar.store(&Url::parse(from).unwrap(), &headers);
        }
        let header = jar.header(&Url::parse(to).unwrap())?;
        Some(header.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_whom_it_belongs() {
        let from = "https://www.shop.co.uk/a/b";
        for (set, to, expected) in [
            ("s=1", "https://www.shop.co.uk/a/c", Some("s=1")),
            ("s=1", "https://www.shop.co.uk/", None),
            ("s=1; path=/", "https://www.shop.co.uk/", Some("s=1")),
            ("s=1; Path=/a", "https://www.shop.co.uk/ab", None),
            ("s=1; path=/", "https://shop.co.uk/", None),
            ("s=1; path=/", "https://evil.test/", None),
            ("s=1; path=/; domain=shop.co.uk", "https://shop.co.uk/", Some("s=1")),
            ("s=1; path=/; Domain=.SHOP.co.uk", "https://m.shop.co.uk/", Some("s=1")),
            ("s=1; path=/; domain=shop.co.uk", "https://myshop.co.uk/", None),
            ("s=1; path=/; domain=co.uk", "https://www.shop.co.uk/", None),
            ("s=1; path=/; domain=uk", "https://www.shop.co.uk/", None),
            ("s=1; path=/; domain=other.test", "https://www.shop.co.uk/", None),
            ("s=1; path=/; domain=m.shop.co.uk", "https://www.shop.co.uk/", None),
            ("s=1; path=/; domain=", "https://www.shop.co.uk/", Some("s=1")),
            ("s=1; path=/; secure", "http://www.shop.co.uk/", None),
            (
                "s=1; path=/; HttpOnly; SameSite=Strict",
                "http://www.shop.co.uk/",
                Some("s=1"),
            ),
            ("s=1; path=/; max-age=0", "https://www.shop.co.uk/", None),
            (
                "s=1; path=/; max-age=-5; expires=Wed, 09 Jun 2100 10:18:14 GMT",
                "https://www.shop.co.uk/",
                None,
            ),
            (
                "s=1; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT",
                "https://www.shop.co.uk/",
                None,
            ),
            ("s=1; path=/; expires=nonsense", "https://www.shop.co.uk/", Some("s=1")),
            ("s=\"a b\"; path=/", "https://www.shop.co.uk/", Some("s=\"a b\"")),
            ("s=a=b; path=/", "https://www.shop.co.uk/", Some("s=a=b")),
            ("nothing; path=/", "https://www.shop.co.uk/", None),
            ("=x; path=/", "https://www.shop.co.uk/", None),
        ] {
            assert_eq!(sent(from, &[set], to).as_deref(), expected, "{set} to {to}");
        }
        assert_eq!(
            sent("http://shop.co.uk/", &["s=1; secure"], "https://shop.co.uk/"),
            None
        );
        assert_eq!(
            sent("http://8.8.8.8/", &["s=1; domain=8.8.8.8"], "http://8.8.8.8/").as_deref(),
            Some("s=1")
        );
        assert_eq!(sent("http://8.8.8.8/", &["s=1; domain=8.8.8"], "http://8.8.8.8/"), None);
    }

    #[test]
    fn a_later_cookie_of_the_name_replaces_the_earlier_one() {
        let url = "https://shop.test/";
        assert_eq!(sent(url, &["a=1", "b=2", "a=3"], url).as_deref(), Some("b=2; a=3"));
        assert_eq!(sent(url, &["a=1", "a=; max-age=0"], url), None);
        let deeper = sent(url, &["a=1", "b=2; path=/x"], "https://shop.test/x/y");
        assert_eq!(deeper.as_deref(), Some("b=2; a=1"));
    }

    #[test]
    fn a_jar_has_a_limit() {
        let set: Vec<String> = (0..2 * MAX_COOKIES).map(|number| format!("c{number}=1")).collect();
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let sent = sent("https://shop.test/", &set, "https://shop.test/").unwrap();
        assert_eq!(sent.split("; ").count(), MAX_COOKIES);
        assert!(!sent.contains("c0=1") && sent.contains("c199=1"));
    }
}
