//! URLs of profiles on social networks.

use url::Url;

use super::columns::{facebook, instagram, linkedin, twitter, youtube};
use super::others;
use super::path::base_host;

/// The networks with their own column.
pub(super) const COLUMNS: [&str; 5] = ["facebook", "twitter", "linkedin", "instagram", "youtube"];

/// Texts in the URLs of networks. Only URLs with one of them are parsed.
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
    /// The URL of the profile, in a plain `https` form.
    pub(super) url: String,
    /// Whether the profile is a person's, on a network where companies have their own kind of profile.
    pub(super) is_person: bool,
}

/// Returns the profile that a URL leads to; `None` if there is none.
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
