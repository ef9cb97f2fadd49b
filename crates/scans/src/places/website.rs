//! Analysis of websites' URLs: links that redirect to another URL, and portals, which are not a business's own domain.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use url::{Host, Url};
use web::names::{DomainName, has_known_suffix, registrable};

/// The list of sites with pages of many businesses.
const LIST: &str = include_str!("portals.txt");
/// Maximum number of nested links that are unwrapped.
const MAX_WRAPS: usize = 4;

/// Redirecting links: the site without its suffix, the paths, and the parameters that contain the URL.
const WRAPPERS: &[(&str, &[&str], &[&str])] = &[
    ("google", &["/url", "/aclk", "/interstitial"], &["q", "url", "adurl"]),
    ("facebook", &["/l.php", "/flx/warn/"], &["u"]),
    ("instagram", &["/"], &["u"]),
    ("youtube", &["/redirect"], &["q"]),
    ("linkedin", &["/redir/redirect", "/safety/go"], &["url"]),
    ("bing", &["/alink/link"], &["url"]),
    ("duckduckgo", &["/l/"], &["uddg"]),
    ("yelp", &["/biz_redir"], &["url"]),
];

/// The kinds of sites with pages of many businesses.
pub const PORTAL_KINDS: [&str; 6] = ["social", "map", "link", "booking", "directory", "shop"];

/// A page on a portal, a directory or a social network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portal {
    /// The kind of site, one of [`PORTAL_KINDS`].
    pub kind: &'static str,
    /// Its registered name, such as `facebook.com`; `yelp.*` means that name below every public suffix.
    pub site: &'static str,
}

/// Returns the URL that a redirecting link of a search engine or social network contains. Any other URL is returned
/// unchanged.
///
/// `/url?q=` without a host is Google's, whose pages link to websites in this form.
#[must_use]
pub fn unwrap_link(website: &str) -> Cow<'_, str> {
    let mut address = Cow::Borrowed(website);
    for _ in 0..MAX_WRAPS {
        match target(&address) {
            Some(target) => address = Cow::Owned(target),
            None => break,
        }
    }
    address
}

fn target(address: &str) -> Option<String> {
    let address = address.trim();
    let url = if address.starts_with('/') && !address.starts_with("//") {
        Url::parse("https://www.google.com").ok()?.join(address)
    } else if address
        .split("://")
        .next()
        .is_some_and(|start| ["http", "https"].contains(&start.to_ascii_lowercase().as_str()))
    {
        Url::parse(address)
    } else {
        Url::parse(&format!("https://{}", address.trim_start_matches('/')))
    };
    let url = url.ok()?;
    let site = registrable(url.host_str()?);
    let name = site.split('.').next().unwrap_or_default();
    let (_, paths, parameters) = WRAPPERS.iter().find(|(site, ..)| *site == name)?;
    let path = url.path();
    paths
        .iter()
        .any(|known| path == *known || path.trim_end_matches('/') == known.trim_end_matches('/'))
        .then_some(())?;
    parameters.iter().find_map(|parameter| {
        let (_, value) = url.query_pairs().find(|(name, _)| name == parameter)?;
        let is_address = is_bare_domain(&value)
            || Url::parse(&value).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && matches!(url.host(), Some(Host::Domain(host)) if host.contains('.'))
            });
        is_address.then(|| value.into_owned())
    })
}

/// Returns whether a text is a domain, with or without a path, and without a scheme.
fn is_bare_domain(text: &str) -> bool {
    !text.contains([':', '@', ' ']) && DomainName::parse(text).is_ok_and(|name| has_known_suffix(name.as_str()))
}

/// Returns the portal that a host belongs to; `None` if it belongs to none. The host must be in lower case and
/// punycode.
#[must_use]
pub fn portal_of(host: &str) -> Option<Portal> {
    let listed = |name: &str| PORTALS.get(name).copied();
    let mut name = host.trim_end_matches('.');
    let site = registrable(name);
    if let Some((label, _)) = site.split_once('.')
        && let Some(portal) = listed(&format!("{label}.*"))
    {
        return Some(portal);
    }
    loop {
        if let Some(portal) = listed(name) {
            return Some(portal);
        }
        name = name.split_once('.')?.1;
    }
}

/// A business's page on a portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalPage {
    /// The kind of site, as in [`Portal`].
    pub kind: &'static str,
    /// Domain of the site.
    pub site: String,
    /// URL of the page.
    pub url: String,
}

/// Returns the page on a portal that a website's URL leads to; `None` if it leads to another site.
#[must_use]
pub fn portal_page(website: &str) -> Option<PortalPage> {
    let url = unwrap_link(website).into_owned();
    let name = DomainName::parse(&url).ok()?;
    let Portal { kind, .. } = portal_of(name.as_str())?;
    let site = name.registrable().to_owned();
    Some(PortalPage { kind, site, url })
}

/// The portals by name.
static PORTALS: LazyLock<HashMap<&'static str, Portal>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(kind, site)| (site, Portal { kind, site }))
        .collect()
});

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_line_of_the_list_describes_a_portal() {
        let mut seen = HashSet::new();
        for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, site) = line.split_once(' ').unwrap();
            assert!(PORTAL_KINDS.contains(&kind), "{line}");
            assert!(seen.insert(site), "{line} is there twice");
            let host = site.replace(".*", ".co.uk");
            let parsed = DomainName::parse(&host).unwrap();
            assert_eq!(parsed.as_str(), host, "{line}");
            assert_eq!(portal_of(&host).unwrap().kind, kind, "{line}");
            assert_eq!(portal_of(&format!("some.place.{host}")).unwrap().kind, kind, "{line}");
        }
        assert!(seen.len() >= 60, "{}", seen.len());
        let tops: HashSet<&str> = seen.iter().filter_map(|site| site.rsplit('.').next()).collect();
        for country in [
            "de", "fr", "it", "es", "nl", "be", "at", "ch", "pl", "uk", "au", "br", "jp",
        ] {
            assert!(tops.contains(country), "{country}");
        }
    }

    #[test]
    fn a_name_below_any_suffix_is_the_same_portal_and_a_similar_one_is_not() {
        for host in ["yelp.de", "m.yelp.com.br", "doctolib.fr", "salon.simplybook.me"] {
            assert!(portal_of(host).is_some(), "{host}");
        }
        for host in [
            "my-yelp.de",
            "yelp.bakery.test",
            "notfacebook.com",
            "smile.test",
            "bakery-booking.com",
            "com",
        ] {
            assert_eq!(portal_of(host), None, "{host}");
        }
    }

    #[test]
    fn a_page_on_a_portal_is_a_profile() {
        let page = portal_page("/url?q=https://m.yelp.de/biz/smile&sa=U").unwrap();
        assert_eq!((page.kind, page.site.as_str()), ("directory", "yelp.de"));
        assert_eq!(page.url, "https://m.yelp.de/biz/smile");
        assert_eq!(portal_page("https://smile.test/yelp.de"), None);
    }

    #[test]
    fn a_redirecting_link_is_replaced_by_the_url_it_contains() {
        for wrapped in [
            "/url?q=https://smile.test/a%3Fb&sa=U",
            "https://www.google.de/url?sa=t&url=https%3A%2F%2Fsmile.test%2Fa%3Fb",
            "google.co.uk/url?q=https://smile.test/a%3Fb",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fsmile.test%2Fa%3Fb&h=1",
            "https://l.instagram.com/?u=https%3A%2F%2Fsmile.test%2Fa%3Fb",
            "https://www.google.com/url?q=https://www.google.com/url%3Fq%3Dhttps://smile.test/a%253Fb",
        ] {
            assert_eq!(unwrap_link(wrapped), "https://smile.test/a?b", "{wrapped}");
        }
        assert_eq!(unwrap_link("/url?q=www.smile-bakery.de/a"), "www.smile-bakery.de/a");
        for other in [
            "https://smile.test/url?q=https://other.test",
            "https://www.google.com/maps?q=https://other.test",
            "/url?q=smile",
            "/url?q=st.%20mary",
            "https://google.com/url?q=javascript:alert(1)",
            "smile.test",
            "",
        ] {
            assert_eq!(unwrap_link(other), other);
        }
    }
}
