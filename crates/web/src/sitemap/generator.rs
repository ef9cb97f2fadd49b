//! Recognition of the program that made a sitemap, by comments, style sheets and `generator` elements.

/// Texts found there, in lower case, with the name of the program. The first match counts.
const GENERATORS: &[(&str, &str)] = &[
    ("yoast", "Yoast SEO"),
    ("wordpress-seo", "Yoast SEO"),
    ("rank-math", "Rank Math"),
    ("rank math", "Rank Math"),
    ("seo-by-rank-math", "Rank Math"),
    ("all-in-one-seo", "All in One SEO"),
    ("all in one seo", "All in One SEO"),
    ("aioseo", "All in One SEO"),
    ("seopress", "SEOPress"),
    ("the-seo-framework", "The SEO Framework"),
    ("google-sitemap-generator", "Google XML Sitemaps"),
    ("xml-sitemap-feed", "XML Sitemap & Google News"),
    ("jetpack", "Jetpack"),
    ("wp-sitemap", "WordPress"),
    ("wordpress", "WordPress"),
    ("screaming frog", "Screaming Frog"),
    ("xml-sitemaps.com", "XML-Sitemaps.com"),
    ("mysitemapgenerator", "MySitemapGenerator"),
    ("inspyder", "Inspyder"),
    ("a1 sitemap generator", "A1 Sitemap Generator"),
    ("django", "Django"),
    ("typo3", "TYPO3"),
    ("drupal", "Drupal"),
    ("simple_sitemap", "Drupal"),
    ("joomla", "Joomla"),
    ("jsitemap", "Joomla"),
    ("magento", "Magento"),
    ("prestashop", "PrestaShop"),
    ("shopware", "Shopware"),
    ("shopify", "Shopify"),
    ("wix.com", "Wix"),
    ("squarespace", "Squarespace"),
    ("weebly", "Weebly"),
    ("webflow", "Webflow"),
    ("ghost", "Ghost"),
    ("hugo", "Hugo"),
    ("jekyll", "Jekyll"),
    ("gatsby", "Gatsby"),
    ("next-sitemap", "Next.js"),
    ("hubspot", "HubSpot"),
    ("contao", "Contao"),
    ("neos", "Neos"),
    ("craft cms", "Craft CMS"),
    ("sitemap generator", "a sitemap generator"),
];

/// Returns the name of the program that a text mentions.
pub fn known(text: &str) -> Option<&'static str> {
    // A comment may be long, but programs name themselves at its beginning.
    let text: String = text.chars().take(500).collect::<String>().to_ascii_lowercase();
    GENERATORS
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map(|(_, name)| *name)
}
