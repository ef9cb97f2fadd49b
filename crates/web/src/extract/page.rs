//! The data that the pass over the tree collects for the finders.

use std::ops::Range;

use ego_tree::NodeId;
use url::Url;

use super::business::Payments;
use super::email::{self, Found, Spelling};
use super::images::Favicon;
use super::items::Items;
use super::json_ld::StructuredData;
use super::metadata::Performance;
use super::phone::{Candidate, PhoneField};
use super::proofs::Proofs;
use super::site::Site;
use super::social::Profiles;
use super::state::State;
use super::technology::{Shown, Sightings};
use super::text::PageText;
use crate::security::PageSecurity;
use crate::stand_in::{Look, StandIn};

/// The data collected in one pass over a page.
pub(super) struct Page {
    pub(super) site: Site,
    pub(super) text: PageText,
    /// Addresses from links and structured data, each with its position in the text.
    pub(super) emails: Vec<Found>,
    /// Telephone numbers from links and structured data.
    pub(super) phones: Vec<Candidate>,
    /// Open elements whose text is a telephone number.
    pub(super) phone_fields: Vec<(NodeId, PhoneField)>,
    pub(super) profiles: Profiles,
    /// The number of profiles, and the position in the text, at the beginning of the open link to a profile.
    pub(super) credit_start: Option<(usize, usize)>,
    pub(super) technologies: Sightings,
    /// What its facts are told by.
    pub(super) proofs: Proofs,
    /// The folder of the WordPress theme.
    pub(super) theme: Option<String>,
    pub(super) favicon: Favicon,
    pub(super) structured: StructuredData,
    pub(super) performance: Performance,
    pub(super) security: PageSecurity,
    pub(super) payments: Payments,
    pub(super) title: Option<String>,
    pub(super) og_title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) og_description: Option<String>,
    pub(super) og_logo: Option<String>,
    pub(super) image_logo: Option<String>,
    pub(super) generator: Option<String>,
    pub(super) language: Option<String>,
    pub(super) meta_language: Option<String>,
    pub(super) feed_urls: Vec<String>,
    pub(super) addresses: Vec<String>,
    pub(super) og_locale: Option<String>,
    /// URLs of frames that show pages of the site.
    pub(super) frames: Vec<Url>,
    pub(super) has_frames: bool,
    pub(super) has_frameset: bool,
    /// Whether the page has an element that scripts fill, or a notice that it needs scripts.
    pub(super) has_mount: bool,
    pub(super) items: Items,
    pub(super) state: State,
    pub(super) has_privacy_policy: bool,
    pub(super) has_viewport: bool,
    pub(super) has_title: bool,
    /// Depth within `<svg>`, whose text is not part of the page.
    pub(super) svg_depth: usize,
    /// Position at which the text of the open link begins, if the link may lead to the site's policy.
    pub(super) link_start: Option<usize>,
    pub(super) address_start: Option<usize>,
    pub(super) logo_checks: usize,
    pub(super) h1: Option<String>,
    pub(super) h1_start: Option<usize>,
    pub(super) canonical_url: Option<String>,
    pub(super) meta_robots: Option<String>,
    pub(super) links: Vec<RawLink>,
    pub(super) is_link_open: bool,
    pub(super) has_contact_form: bool,
    pub(super) has_comments: bool,
    pub(super) form: Option<Form>,
    /// Classes whose text a style sheet reverses.
    pub(super) turned_classes: Vec<String>,
    /// Open elements with reversed text, and the position at which it begins.
    pub(super) turned: Vec<(NodeId, usize)>,
    /// Parts of the text that were reversed.
    pub(super) turned_parts: Vec<Range<usize>>,
}

/// A link as written in the page.
pub(super) struct RawLink {
    pub(super) href: String,
    /// Whether it asks robots not to follow it.
    pub(super) nofollow: bool,
    /// The positions at which its text begins and ends.
    pub(super) start: usize,
    pub(super) end: Option<usize>,
}

/// The features of an open form.
#[derive(Clone, Copy, Default)]
pub(super) struct Form {
    pub(super) has_message: bool,
    pub(super) has_email: bool,
}

impl Page {
    pub(super) fn new(site: Site, technologies: Sightings) -> Self {
        Self {
            site,
            text: PageText::default(),
            emails: Vec::new(),
            phones: Vec::new(),
            phone_fields: Vec::new(),
            profiles: Profiles::default(),
            credit_start: None,
            technologies,
            proofs: Proofs::default(),
            theme: None,
            favicon: Favicon::default(),
            structured: StructuredData::default(),
            performance: Performance::default(),
            security: PageSecurity::default(),
            payments: Payments::default(),
            title: None,
            og_title: None,
            description: None,
            og_description: None,
            og_logo: None,
            image_logo: None,
            generator: None,
            language: None,
            meta_language: None,
            feed_urls: Vec::new(),
            addresses: Vec::new(),
            og_locale: None,
            frames: Vec::new(),
            has_frames: false,
            has_frameset: false,
            has_mount: false,
            items: Items::default(),
            state: State::default(),
            has_privacy_policy: false,
            has_viewport: false,
            has_title: false,
            svg_depth: 0,
            link_start: None,
            address_start: None,
            logo_checks: 0,
            h1: None,
            h1_start: None,
            canonical_url: None,
            meta_robots: None,
            links: Vec::new(),
            is_link_open: false,
            has_contact_form: false,
            has_comments: false,
            form: None,
            turned_classes: Vec::new(),
            turned: Vec::new(),
            turned_parts: Vec::new(),
        }
    }

    /// Returns the kind of stand-in; `None` if the page is the site's own. For a shell, takes the data that its scripts
    /// show.
    pub(super) fn take_stand_in(&mut self) -> Option<StandIn> {
        let stand_in = self.stand_in();
        if stand_in == Some(StandIn::Shell) {
            self.take_state();
        }
        stand_in
    }

    fn stand_in(&self) -> Option<StandIn> {
        let look = Look {
            title: self.title.as_deref().unwrap_or_default(),
            text: self.text.as_str(),
            has_challenge_mark: self.technologies.shows(Shown::Challenge),
            has_parking_mark: self.technologies.shows(Shown::Parked),
            scripts: self.performance.script_count,
            images: self.performance.image_count,
            links: self.performance.link_count,
            forms: self.performance.form_count,
            has_frames: self.has_frames || self.has_frameset,
            has_mount: self.has_mount,
        };
        look.stand_in()
    }

    fn take_state(&mut self) {
        let declared = self.state.read();
        for email in declared.emails {
            if let Some(email) = email::read(&email, &self.site) {
                self.add_email(email, Spelling::Structured);
            }
        }
        for number in declared.telephones {
            self.add_phones(Candidate::structured(self.text.position(), &number, None));
        }
    }
}
