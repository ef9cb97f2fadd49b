//! What became of a URL.

use database::models::enums::Outcome;

/// What became of a URL that a crawl has met, as its rows name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// It was read.
    Ok,
    /// Its beginning was read.
    Partial,
    /// It says what another page says.
    Duplicate,
    /// It leads to another URL of the site, or nowhere.
    Redirect,
    /// It leads to another site.
    OffSite,
    /// What came is not a page.
    NotAPage,
    /// The robots.txt forbids it.
    Robots,
    /// It cannot be read.
    Parse,
    /// The site answered, but not with the page.
    Status,
    /// It is one of more URLs than a site has pages.
    Trap,
    /// Another page calls it its own URL.
    Canonical,
    /// The crawl was cut off whenever it was fetched.
    Interrupted,
    /// It could not be fetched.
    Failed(Outcome),
}

impl Disposition {
    /// All but the failures, which are named as outcomes are.
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

    /// Returns the name that rows have.
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

    /// Reads the name that a row has.
    pub(super) fn read(label: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|disposition| disposition.label() == label);
        named.or_else(|| label.parse().ok().map(Self::Failed))
    }

    /// Returns whether the URL was fetched as it should be.
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
