//! Profiles on the five networks with a column. Share buttons, posts and log-in pages are not profiles.

use url::Url;

use super::path::{base_host, is_name, segments};

/// First segments of Facebook's paths that are not names.
const NOT_ON_FACEBOOK: [&str; 39] = [
    "ads",
    "connect",
    "embed",
    "login.php",
    "media",
    "notes",
    "business",
    "campaign",
    "dialog",
    "events",
    "feed",
    "gaming",
    "groups",
    "hashtag",
    "help",
    "home",
    "legal",
    "login",
    "marketplace",
    "messages",
    "photo",
    "photos",
    "places",
    "plugins",
    "policies",
    "policy",
    "privacy",
    "public",
    "reel",
    "search",
    "settings",
    "share",
    "sharer",
    "stories",
    "story",
    "terms",
    "tr",
    "video",
    "watch",
];

pub(super) fn facebook(url: &Url) -> Option<String> {
    let segments = segments(url);
    let name = match segments.as_slice() {
        ["profile.php"] => {
            let (_, id) = url.query_pairs().find(|(key, _)| key == "id")?;
            let is_id = !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit());
            return is_id.then(|| format!("https://www.facebook.com/profile.php?id={id}"));
        }
        // Old links have the name in the fragment.
        [] | ["home.php"] => {
            let fragment = url.fragment().and_then(|fragment| fragment.strip_prefix("!/"))?;
            let inner = url.join(&format!("/{fragment}")).ok()?;
            return inner.fragment().is_none().then(|| facebook(&inner))?;
        }
        ["pg", name, ..] => (*name).to_owned(),
        // The whole path is the name: without its last segment it lists all pages of the category.
        ["pages", "category", category, name, ..] => format!("pages/category/{category}/{name}"),
        ["pages", "category", ..] => return None,
        [kind @ ("pages" | "people" | "p"), name, rest @ ..] => {
            [&[*kind, name], rest.get(..1).unwrap_or_default()].concat().join("/")
        }
        [name, ..]
            if is_name(name) && !NOT_ON_FACEBOOK.contains(&name.to_ascii_lowercase().as_str()) && !is_version(name) =>
        {
            (*name).to_owned()
        }
        _ => return None,
    };
    Some(format!("https://www.facebook.com/{name}"))
}

/// Returns whether a segment is a version in an API's path, such as `v2.0` or `2008`.
fn is_version(segment: &str) -> bool {
    segment.len() <= 5
        && segment
            .trim_start_matches('v')
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
}

pub(super) fn twitter(url: &Url) -> Option<String> {
    const NOT_PROFILES: [&str; 19] = [
        "about", "account", "compose", "download", "explore", "hashtag", "home", "i", "intent", "jobs", "login",
        "logout", "messages", "privacy", "search", "settings", "share", "signup", "tos",
    ];
    let segments = segments(url);
    // Old links have the name in the fragment.
    let fragment = url.fragment().and_then(|fragment| fragment.strip_prefix("!/"));
    let followed = url.query_pairs().find(|(key, _)| key == "screen_name");
    let followed = followed.map(|(_, name)| name.into_owned()).unwrap_or_default();
    let name = match (segments.as_slice(), fragment) {
        (["intent", "user" | "follow"], _) => followed.as_str(),
        ([], Some(name)) => name.trim_end_matches('/'),
        ([name] | [name, "media" | "with_replies" | "likes"], _) => name,
        _ => return None,
    };
    let name = name.trim_start_matches('@');
    let is_handle = (1..=15).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_profile = is_handle && !NOT_PROFILES.contains(&name.to_ascii_lowercase().as_str());
    let host = if base_host(url.host_str()?) == "x.com" {
        "x.com"
    } else {
        "twitter.com"
    };
    is_profile.then(|| format!("https://{host}/{name}"))
}

pub(super) fn linkedin(url: &Url) -> Option<String> {
    match segments(url).as_slice() {
        [kind @ ("company" | "in" | "school" | "showcase" | "pub"), name, ..] if is_name(name) => {
            Some(format!("https://www.linkedin.com/{kind}/{name}"))
        }
        _ => None,
    }
}

pub(super) fn instagram(url: &Url) -> Option<String> {
    const NOT_PROFILES: [&str; 15] = [
        "about",
        "accounts",
        "api",
        "challenge",
        "developer",
        "direct",
        "explore",
        "legal",
        "p",
        "reel",
        "reels",
        "share",
        "stories",
        "tv",
        "web",
    ];
    let segments = segments(url);
    let first = segments.first().filter(|first| **first != "_u").or(segments.get(1))?;
    let name = first.trim_start_matches('@');
    let is_handle = (1..=30).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    // `/name/p/xyz` is a post.
    let is_profile = is_handle
        && !NOT_PROFILES.contains(&name.to_ascii_lowercase().as_str())
        && !segments.iter().any(|segment| matches!(*segment, "p" | "reel"));
    is_profile.then(|| format!("https://www.instagram.com/{name}"))
}

pub(super) fn youtube(url: &Url) -> Option<String> {
    const NOT_CHANNELS: [&str; 24] = [
        "about",
        "account",
        "attribution_link",
        "clip",
        "creators",
        "embed",
        "feed",
        "gaming",
        "hashtag",
        "howyoutubeworks",
        "iframe_api",
        "live",
        "oembed",
        "playlist",
        "post",
        "premium",
        "redirect",
        "results",
        "s",
        "shorts",
        "subscription_center",
        "t",
        "v",
        "watch",
    ];
    let is_short = url.host_str()?.ends_with("youtu.be");
    let subscribed = || {
        let mut query = url.query_pairs();
        query.find(|(key, name)| key == "add_user" && is_name(name))
    };
    let path = match segments(url).as_slice() {
        [kind @ ("channel" | "c" | "user"), name, ..] if is_name(name) => format!("{kind}/{name}"),
        [handle, ..] if handle.len() > 1 && handle.starts_with('@') => (*handle).to_owned(),
        ["subscription_center"] => format!("user/{}", subscribed()?.1),
        // A name alone is a channel's former URL, but a video on youtu.be.
        [name] if !is_short && is_name(name) && !NOT_CHANNELS.contains(&name.to_ascii_lowercase().as_str()) => {
            (*name).to_owned()
        }
        _ => return None,
    };
    Some(format!("https://www.youtube.com/{path}"))
}
