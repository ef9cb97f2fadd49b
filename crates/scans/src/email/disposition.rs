//! The results for URLs of a crawl.

use database::models::enums::Outcome;

/// The result for a URL that a crawl found, stored by label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// The page was read.
    Ok,
    /// Only the beginning of the page was read.
    Partial,
    /// The page has the same content as another one.
    Duplicate,
    /// The URL redirects to another URL of the site, or its redirects lead to no page.
    Redirect,
    /// The URL redirects to another site.
    OffSite,
    /// The response is not a page.
    NotAPage,
    /// robots.txt forbids fetching the URL.
    Robots,
    /// The response cannot be read.
    Parse,
    /// The site answered with an error status.
    Status,
    /// The URL looks like one of an endless series, or like another trap for crawlers.
    Trap,
    /// Another page declares the URL as its canonical one.
    Canonical,
    /// The crawl was interrupted each time it fetched the URL.
    Interrupted,
    /// The URL could not be fetched.
    Failed(Outcome),
}

impl Disposition {
    /// All variants except failures, which have the labels of outcomes.
    const NAMED: [Self; 12] = [
        Self::Ok,
        Self::Partial,
        Self::Duplicate,
        Self::Redirect,
        Self::OffSite,
        Self::NotAPage,
        Self::Robots,
        Self::Parse,
        Self::Status,
        Self::Trap,
        Self::Canonical,
        Self::Interrupted,
    ];

    /// Returns the label stored in rows.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Duplicate => "duplicate",
            Self::Redirect => "redirect",
            Self::OffSite => "off_site",
            Self::NotAPage => "no_page",
            Self::Robots => "robots",
            Self::Parse => "parse",
            Self::Status => "status",
            Self::Trap => "trap",
            Self::Canonical => "canonical",
            Self::Interrupted => "interrupted",
            Self::Failed(outcome) => outcome.label(),
        }
    }

    /// Reads a label; `None` if it is unknown.
    pub(super) fn read(label: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|disposition| disposition.label() == label);
        named.or_else(|| label.parse().ok().map(Self::Failed))
    }

    /// Returns whether fetching the URL succeeded.
    pub(super) fn is_fine(self) -> bool {
        matches!(self, Self::Ok | Self::Partial | Self::Duplicate | Self::Redirect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_reads_back_as_it_was_written() {
        let failed = [Outcome::Dns, Outcome::Tls, Outcome::Timeout, Outcome::Upstream].map(Disposition::Failed);
        for disposition in Disposition::NAMED.into_iter().chain(failed) {
            assert_eq!(Disposition::read(disposition.label()), Some(disposition));
        }
        assert_eq!(Disposition::read("nonsense"), None);
    }
}
