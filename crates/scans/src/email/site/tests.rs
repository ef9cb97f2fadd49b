use url::Url;

use super::trap::MAX_OF_CALENDAR;
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
fn contact_pages_come_first() {
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
fn traps_are_recognised() {
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
    assert_eq!(family("https://acme.de/calendar/2024/05").unwrap().1, MAX_OF_CALENDAR);
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
