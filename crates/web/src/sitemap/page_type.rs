//! The type of page that a URL leads to, guessed from the words of its path.

/// A type of page, and the words of a path that indicate it.
struct Rule {
    page_type: &'static str,
    /// Whole segments of the path, without their file extension, in lower case.
    segments: &'static [&'static str],
    /// Beginnings of such segments.
    prefixes: &'static [&'static str],
}

/// The types in the order in which they are tried, most specific first.
const RULES: &[Rule] = &[
    Rule {
        page_type: "legal",
        segments: &[
            "impressum",
            "imprint",
            "datenschutz",
            "datenschutzerklaerung",
            "privacy",
            "privacy-policy",
            "privacy-notice",
            "agb",
            "terms",
            "terms-of-service",
            "terms-of-use",
            "terms-and-conditions",
            "tos",
            "legal",
            "legal-notice",
            "mentions-legales",
            "aviso-legal",
            "cookie-policy",
            "cookies",
            "disclaimer",
            "gdpr",
            "widerruf",
            "widerrufsrecht",
            "refund-policy",
            "returns-policy",
            "note-legali",
            "politica-de-privacidad",
            "politique-de-confidentialite",
            "accessibility",
        ],
        prefixes: &["privacy-", "datenschutz-", "cookie-"],
    },
    Rule {
        page_type: "contact",
        segments: &[
            "contact",
            "contact-us",
            "contacts",
            "contactus",
            "kontakt",
            "kontaktformular",
            "contacto",
            "contatti",
            "contato",
            "contactez-nous",
            "get-in-touch",
            "nous-contacter",
            "anfahrt",
            "directions",
            "find-us",
            "locations",
            "standorte",
            "store-locator",
        ],
        prefixes: &["contact-", "kontakt-"],
    },
    Rule {
        page_type: "about",
        segments: &[
            "about",
            "about-us",
            "aboutus",
            "ueber-uns",
            "uber-uns",
            "unternehmen",
            "company",
            "who-we-are",
            "our-story",
            "our-team",
            "team",
            "staff",
            "a-propos",
            "qui-sommes-nous",
            "chi-siamo",
            "sobre",
            "sobre-nosotros",
            "quienes-somos",
            "history",
            "mission",
        ],
        prefixes: &["about-"],
    },
    Rule {
        page_type: "category",
        segments: &[
            "category",
            "categories",
            "product-category",
            "kategorie",
            "kategorien",
            "categorie",
            "categoria",
            "collections",
            "collection",
            "c",
            "tag",
            "tags",
            "topics",
            "rubrik",
            "department",
            "brand",
            "brands",
            "marken",
        ],
        prefixes: &["category-", "product-tag"],
    },
    Rule {
        page_type: "product",
        segments: &[
            "product",
            "products",
            "produkt",
            "produkte",
            "produit",
            "produits",
            "producto",
            "productos",
            "prodotto",
            "prodotti",
            "shop",
            "store",
            "item",
            "items",
            "p",
            "dp",
            "artikel-nr",
            "sku",
        ],
        prefixes: &["product-"],
    },
    Rule {
        page_type: "media",
        segments: &[
            "wp-content",
            "uploads",
            "media",
            "images",
            "image",
            "gallery",
            "galerie",
            "galleries",
            "photos",
            "fotos",
            "videos",
            "video",
            "downloads",
            "attachment",
            "portfolio",
        ],
        prefixes: &[],
    },
    Rule {
        page_type: "blog",
        segments: &[
            "blog",
            "blogs",
            "news",
            "post",
            "posts",
            "article",
            "articles",
            "artikel",
            "aktuelles",
            "neuigkeiten",
            "magazin",
            "magazine",
            "journal",
            "stories",
            "press",
            "presse",
            "actualites",
            "noticias",
            "notizie",
            "author",
        ],
        prefixes: &["blog-", "news-"],
    },
];

/// File extensions that are not pages.
const MEDIA: &[&str] = &[
    "jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "ico", "mp4", "webm", "mov", "avi", "mp3", "wav", "pdf", "doc",
    "docx", "xls", "xlsx", "ppt", "pptx", "zip",
];

/// All types, including that of a site's first page.
pub const PAGE_TYPES: [&str; 8] = [
    "home", "legal", "contact", "about", "category", "product", "media", "blog",
];

/// Guesses the type of page that an absolute URL leads to; `None` if nothing indicates one.
///
/// Earlier segments of the path take precedence: `/blog/our-products` belongs to the blog. A date in the path indicates
/// a blog if nothing else matches.
#[must_use]
pub fn page_type(url: &str) -> Option<&'static str> {
    let path = url.split_once("://")?.1.split_once('/').map_or("", |(_, path)| path);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    if segments.peek().is_none() {
        return Some("home");
    }
    if let Some((_, extension)) = path.rsplit_once('.')
        && MEDIA.iter().any(|media| extension.eq_ignore_ascii_case(media))
    {
        return Some("media");
    }
    let mut has_year = false;
    let mut lower = String::new();
    for segment in segments.take(6) {
        lower.clear();
        let stem = segment.rsplit_once('.').map_or(segment, |(stem, _)| stem);
        lower.extend(stem.chars().map(|character| character.to_ascii_lowercase()));
        for rule in RULES {
            let fits =
                rule.segments.contains(&lower.as_str()) || rule.prefixes.iter().any(|prefix| lower.starts_with(prefix));
            if fits {
                return Some(rule.page_type);
            }
        }
        has_year |= lower.len() == 4
            && (lower.starts_with("19") || lower.starts_with("20"))
            && lower.bytes().all(|byte| byte.is_ascii_digit());
    }
    has_year.then_some("blog")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_determines_the_type() {
        for (url, expected) in [
            ("https://shop.test", Some("home")),
            ("https://shop.test/", Some("home")),
            ("https://shop.test/?a=/contact", Some("home")),
            ("https://shop.test/contact", Some("contact")),
            ("https://shop.test/de/Kontakt.html", Some("contact")),
            ("https://shop.test/about-us/", Some("about")),
            ("https://shop.test/ueber-uns", Some("about")),
            ("https://shop.test/impressum.php?x=1", Some("legal")),
            ("https://shop.test/privacy-policy#top", Some("legal")),
            ("https://shop.test/product/oak-table", Some("product")),
            ("https://shop.test/shop/p/123", Some("product")),
            ("https://shop.test/product-category/tables", Some("category")),
            ("https://shop.test/collections/summer/products/hat", Some("category")),
            ("https://shop.test/blog/our-products", Some("blog")),
            ("https://shop.test/2024/05/a-day-out", Some("blog")),
            ("https://shop.test/a/b.PDF", Some("media")),
            ("https://shop.test/wp-content/uploads/x", Some("media")),
            ("https://shop.test/oak-table", None),
            ("https://shop.test/1234/x", None),
            ("nonsense", None),
        ] {
            assert_eq!(page_type(url), expected, "{url}");
        }
        for rule in RULES {
            assert!(PAGE_TYPES.contains(&rule.page_type));
        }
    }
}
