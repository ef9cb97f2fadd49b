//! Which URLs of social networks lead to profiles.

use url::Url;

use super::columns::{facebook, instagram, linkedin, twitter, youtube};
use super::others;
use super::path::base_host;

/// A network that has a column of its own.
pub(super) const COLUMNS: [&str; 5] = ["facebook", "twitter", "linkedin", "instagram", "youtube"];

/// What an address of a network contains. URLs are parsed only where one is.
pub(super) const HOSTS: [&str; 38] = [
    "mastodon.social/",
    "chaos.social/",
    "facebook.com",
    "fb.com/",
    "fb.me/",
    "twitter.com/",
    "x.com/",
    "linkedin.com/",
    "instagram.com/",
    "youtu",
    "wa.me/",
    "whatsapp.com/",
    "whatsapp:",
    "tiktok.com/",
    "pinterest.",
    "xing.com/",
    "t.me/",
    "telegram.me/",
    "threads.net/",
    "threads.com/",
    "bsky.app/",
    "snapchat.com/",
    "vimeo.com/",
    "yelp.",
    "tripadvisor.",
    "vk.com/",
    "ok.ru/",
    "line.me/",
    "lin.ee/",
    "m.me/",
    "twitch.tv/",
    "soundcloud.com/",
    "spotify.com/",
    "g.page/",
    "trustpilot.com/",
    "linktr.ee/",
    "github.com/",
    "behance.net/",
];

/// A profile on a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) network: &'static str,
    /// Its plain `https` address.
    pub(super) url: String,
    /// Whether it is of a person where companies have profiles of their own.
    pub(super) is_person: bool,
}

/// Returns the profile that a URL leads to.
pub(super) fn profile(url: &Url) -> Option<Profile> {
    let host = base_host(url.host_str()?);
    let (network, address): (&'static str, Option<String>) = match host {
        "facebook.com" | "fb.com" | "fb.me" => ("facebook", facebook(url)),
        "twitter.com" | "x.com" => ("twitter", twitter(url)),
        "linkedin.com" => ("linkedin", linkedin(url)),
        "instagram.com" => ("instagram", instagram(url)),
        "youtube.com" | "youtu.be" => ("youtube", youtube(url)),
        host => {
            let (network, address) = others::profile(host, url)?;
            (network, Some(address))
        }
    };
    let address = address?;
    let is_person = network == "linkedin" && (address.contains("/in/") || address.contains("/pub/"))
        || network == "xing" && address.contains("/profile/");
    Some(Profile {
        network,
        url: address,
        is_person,
    })
}
