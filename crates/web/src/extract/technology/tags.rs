//! The ids of a site's tags.

use std::sync::LazyLock;

use regex::Regex;

use super::claim::Evidence;
use super::snippet::snippet;

static ANALYTICS_ID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:G-[A-Z0-9]{6,12}|UA-[0-9]{4,10}-[0-9]{1,4})\b").ok());
static TAG_MANAGER_ID: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\bGTM-[A-Z0-9]{4,10}\b").ok());

/// The first ids that a site states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::extract) struct TagIds {
    /// The Google Analytics id, with `G-` or `UA-`.
    pub(in crate::extract) google_analytics: Option<Tag>,
    /// The Google Tag Manager id.
    pub(in crate::extract) google_tag_manager: Option<Tag>,
}

/// The id of a tag, and what it is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::extract) struct Tag {
    pub(in crate::extract) id: String,
    pub(in crate::extract) evidence: Evidence,
}

impl TagIds {
    /// Examines a URL on a page.
    pub(super) fn see_url(&mut self, url: &str, page: Option<&str>) {
        if url.contains("google") {
            self.see(url, "url of a tag", page);
        }
    }

    /// Examines an inline script of a page.
    pub(super) fn see_script(&mut self, script: &str, page: Option<&str>) {
        if ["gtag(", "googletagmanager", "google-analytics", "gtm.start"]
            .iter()
            .any(|sign| script.contains(sign))
        {
            self.see(script, "script of a tag", page);
        }
    }

    /// Takes the ids of another page where this one has none.
    pub(super) fn merge(&mut self, other: Self) {
        self.google_analytics = self.google_analytics.take().or(other.google_analytics);
        self.google_tag_manager = self.google_tag_manager.take().or(other.google_tag_manager);
    }

    fn see(&mut self, text: &str, rule: &str, page: Option<&str>) {
        let first = |regex: &Option<Regex>| {
            let found = regex.as_ref()?.find(text)?;
            Some(Tag {
                id: found.as_str().to_owned(),
                evidence: Evidence {
                    rule: rule.to_owned(),
                    snippet: snippet(text, &found.range()),
                    url: page.map(str::to_owned),
                },
            })
        };
        if self.google_analytics.is_none() {
            self.google_analytics = first(&ANALYTICS_ID);
        }
        if self.google_tag_manager.is_none() {
            self.google_tag_manager = first(&TAG_MANAGER_ID);
        }
    }
}
