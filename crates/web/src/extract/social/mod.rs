//! The business's own profiles on social networks: what the page declares before what it links, a company before a person,
//! and none of the page builder.

mod columns;
mod networks;
mod others;
mod path;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use networks::{COLUMNS, HOSTS, Profile, profile};
use serde::Serialize;
use url::Url;

/// The most profiles that are looked at.
const MAX_PROFILES: usize = 200;

/// Networks on which a page links to the works of others; only what it declares is its own.
const WORKS: [&str; 2] = ["github", "behance"];

static HOST_FINDER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasickBuilder::new().ascii_case_insensitive(true).build(HOSTS).ok());
/// Accounts that are of nobody's business but their network's or builder's.
static BUILDERS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("builders.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// A site's profile on each network, as a plain `https` address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SocialLinks {
    /// On Facebook.
    pub facebook: Option<String>,
    /// On Twitter or X.
    pub twitter: Option<String>,
    /// On LinkedIn.
    pub linkedin: Option<String>,
    /// On Instagram.
    pub instagram: Option<String>,
    /// On YouTube.
    pub youtube: Option<String>,
    /// On other networks, by their names: `whatsapp`, `tiktok`, `pinterest` and the like.
    #[serde(flatten)]
    pub others: BTreeMap<String, String>,
}

/// Where a page names a profile; the first is the surest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// In metadata, structured data of the business, or a plugin of the network that shows a page.
    Declared,
    /// In a link.
    Link,
    /// In a link to an author, or in structured data of a person.
    Person,
}

/// The profiles that a page names.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    found: Vec<(bool, Source, Profile)>,
}

impl Profiles {
    /// Takes a link of the page if it leads to a profile that is not the page builder's.
    pub(super) fn take(&mut self, url: &Url, source: Source, registrable: &str) {
        if self.found.len() < MAX_PROFILES
            && let Some(profile) = profile(url)
            && (source == Source::Declared || !WORKS.contains(&profile.network))
            && !is_of_builder(&profile.url, registrable)
        {
            self.found.push((profile.is_person, source, profile));
        }
    }

    /// Returns how many were found.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Keeps the profiles found first, up to a number, and drops the others.
    pub(super) fn truncate(&mut self, count: usize) {
        self.found.truncate(count);
    }

    /// Returns the best profile on each network: a company's, then by its source, then the first of the page.
    pub(super) fn finish(mut self) -> SocialLinks {
        self.found.sort_by_key(|(is_person, source, _)| (*is_person, *source));
        let mut best: BTreeMap<String, String> = BTreeMap::new();
        for (_, _, profile) in self.found {
            best.entry(profile.network.to_owned()).or_insert(profile.url);
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

/// Returns whether an address may be one of a network, before it is parsed.
pub(super) fn names_network(address: &str) -> bool {
    HOST_FINDER.as_ref().is_some_and(|hosts| hosts.is_match(address))
}

/// Returns the page that a plugin of Facebook shows, by the address of its frame.
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

/// Returns whether the account in a profile's address is of a page builder or a network, on another site than its own.
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
