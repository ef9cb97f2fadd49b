//! Which URLs belong to a crawl, which come first, and which are traps.

use url::Url;
use web::names::registrable;
use web::sitemap::page_type::page_type;

/// The longest URL, the most parts of its path and of its query that a page of a site has.
const LONGEST_URL: usize = 1000;
const MOST_SEGMENTS: usize = 10;
const MOST_PARAMETERS: usize = 6;
/// How often one part may stand in a path.
const MOST_REPEATS: usize = 2;
/// How many pages of a calendar, and how many variants by query of one path, are fetched.
const MOST_OF_CALENDAR: u32 = 3;
const MOST_VARIANTS: u32 = 5;

/// Files that are no pages.
const FILES: &[&str] = &[
    "7z",
    "ai",
    "apk",
    "avi",
    "avif",
    "bmp",
    "bz2",
    "css",
    "csv",
    "dmg",
    "doc",
    "docx",
    "eot",
    "eps",
    "epub",
    "exe",
    "flac",
    "flv",
    "gif",
    "gz",
    "ico",
    "ics",
    "iso",
    "jar",
    "jpeg",
    "jpg",
    "js",
    "json",
    "m4a",
    "m4v",
    "map",
    "mjs",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "mpg",
    "msi",
    "odp",
    "ods",
    "odt",
    "ogg",
    "ogv",
    "otf",
    "pdf",
    "png",
    "ppt",
    "pptx",
    "ps",
    "psd",
    "rar",
    "rss",
    "rtf",
    "svg",
    "swf",
    "tar",
    "tgz",
    "tif",
    "tiff",
    "ttf",
    "wasm",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "wma",
    "wmv",
    "woff",
    "woff2",
    "xls",
    "xlsx",
    "xml",
    "zip",
];

/// What a query says about a visit and not about the page.
const TRACKING: &[&str] = &[
    "_ga",
    "_gl",
    "dclid",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "igshid",
    "jsessionid",
    "mc_cid",
    "mc_eid",
    "msclkid",
    "phpsessid",
    "ref_src",
    "sessionid",
    "sid",
    "srsltid",
    "wbraid",
    "yclid",
];

/// What a query does instead of showing something.
const ACTIONS: &[&str] = &[
    "action",
    "add-to-cart",
    "add_to_cart",
    "add_to_wishlist",
    "delete",
    "like_comment",
    "logout",
    "print",
    "redirect_to",
    "remove_item",
    "replytocom",
    "share",
    "unapproved",
];
const ACTION_PATHS: &[&str] = &[
    "cart", "checkout", "login", "logout", "signin", "signout", "signup", "wp-admin", "wp-login",
];

/// What a query names a day by.
const CALENDAR: &[&str] = &[
    "cal",
    "calendar",
    "date",
    "datum",
    "day",
    "event-date",
    "eventdate",
    "jahr",
    "mois",
    "monat",
    "month",
    "tribe-bar-date",
    "week",
    "woche",
    "year",
];

/// Words of links to pages that tell whom to write to.
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

/// What belongs to the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    hosts: Vec<String>,
    /// The registrable domain, where all that is below it belongs to the site.
    below: Option<String>,
}

impl Scope {
    /// Returns what belongs to the site of a domain, whose home page is at `entry`.
    pub(super) fn new(domain: &str, entry: Option<&Url>, subdomains: bool) -> Self {
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        let mut hosts = vec![bare(domain)];
        if let Some(host) = entry.and_then(Url::host_str)
            && registrable(host) == registrable(domain)
        {
            hosts.push(bare(host));
        }
        Self {
            hosts,
            below: subdomains.then(|| registrable(domain).to_owned()),
        }
    }

    /// Tells whether a URL is the site's.
    pub(super) fn holds(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let bare = host.strip_prefix("www.").unwrap_or(host);
        matches!(url.scheme(), "http" | "https")
            && (self.hosts.iter().any(|own| own == bare)
                || self.below.as_deref().is_some_and(|below| registrable(host) == below))
    }
}

/// Writes a URL without what says nothing about the page.
pub(super) fn normalised(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // A URL with a host can have them taken away.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let kept: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !pair.is_empty() && !key.starts_with("utm_") && !TRACKING.contains(&key.as_str())
        })
        .map(str::to_owned)
        .collect();
    url.set_query(Some(kept.join("&").as_str()).filter(|query| !query.is_empty()));
    let path = url.path().to_owned();
    // `;jsessionid=...`
    if let Some((before, _)) = path.split_once(";jsessionid") {
        url.set_path(before);
    }
    url
}

/// Returns by what two URLs are known to be the same page: scheme, `www.` and a final slash make no difference.
pub(super) fn key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!(
        "{}{port}{}{query}",
        host.strip_prefix("www.").unwrap_or(host),
        url.path().trim_end_matches('/')
    )
}

/// Tells whether a URL leads to a page by its name. One that names an address is somebody's own (`/unsubscribe?who=...`).
pub(super) fn is_page(url: &Url) -> bool {
    let spelled = url.as_str().replace("%40", "@");
    if spelled.rsplit_once('@').is_some_and(|(_, host)| host.contains('.')) {
        return false;
    }
    let name = url.path().rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => !FILES.contains(&extension.to_ascii_lowercase().as_str()),
        None => true,
    }
}

/// Says when a URL comes: 0 is the home page, what tells whom to write to is next, and 10 is everything else.
pub(super) fn rank(url: &Url, text: &str) -> i16 {
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

/// Says why a URL is not to be fetched, if it is a trap by itself.
pub(super) fn trap(url: &Url) -> Option<&'static str> {
    if url.as_str().len() > LONGEST_URL {
        return Some("its URL is longer than a page's is");
    }
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.len() > MOST_SEGMENTS {
        return Some("its path is deeper than a page's is");
    }
    let repeats = |segment: &&str| segments.iter().filter(|other| *other == segment).count();
    if segments.iter().any(|segment| repeats(segment) > MOST_REPEATS) {
        return Some("its path goes in a circle");
    }
    if segments.iter().any(|segment| {
        let name = segment.split('.').next().unwrap_or_default().to_ascii_lowercase();
        ACTION_PATHS.contains(&name.as_str())
    }) {
        return Some("it does something instead of showing something");
    }
    let keys: Vec<String> = keys(url).collect();
    if keys.len() > MOST_PARAMETERS {
        return Some("its query has more parts than a page's has");
    }
    if keys.iter().any(|key| ACTIONS.contains(&key.as_str())) {
        return Some("it does something instead of showing something");
    }
    None
}

/// Returns what URLs have in common that a site makes without end, and how many of them are fetched.
pub(super) fn family(url: &Url) -> Option<(String, u32)> {
    let mut keys: Vec<String> = keys(url).collect();
    keys.sort();
    let host = url.host_str().unwrap_or_default();
    let path = url.path();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let is_day = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits >= 4 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    };
    let is_year = |text: &&str| text.len() == 4 && (text.starts_with("19") || text.starts_with("20")) && is_day(text);
    let has_day = segments.last().is_some_and(|last| is_day(last) && last.contains('-'))
        || (segments.iter().any(is_year)
            && segments
                .last()
                .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit() || b == b'-')));
    let by_query = keys.iter().any(|key| CALENDAR.contains(&key.as_str()))
        || url
            .query_pairs()
            .any(|(_, value)| is_day(&value) && value.contains('-'));
    if has_day || by_query {
        let shape: Vec<String> = segments
            .iter()
            .map(|segment| {
                if is_day(segment) || segment.bytes().all(|b| b.is_ascii_digit()) {
                    "#".to_owned()
                } else {
                    (*segment).to_owned()
                }
            })
            .collect();
        // A calendar by years, months and days is one.
        let shape = shape.join("/").replace("#/#/#", "#").replace("#/#", "#");
        return Some((format!("calendar {host}/{shape}"), MOST_OF_CALENDAR));
    }
    (!keys.is_empty()).then(|| (format!("query {host}{path}"), MOST_VARIANTS))
}

fn keys(url: &Url) -> impl Iterator<Item = String> {
    url.query_pairs().map(|(key, _)| key.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_site_is_its_domain_and_where_its_home_page_is() {
        let scope = Scope::new("acme.de", Some(&url("https://de.acme.de/")), false);
        for (text, expected) in [
            ("https://acme.de/x", true),
            ("http://www.acme.de/", true),
            ("https://de.acme.de/", true),
            ("https://shop.acme.de/", false),
            ("https://notacme.de/", false),
            ("ftp://acme.de/", false),
        ] {
            assert_eq!(scope.holds(&url(text)), expected, "{text}");
        }
        assert!(Scope::new("acme.de", None, true).holds(&url("https://shop.acme.de/")));
        assert!(!Scope::new("acme.de", Some(&url("https://other.de/")), false).holds(&url("https://other.de/")));
    }

    #[test]
    fn the_same_page_has_one_key() {
        let one = key(&normalised(&url(
            "https://www.acme.de/about/?utm_source=x&gclid=1#team",
        )));
        assert_eq!(one, key(&normalised(&url("http://acme.de/about"))));
        assert_ne!(one, key(&normalised(&url("http://acme.de/about?id=1"))));
        assert_eq!(
            normalised(&url("https://a:b@acme.de/x;jsessionid=1?id=1&sid=2")).as_str(),
            "https://acme.de/x?id=1"
        );
    }

    #[test]
    fn what_tells_whom_to_write_to_comes_first() {
        for (text, link, expected) in [
            ("https://acme.de/kontakt", "", 1),
            ("https://acme.de/de/impressum.html", "", 1),
            ("https://acme.de/p/7", "Contact us", 1),
            ("https://acme.de/jane.vcf", "", 1),
            ("https://acme.de/our-team/", "", 2),
            ("https://acme.de/p/8", "Über uns", 2),
            ("https://acme.de/datenschutz", "", 3),
            ("https://acme.de/products/7", "Chairs", 10),
            (
                "https://acme.de/blog/x",
                "How we made contact with a customer, and what we have learned of it",
                10,
            ),
        ] {
            assert_eq!(rank(&url(text), link), expected, "{text} {link}");
        }
    }

    #[test]
    fn traps_are_seen() {
        for text in [
            "https://acme.de/a/b/a/b/a/b",
            "https://acme.de/1/2/3/4/5/6/7/8/9/10/11",
            "https://acme.de/?a=1&b=2&c=3&d=4&e=5&f=6&g=7",
            "https://acme.de/shop?add-to-cart=7",
            "https://acme.de/wp-login.php",
        ] {
            assert!(trap(&url(text)).is_some(), "{text}");
        }
        assert!(trap(&url("https://acme.de/de/de/shop?page=2")).is_none());
        let family = |text| super::family(&url(text));
        assert_eq!(
            family("https://acme.de/calendar/2024/05"),
            family("https://acme.de/calendar/2031/12")
        );
        assert_eq!(family("https://acme.de/calendar/2024/05").unwrap().1, MOST_OF_CALENDAR);
        assert_eq!(
            family("https://acme.de/events?month=2024-05"),
            family("https://acme.de/events?month=2024-06")
        );
        assert_eq!(
            family("https://acme.de/list?page=1&sort=a"),
            family("https://acme.de/list?sort=b")
        );
        assert_eq!(family("https://acme.de/blog/2024/05/a-title"), None);
        assert_eq!(family("https://acme.de/product/1234"), None);
        assert!(is_page(&url("https://acme.de/a.html")) && !is_page(&url("https://acme.de/a.PDF")));
        assert!(is_page(&url("https://acme.de/@jane")) && !is_page(&url("https://acme.de/u?who=jane%40acme.de")));
    }
}
