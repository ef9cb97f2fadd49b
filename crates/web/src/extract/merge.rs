//! The facts of several pages of one site as one: those of its frames, and those of its inner pages.

use super::metadata::SiteMetadata;
use super::social::SocialLinks;
use crate::names::registrable;
use crate::stand_in::StandIn;

/// Maximum number of values of a kind that several pages have together.
const MAX_VALUES: usize = 500;

fn merge<T: PartialEq>(list: &mut Vec<T>, more: Vec<T>) {
    for value in more {
        if list.len() < MAX_VALUES && !list.contains(&value) {
            list.push(value);
        }
    }
}

fn fill<T>(slot: &mut Option<T>, more: Option<T>) {
    if slot.is_none() {
        *slot = more;
    }
}

impl SiteMetadata {
    /// Adds the facts of a page shown in a frame, which is part of this page.
    pub fn add_frame(&mut self, frame: Self) {
        if frame.is_of_others() {
            return;
        }
        fill(&mut self.title, frame.title.clone());
        fill(&mut self.description, frame.description.clone());
        self.is_truncated |= frame.is_truncated;
        self.merge(frame);
    }

    /// Adds the facts of an inner page of the site at `host`. What is said of the home page alone, such as its title,
    /// stays.
    pub fn add_page(&mut self, page: Self, host: &str) {
        if page.is_of_others() {
            return;
        }
        self.merge(page);
        // The site's own addresses come first on each page, and on all of them.
        let site = registrable(host);
        self.emails
            .sort_by_key(|email| email.rsplit('@').next().map(registrable) != Some(site));
    }

    /// Returns whether something else stands in the page's place.
    fn is_of_others(&self) -> bool {
        self.stand_in.is_some_and(|stand_in| stand_in != StandIn::Shell)
    }

    fn merge(&mut self, page: Self) {
        merge(&mut self.emails, page.emails);
        merge(&mut self.phones, page.phones);
        for number in page.phone_numbers {
            if !self.phone_numbers.iter().any(|own| own.number == number.number) {
                self.phone_numbers.push(number);
            }
        }
        merge(&mut self.addresses, page.addresses);
        merge(&mut self.feed_urls, page.feed_urls);
        merge(&mut self.payment_methods, page.payment_methods);
        merge(&mut self.named_pages, page.named_pages);
        self.social_links.fill(page.social_links);
        fill(&mut self.language, page.language);
        fill(&mut self.detected_language, page.detected_language);
        fill(&mut self.favicon_url, page.favicon_url);
        fill(&mut self.logo_url, page.logo_url);
        fill(&mut self.generator, page.generator);
        fill(&mut self.business_hours, page.business_hours);
        fill(&mut self.copyright_year, page.copyright_year);
        fill(&mut self.business.name, page.business.name);
        if self.business.category.is_none() && self.business.kind.is_none() {
            self.business.kind = page.business.kind;
            self.business.category = page.business.category;
        }
        self.has_privacy_policy |= page.has_privacy_policy;
        fill(&mut self.wordpress.theme, page.wordpress.theme);
        self.proofs.merge(page.proofs);
        self.add_sightings(page.sightings);
    }
}

impl SocialLinks {
    /// Takes the profiles on networks of which it has none.
    fn fill(&mut self, more: Self) {
        fill(&mut self.facebook, more.facebook);
        fill(&mut self.twitter, more.twitter);
        fill(&mut self.linkedin, more.linkedin);
        fill(&mut self.instagram, more.instagram);
        fill(&mut self.youtube, more.youtube);
        for (network, url) in more.others {
            self.others.entry(network).or_insert(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(emails: &[&str], title: &str) -> SiteMetadata {
        SiteMetadata {
            title: Some(title.to_owned()),
            emails: emails.iter().map(|email| (*email).to_owned()).collect(),
            ..SiteMetadata::default()
        }
    }

    #[test]
    fn inner_pages_add_facts_and_the_home_page_stays_first() {
        let mut home = page(&["info@acme.de", "studio@makers.test"], "Home");
        home.social_links.facebook = Some("https://www.facebook.com/acme".to_owned());
        let mut contact = page(&["sales@acme.de", "info@acme.de"], "Contact");
        contact.phones = vec!["+49 30 901820".to_owned()];
        contact.copyright_year = Some("2019".to_owned());
        contact.has_privacy_policy = true;
        contact.social_links.facebook = Some("https://www.facebook.com/other".to_owned());
        contact.social_links.twitter = Some("https://x.com/acme".to_owned());
        contact.is_truncated = true;
        home.add_page(contact, "www.acme.de");
        assert_eq!(home.title.as_deref(), Some("Home"));
        assert_eq!(home.emails, ["info@acme.de", "sales@acme.de", "studio@makers.test"]);
        assert_eq!(home.phones, ["+49 30 901820"]);
        assert_eq!(home.copyright_year.as_deref(), Some("2019"));
        assert_eq!(
            home.social_links.facebook.as_deref(),
            Some("https://www.facebook.com/acme")
        );
        assert_eq!(home.social_links.twitter.as_deref(), Some("https://x.com/acme"));
        assert!(home.has_privacy_policy && !home.is_truncated);
    }

    #[test]
    fn what_stands_in_the_place_of_a_page_adds_nothing() {
        let mut home = page(&["info@acme.de"], "Home");
        let mut parked = page(&["sales@parking.test"], "For sale");
        parked.stand_in = Some(StandIn::Challenge);
        home.add_page(parked.clone(), "acme.de");
        home.add_frame(parked);
        assert_eq!(home.emails, ["info@acme.de"]);
    }

    #[test]
    fn a_frame_is_part_of_its_page() {
        let mut home = SiteMetadata::default();
        let mut frame = page(&["info@acme.de"], "Inside");
        frame.is_truncated = true;
        home.add_frame(frame);
        assert_eq!((home.title.as_deref(), home.is_truncated), (Some("Inside"), true));
    }
}
