//! Profiles on the networks without a column.

use url::Url;

use super::super::phone;
use super::path::{is_name, segments};

/// The form of a network's paths to profiles.
enum Shape {
    /// `/@name`.
    Handle,
    /// `/kind/name`, with one of these kinds.
    Kind(&'static [&'static str]),
    /// `/name`, except for these names.
    Plain(&'static [&'static str]),
}

/// The hosts, the network's name, the host of its URLs, and the form of its paths.
const NETWORKS: [(&str, &str, &str, Shape); 23] = [
    ("tiktok.com", "tiktok", "www.tiktok.com", Shape::Handle),
    (
        "xing.com",
        "xing",
        "www.xing.com",
        Shape::Kind(&["companies", "pages", "profile"]),
    ),
    (
        "t.me",
        "telegram",
        "t.me",
        Shape::Plain(&["share", "joinchat", "s", "proxy", "addstickers"]),
    ),
    ("telegram.me", "telegram", "t.me", Shape::Plain(&["share", "joinchat"])),
    ("threads.net", "threads", "www.threads.net", Shape::Handle),
    ("threads.com", "threads", "www.threads.com", Shape::Handle),
    ("bsky.app", "bluesky", "bsky.app", Shape::Kind(&["profile"])),
    ("snapchat.com", "snapchat", "www.snapchat.com", Shape::Kind(&["add"])),
    (
        "vimeo.com",
        "vimeo",
        "vimeo.com",
        Shape::Plain(&["watch", "categories", "channels", "share"]),
    ),
    (
        "vk.com",
        "vk",
        "vk.com",
        Shape::Plain(&["share", "feed", "video", "login"]),
    ),
    ("ok.ru", "ok", "ok.ru", Shape::Kind(&["group", "profile"])),
    ("lin.ee", "line", "lin.ee", Shape::Plain(&[])),
    ("m.me", "messenger", "m.me", Shape::Plain(&[])),
    (
        "twitch.tv",
        "twitch",
        "www.twitch.tv",
        Shape::Plain(&["directory", "videos", "login"]),
    ),
    (
        "soundcloud.com",
        "soundcloud",
        "soundcloud.com",
        Shape::Plain(&["discover", "upload", "stream", "search"]),
    ),
    (
        "open.spotify.com",
        "spotify",
        "open.spotify.com",
        Shape::Kind(&["artist", "show", "user"]),
    ),
    ("g.page", "google", "g.page", Shape::Plain(&[])),
    (
        "trustpilot.com",
        "trustpilot",
        "www.trustpilot.com",
        Shape::Kind(&["review"]),
    ),
    (
        "linktr.ee",
        "linktree",
        "linktr.ee",
        Shape::Plain(&["login", "register"]),
    ),
    (
        "github.com",
        "github",
        "github.com",
        Shape::Plain(&[
            "login",
            "features",
            "about",
            "join",
            "topics",
            "search",
            "orgs",
            "marketplace",
            "explore",
            "pricing",
            "sponsors",
        ]),
    ),
    (
        "behance.net",
        "behance",
        "www.behance.net",
        Shape::Plain(&["search", "galleries"]),
    ),
    ("mastodon.social", "mastodon", "mastodon.social", Shape::Handle),
    ("chaos.social", "mastodon", "chaos.social", Shape::Handle),
];

/// Returns the profile on a network, with the network's name.
pub(super) fn profile(host: &str, url: &Url) -> Option<(&'static str, String)> {
    let parts = segments(url);
    if let Some((_, network, base, shape)) = NETWORKS.iter().find(|(known, ..)| *known == host) {
        let path = match (shape, parts.as_slice()) {
            (Shape::Handle, [name]) if name.len() > 1 && name.starts_with('@') && is_name(name) => (*name).to_owned(),
            (Shape::Kind(kinds), [kind, name, ..]) if kinds.contains(kind) && is_name(name) => format!("{kind}/{name}"),
            (Shape::Plain(others), [name]) if is_name(name) => {
                let lower = name.to_ascii_lowercase();
                // On Vimeo, a number is a video.
                let is_item = *network == "vimeo" && lower.bytes().all(|b| b.is_ascii_digit());
                (!is_item && !others.contains(&lower.as_str())).then(|| (*name).to_owned())?
            }
            _ => return None,
        };
        return Some((network, format!("https://{base}/{path}")));
    }
    if matches!(
        host,
        "wa.me" | "whatsapp.com" | "api.whatsapp.com" | "chat.whatsapp.com"
    ) {
        return Some(("whatsapp", whatsapp(url, &parts)?));
    }
    // These networks have domains in many countries.
    let first = parts.first().filter(|name| is_name(name))?;
    match host.split('.').next().unwrap_or_default() {
        "pinterest" => {
            let is_profile = parts.len() == 1 && !["pin", "search", "login", "ideas", "about"].contains(first);
            is_profile.then(|| ("pinterest", format!("https://www.{host}/{first}")))
        }
        "yelp" => match parts.as_slice() {
            ["biz", name, ..] if is_name(name) => Some(("yelp", format!("https://www.{host}/biz/{name}"))),
            _ => None,
        },
        "tripadvisor" if first.contains("_Review") => Some(("tripadvisor", format!("https://www.{host}/{first}"))),
        "line" if host == "line.me" && parts.contains(&"p") => {
            Some(("line", format!("https://line.me/{}", parts.join("/"))))
        }
        _ => None,
    }
}

/// Reads the URL of a chat with a number, of a message link or of a channel.
fn whatsapp(url: &Url, parts: &[&str]) -> Option<String> {
    let address = url.as_str();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    if let Some(number) = phone::whatsapp(rest) {
        return Some(format!("https://wa.me/{}", number.trim_start_matches('+')));
    }
    match parts {
        ["message", code] if is_name(code) => Some(format!("https://wa.me/message/{code}")),
        ["channel", code, ..] if is_name(code) => Some(format!("https://whatsapp.com/channel/{code}")),
        ["c", code] if is_name(code) => Some(format!("https://wa.me/c/{code}")),
        _ => None,
    }
}
