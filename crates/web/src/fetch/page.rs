//! Requests for pages, and their responses.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Version};
use url::Url;

use super::FetchError;
use super::charset::{self, Decoded};
use super::date::http_date;
use super::media;
use super::policy::host_of;
use super::tls::Certificate;
use crate::stand_in::{self, StandIn};

/// The kind and amount of content to fetch.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    kind: Kind,
    pub(super) max_body: Option<usize>,
    pub(super) timeout: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Html,
    HtmlOrCard,
    Xml,
    Anything,
    Headers,
    Status,
}

impl Want {
    /// Requests a web page.
    #[must_use]
    pub fn html() -> Self {
        Self::of(Kind::Html)
    }

    /// Requests a web page or a vCard.
    #[must_use]
    pub fn html_or_card() -> Self {
        Self::of(Kind::HtmlOrCard)
    }

    /// Requests XML, such as a sitemap or feed, also as plain text or gzip file.
    #[must_use]
    pub fn xml() -> Self {
        Self::of(Kind::Xml)
    }

    /// Requests any content.
    #[must_use]
    pub fn anything() -> Self {
        Self::of(Kind::Anything)
    }

    /// Requests the status and headers alone, as a visitor of the page would get them; the body is not read.
    #[must_use]
    pub fn headers() -> Self {
        Self::of(Kind::Headers)
    }

    /// Requests the status, with what comes of the body soon: one that is damaged or never ends does not hide the status.
    #[must_use]
    pub fn status() -> Self {
        Self::of(Kind::Status)
    }

    /// Accepts bodies of up to `bytes` after decompression, instead of the configured limit.
    #[must_use]
    pub fn up_to(self, bytes: usize) -> Self {
        Self {
            max_body: Some(bytes),
            ..self
        }
    }

    /// Limits the whole fetch to `time`, instead of the configured limit.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self {
            timeout: Some(time),
            ..self
        }
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            max_body: None,
            timeout: None,
        }
    }

    /// Returns the `Accept` header.
    pub(super) fn accept(self) -> &'static str {
        match self.kind {
            Kind::Html | Kind::Headers => "text/html,application/xhtml+xml;q=0.9",
            Kind::HtmlOrCard => "text/html,application/xhtml+xml;q=0.9,text/vcard;q=0.5",
            Kind::Xml => "application/xml,text/xml;q=0.9,*/*;q=0.5",
            Kind::Anything | Kind::Status => "*/*",
        }
    }

    /// Returns whether a page is wanted, as a visitor sees it.
    pub(super) fn is_page(self) -> bool {
        matches!(self.kind, Kind::Html | Kind::HtmlOrCard)
    }

    /// Returns whether the body is not read.
    pub(super) fn is_headers(self) -> bool {
        self.kind == Kind::Headers
    }

    /// Returns whether the status matters more than the body.
    pub(super) fn is_status(self) -> bool {
        self.kind == Kind::Status
    }

    /// Checks the media type of a body, and where that leaves open what it is returns that the body has to be looked at.
    pub(super) fn check(self, host: &str, essence: Option<&str>) -> Result<Fit, FetchError> {
        let Some(essence) = essence else {
            return Ok(if self.is_page() { Fit::Look } else { Fit::Yes });
        };
        let is_card = matches!(essence, "text/vcard" | "text/x-vcard" | "text/directory");
        let is_html = matches!(essence, "text/html" | "application/xhtml+xml");
        let (fits, wanted) = match self.kind {
            Kind::Anything | Kind::Headers | Kind::Status => return Ok(Fit::Yes),
            Kind::Html | Kind::HtmlOrCard if !is_html && media::is_xml(essence) => return Ok(Fit::Look),
            Kind::Html => (is_html, "a web page"),
            Kind::HtmlOrCard => (is_html || is_card, "a web page"),
            Kind::Xml => (
                media::is_xml(essence)
                    || matches!(
                        essence,
                        "text/plain" | "application/gzip" | "application/x-gzip" | "application/octet-stream"
                    ),
                "XML",
            ),
        };
        if fits {
            return Ok(Fit::Yes);
        }
        Err(wrong_type(host, essence, wanted))
    }

    /// Looks into the body of a page: whether it is one where its media type leaves that open, and whether it is an image
    /// or a file in spite of its media type.
    pub(super) fn look(self, host: &str, fit: Fit, essence: Option<&str>, body: &[u8]) -> Result<(), FetchError> {
        if self.is_page()
            && let Some(found) = media::sniffed(body)
        {
            return Err(wrong_type(host, found, "a web page"));
        }
        if fit == Fit::Yes {
            return Ok(());
        }
        let is_page = match essence {
            Some(_) => media::has_page_root(body),
            None => media::may_be_page(body),
        };
        if is_page {
            return Ok(());
        }
        Err(wrong_type(
            host,
            essence.unwrap_or("a file of no media type"),
            "a web page",
        ))
    }
}

/// Whether a media type fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    /// The body says more.
    Look,
}

fn wrong_type(host: &str, found: &str, wanted: &'static str) -> FetchError {
    FetchError::ContentType {
        host: host.to_owned(),
        found: found.chars().take(80).collect(),
        wanted,
    }
}

/// A completely read response.
#[derive(Clone, Debug)]
pub struct Page {
    /// The requested URL as sent: without user information and fragment.
    pub requested_url: Url,
    /// The URL after redirects.
    pub final_url: Url,
    /// The URLs that redirected, starting with the requested one.
    pub redirects: Vec<Url>,
    /// The status of the final response; it may be an error, see [`Page::success`].
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decompressed, in its original charset.
    pub body: Bytes,
    /// The address that sent it.
    pub remote_addr: SocketAddr,
    /// From sending the last request, including its connection, to the response's headers.
    pub time_to_first_byte: Duration,
    /// The whole fetch, without waiting for the pace.
    pub elapsed: Duration,
    /// The HTTP version of the final response.
    pub http_version: Version,
    /// The TLS connection, if there was one.
    pub tls: Option<Tls>,
}

/// A response whose body is in a file.
#[derive(Debug)]
pub struct Download {
    /// The response; its body is empty.
    pub page: Page,
    /// The size of the body, after decompression.
    pub bytes: u64,
    /// Why the body is incomplete, if it is.
    pub cut: Option<FetchError>,
}

/// Facts about a TLS connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The protocol version, such as `TLS 1.3`.
    pub version: Option<&'static str>,
    /// The server's certificate.
    pub certificate: Option<Certificate>,
}

impl Tls {
    pub(super) fn of(response: &reqwest::Response) -> Option<Self> {
        use reqwest::tls::{TlsInfo, Version};
        let info = response.extensions().get::<TlsInfo>()?;
        let version = info.version().and_then(|version| match version {
            Version::TLS_1_2 => Some("TLS 1.2"),
            Version::TLS_1_3 => Some("TLS 1.3"),
            _ => None,
        });
        Some(Self {
            version,
            certificate: info.peer_certificate().and_then(Certificate::read),
        })
    }
}

impl Page {
    /// Returns the `Content-Type` header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// Returns the body as text; see [`charset::decode`].
    #[must_use]
    pub fn text(&self) -> Decoded<'_> {
        let top_level = self.final_url.domain().and_then(|host| host.rsplit('.').next());
        charset::decode(&self.body, self.content_type(), top_level)
    }

    /// Returns the page if its status is a success.
    ///
    /// # Errors
    ///
    /// [`FetchError::Status`] for any status but 200 to 299, [`FetchError::StandIn`] where that comes with a challenge.
    pub fn success(self) -> Result<Self, FetchError> {
        if self.status.is_success() {
            return Ok(self);
        }
        if stand_in::is_challenge(&self.headers, &self.body) {
            return Err(FetchError::StandIn {
                host: host_of(&self.final_url),
                what: StandIn::Challenge,
            });
        }
        Err(FetchError::Status {
            host: host_of(&self.final_url),
            status: self.status.as_u16(),
            retry_after: retry_after(&self.headers),
        })
    }

    /// Returns the page if there is something on it.
    ///
    /// # Errors
    ///
    /// [`FetchError::Empty`] for a success without a body, or with one of blanks.
    pub(super) fn nonempty(self) -> Result<Self, FetchError> {
        if !self.status.is_success() || !media::is_blank(&self.body) {
            return Ok(self);
        }
        Err(FetchError::Empty {
            host: host_of(&self.final_url),
            status: self.status.as_u16(),
        })
    }
}

/// Returns how long a site asks to wait, in seconds or until a date (RFC 9110, 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(text)?.signed_duration_since(Utc::now());
    Some(wait.to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_must_fit_what_was_asked_for() {
        let fits = |want: Want, found| want.check("shop.test", found).is_ok();
        for found in [None, Some("text/html"), Some("application/xhtml+xml")] {
            assert!(fits(Want::html(), found), "{found:?}");
        }
        for found in [
            "application/pdf",
            "image/png",
            "text/plain",
            "application/json",
            "text/htmlx",
        ] {
            let error = Want::html().check("shop.test", Some(found)).unwrap_err().to_string();
            assert_eq!(error, format!("shop.test answered with {found} instead of a web page"));
            assert!(fits(Want::anything(), Some(found)), "{found}");
        }
        for found in [
            "text/xml",
            "application/xml",
            "application/rss+xml",
            "application/x-gzip",
        ] {
            assert!(fits(Want::xml(), Some(found)), "{found}");
        }
        assert!(!fits(Want::xml(), Some("text/html")));
    }

    #[test]
    fn what_the_media_type_leaves_open_is_seen_in_the_body() {
        for essence in [None, Some("text/xml"), Some("image/svg+xml")] {
            assert_eq!(Want::html().check("shop.test", essence), Ok(Fit::Look), "{essence:?}");
        }
        let look = |fit, essence, body| Want::html().look("shop.test", fit, essence, body);
        assert_eq!(
            look(Fit::Look, Some("text/xml"), &b"<?xml version='1.0'?><html/>"[..]),
            Ok(())
        );
        let error = look(Fit::Look, Some("text/xml"), b"<rss/>").unwrap_err().to_string();
        assert_eq!(error, "shop.test answered with text/xml instead of a web page");
        let error = look(Fit::Yes, Some("text/html"), b"\x89PNG\r\n\x1a\n\0")
            .unwrap_err()
            .to_string();
        assert_eq!(error, "shop.test answered with image/png instead of a web page");
    }
}
