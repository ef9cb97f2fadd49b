//! Parts of a page shown by others: frames, and scripts without which the page is empty.

use ego_tree::NodeRef;
use scraper::Node;

use super::attributes::Attributes;
use super::elements::MAX_LINKS;
use super::page::{Page, RawLink};
use super::text::contains_ignore_case;

/// Maximum number of the site's frames that are kept.
const MAX_FRAMES: usize = 20;
/// How much of a notice for visitors without scripts is read, in bytes.
const MAX_NOTICE: usize = 500;

impl Page {
    /// Examines an element whose content is shown by others. Returns whether to visit its children.
    pub(super) fn see_part(&mut self, tag: &str, node: NodeRef<'_, Node>, attributes: &Attributes<'_>) -> bool {
        match tag {
            "iframe" | "frame" => {
                self.see_frame(attributes);
                self.see_social_frame(attributes.src.or(attributes.data_src));
            }
            "frameset" => self.has_frameset = true,
            _ => {
                self.see_notice(node);
                self.see_noscript(node);
            }
        }
        tag == "frameset"
    }

    /// Examines a frame. The technologies of another site's page do not count; a page of the same site belongs to this
    /// page.
    fn see_frame(&mut self, attributes: &Attributes<'_>) {
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
                nofollow: false,
                start: position,
                end: Some(position),
            });
        }
    }

    /// Checks the notice for visitors without scripts, which may say that the page needs them.
    fn see_notice(&mut self, node: NodeRef<'_, Node>) {
        let text = node.first_child().and_then(|child| child.value().as_text());
        let start = text.and_then(|text| text.get(..text.floor_char_boundary(MAX_NOTICE)));
        self.has_mount |= start.is_some_and(|text| contains_ignore_case(text, "javascript"));
    }
}
