//! The business's own profiles on social networks. Declared ones come before linked ones and companies before persons,
//! and those of page builders are skipped.

mod columns;
mod networks;
mod others;
mod path;
#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use networks::{COLUMNS, HOSTS, Profile, profile};
use serde::Serialize;
use url::Url;

use super::proofs::{DECLARED, Fact, LINKED, Proofs, READ};
use crate::finder;

/// Maximum number of profiles that are collected.
const MAX_PROFILES: usize = 200;

/// Networks on which pages link to other people's works; only declared profiles count.
const WORKS: [&str; 2] = ["github", "behance"];

static HOST_FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(HOSTS));
/// Accounts of networks and page builders, which are not a business's own.
static BUILDERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("builders.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// URLs of a site's profiles on social networks, in a plain `https` form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SocialLinks {
    /// The profile on Facebook.
    pub facebook: Option<String>,
    /// The profile on X (Twitter).
    pub twitter: Option<String>,
    /// The profile on LinkedIn.
    pub linkedin: Option<String>,
    /// The profile on Instagram.
    pub instagram: Option<String>,
    /// The channel on YouTube.
    pub youtube: Option<String>,
    /// Profiles on other networks, by name: `whatsapp`, `tiktok`, `pinterest` and others.
    #[serde(flatten)]
    pub others: BTreeMap<String, String>,
}

/// Where a page names a profile, most reliable first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// In metadata, in structured data of the business, or in a network's plugin that shows a page.
    Declared,
    /// In a link.
    Link,
    /// In a link to an author, or in structured data of a person.
    Person,
}

/// The profiles that a page names.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    found: Vec<Named>,
}

/// A profile that a page names.
#[derive(Debug)]
struct Named {
    source: Source,
    profile: Profile,
    /// The URL that the page names.
    url: String,
}

impl Source {
    /// Returns the rule by which a profile is told, and how sure it is.
    const fn rule(self) -> (&'static str, u8) {
        match self {
            Self::Declared => ("declared profile", DECLARED),
            Self::Link => ("link to a profile", LINKED),
            Self::Person => ("profile of a person", READ),
        }
    }
}

impl Profiles {
    /// Takes a link of the page if it leads to a profile other than the page builder's.
    pub(super) fn take(&mut self, url: &Url, source: Source, registrable: &str) {
        if self.found.len() < MAX_PROFILES
            && let Some(profile) = profile(url)
            && (source == Source::Declared || !WORKS.contains(&profile.network))
            && !is_of_builder(&profile.url, registrable)
        {
            self.found.push(Named {
                source,
                profile,
                url: url.as_str().to_owned(),
            });
        }
    }

    /// Returns the number of profiles found.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Keeps the first profiles, up to a number, and drops the others.
    pub(super) fn truncate(&mut self, count: usize) {
        self.found.truncate(count);
    }

    /// Returns the best profile on each network: companies first, then by source, then in page order.
    pub(super) fn finish(mut self, proofs: &mut Proofs) -> SocialLinks {
        self.found.sort_by_key(|named| (named.profile.is_person, named.source));
        let mut best: BTreeMap<String, String> = BTreeMap::new();
        for Named { source, profile, url } in self.found {
            if let Entry::Vacant(network) = best.entry(profile.network.to_owned()) {
                let (rule, confidence) = source.rule();
                proofs.add(Fact::Profile, &profile.url, rule, &url, confidence);
                network.insert(profile.url);
            }
        }
        let [facebook, twitter, linkedin, instagram, youtube] = COLUMNS.map(|network| best.remove(network));
        SocialLinks {
            facebook,
            twitter,
            linkedin,
            instagram,
            youtube,
            others: best,
        }
    }
}

/// Returns whether a URL, before parsing, may belong to a network.
pub(super) fn names_network(address: &str) -> bool {
    HOST_FINDER.as_ref().is_some_and(|hosts| hosts.is_match(address))
}

/// Returns the page that a Facebook plugin shows, by the URL of its frame.
pub(super) fn plugin_page(src: &str) -> Option<String> {
    let (path, query) = src.split_once('?')?;
    let is_page = ["/plugins/page.php", "/plugins/likebox.php", "/plugins/follow.php"];
    if !path.contains("facebook.com/") || !is_page.iter().any(|plugin| path.ends_with(plugin)) {
        return None;
    }
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "href")
        .map(|(_, page)| page.into_owned())
}

/// Returns whether a profile's account belongs to a page builder or a network, unless this is its own site.
fn is_of_builder(address: &str, registrable: &str) -> bool {
    let name = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let name = letters(name);
    let brand = registrable.split('.').next().unwrap_or_default();
    BUILDERS.contains(name.as_str()) && !name.starts_with(&letters(brand))
}
