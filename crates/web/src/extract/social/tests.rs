use url::Url;

use super::networks::profile;
use super::*;

fn read(link: &str) -> Option<String> {
    profile(&Url::parse(link).unwrap()).map(|profile| profile.url)
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
        (
            "https://www.youtube.com/subscription_center?add_user=acme",
            "https://www.youtube.com/user/acme",
        ),
        (
            "https://www.facebook.com/pages/category/Bakery/Acme-1234/",
            "https://www.facebook.com/pages/category/Bakery/Acme-1234",
        ),
        (
            "https://www.facebook.com/people/Acme/1234/",
            "https://www.facebook.com/people/Acme/1234",
        ),
        (
            "https://www.facebook.com/home.php#!/Acme",
            "https://www.facebook.com/Acme",
        ),
        (
            "https://twitter.com/intent/follow?screen_name=acme",
            "https://twitter.com/acme",
        ),
        ("https://instagram.com/_u/acme", "https://www.instagram.com/acme"),
    ] {
        assert_eq!(read(link).as_deref(), Some(expected), "{link}");
    }
}

#[test]
fn profiles_on_networks_without_a_column_are_read() {
    for (link, expected) in [
        (
            "https://api.whatsapp.com/send?phone=4930901820",
            "https://wa.me/4930901820",
        ),
        ("https://wa.me/4930901820?text=Hi", "https://wa.me/4930901820"),
        ("https://www.tiktok.com/@acme?lang=de", "https://www.tiktok.com/@acme"),
        ("https://www.pinterest.de/acme/", "https://www.pinterest.de/acme"),
        ("https://www.xing.com/pages/acme", "https://www.xing.com/pages/acme"),
        ("https://t.me/acme", "https://t.me/acme"),
        (
            "https://bsky.app/profile/acme.test",
            "https://bsky.app/profile/acme.test",
        ),
        (
            "https://www.yelp.com/biz/acme-berlin",
            "https://www.yelp.com/biz/acme-berlin",
        ),
    ] {
        assert_eq!(read(link).as_deref(), Some(expected), "{link}");
    }
}

#[test]
fn other_links_are_not_profiles() {
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
        "https://www.facebook.com/pages/category/Bakery/",
        "https://wa.me/?text=Look",
        "https://api.whatsapp.com/send?text=Look",
        "https://www.tiktok.com/@acme/video/1",
        "https://www.pinterest.com/pin/create/button/?url=x",
        "https://t.me/share/url?url=x",
        "https://www.instagram.com/acme/reel/abc/",
        "https://vimeo.com/12345",
    ] {
        assert_eq!(read(link), None, "{link}");
    }
}

fn best(links: &[(&str, Source)]) -> SocialLinks {
    let mut profiles = Profiles::default();
    for (link, source) in links {
        profiles.take(&Url::parse(link).unwrap(), *source, "acme.test");
    }
    profiles.finish(&mut Proofs::default())
}

#[test]
fn the_first_profile_wins_among_equals() {
    let links = best(&[
        ("https://twitter.com/intent/tweet", Source::Link),
        ("https://x.com/first", Source::Link),
        ("https://twitter.com/second", Source::Link),
    ]);
    assert_eq!(links.twitter.as_deref(), Some("https://x.com/first"));
}

#[test]
fn companies_and_declared_profiles_come_first() {
    let links = best(&[
        ("https://www.linkedin.com/in/jane", Source::Declared),
        ("https://www.linkedin.com/company/acme", Source::Link),
        ("https://x.com/writer", Source::Person),
        ("https://x.com/linked", Source::Link),
        ("https://x.com/acme", Source::Declared),
        ("https://www.tiktok.com/@acme", Source::Link),
    ]);
    assert_eq!(links.linkedin.as_deref(), Some("https://www.linkedin.com/company/acme"));
    assert_eq!(links.twitter.as_deref(), Some("https://x.com/acme"));
    assert_eq!(
        serde_json::to_value(&links).unwrap()["tiktok"],
        "https://www.tiktok.com/@acme"
    );
}

#[test]
fn builders_accounts_are_skipped_except_on_their_own_sites() {
    let links = best(&[
        ("https://www.facebook.com/wix", Source::Link),
        ("https://www.linkedin.com/company/wix-com", Source::Link),
        ("https://www.instagram.com/your_username", Source::Link),
    ]);
    assert_eq!(links, SocialLinks::default());
    assert!(!is_of_builder("https://www.facebook.com/wix", "wix.com"));
}

#[test]
fn a_plugin_shows_a_page() {
    let src = "https://www.facebook.com/plugins/page.php?href=https%3A%2F%2Fwww.facebook.com%2Facme&tabs";
    assert_eq!(plugin_page(src).as_deref(), Some("https://www.facebook.com/acme"));
    assert_eq!(plugin_page("https://www.facebook.com/plugins/post.php?href=x"), None);
}
