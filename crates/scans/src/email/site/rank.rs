//! The order in which URLs are fetched.

use url::Url;
use web::sitemap::page_type::page_type;

/// Words of links to contact pages.
const CONTACT_WORDS: &[&str] = &[
    "contact",
    "contatt",
    "contato",
    "kontakt",
    "get in touch",
    "impressum",
    "imprint",
    "mentions légales",
    "aviso legal",
    "note legali",
    "nous écrire",
    "write to us",
    "yhteystiedot",
    "kapcsolat",
    "контакты",
    "お問い合わせ",
    "联系",
];

const ABOUT_WORDS: &[&str] = &[
    "about",
    "team",
    "staff",
    "people",
    "über uns",
    "ueber uns",
    "a propos",
    "à propos",
    "qui sommes",
    "chi siamo",
    "sobre",
    "quienes somos",
    "quiénes somos",
    "wer wir sind",
    "ansprechpartner",
    "our story",
    "o nas",
    "om os",
    "om oss",
    "over ons",
    "о нас",
    "会社概要",
];

const LEGAL_WORDS: &[&str] = &[
    "legal",
    "privacy",
    "datenschutz",
    "terms",
    "confidentialité",
    "privacidad",
    "agb",
    "rechtliches",
    "disclosure",
];

/// Returns the rank of a URL: 0 is the home page, contact pages are next, and 10 is everything else.
pub(in crate::email) fn rank(url: &Url, text: &str) -> i16 {
    let text = text.to_lowercase();
    let says = |words: &[&str]| text.chars().count() <= 40 && words.iter().any(|word| text.contains(word));
    let path = url.path().to_ascii_lowercase();
    let path_says = |words: &[&str]| {
        let parts = path.split(['/', '-', '_', '.']);
        parts.into_iter().any(|part| words.contains(&part))
    };
    let kind = page_type(url.as_str());
    if path.ends_with(".vcf")
        || kind == Some("contact")
        || path_says(&[
            "contact",
            "contacts",
            "kontakt",
            "contacto",
            "contatti",
            "impressum",
            "imprint",
        ])
        || says(CONTACT_WORDS)
    {
        1
    } else if kind == Some("about") || path_says(&["about", "team", "staff", "people"]) || says(ABOUT_WORDS) {
        2
    } else if kind == Some("legal") || path_says(&["legal", "privacy"]) || says(LEGAL_WORDS) {
        3
    } else {
        10
    }
}
