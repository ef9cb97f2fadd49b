//! Frames: what is embedded in a page, and pages of the site that are parts of it.

use super::attributes::Attributes;
use super::elements::MAX_LINKS;
use super::page::{Page, RawLink};

/// The most frames of the site that are kept.
const MAX_FRAMES: usize = 20;

impl Page {
    /// Looks at a frame. What another site's page is made with says nothing of this one; a page of the site is a part of
    /// this one.
    pub(super) fn see_frame(&mut self, attributes: &Attributes<'_>) {
        let Some(src) = attributes
            .src
            .filter(|src| *src != "about:blank")
            .or(attributes.data_src)
        else {
            return;
        };
        self.technologies.see_frame(src);
        if self.links.len() < MAX_LINKS && !src.trim().is_empty() && self.site.owns_link(src) {
            self.has_frames = true;
            if self.frames.len() < MAX_FRAMES {
                self.frames.extend(self.site.resolve(src));
            }
            let position = self.text.position();
            self.links.push(RawLink {
                href: src.to_owned(),
                rel: String::new(),
                start: position,
                end: Some(position),
            });
        }
    }
}
