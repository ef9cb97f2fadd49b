use super::*;

/// The SQL function `scrapersky.standard_domain`, with its regular expressions.
fn by_the_database(spelled: &str) -> String {
    let replace =
        |text: &str, pattern: &str, with: &str| regex::Regex::new(pattern).unwrap().replace(text, with).into_owned();
    let text = spelled.trim_matches([' ', '\t', '\r', '\n']).to_lowercase();
    let text = replace(&text, r"^[a-z][a-z0-9+.-]*://", "");
    let text = replace(&text, r"[/?#].*$", "");
    let text = replace(&text, r"^.*@", "");
    replace(&text, r"^(?:www\.)?(.*?)(?::[0-9]*)?\.?$", "$1")
}

const ORDINARY: [(&str, &str); 16] = [
    ("example.com", "example.com"),
    ("  Example.COM \r\n", "example.com"),
    ("www.example.com", "example.com"),
    ("WWW.Example.com.", "example.com"),
    ("http://example.com/x?y", "example.com"),
    ("https://user:pass@www.example.com:8443/a/b?c=d#e", "example.com"),
    ("https://example.com?x=https://other.org/", "example.com"),
    ("example.com:80", "example.com"),
    ("example.com:", "example.com"),
    ("example.com#top", "example.com"),
    ("ftp://files.example.co.uk/pub", "files.example.co.uk"),
    ("wwwidgets.com", "wwwidgets.com"),
    ("shop.test", "shop.test"),
    ("a-b.c--d.de", "a-b.c--d.de"),
    ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
    ("info@example.com", "example.com"),
];

#[test]
fn ordinary_spellings_are_standardised_as_the_database_does() {
    for (spelled, expected) in ORDINARY {
        assert_eq!(DomainName::parse(spelled).unwrap().as_str(), expected, "{spelled:?}");
        assert_eq!(by_the_database(spelled), expected, "{spelled:?}");
    }
}

#[test]
fn other_spellings_are_standardised() {
    for (spelled, expected) in [
        ("München.de", "xn--mnchen-3ya.de"),
        ("http://WWW.MÜNCHEN.DE/", "xn--mnchen-3ya.de"),
        ("例え。テスト。jp", "xn--r8jz45g.xn--zckzah.jp"),
        ("//example.com/path", "example.com"),
        ("www.www.example.com", "example.com"),
        ("www.com", "www.com"),
        ("www.co.uk", "www.co.uk"),
        ("github.io", "github.io"),
        ("someone.github.io", "someone.github.io"),
        ("name.notinthelist", "name.notinthelist"),
        ("mailto:info@example.com", "example.com"),
    ] {
        assert_eq!(DomainName::parse(spelled).unwrap().as_str(), expected, "{spelled:?}");
    }
}

#[test]
fn what_is_no_public_host_is_refused_with_its_reason() {
    let long_label = "a".repeat(64) + ".com";
    let long_name = "abcdefghi.".repeat(26) + "com";
    for (spelled, reason) in [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("https://", "it is empty"),
        (".", "it is empty"),
        ("exa mple.com", "a host name cannot contain ' '"),
        ("exa\0mple.com", "a host name cannot contain '\\0'"),
        ("my_shop.example.com", "a host name cannot contain '_'"),
        ("ex%61mple.com", "a host name cannot contain '%'"),
        ("<script>.com", "a host name cannot contain '<'"),
        ("example.com:http", "a host name cannot contain ':'"),
        (
            "example..com",
            "there is nothing between two of its dots, or before the first",
        ),
        (
            ".example.com",
            "there is nothing between two of its dots, or before the first",
        ),
        ("-example.com", "its part `-example` starts or ends with a hyphen"),
        ("localhost", "it has no dot, so it names no public host"),
        ("localhost:8080", "it has no dot, so it names no public host"),
        ("com", "it has no dot, so it names no public host"),
        ("127.0.0.1", "it is an IP address; expected a host name"),
        ("http://127.1:80/", "it is an IP address; expected a host name"),
        ("0x7f.1", "it is an IP address; expected a host name"),
        ("2130706433", "it is an IP address; expected a host name"),
        ("999.999.999.999", "it is an IP address; expected a host name"),
        ("[::1]", "it is an IP address; expected a host name"),
        ("::1", "it is an IP address; expected a host name"),
        (
            "http://[::ffff:127.0.0.1]:80/",
            "it is an IP address; expected a host name",
        ),
        ("co.uk", "it is a public suffix, under which domains are registered"),
        (
            "https://com.au/",
            "it is a public suffix, under which domains are registered",
        ),
        ("printer.local", "names under .local are not public"),
        ("db.internal", "names under .internal are not public"),
        ("1.0.0.127.in-addr.arpa", "names under .arpa are not public"),
        ("x.localhost", "names under .localhost are not public"),
        ("abc.onion", "onion services are not reachable from here"),
        (long_name.as_str(), "it is longer than 253 characters"),
    ] {
        let error = DomainName::parse(spelled).unwrap_err();
        assert_eq!(error.reason.to_string(), reason, "{spelled:?}");
    }
    assert!(matches!(
        DomainName::parse(&long_label).unwrap_err().reason,
        Reason::LongLabel(_)
    ));
}

#[test]
fn an_error_names_the_input_in_one_sentence() {
    let error = DomainName::parse("exa mple\n.com").unwrap_err();
    assert_eq!(
        error.to_string(),
        r"`exa mple\n.com` is not a domain that can be scanned: a host name cannot contain ' '"
    );
    assert!(DomainName::parse(&"ß".repeat(100_000)).unwrap_err().to_string().len() < 300);
}

#[test]
fn standardising_twice_changes_nothing() {
    let parts = [
        "www.", "WWW.", "", "http://", "a", "ü", ".", "co.uk", "com", ":80", "/x", "@", "-", "xn--", "。", " ",
    ];
    let mut accepted = 0;
    for a in parts {
        for b in parts {
            for c in parts {
                for d in parts {
                    let spelled = [a, b, c, d].concat();
                    if let Ok(name) = DomainName::parse(&spelled) {
                        accepted += 1;
                        assert_eq!(DomainName::parse(name.as_str()).as_ref(), Ok(&name), "{spelled:?}");
                        assert_eq!(
                            DomainName::parse(&format!("https://{name}:443/x?y#z")).as_ref(),
                            Ok(&name)
                        );
                    }
                }
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn the_registrable_part_is_known() {
    let registrable = |name: &str| DomainName::parse(name).unwrap().registrable().to_owned();
    assert_eq!(registrable("shop.example.co.uk"), "example.co.uk");
    assert_eq!(registrable("me.github.io"), "me.github.io");
    assert_eq!(registrable("github.io"), "github.io");
    assert_eq!(registrable("a.b.shop.test"), "shop.test");
}

#[test]
fn names_for_tests_are_told_by_their_end() {
    for (name, expected) in [
        ("shop.test", true),
        ("a.b.TEST", true),
        ("test.de", false),
        ("latest", false),
    ] {
        assert_eq!(is_for_tests(name), expected, "{name}");
    }
}
