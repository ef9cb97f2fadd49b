//! Images of a page: the logo, payment methods, and signs that stand for letters.

use ego_tree::NodeRef;
use scraper::Node;

use super::attributes::Attributes;
use super::images::{ImageMarks, names_header};
use super::page::Page;

/// Maximum number of images whose position in the page is checked.
const MAX_LOGO_CHECKS: usize = 30;

impl Page {
    pub(super) fn see_image(&mut self, node: NodeRef<'_, Node>, attributes: &Attributes<'_>) {
        self.performance.image_count += 1;
        let alt = attributes.alt.trim_matches(['(', ')', '[', ']', ' ']);
        if alt == "@" || alt.eq_ignore_ascii_case("at") {
            self.text.push("@");
        }
        // Lazy loading puts the URL into another attribute and a placeholder into `src`.
        let src = attributes
            .src
            .filter(|src| !src.starts_with("data:"))
            .or(attributes.data_src);
        self.payments.see_picture(attributes.alt, src.unwrap_or_default());
        let Some(src) = src else { return };
        self.see_resource(src, true);
        let marks = ImageMarks {
            class: attributes.class,
            id: attributes.id,
            alt: attributes.alt,
            src,
        };
        if self.image_logo.is_none() && self.logo_checks < MAX_LOGO_CHECKS && marks.name_a_logo() {
            self.logo_checks += 1;
            if marks.are_of_wordpress() || is_in_header(node) {
                self.image_logo = self.site.address(src);
            }
        }
    }
}

/// Returns whether a node is in the page's header.
fn is_in_header(node: NodeRef<'_, Node>) -> bool {
    node.ancestors()
        .filter_map(|ancestor| ancestor.value().as_element())
        .any(|element| {
            element.name() == "header"
                || element.attr("role") == Some("banner")
                || [element.attr("id"), element.attr("class")]
                    .into_iter()
                    .flatten()
                    .any(names_header)
        })
}
