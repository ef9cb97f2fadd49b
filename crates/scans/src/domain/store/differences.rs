//! How the facts of a scan differ from those of the scan before.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use database::models::domain_change::NewDomainChange;
use database::models::domain_hosting::DomainHosting;
use database::models::domain_profile::DomainProfile;
use database::models::domain_technologies::DomainTechnologies;
use database::models::enums::DomainChangeKind as Kind;
use database::models::values::{RawJson, TextList};
use database::repo::domains::DomainDetails;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use web::fetch::FetchError;
use web::stand_in::StandIn;

/// The numbers of days before the end of a certificate at which its end is news.
const DAYS: [i64; 3] = [3, 14, 30];
/// Maximum number of differences that are recorded of one scan.
const MAX_DIFFERENCES: usize = 1_000;

/// What is stored about a site after a scan that succeeded.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) profile: DomainProfile,
    pub(super) technologies: DomainTechnologies,
    pub(super) hosting: DomainHosting,
}

/// A claim, as far as it is compared.
#[derive(Deserialize)]
struct Claimed {
    name: String,
    version: Option<String>,
}

impl Facts {
    /// Returns the facts of a domain; `None` before the first scan that succeeded.
    pub(super) fn of((_, profile, technologies, hosting): DomainDetails) -> Option<Self> {
        let hosting = hosting?;
        hosting.last_successful_scan?;
        Some(Self {
            profile: profile?,
            technologies: technologies?,
            hosting,
        })
    }

    /// Returns how the facts of a scan at `now` differ from these. What was not found is gone only if the scan read the
    /// whole of the site.
    pub(super) fn differences(&self, after: &Self, now: DateTime<Utc>, is_whole: bool) -> Vec<NewDomainChange> {
        let mut found = Differences {
            is_whole,
            all: Vec::new(),
        };
        found.site(&self.hosting);
        if let Some(end) = after.hosting.ssl_expiry_date {
            let earlier = self.hosting.ssl_expiry_date.zip(self.hosting.last_successful_scan);
            found.certificate(earlier, end, now);
        }
        let (one, other) = (&self.profile, &after.profile);
        found.value(Kind::Title, one.title.as_deref(), other.title.as_deref());
        let hours = |profile: &DomainProfile| profile.business_hours.as_ref().and_then(canonical);
        found.value(Kind::Hours, hours(one).as_deref(), hours(other).as_deref());
        found.technologies(&self.technologies, &after.technologies);
        found.lists(
            (Kind::EmailAdded, Kind::EmailGone),
            one.email_addresses.as_ref(),
            other.email_addresses.as_ref(),
        );
        found.lists(
            (Kind::PhoneAdded, Kind::PhoneGone),
            one.phone_numbers.as_ref(),
            other.phone_numbers.as_ref(),
        );
        found.all.truncate(MAX_DIFFERENCES);
        found.all
    }
}

/// Returns what the failure of a scan means for a site that was scanned before: that it is at another domain, parked, or
/// down. `None` if the scan before failed as well.
pub(super) fn loss(before: &DomainHosting, message: &str, fetch: Option<&FetchError>) -> Option<NewDomainChange> {
    if before.last_successful_scan.is_none() || has_failed(before) {
        return None;
    }
    let lost = |kind| NewDomainChange {
        kind,
        subject: None,
        before: None,
        after: Some(message.to_owned()),
    };
    Some(match fetch {
        Some(FetchError::OtherSite { to, .. }) => NewDomainChange {
            before: host(before),
            after: Some(host_of(to)),
            ..lost(Kind::SiteMoved)
        },
        Some(FetchError::StandIn {
            what: StandIn::Parked, ..
        }) => lost(Kind::SiteParked),
        _ => lost(Kind::SiteDown),
    })
}

/// Returns the host at which a site was.
fn host(hosting: &DomainHosting) -> Option<String> {
    let redirects = hosting.redirects.as_ref()?.parse::<Value>().ok()?;
    redirects.get("host")?.as_str().map(str::to_owned)
}

/// Returns the host of a URL, or else the text itself.
fn host_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str);
    host.unwrap_or(url).to_owned()
}

fn has_failed(hosting: &DomainHosting) -> bool {
    hosting.error_count.is_some_and(|count| count > 0)
}

/// Returns JSON with its keys in order.
fn canonical(json: &RawJson) -> Option<String> {
    json.parse::<Value>().ok().map(|value| value.to_string())
}

/// The differences found so far.
struct Differences {
    is_whole: bool,
    all: Vec<NewDomainChange>,
}

impl Differences {
    fn add(&mut self, kind: Kind, subject: Option<&str>, before: Option<&str>, after: Option<&str>) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        self.all.push(NewDomainChange {
            kind,
            subject: text(subject),
            before: text(before),
            after: text(after),
        });
    }

    fn value(&mut self, kind: Kind, before: Option<&str>, after: Option<&str>) {
        if before != after && (after.is_some() || self.is_whole) {
            self.add(kind, None, before, after);
        }
    }

    /// Whether the site is up again. One at another domain is not scanned: see [`loss`].
    fn site(&mut self, before: &DomainHosting) {
        if has_failed(before) {
            self.add(Kind::SiteUp, None, before.last_error.as_deref(), None);
        }
    }

    /// `earlier` is the end of the certificate in the scan before, and when that was.
    fn certificate(&mut self, earlier: Option<(DateTime<Utc>, DateTime<Utc>)>, end: DateTime<Utc>, now: DateTime<Utc>) {
        let text = |time: DateTime<Utc>| time.to_rfc3339();
        if let Some((before, _)) = earlier
            && before < end
        {
            self.add(Kind::CertificateRenewed, None, Some(&text(before)), Some(&text(end)));
        }
        let level = |end: DateTime<Utc>, at: DateTime<Utc>| {
            let mut days = DAYS.into_iter();
            days.find(|days| end - at <= TimeDelta::days(*days))
        };
        let told = earlier.and_then(|(end, at)| level(end, at));
        if let Some(days) = level(end, now)
            && told.is_none_or(|told| days < told)
        {
            self.add(
                Kind::CertificateExpires,
                Some(&days.to_string()),
                None,
                Some(&text(end)),
            );
        }
    }

    /// Scans of before there were claims are not compared.
    fn technologies(&mut self, before: &DomainTechnologies, after: &DomainTechnologies) {
        let claims = |row: &DomainTechnologies| -> Option<BTreeMap<String, Option<String>>> {
            let claims = row.claims.as_ref()?.parse::<Vec<Claimed>>().ok()?;
            Some(claims.into_iter().map(|claim| (claim.name, claim.version)).collect())
        };
        let (Some(one), Some(other)) = (claims(before), claims(after)) else {
            return;
        };
        for (name, version) in &other {
            match one.get(name) {
                None => self.add(Kind::TechnologyAdded, Some(name), None, version.as_deref()),
                Some(earlier) if version.is_some() && earlier != version => {
                    self.add(
                        Kind::TechnologyVersion,
                        Some(name),
                        earlier.as_deref(),
                        version.as_deref(),
                    );
                }
                Some(_) => {}
            }
        }
        for (name, version) in one
            .iter()
            .filter(|(name, _)| self.is_whole && !other.contains_key(*name))
            .collect::<Vec<_>>()
        {
            self.add(Kind::TechnologyRemoved, Some(name), version.as_deref(), None);
        }
    }

    fn lists(&mut self, (added, gone): (Kind, Kind), before: Option<&TextList>, after: Option<&TextList>) {
        let texts = |list: Option<&TextList>| list.map(|TextList(texts)| texts.clone()).unwrap_or_default();
        let (one, other) = (texts(before), texts(after));
        for text in other.iter().filter(|text| !one.contains(text)) {
            self.add(added, Some(text), None, None);
        }
        if self.is_whole {
            for text in one.iter().filter(|text| !other.contains(text)) {
                self.add(gone, Some(text), None, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_told_once_for_each_number_of_days() {
        let day = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        // The end and day of the scan before, the end now, and what is told on day 100.
        for (earlier, end, told) in [
            (Some((200, 99)), 200, vec![]),
            (Some((125, 94)), 125, vec![(Kind::CertificateExpires, Some("30"))]),
            (Some((125, 95)), 125, vec![]),
            (Some((112, 95)), 112, vec![(Kind::CertificateExpires, Some("14"))]),
            (Some((102, 50)), 102, vec![(Kind::CertificateExpires, Some("3"))]),
            (Some((102, 99)), 190, vec![(Kind::CertificateRenewed, None)]),
            (None, 110, vec![(Kind::CertificateExpires, Some("14"))]),
        ] {
            let mut found = Differences {
                is_whole: true,
                all: Vec::new(),
            };
            found.certificate(earlier.map(|(end, at)| (day(end), day(at))), day(end), day(100));
            let all: Vec<_> = found.all.iter().map(|one| (one.kind, one.subject.as_deref())).collect();
            assert_eq!(all, told, "{earlier:?}, {end}");
        }
    }
}
