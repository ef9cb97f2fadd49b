//! The facts about WordPress, from the claimed technologies, and the theme.

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::site::Site;
use super::technology::Claim;
use super::text::clean;

/// Maximum length of a theme's name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Folders of hosting companies that contain the folders of themes.
const FOLDERS_OF_THEMES: [&str; 4] = ["a8c", "premium", "pub", "vip"];

/// Facts about WordPress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WordPressFacts {
    /// Whether the site runs on WordPress.
    pub is_wordpress: bool,
    /// The version of WordPress, if the site states it.
    pub version: Option<String>,
    /// The folder of the theme.
    pub theme: Option<String>,
    /// Whether the site uses Elementor.
    pub has_elementor: bool,
    /// The version of Elementor, if the site states it.
    pub elementor_version: Option<String>,
    /// Whether the site uses Divi.
    pub has_divi: bool,
    /// Whether the site uses WooCommerce.
    pub has_woocommerce: bool,
    /// Whether the site uses Contact Form 7.
    pub has_contact_form7: bool,
    /// Whether the site uses Yoast SEO.
    pub has_yoast_seo: bool,
    /// Whether the site uses WPForms.
    pub has_wpforms: bool,
}

/// Returns the facts that follow from the claims.
pub(super) fn facts(claims: &[Claim], theme: Option<String>) -> WordPressFacts {
    let find = |name: &str| claims.iter().find(|claim| claim.name == name);
    let version = |name: &str| find(name).and_then(|claim| claim.version.clone());
    let has = |name: &str| find(name).is_some();
    WordPressFacts {
        is_wordpress: has("WordPress"),
        version: version("WordPress"),
        theme,
        has_elementor: has("Elementor"),
        elementor_version: version("Elementor"),
        has_divi: has("Divi"),
        has_woocommerce: has("WooCommerce"),
        has_contact_form7: has("Contact Form 7"),
        has_yoast_seo: has("Yoast SEO"),
        has_wpforms: has("WPForms"),
    }
}

/// Returns the folder of the theme that the URL of a file belongs to. A style sheet or script belongs to the site,
/// whatever host serves it; a picture may be another site's.
pub(super) fn theme(url: &str, is_picture: bool, site: &Site) -> Option<String> {
    let (_, rest) = url.split_once("wp-content/themes/")?;
    (!is_picture || site.owns_link(url))
        .then(|| folder_of_theme(rest))
        .flatten()
}

/// Returns the folder of the theme that a path below `wp-content/themes/` leads to.
fn folder_of_theme(path: &str) -> Option<String> {
    let path = path.split(['?', '#']).next()?;
    let (folder, rest) = path.split_once('/')?;
    let folder = match rest.split_once('/') {
        Some((theme, _)) if FOLDERS_OF_THEMES.contains(&folder) => theme,
        _ => folder,
    };
    clean(&percent_decode_str(folder).decode_utf8_lossy(), MAX_NAME_CHARS)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn themes_are_named_by_their_folder() {
        for (path, theme) in [
            ("astra/style.css?ver=1", Some("astra")),
            ("LDT%20Blog%20v2/style.css", Some("LDT Blog v2")),
            ("vip/acme-2026/style.css", Some("acme-2026")),
            ("pub/twentysixteen/js/x.js", Some("twentysixteen")),
            ("vip/style.css", Some("vip")),
            ("style.css", None),
        ] {
            assert_eq!(folder_of_theme(path).as_deref(), theme, "{path}");
        }
    }

    #[test]
    fn the_theme_of_another_sites_picture_is_not_the_sites() {
        let site = Site::new(&Url::parse("https://www.acme.test/").unwrap());
        for (url, is_picture, expected) in [
            ("https://cdn.example/wp-content/themes/x/style.css", false, Some("x")),
            ("https://other.example/wp-content/themes/x/logo.png", true, None),
            ("/wp-content/themes/x/logo.png", true, Some("x")),
            ("/wp-content/uploads/x/logo.png", true, None),
        ] {
            assert_eq!(theme(url, is_picture, &site).as_deref(), expected, "{url}");
        }
    }
}
