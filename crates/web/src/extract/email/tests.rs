use url::Url;

use super::super::text::BREAK;
use super::*;

fn site() -> Site {
    Site::new(&Url::parse("https://www.acme.test/").unwrap())
}

fn found(text: &str) -> Vec<String> {
    find(text, &site()).into_iter().map(|found| found.email).collect()
}

#[test]
fn addresses_are_read_as_people_write_them() {
    for (text, expected) in [
        ("Write to jane.doe@Acme.TEST.", "jane.doe@acme.test"),
        ("(info@firma.de)", "info@firma.de"),
        ("E-Mail:info@firma.de,Tel", "info@firma.de"),
        ("<jane+news@mail.firma.co.uk>", "jane+news@mail.firma.co.uk"),
        ("jane@firma.com.Then call", "jane@firma.com"),
        ("メールinfo@kaisha.co.jpまで", "info@kaisha.co.jp"),
        ("info [at] firma [dot] de", "info@firma.de"),
        ("info(at)firma.de", "info@firma.de"),
        ("info {AT} firma (punkt) de", "info@firma.de"),
        ("info at firma [dot] de", "info@firma.de"),
        ("Email: jane at firma dot com", "jane@firma.com"),
        ("info [arroba] firma [punto] es", "info@firma.es"),
        ("info(chiocciola)firma(punto)it", "info@firma.it"),
        ("info [arobase] firma [point] fr", "info@firma.fr"),
        ("contato [arroba] firma [ponto] com [ponto] br", "contato@firma.com.br"),
        ("biuro [małpa] firma [kropka] pl", "biuro@firma.pl"),
        ("info [собака] firma [точка] ru", "info@firma.ru"),
        ("info <at> firma <dot> nl", "info@firma.nl"),
        ("info(アットマーク)firma.jp", "info@firma.jp"),
        ("jane [dot] doe [at] firma [dot] de", "jane.doe@firma.de"),
        ("info@firma [dot] de", "info@firma.de"),
        ("Email: jane arroba firma punto es", "jane@firma.es"),
        ("jane at mail dot firma dot com", "jane@mail.firma.com"),
        ("info\u{1f}@\u{1f}firma.de", "info@firma.de"),
        ("info@firma\u{1f}.\u{1f}de", "info@firma.de"),
        ("Mail\u{1f}info@firma.de\u{1f}Phone", "info@firma.de"),
        ("post@müller.de", "post@xn--mller-kva.de"),
        ("o'neill@firma.ie", "o'neill@firma.ie"),
        ("123@qq.com", "123@qq.com"),
        ("chef@163.com", "chef@163.com"),
        ("support@staging.acme.test", "support@staging.acme.test"),
        ("info@firma.dePhone", "info@firma.de"),
        ("Mail: info @ firma.de", "info@firma.de"),
        ("info -at- firma.de", "info@firma.de"),
        ("info_at_firma.de", "info@firma.de"),
        ("jane(a)firma.fi", "jane@firma.fi"),
        ("E-Mail: info at firma.de", "info@firma.de"),
        ("|info@firma.de|", "info@firma.de"),
        ("...info@firma.de", "info@firma.de"),
        ("%20info@firma.de", "info@firma.de"),
    ] {
        assert_eq!(found(text), [expected], "{text:?}");
    }
}

#[test]
fn texts_that_only_look_like_addresses_are_skipped() {
    let mut wrong = Vec::new();
    for text in [
        "logo@2x.png",
        "hero@3x.webp",
        "icon@2x.zip",
        "bundle@1.2.3",
        "jquery@3.6.0.min.js",
        "react@18.2.0",
        "lib@1.2.3.zip",
        "someone@example.com",
        "user@example.org",
        "you@firma.com",
        "yourname@gmail.com",
        "x@shop.test",
        "a@b",
        "@handle",
        "@user@mastodon.social",
        "user@localhost",
        "user@192.168.0.1",
        "name@printer.local",
        "https://user:secret@firma.com/",
        "https://0123456789abcdef0123456789abcdef@o12345.ingest.sentry.io/42",
        "605a7baede844d278b89dc95ae0a9123@sentry-next.wixpress.com",
        "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0@firma.com",
        "git@github.com:acme/site.git",
        "mülleröinfo@firma.de",
        "josé@firma.es",
        "meet me at example dot",
        "look at the dot com bubble",
        "We are at home dot",
        "shop at firma dot com for more of it",
        "Sale (at) 5.99",
        "a @ b . c",
        "50 @ 3.99",
        "info@.de",
        "info@-firma.de",
        "info@co.uk",
        "email@name.notatld",
        "a!b@firma.de",
        "sales/eu@firma.de",
        "a$b@firma.de",
        "key=b@firma.de",
        "a..b@firma.de",
        "vorname.nachname@acme.test",
        "info@yourcompany.com",
        "test@test.com",
        "Meet us @ firma.de",
        "stop-at-nothing.com",
    ] {
        wrong.extend(found(text).into_iter().map(|email| (text, email)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn several_addresses_are_found_in_order() {
    let text = format!("b@firma.de {BREAK}c [at] firma.de{BREAK} a@firma.de");
    assert_eq!(found(&text), ["b@firma.de", "c@firma.de", "a@firma.de"]);
}

#[test]
fn an_attribute_must_be_an_address_as_a_whole() {
    let read = |text| whole(text, &site());
    assert_eq!(read(" jane@firma.de ").as_deref(), Some("jane@firma.de"));
    assert_eq!(read("mailto:jane%40firma.de").as_deref(), Some("jane@firma.de"));
    for text in [
        "https://key@firma.de/1",
        "react@18.2.0",
        "logo@2x.png",
        "jane@firma.de, joe",
        "@firma.de",
        "a@b.de.notatld",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(
        joined("info", "firma", Some("de"), &site()).as_deref(),
        Some("info@firma.de")
    );
    assert_eq!(joined("in fo", "firma.de", None, &site()), None);
}

#[test]
fn mailto_links_are_decoded() {
    let read = |href| from_mailto(href, &site());
    assert_eq!(read("mailto:jane%40firma.de"), ["jane@firma.de"]);
    assert_eq!(
        read("MAILTO:a@firma.de,b@firma.de?subject=x@y.com&to=c%40firma.de"),
        ["a@firma.de", "b@firma.de", "c@firma.de"]
    );
    assert_eq!(read("mailto:%20info@firma.de%20"), ["info@firma.de"]);
    assert_eq!(read("mailto:Jane%20Doe%20%3Cjane@firma.de%3E"), ["jane@firma.de"]);
    assert_eq!(read("mailto:?subject=Look&body=a@firma.de"), [""; 0]);
    assert_eq!(read("mailto:"), [""; 0]);
    assert_eq!(read("mailto://info@firma.de"), ["info@firma.de"]);
    assert_eq!(read("mailto:info(at)firma.de"), ["info@firma.de"]);
    assert_eq!(read("mailto:smith&sons@firma.de"), ["smith&sons@firma.de"]);
    assert_eq!(read("mailto:a!b@firma.de"), [""; 0]);
}

#[test]
fn protected_addresses_are_decoded() {
    let key = 0x5a_u8;
    let hex = "jane@firma.de"
        .bytes()
        .fold(format!("{key:02x}"), |hex, b| format!("{hex}{:02x}", b ^ key));
    assert_eq!(from_protected(&hex, &site()).as_deref(), Some("jane@firma.de"));
    for broken in ["", "5", "zz", "5a5a", "éé", &"5a".repeat(10_000)] {
        assert_eq!(from_protected(broken, &site()), None, "{broken:?}");
    }
}

#[test]
fn the_own_domain_may_be_a_placeholder() {
    let site = Site::new(&Url::parse("https://example.com/").unwrap());
    let found = find("info@example.com", &site);
    assert_eq!(
        found.first().map(|found| (found.position, found.email.as_str())),
        Some((4, "info@example.com"))
    );
}

#[test]
fn any_text_ends_in_time() {
    for unit in [
        "@",
        "a@",
        "a@b.",
        "[at]",
        "(dot)",
        " at a dot b",
        "\u{1f}@",
        "é@é.",
        ".@.",
    ] {
        let _ = found(&unit.repeat(50_000));
    }
}
