//! WordPress, by evidence: its generator, its files on the site itself, its REST interface. Never the word.

use super::metadata::WordPressFacts;
use super::site::Site;
use super::technology::Technologies;
use super::text::clean;

/// The longest version or theme that is believed.
const MAX_NAME_CHARS: usize = 64;

/// Collects the evidence of one page.
#[derive(Debug, Default)]
pub(super) struct WordPress {
    is_proven: bool,
    version: Option<String>,
    elementor_version: Option<String>,
    theme: Option<String>,
}

impl WordPress {
    /// Looks at what `<meta name="generator">` says, such as `WordPress 6.4.2`.
    pub(super) fn see_generator(&mut self, generator: &str) {
        if let Some(rest) = strip_name(generator, "WordPress") {
            self.is_proven = true;
            self.version = self.version.take().or_else(|| version(rest));
        } else if let Some(rest) = strip_name(generator, "Elementor") {
            self.elementor_version = self.elementor_version.take().or_else(|| version(rest));
        }
    }

    /// Looks at the address of a file that the page loads.
    pub(super) fn see_url(&mut self, url: &str, site: &Site) {
        if self.is_proven && self.theme.is_some() {
            return;
        }
        let Some(start) = url.find("wp-content/").or_else(|| url.find("wp-includes/")) else {
            return;
        };
        if !site.owns_link(url) {
            return;
        }
        self.is_proven = true;
        let rest = url.get(start..).unwrap_or_default();
        if let Some(theme) = rest.strip_prefix("wp-content/themes/") {
            let theme = theme.split(['/', '?']).next().unwrap_or_default();
            self.theme = self.theme.take().or_else(|| clean(theme, MAX_NAME_CHARS));
        }
    }

    /// Looks at a `<link>` or a `Link` header that names the REST interface.
    pub(super) fn see_rest_link(&mut self, rel: &str, href: &str, site: &Site) {
        let is_rest = rel.contains("https://api.w.org/") || href.contains("/wp-json/") || href.contains("rest_route=");
        self.is_proven |= is_rest && site.owns_link(href);
    }

    /// Looks at the `Link` header.
    pub(super) fn see_link_header(&mut self, value: &str) {
        self.is_proven |= value.contains("https://api.w.org/");
    }

    pub(super) fn is_proven(&self) -> bool {
        self.is_proven
    }

    /// Gives the verdict, with the plugins that the table of technologies recognised.
    pub(super) fn finish(self, technologies: &Technologies) -> WordPressFacts {
        WordPressFacts {
            is_wordpress: self.is_proven,
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

/// Cuts a product's name off, if a generator starts with it as a word.
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
        assert!(proven(&|w| w.see_url("/wp-content/themes/x/style.css", &site)));
        assert!(proven(
            &|w| w.see_url("https://cdn.acme.test/wp-includes/js/x.js", &site)
        ));
        assert!(proven(&|w| w.see_rest_link(
            "https://api.w.org/",
            "https://acme.test/wp-json/",
            &site
        )));
        assert!(proven(&|w| w.see_link_header(
            "<https://acme.test/wp-json/>; rel=\"https://api.w.org/\""
        )));
        assert!(!proven(&|w| w.see_generator("WordPresser 1.0")));
        assert!(!proven(&|w| w.see_generator("Loved by WordPress")));
        assert!(!proven(
            &|w| w.see_url("https://other.com/wp-content/uploads/x.png", &site)
        ));
        assert!(!proven(&|w| w.see_url("/about-wordpress.css", &site)));
    }

    #[test]
    fn versions_are_read() {
        let mut wordpress = WordPress::default();
        wordpress.see_generator("Elementor 3.18.3; features: e_dom_optimization");
        wordpress.see_generator("WordPress 6.4-RC1");
        assert_eq!(wordpress.elementor_version.as_deref(), Some("3.18.3"));
        assert_eq!(wordpress.version.as_deref(), Some("6.4-RC1"));
    }
}
