//! URLs that are traps by themselves, or because too many like them exist.

use url::Url;

/// Maximum length of a URL in bytes, number of path segments and number of query parameters.
const MAX_URL: usize = 1000;
const MAX_SEGMENTS: usize = 10;
const MAX_PARAMETERS: usize = 6;

/// Maximum number of times that a segment may occur in a path.
const MAX_REPEATS: usize = 2;

/// Maximum number of pages fetched per calendar, and of query variants per path.
pub(super) const MAX_OF_CALENDAR: u32 = 3;
const MAX_VARIANTS: u32 = 5;

/// Query parameters that perform an action.
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

/// Query parameters that name a day.
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

/// Returns why a URL must not be fetched if it is a trap by itself.
pub(in crate::email) fn trap(url: &Url) -> Option<&'static str> {
    if url.as_str().len() > MAX_URL {
        return Some("its URL is too long");
    }
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.len() > MAX_SEGMENTS {
        return Some("its path is too deep");
    }
    let repeats = |segment: &&str| segments.iter().filter(|other| *other == segment).count();
    if segments.iter().any(|segment| repeats(segment) > MAX_REPEATS) {
        return Some("its path repeats itself");
    }
    if segments.iter().any(|segment| {
        let name = segment.split('.').next().unwrap_or_default().to_ascii_lowercase();
        ACTION_PATHS.contains(&name.as_str())
    }) {
        return Some("it performs an action instead of showing a page");
    }
    let keys: Vec<String> = keys(url).collect();
    if keys.len() > MAX_PARAMETERS {
        return Some("its query has too many parameters");
    }
    if keys.iter().any(|key| ACTIONS.contains(&key.as_str())) {
        return Some("it performs an action instead of showing a page");
    }
    None
}

/// Returns the endless series that a URL belongs to, and how many of its URLs are fetched.
pub(in crate::email) fn family(url: &Url) -> Option<(String, u32)> {
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
        // Pages by year, by month and by day belong to the same calendar.
        let shape = shape.join("/").replace("#/#/#", "#").replace("#/#", "#");
        return Some((format!("calendar {host}/{shape}"), MAX_OF_CALENDAR));
    }
    (!keys.is_empty()).then(|| (format!("query {host}{path}"), MAX_VARIANTS))
}

fn keys(url: &Url) -> impl Iterator<Item = String> {
    url.query_pairs().map(|(key, _)| key.to_ascii_lowercase())
}
