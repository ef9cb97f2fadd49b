//! The hosts that belong to a site.

use url::Url;
use web::names::registrable;

/// The hosts that belong to a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::email) struct Scope {
    hosts: Vec<String>,
    /// The registrable domain, if all its subdomains belong to the site.
    below: Option<String>,
}

impl Scope {
    /// Returns the scope of a domain's site, whose home page is at `entry`.
    pub(in crate::email) fn new(domain: &str, entry: Option<&Url>, subdomains: bool) -> Self {
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        let mut hosts = vec![bare(domain)];
        if let Some(host) = entry.and_then(Url::host_str)
            && registrable(host) == registrable(domain)
        {
            hosts.push(bare(host));
        }
        Self {
            hosts,
            below: subdomains.then(|| registrable(domain).to_owned()),
        }
    }

    /// Returns whether a URL belongs to the site.
    pub(in crate::email) fn holds(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let bare = host.strip_prefix("www.").unwrap_or(host);
        matches!(url.scheme(), "http" | "https")
            && (self.hosts.iter().any(|own| own == bare)
                || self.below.as_deref().is_some_and(|below| registrable(host) == below))
    }
}
