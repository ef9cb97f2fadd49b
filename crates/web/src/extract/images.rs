//! The icon and the logo of a site, as declared by the page and never guessed.

use super::site::Site;

/// The size that an icon of any size (SVG) counts as.
const ANY_SIZE: u32 = 512;

/// The best icon found so far.
#[derive(Debug, Default)]
pub(super) struct Favicon {
    best: Option<(Rank, String)>,
}

/// The quality of an icon: its purpose first, then its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u8, u32);

impl Favicon {
    /// Examines a `<link>`.
    pub(super) fn see_link(&mut self, rel: &str, href: &str, sizes: Option<&str>, site: &Site) {
        let words = || rel.split_ascii_whitespace();
        let purpose = if words().any(|word| word.eq_ignore_ascii_case("icon")) {
            2
        } else if words().any(|word| word.to_ascii_lowercase().starts_with("apple-touch-icon")) {
            1
        } else {
            return;
        };
        let rank = Rank(purpose, size(sizes));
        // Among equals, the first one is kept.
        if self.best.as_ref().is_none_or(|(best, _)| rank > *best)
            && let Some(url) = site.address(href)
        {
            self.best = Some((rank, url));
        }
    }

    /// Returns the URL of the icon, and the relation that names it.
    pub(super) fn finish(self) -> Option<(String, &'static str)> {
        let (Rank(purpose, _), url) = self.best?;
        Some((
            url,
            if purpose == 2 {
                "link icon"
            } else {
                "link apple-touch-icon"
            },
        ))
    }
}

fn size(sizes: Option<&str>) -> u32 {
    let sizes = sizes.unwrap_or_default().split_ascii_whitespace();
    let numbers = sizes.map(|size| match size.split_once(['x', 'X']) {
        Some((width, _)) => width.parse().unwrap_or(0).min(ANY_SIZE),
        None if size.eq_ignore_ascii_case("any") => ANY_SIZE,
        None => 0,
    });
    numbers.max().unwrap_or(0)
}

/// The names of an image.
pub(super) struct ImageMarks<'a> {
    pub(super) class: &'a str,
    pub(super) id: &'a str,
    pub(super) alt: &'a str,
    pub(super) src: &'a str,
}

impl ImageMarks<'_> {
    /// Returns whether the image is named a logo; whose logo it is depends on its position in the page.
    pub(super) fn name_a_logo(&self) -> bool {
        [self.class, self.id, self.alt, file_name(self.src)]
            .iter()
            .any(|text| names_logo(text))
    }

    /// Returns whether the image has WordPress's own class for the site's logo.
    pub(super) fn are_of_wordpress(&self) -> bool {
        self.class.split_ascii_whitespace().any(|class| class == "custom-logo")
    }
}

/// Maximum number of an element's class names that are examined.
const MAX_NAMES: usize = 50;

/// Returns whether a class, id or attribute of a container names the page's header.
pub(super) fn names_header(names: &str) -> bool {
    names.split_ascii_whitespace().take(MAX_NAMES).any(|name| {
        let name = name.to_ascii_lowercase();
        matches!(
            name.as_str(),
            "header"
                | "navbar"
                | "masthead"
                | "site-branding"
                | "topbar"
                | "top-bar"
                | "logo"
                | "site-logo"
                | "navbar-brand"
        ) || name.starts_with("site-header")
            || name.starts_with("page-header")
            || name.starts_with("main-header")
    })
}

fn names_logo(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("logo").any(|(start, _)| {
        let before = lower.get(..start).unwrap_or_default();
        let after = lower.get(start + 4..).unwrap_or_default();
        // `Catalogo`, `dialogo`, `logout`, `logos` and `analogous` are other words.
        !after.starts_with(char::is_alphabetic) && !before.ends_with("cata") && !before.ends_with("dia")
    })
}

fn file_name(src: &str) -> &str {
    let path = src.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn the_best_icon_is_taken() {
        let site = Site::new(&Url::parse("https://acme.test/a/").unwrap());
        let best = |links: &[(&str, &str, Option<&str>)]| {
            let mut favicon = Favicon::default();
            for (rel, href, sizes) in links {
                favicon.see_link(rel, href, *sizes, &site);
            }
            favicon.finish().map(|(url, _)| url)
        };
        let apple = ("apple-touch-icon", "/apple.png", Some("180x180"));
        assert_eq!(best(&[apple]).as_deref(), Some("https://acme.test/apple.png"));
        assert_eq!(
            best(&[
                apple,
                ("SHORTCUT ICON", "f.ico", None),
                ("icon", "32.png", Some("16x16 32x32"))
            ])
            .as_deref(),
            Some("https://acme.test/a/32.png")
        );
        assert_eq!(
            best(&[
                ("mask-icon", "/m.svg", None),
                ("icon", "data:image/png;base64,x", None),
                ("icon", "", None)
            ]),
            None
        );
    }

    #[test]
    fn logos_are_distinguished_from_other_images() {
        for name in [
            "site-logo",
            "Acme Logo",
            "acme_logo-2x.png",
            "logo",
            "headerLogo",
            "acmelogo",
            "logo2",
        ] {
            assert!(names_logo(name), "{name}");
        }
        for name in [
            "Logout",
            "catalogo.png",
            "logos of partners",
            "dialogo",
            "analogous",
            "",
        ] {
            assert!(!names_logo(name), "{name}");
        }
    }
}
