use super::*;

fn allowed(text: &str, path: &str) -> bool {
    let names = ["ScraperSky".to_owned()];
    let url = Url::parse(&format!("https://shop.example{path}")).unwrap();
    Robots::parse(text, &names).allows(&url)
}

/// 2.2.1: the product token matches in any case, up to the first character that is not part of a token.
#[test]
fn the_name_is_matched_in_any_case() {
    for name in [
        "ScraperSky",
        "scrapersky",
        "SCRAPERSKY",
        "ScraperSky/2.0",
        "scrapersky (bot)",
    ] {
        assert!(!allowed(&format!("User-agent: {name}\nDisallow: /"), "/a"), "{name}");
    }
    for name in ["Scraper", "ScraperSkyBot", "Sky", "Scraper Sky"] {
        assert!(allowed(&format!("User-agent: {name}\nDisallow: /"), "/a"), "{name}");
    }
}

/// 2.2.1: groups with the same crawler are combined.
#[test]
fn groups_of_one_name_are_combined() {
    let text = "User-agent: ScraperSky\nDisallow: /a\n\nUser-agent: other\nDisallow: /b\n\nUser-agent: scrapersky\nDisallow: /c\n";
    assert!(!allowed(text, "/a") && allowed(text, "/b") && !allowed(text, "/c"));
    let text = "User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /c\n";
    assert!(!allowed(text, "/a") && !allowed(text, "/c"));
}

/// 2.2.1: `*` applies to crawlers without their own group; without `*` nothing is forbidden.
#[test]
fn everyones_group_is_for_those_without_one() {
    assert!(!allowed("User-agent: *\nDisallow: /", "/"));
    assert!(allowed(
        "User-agent: *\nDisallow: /\n\nUser-agent: ScraperSky\nAllow: /",
        "/"
    ));
    assert!(allowed("User-agent: ScraperSky\n\nUser-agent: *\nDisallow: /x", "/"));
    assert!(allowed("User-agent: other\nDisallow: /", "/"));
    assert!(allowed("", "/") && allowed("# nothing", "/"));
}

/// 2.2: several names share the rules after them; empty lines and other records do not divide a group.
#[test]
fn names_above_rules_share_them() {
    for between in [
        "",
        "\n",
        "# a comment\n",
        "Crawl-delay: 1\n",
        "Sitemap: https://shop.example/s.xml\n",
        "Host: x\n",
    ] {
        let text =
            format!("User-agent: ScraperSky\n{between}User-agent: other\n{between}Disallow: /a\n{between}Disallow: /b");
        assert!(!allowed(&text, "/a") && !allowed(&text, "/b"), "{between:?}");
    }
    let text = "User-agent: ScraperSky\nDisallow: /a\nUser-agent: other\nDisallow: /b";
    assert!(allowed(text, "/b"), "a name behind rules begins another group");
}

/// 2.2: rules before any name are ignored, as are invalid lines; keys match in any case and may be surrounded by
/// blanks; CR, LF and CRLF all end a line.
#[test]
fn lines_are_read_one_by_one() {
    assert!(allowed("Disallow: /", "/"));
    let broken = "nonsense\n: /\nUser-agent: *\nDisallow\nDisallow; /b\n\u{0}\nDisallow: /c";
    assert!(allowed(broken, "/a") && allowed(broken, "/b") && !allowed(broken, "/c"));
    for end in ["\n", "\r", "\r\n"] {
        let text = format!("\u{feff} uSer-aGent \t: ScraperSky{end}{end}  DISALLOW  :  /a  # why{end}");
        assert!(!allowed(&text, "/a"), "{end:?}");
        assert!(allowed(&text, "/b"), "{end:?}");
    }
}

/// 2.2.2: matching is by octet and case-sensitive, and starts at the first octet of the path.
#[test]
fn paths_are_compared_from_their_beginning_and_by_case() {
    let text = "User-agent: *\nDisallow: /fish";
    for path in ["/fish", "/fishing", "/fish.html", "/fish/a", "/fish?b"] {
        assert!(!allowed(text, path), "{path}");
    }
    for path in ["/Fish", "/catfish", "/a/fish", "/?x=/fish"] {
        assert!(allowed(text, path), "{path}");
    }
}

/// 2.2.2: the longest match wins, in any order of the rules; of equally long ones the one that allows.
#[test]
fn the_longest_rule_decides() {
    for text in [
        "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
        "User-agent: *\nDisallow: /example/page/disallowed.gif\nAllow: /example/page/",
    ] {
        assert!(allowed(text, "/example/page/"));
        assert!(!allowed(text, "/example/page/disallowed.gif"));
    }
    assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a", "/a"));
    assert!(allowed("User-agent: *\nAllow: /a\nDisallow: /a", "/a"));
    assert!(!allowed("User-agent: *\nAllow: /\nDisallow: /*.php", "/a.php"));
    assert!(allowed("User-agent: *\nDisallow: /\nAllow: /$", "/"));
    assert!(!allowed("User-agent: *\nDisallow: /\nAllow: /$", "/a"));
}

/// 2.2.2: a rule without a path is ignored.
#[test]
fn an_empty_rule_forbids_nothing() {
    assert!(allowed("User-agent: *\nDisallow:", "/a"));
    assert!(allowed("User-agent: *\nDisallow: # all", "/a"));
    assert!(!allowed("User-agent: *\nAllow:\nDisallow: /", "/a"));
}

/// 2.2.2: robots.txt itself may always be fetched.
#[test]
fn the_file_itself_is_always_allowed() {
    assert!(allowed("User-agent: *\nDisallow: /", "/robots.txt"));
    assert!(Robots::unavailable(503).allows(&Url::parse("https://shop.example/robots.txt").unwrap()));
}

/// 2.3.1.3 and 2.3.1.4.
#[test]
fn none_allows_all_and_an_unreachable_one_nothing() {
    let url = Url::parse("https://shop.example/a").unwrap();
    assert!(Robots::absent().allows(&url));
    assert!(!Robots::unavailable(500).allows(&url));
}

/// 5.1 and 5.2: the examples of the RFC.
#[test]
fn the_examples_of_the_rfc_hold() {
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\n\
                User-Agent: quxbot\n\n";
    let allows = |name: &str, path: &str| {
        let url = Url::parse(&format!("https://shop.example{path}")).unwrap();
        Robots::parse(text, &[name.to_owned()]).allows(&url)
    };
    for (name, path, expected) in [
        ("anybot", "/a.gif", false),
        ("anybot", "/a.gif?x", true),
        ("anybot", "/example/", false),
        ("anybot", "/publications/a.gif", true),
        ("anybot", "/", true),
        ("foobot", "/", false),
        ("foobot", "/example/page.html", true),
        ("foobot", "/example/allowed.gif", true),
        ("foobot", "/example/other.html", false),
        ("barbot", "/example/page.html", false),
        ("bazbot", "/example/page.html", false),
        ("bazbot", "/a.gif", true),
        ("quxbot", "/example/", true),
    ] {
        assert_eq!(allows(name, path), expected, "{name} {path}");
    }
}

#[test]
fn a_pause_is_taken_from_our_group_and_capped() {
    let delay = |text: &str| Robots::parse(text, &["ScraperSky".to_owned()]).delay();
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    assert_eq!(delay("User-agent: *\nCrawl-delay: 1.5\nDisallow: /a"), seconds(1.5));
    assert_eq!(delay("User-agent: *\nDisallow: /a\nCrawl-delay: 86400"), seconds(10.0));
    assert_eq!(
        delay("User-agent: *\nCrawl-delay: 5\n\nUser-agent: ScraperSky\nDisallow: /a"),
        None
    );
    for nothing in ["", "x", "-1", "NaN", "1e999x"] {
        assert_eq!(
            delay(&format!("User-agent: *\nCrawl-delay: {nothing}")),
            None,
            "{nothing:?}"
        );
    }
    assert_eq!(delay("User-agent: *\nCrawl-delay: inf"), seconds(10.0));
}

#[test]
fn patterns_fit_as_the_rfc_says() {
    for (pattern, path, expected) in [
        ("/", "/a", true),
        ("/fish", "/fishing", true),
        ("/fish", "/Fish", false),
        ("/fish*", "/fish", true),
        ("/*.php", "/a/b.php?c", true),
        ("/*.php$", "/a.php", true),
        ("/*.php$", "/a.php5", false),
        ("/*.php$", "/a.php/b.php", true),
        ("/a$", "/a", true),
        ("/a$", "/ab", false),
        ("/a*$", "/ab", true),
        ("*b", "/ab", true),
        ("/a*b*c", "/a1b2c3", true),
        ("/a*b*c", "/a1c2b3", false),
        ("/a*bc$", "/abc", true),
        ("/ab*b$", "/ab", false),
        ("/$x", "/$x", true),
    ] {
        assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
    }
}

#[test]
fn the_group_by_name_counts_before_the_one_for_everyone() {
    let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: scrapersky/2.0\nDisallow: /private\n\
                Crawl-delay: 5\nAllow: /private/open\n";
    assert!(allowed(text, "/"));
    assert!(!allowed(text, "/private/a"));
    assert!(allowed(text, "/private/open/a"));
    assert!(!allowed("User-agent: *\nDisallow: /", "/"));
    assert!(allowed("User-agent: other\nDisallow: /", "/"));
    assert!(allowed(
        "User-agent: ScraperSky\nDisallow:\nUser-agent: *\nDisallow: /",
        "/"
    ));
    assert!(allowed("Disallow: /", "/"));
    assert!(allowed("User-agent: *\nDisallow: /a\nAllow: /a", "/a"));
    assert!(!allowed("\u{feff}user-agent:*\r\ndisallow:/\r\n", "/"));
}

#[test]
fn encoded_paths_are_compared_by_what_they_mean() {
    let text = "User-agent: *\nDisallow: /caf%c3%a9\nDisallow: /straße\nDisallow: /%7Eann\nDisallow: /a%2fb";
    for path in ["/caf%C3%A9", "/café", "/stra%c3%9fe", "/~ann", "/%7eann", "/a%2Fb"] {
        assert!(!allowed(text, path), "{path}");
    }
    assert!(allowed(text, "/a/b"));
    assert_eq!(normalised("/%zz%4"), "/%zz%4");
}

#[test]
fn sitemaps_and_the_text_are_kept() {
    let text = "Sitemap: https://shop.example/a.xml\nUser-agent: *\nSitemap: /b.xml # here\nDisallow: /c";
    let robots = Robots::parse(text, &[]);
    assert_eq!(robots.sitemaps(), ["https://shop.example/a.xml", "/b.xml"]);
    assert_eq!(robots.text(), Some(text));
    assert!(!allowed(text, "/c"), "a sitemap does not end a group");
}

#[test]
fn a_hostile_file_ends_soon_and_stays_small() {
    let stars = format!(
        "User-agent: *\n{}",
        format!("Disallow: /{}b\n", "*a".repeat(8000)).repeat(30)
    );
    let lines = format!("User-agent: *\n{}", "Disallow: /*b\n".repeat(36_000));
    let long = format!("User-agent: *\nDisallow: /{}\nDisallow: /x\n", "é".repeat(100_000));
    for text in [&stars, &lines, &long] {
        assert!(allowed(text, &format!("/{}", "a".repeat(4000))));
        assert!(Robots::parse(text, &[]).weight() < 2 * MAX_ROBOTS);
    }
    assert!(!allowed(&long, "/x"));
}

#[test]
fn a_product_is_the_first_word() {
    assert_eq!(product("ScraperSky/0.1 (a)"), "ScraperSky");
    assert_eq!((product("a-b_c"), product("")), ("a-b_c", ""));
}

/// 2.2.3: a character that is special in a pattern is meant where it is percent-encoded.
#[test]
fn encoded_special_characters_are_themselves() {
    for (rule, path, expected) in [
        ("/a%2Ab", "/a*b", false),
        ("/a%2ab", "/a%2Ab", false),
        ("/a%2Ab", "/axb", true),
        ("/a*b", "/a*b", false),
        ("/price%24", "/price$", false),
        ("/price%24", "/price", true),
        ("/price%24", "/price$/a", false),
        ("/price$", "/price$", true),
        ("/a$b", "/a$b", false),
        ("/a$b", "/a", true),
    ] {
        let text = format!("User-agent: *\nDisallow: {rule}");
        assert_eq!(allowed(&text, path), expected, "{rule} {path}");
    }
}

/// Beyond the RFC: what an owner means who misspells it.
#[test]
fn misspelled_rules_are_kept() {
    for text in [
        "User-agent: *\nDisallow /a",
        "user agent: *\nDissallow: /a",
        "Useragent *\nDiasllow: a",
        "\u{feff}\u{feff}User-agent: *\nDisallow: https://shop.example/a",
    ] {
        assert!(!allowed(text, "/a") && allowed(text, "/b"), "{text}");
    }
}

#[test]
fn utf_16_is_read() {
    let text = "User-agent: *\nDisallow: /a";
    for with_mark in [true, false] {
        for little in [true, false] {
            let mark = if with_mark { "\u{feff}" } else { "" };
            let units = format!("{mark}{text}");
            let bytes: Vec<u8> = units
                .encode_utf16()
                .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
                .collect();
            assert_eq!(text_of(&bytes), text, "{with_mark} {little}");
        }
    }
    assert_eq!(text_of(text.as_bytes()), text);
    assert_eq!(text_of(b""), "");
}
