//! The site that a page belongs to, and the resolution of its links.

use url::Url;

use crate::names;

/// Maximum length of a URL that is kept, in bytes; longer ones contain data.
const MAX_URL_BYTES: usize = 2048;

/// The site of a page and the base of its relative URLs.
pub(super) struct Site {
    /// The registrable part of the host, or the host itself if it has none.
    registrable: String,
    base: Url,
    has_base: bool,
}

impl Site {
    pub(super) fn new(final_url: &Url) -> Self {
        let host = final_url.host_str().unwrap_or_default();
        Self {
            registrable: names::registrable(host).to_owned(),
            base: final_url.clone(),
            has_base: false,
        }
    }

    /// Takes the page's `<base href>`; only the first one counts.
    pub(super) fn set_base(&mut self, href: &str) {
        if !self.has_base
            && let Some(base) = self.resolve(href)
        {
            self.base = base;
            self.has_base = true;
        }
    }

    /// Resolves a link of the page; `None` if it is not a web address.
    pub(super) fn resolve(&self, href: &str) -> Option<Url> {
        if href.len() > MAX_URL_BYTES {
            return None;
        }
        let url = self.base.join(href.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// Returns the URL of a file of the page as a string; `None` if it is not a web address.
    pub(super) fn address(&self, href: &str) -> Option<String> {
        if href.trim().is_empty() {
            return None;
        }
        self.resolve(href)
            .map(String::from)
            .filter(|url| url.len() <= MAX_URL_BYTES)
    }

    /// Returns whether a host name belongs to this site.
    pub(super) fn owns(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case(&self.registrable)
            || host
                .len()
                .checked_sub(self.registrable.len() + 1)
                .and_then(|start| host.get(start..))
                .is_some_and(|end| {
                    end.strip_prefix('.')
                        .is_some_and(|end| end.eq_ignore_ascii_case(&self.registrable))
                })
    }

    /// Returns whether a URL leads to this site.
    pub(super) fn owns_url(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.owns(host))
    }

    /// Returns whether a link of the page leads to this site.
    pub(super) fn owns_link(&self, href: &str) -> bool {
        self.resolve(href).is_some_and(|url| self.owns_url(&url))
    }

    /// Returns the registrable part of the site's host.
    pub(super) fn registrable(&self) -> &str {
        &self.registrable
    }

    /// Returns the last label of the site's host.
    pub(super) fn top_level(&self) -> &str {
        self.registrable.rsplit('.').next().unwrap_or_default()
    }
}
