//! Profiles on social networks, told from share buttons, posts and log-in pages.

use serde::Serialize;
use url::Url;

/// The longest profile name that is believed.
const MAX_NAME_BYTES: usize = 200;

/// A site's profile on each network, as a plain `https` address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SocialLinks {
    /// On Facebook.
    pub facebook: Option<String>,
    /// On Twitter or X.
    pub twitter: Option<String>,
    /// On LinkedIn.
    pub linkedin: Option<String>,
    /// On Instagram.
    pub instagram: Option<String>,
    /// On YouTube.
    pub youtube: Option<String>,
}

impl SocialLinks {
    /// Takes a link of the page if it leads to a profile on a network that has none yet.
    pub(super) fn take(&mut self, url: &Url) {
        let Some(host) = url.host_str() else { return };
        let (slot, profile): (_, fn(&Url) -> Option<String>) = match base_host(host) {
            "facebook.com" | "fb.com" | "fb.me" => (&mut self.facebook, facebook),
            "twitter.com" | "x.com" => (&mut self.twitter, twitter),
            "linkedin.com" => (&mut self.linkedin, linkedin),
            "instagram.com" => (&mut self.instagram, instagram),
            "youtube.com" | "youtu.be" => (&mut self.youtube, youtube),
            _ => return,
        };
        if slot.is_none() {
            *slot = profile(url);
        }
    }
}

/// Drops the part of a host that selects a language or a device: `m.`, `www.`, `de-de.`.
fn base_host(host: &str) -> &str {
    match host.split_once('.') {
        Some((first, rest))
            if rest.contains('.')
                && (first.len() == 2
                    || first.len() == 5 && first.contains('-')
                    || matches!(first, "www" | "m" | "web" | "mobile")) =>
        {
            rest
        }
        _ => host,
    }
}

fn segments(url: &Url) -> Vec<&str> {
    let segments = url
        .path()
        .split('/')
        .map(str::trim)
        .filter(|segment| !segment.is_empty());
    segments
        .take(8)
        .take_while(|segment| segment.len() <= MAX_NAME_BYTES)
        .collect()
}

fn is_name(text: &str) -> bool {
    // White space, quotes, brackets and braces come from broken markup and unfilled templates.
    const BROKEN: [&str; 7] = ["%20", "%22", "%3c", "%3e", "%5b", "%7b", "{"];
    let lower = text.to_ascii_lowercase();
    !lower.is_empty()
        && !lower.contains([':', '$', '*'])
        && !lower.ends_with(".php")
        && !BROKEN.iter().any(|part| lower.contains(part))
}

fn facebook(url: &Url) -> Option<String> {
    const NOT_PROFILES: [&str; 34] = [
        "ads",
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
    let segments = segments(url);
    let name = match segments.as_slice() {
        ["profile.php"] => {
            let (_, id) = url.query_pairs().find(|(key, _)| key == "id")?;
            let is_id = !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit());
            return is_id.then(|| format!("https://www.facebook.com/profile.php?id={id}"));
        }
        ["pg", name, ..] => (*name).to_owned(),
        [kind @ ("pages" | "people" | "p"), name, rest @ ..] => {
            [&[*kind, name], rest.get(..1).unwrap_or_default()].concat().join("/")
        }
        [name, ..]
            if is_name(name) && !NOT_PROFILES.contains(&name.to_ascii_lowercase().as_str()) && !is_version(name) =>
        {
            (*name).to_owned()
        }
        _ => return None,
    };
    Some(format!("https://www.facebook.com/{name}"))
}

/// `v2.0` and `2008`: paths of interfaces.
fn is_version(segment: &str) -> bool {
    segment.len() <= 5
        && segment
            .trim_start_matches('v')
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
}

fn twitter(url: &Url) -> Option<String> {
    const NOT_PROFILES: [&str; 19] = [
        "about", "account", "compose", "download", "explore", "hashtag", "home", "i", "intent", "jobs", "login",
        "logout", "messages", "privacy", "search", "settings", "share", "signup", "tos",
    ];
    let segments = segments(url);
    // Links of the time when the name stood in the fragment.
    let fragment = url.fragment().and_then(|fragment| fragment.strip_prefix("!/"));
    let name = match (segments.as_slice(), fragment) {
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

fn linkedin(url: &Url) -> Option<String> {
    match segments(url).as_slice() {
        [kind @ ("company" | "in" | "school" | "showcase" | "pub"), name, ..] if is_name(name) => {
            Some(format!("https://www.linkedin.com/{kind}/{name}"))
        }
        _ => None,
    }
}

fn instagram(url: &Url) -> Option<String> {
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
    let name = segments.first()?.trim_start_matches('@');
    let is_handle = (1..=30).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
    // `/name/p/xyz` is a post.
    let is_profile =
        is_handle && !NOT_PROFILES.contains(&name.to_ascii_lowercase().as_str()) && !segments.contains(&"p");
    is_profile.then(|| format!("https://www.instagram.com/{name}"))
}

fn youtube(url: &Url) -> Option<String> {
    const NOT_CHANNELS: [&str; 23] = [
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
        "t",
        "v",
        "watch",
    ];
    let is_short = url.host_str()?.ends_with("youtu.be");
    let path = match segments(url).as_slice() {
        [kind @ ("channel" | "c" | "user"), name, ..] if is_name(name) => format!("{kind}/{name}"),
        [handle, ..] if handle.len() > 1 && handle.starts_with('@') => (*handle).to_owned(),
        // A name alone is a channel's old address; on youtu.be it is a video.
        [name] if !is_short && is_name(name) && !NOT_CHANNELS.contains(&name.to_ascii_lowercase().as_str()) => {
            (*name).to_owned()
        }
        _ => return None,
    };
    Some(format!("https://www.youtube.com/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(link: &str) -> Option<String> {
        let mut links = SocialLinks::default();
        links.take(&Url::parse(link).unwrap());
        [
            links.facebook,
            links.twitter,
            links.linkedin,
            links.instagram,
            links.youtube,
        ]
        .into_iter()
        .flatten()
        .next()
    }

    #[test]
    fn profiles_are_normalised() {
        for (link, expected) in [
            ("http://facebook.com/Acme/", "https://www.facebook.com/Acme"),
            ("https://m.facebook.com/Acme?ref=page", "https://www.facebook.com/Acme"),
            ("https://de-de.facebook.com/Acme", "https://www.facebook.com/Acme"),
            ("https://www.fb.com/Acme", "https://www.facebook.com/Acme"),
            (
                "https://www.facebook.com/profile.php?id=1000&sk=about",
                "https://www.facebook.com/profile.php?id=1000",
            ),
            (
                "https://www.facebook.com/pages/Acme/1234",
                "https://www.facebook.com/pages/Acme/1234",
            ),
            ("https://twitter.com/@acme?lang=en", "https://twitter.com/acme"),
            ("https://twitter.com/#!/acme", "https://twitter.com/acme"),
            ("https://x.com/acme", "https://x.com/acme"),
            (
                "https://de.linkedin.com/company/acme/about/",
                "https://www.linkedin.com/company/acme",
            ),
            (
                "https://www.linkedin.com/in/jane-doe",
                "https://www.linkedin.com/in/jane-doe",
            ),
            (
                "https://instagram.com/acme.shop/?hl=de",
                "https://www.instagram.com/acme.shop",
            ),
            ("https://www.youtube.com/@acme/videos", "https://www.youtube.com/@acme"),
            (
                "https://youtube.com/channel/UC123?sub_confirmation=1",
                "https://www.youtube.com/channel/UC123",
            ),
            ("https://www.youtube.com/AcmeTV", "https://www.youtube.com/AcmeTV"),
            ("https://youtu.be/@acme", "https://www.youtube.com/@acme"),
        ] {
            assert_eq!(read(link).as_deref(), Some(expected), "{link}");
        }
    }

    #[test]
    fn other_links_are_no_profiles() {
        for link in [
            "https://www.facebook.com/sharer/sharer.php?u=x",
            "https://www.facebook.com/sharer.php?u=x",
            "https://www.facebook.com/dialog/share?app_id=1",
            "https://www.facebook.com/plugins/like.php",
            "https://www.facebook.com/tr?id=1",
            "https://www.facebook.com/v2.0/dialog",
            "https://www.facebook.com/",
            "https://www.facebook.com/acme>text<",
            "https://www.facebook.com/{{handle}}",
            "https://twitter.com/intent/tweet?text=x",
            "https://twitter.com/share",
            "https://twitter.com/acme/status/123",
            "https://twitter.com/search?q=acme",
            "https://x.com/",
            "https://notx.com/acme",
            "https://www.linkedin.com/shareArticle?url=x",
            "https://www.linkedin.com/feed/",
            "https://www.instagram.com/p/abc/",
            "https://www.instagram.com/explore/tags/x",
            "https://www.youtube.com/watch?v=abc",
            "https://youtu.be/abc",
            "https://www.youtube.com/embed/abc",
            "https://facebook.com.evil.test/acme",
        ] {
            assert_eq!(read(link), None, "{link}");
        }
    }

    #[test]
    fn the_first_profile_wins() {
        let mut links = SocialLinks::default();
        for link in [
            "https://twitter.com/intent/tweet",
            "https://x.com/first",
            "https://twitter.com/second",
        ] {
            links.take(&Url::parse(link).unwrap());
        }
        assert_eq!(links.twitter.as_deref(), Some("https://x.com/first"));
    }
}
