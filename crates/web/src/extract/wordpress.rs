//! Recognition of WordPress by evidence: its generator, its files on the site, its REST interface; never by the word.

use percent_encoding::percent_decode_str;

use super::metadata::WordPressFacts;
use super::site::Site;
use super::technology::Technologies;
use super::text::clean;

/// Maximum length of a version or theme, in characters.
const MAX_NAME_CHARS: usize = 64;

/// Folders of hosting companies that contain the folders of themes.
const FOLDERS_OF_THEMES: [&str; 4] = ["a8c", "premium", "pub", "vip"];

/// The evidence of one page.
#[derive(Debug, Default)]
pub(super) struct WordPress {
    is_proven: bool,
    version: Option<String>,
    elementor_version: Option<String>,
    theme: Option<String>,
}

impl WordPress {
    /// Examines the content of `<meta name="generator">`, such as `WordPress 6.4.2`.
    pub(super) fn see_generator(&mut self, generator: &str) {
        if let Some(rest) = strip_name(generator, "WordPress") {
            self.is_proven = true;
            self.version = self.version.take().or_else(|| version(rest));
        } else if let Some(rest) = strip_name(generator, "Elementor") {
            self.elementor_version = self.elementor_version.take().or_else(|| version(rest));
        }
    }

    /// Examines the URL of a file that the page loads. A style sheet or script of a theme, a plugin or WordPress itself
    /// belongs to the site, whatever host serves it; a picture may belong to another site.
    pub(super) fn see_url(&mut self, url: &str, is_code: bool, site: &Site) {
        if self.is_proven && self.theme.is_some() {
            return;
        }
        let Some(start) = url.find("wp-content/").or_else(|| url.find("wp-includes/")) else {
            return;
        };
        let rest = url.get(start..).unwrap_or_default();
        let is_of_software = ["wp-content/themes/", "wp-content/plugins/", "wp-includes/"]
            .iter()
            .any(|folder| rest.starts_with(folder));
        let is_own = (is_code && is_of_software) || site.owns_link(url);
        if !is_own {
            return;
        }
        self.is_proven = true;
        if let Some(theme) = rest.strip_prefix("wp-content/themes/") {
            self.theme = self.theme.take().or_else(|| folder_of_theme(theme));
        }
    }

    /// Examines a `<link>` or a `Link` header that names the REST interface.
    pub(super) fn see_rest_link(&mut self, rel: &str, href: &str, site: &Site) {
        let is_rest = rel.contains("https://api.w.org/") || href.contains("/wp-json/") || href.contains("rest_route=");
        self.is_proven |= is_rest && site.owns_link(href);
    }

    /// Examines a header of the response.
    pub(super) fn see_header(&mut self, name: &str, value: &str, site: &Site) {
        if name.eq_ignore_ascii_case("link") {
            for link in value.split('<').skip(1) {
                if let Some((href, parameters)) = link.split_once('>') {
                    self.is_proven |= parameters.contains("https://api.w.org/") && site.owns_link(href);
                }
            }
        } else if name.eq_ignore_ascii_case("x-pingback") {
            self.see_pingback(value, site);
        }
    }

    /// Examines the URL for pingbacks, which is at `xmlrpc.php` in WordPress.
    pub(super) fn see_pingback(&mut self, url: &str, site: &Site) {
        let path = url.trim().split('?').next().unwrap_or_default();
        self.is_proven |= path.ends_with("/xmlrpc.php") && site.owns_link(url);
    }

    pub(super) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Returns the facts, including the plugins that the table of technologies recognised.
    pub(super) fn finish(self, technologies: &Technologies) -> WordPressFacts {
        WordPressFacts {
            is_wordpress: self.is_proven || technologies.has("WordPress"),
            version: self.version,
            theme: self.theme,
            has_elementor: technologies.has("Elementor"),
            elementor_version: self.elementor_version,
            has_divi: technologies.has("Divi"),
            has_woocommerce: technologies.has("WooCommerce"),
            has_contact_form7: technologies.has("Contact Form 7"),
            has_yoast_seo: technologies.has("Yoast SEO"),
            has_wpforms: technologies.has("WPForms"),
        }
    }
}

/// Removes a product's name from the beginning of a generator, if it is a whole word there.
fn strip_name<'a>(generator: &'a str, name: &str) -> Option<&'a str> {
    let (start, rest) = generator.trim().split_at_checked(name.len())?;
    (start.eq_ignore_ascii_case(name) && !rest.starts_with(|c: char| c.is_alphanumeric())).then_some(rest)
}

fn version(rest: &str) -> Option<String> {
    let word = rest.trim_start().split([' ', ';', ',']).next()?;
    let is_version = word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    is_version.then(|| clean(word, MAX_NAME_CHARS)).flatten()
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
    fn only_evidence_counts() {
        let site = Site::new(&Url::parse("https://www.acme.test/").unwrap());
        let proven = |see: &dyn Fn(&mut WordPress)| {
            let mut wordpress = WordPress::default();
            see(&mut wordpress);
            wordpress.is_proven()
        };
        assert!(proven(&|w| w.see_generator("WordPress 6.4.2")));
        assert!(proven(&|w| w.see_generator("wordpress.com")));
        for (url, is_code, expected) in [
            ("/wp-content/themes/x/style.css", true, true),
            ("https://cdn.acme.test/wp-includes/js/x.js", true, true),
            ("https://x.cdn.example/wp-content/plugins/x/x.js", true, true),
            ("https://x.cdn.example/wp-content/themes/x/logo.png", false, false),
            ("https://other.example/wp-content/uploads/x.css", true, false),
            ("https://other.example/wp-content/uploads/x.png", false, false),
            ("/wp-content/uploads/x.png", false, true),
            ("/about-wordpress.css", true, false),
        ] {
            assert_eq!(proven(&|w| w.see_url(url, is_code, &site)), expected, "{url}");
        }
        for (name, value, expected) in [
            ("Link", "<https://acme.test/wp-json/>; rel=\"https://api.w.org/\"", true),
            (
                "link",
                "</a>; rel=preload, <https://www.acme.test/?rest_route=/>; rel=\"https://api.w.org/\"",
                true,
            ),
            (
                "Link",
                "<https://other.example/wp-json/>; rel=\"https://api.w.org/\"",
                false,
            ),
            (
                "Link",
                "<https://other.example/wp-json/>; rel=\"https://api.w.org/\", </a>; rel=preload",
                false,
            ),
            ("X-Pingback", "https://www.acme.test/blog/xmlrpc.php", true),
            ("X-Pingback", "https://other.example/xmlrpc.php", false),
            ("X-Pingback", "https://www.acme.test/pingback", false),
        ] {
            assert_eq!(proven(&|w| w.see_header(name, value, &site)), expected, "{value}");
        }
        assert!(proven(&|w| w.see_rest_link(
            "https://api.w.org/",
            "https://acme.test/wp-json/",
            &site
        )));
        assert!(!proven(&|w| w.see_generator("WordPresser 1.0")));
        assert!(!proven(&|w| w.see_generator("Loved by WordPress")));
    }

    #[test]
    fn versions_are_read() {
        let mut wordpress = WordPress::default();
        wordpress.see_generator("Elementor 3.18.3; features: e_dom_optimization");
        wordpress.see_generator("WordPress 6.4-RC1");
        assert_eq!(wordpress.elementor_version.as_deref(), Some("3.18.3"));
        assert_eq!(wordpress.version.as_deref(), Some("6.4-RC1"));
    }

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
}
