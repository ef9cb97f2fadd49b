//! Whole pages from `fixtures/pages`, each compared with its snapshot.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::json;
use url::Url;

use super::*;
use crate::html::{Limits, parse};

/// The rules that ship with the program.
pub(super) static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::standard().unwrap());

fn extract_from(html: &str, url: &str, headers: &[(&str, &str)]) -> SiteMetadata {
    let document = parse(html, &Limits::default()).unwrap();
    let final_url = Url::parse(url).unwrap();
    extract(
        &document,
        &PageContext {
            final_url: &final_url,
            headers,
            rules: &RULES,
        },
    )
}

fn fixture(name: &str, url: &str) -> SiteMetadata {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pages").join(name);
    extract_from(&std::fs::read_to_string(path).unwrap(), url, &[])
}

macro_rules! fixtures {
    ($($name:ident: $url:literal,)*) => {
        $(#[test]
        fn $name() {
            insta::assert_json_snapshot!(fixture(concat!(stringify!($name), ".html"), $url));
        })*
    };
}

fixtures! {
    arabic: "https://albayt.ae/",
    bare: "http://plain.test/",
    broken: "http://www.joesgarage.com/",
    decoys: "https://decoys.test/",
    drupal_us: "https://springfield.il.us/",
    imprint_german: "https://www.mueller-soehne.de/impressum",
    japanese: "http://www.yamada-ss.co.jp/",
    restaurant_french: "https://chez-leon.fr/",
    shopify: "https://beanleaf.test/",
    spa_shell: "https://app.flowly.com/",
    wix: "https://www.cornerdentist.co.uk/",
    wordpress_shop: "https://www.holzwerk.test/",
}

#[test]
fn the_contract_shows_exactly_its_fields() {
    let emails = (1..=7).map(|i| format!("m{i}@firma.de")).collect::<Vec<_>>().join(" ");
    let phones = (1..=5)
        .map(|i| format!("+49 30 90182{i}"))
        .collect::<Vec<_>>()
        .join(", ");
    let metadata = extract_from(
        &format!("<title>T</title><p>{emails}<p>{phones}"),
        "https://firma.de/",
        &[],
    );
    assert_eq!(metadata.emails.len(), 7);
    assert_eq!(metadata.phones.len(), 5);
    assert_eq!(
        serde_json::to_value(metadata.contract()).unwrap(),
        json!({
            "title": "T", "description": null, "language": null, "is_wordpress": false, "wordpress_version": null,
            "has_elementor": false, "favicon_url": null, "logo_url": null,
            "contact_info": {
                "email": ["m1@firma.de", "m2@firma.de", "m3@firma.de", "m4@firma.de", "m5@firma.de"],
                "phone": ["+49 30 901821", "+49 30 901822", "+49 30 901823"],
                "numbers": (1..=5)
                    .map(|i| json!({"number": format!("+49 30 90182{i}"), "kind": "voice"}))
                    .collect::<Vec<_>>(),
            },
            "social_links": {"facebook": null, "twitter": null, "linkedin": null, "instagram": null, "youtube": null},
            "tech_stack": {"cms": [], "frameworks": [], "analytics": [], "widgets": []},
            "performance": {
                "image_count": 0, "script_count": 0, "css_count": 0, "form_count": 0, "link_count": 0, "total_elements": 6,
            },
        })
    );
}

#[test]
fn headers_are_evidence() {
    let metadata = extract_from(
        "<p>x",
        "https://acme.test/",
        &[
            ("Content-Language", "pt_BR"),
            ("Link", "<https://acme.test/wp-json/>; rel=\"https://api.w.org/\""),
            ("X-Powered-By", "Next.js"),
        ],
    );
    assert_eq!(metadata.language.as_deref(), Some("pt-BR"));
    assert!(metadata.wordpress.is_wordpress);
    assert_eq!(metadata.tech_stack.cms, ["WordPress"]);
    assert_eq!(metadata.tech_stack.frameworks, ["Next.js", "React"]);
}

#[test]
fn no_stored_string_contains_a_nul_character() {
    let metadata = extract_from(
        "<title>a\0b&#0;</title><meta name=description content='x\0y'><script type='application/ld+json'>\
         {\"telephone\": \"\\u0000+49 30 901820\", \"address\": \"Street\\u0000 1\", \"logo\": \"/l\\u0000.png\", \"email\": \"a\\u0000@firma.de\"}\
         </script><p>a\0@firma.de",
        "https://firma.de/",
        &[("Content-Language", "de\0")],
    );
    assert!(!serde_json::to_string(&metadata).unwrap().contains("\\u0000"));
}

#[test]
fn a_truncated_page_is_marked_and_keeps_its_head() {
    let html = format!("<title>Kept</title><p>info@firma.de{}", "<div>".repeat(10_000));
    let metadata = extract_from(&html, "https://firma.de/", &[]);
    assert!(metadata.is_truncated);
    assert_eq!(metadata.title.as_deref(), Some("Kept"));
    assert_eq!(metadata.emails, ["info@firma.de"]);
}

#[test]
fn long_values_are_bounded() {
    let long = "x".repeat(100_000);
    let metadata = extract_from(
        &format!(
            "<html lang={long}><title>{long}</title><meta name=description content='{long}'><link rel=icon href='/{long}'>"
        ),
        "https://firma.de/",
        &[],
    );
    assert_eq!(metadata.title.map(|title| title.len()), Some(500));
    assert_eq!(metadata.description.map(|description| description.len()), Some(2_000));
    assert_eq!((metadata.language, metadata.favicon_url), (None, None));
}

#[test]
fn numbers_are_read_from_markup_that_declares_them() {
    for (html, expected) in [
        ("<a href='Tel:+49-30-901820'>call", "+49 30 901820"),
        ("<a href='callto://+4930901820'>call", "+49 30 901820"),
        ("<a href='https://wa.me/4930901820'>chat", "+49 30 901820"),
        ("<span itemprop=telephone>030 901820</span>", "+49 30 901820"),
        ("<meta itemprop=telephone content='030 901820'>", "+49 30 901820"),
        ("<span property='schema:telephone'>030 901820</span>", "+49 30 901820"),
        ("<span class=tel>030 901820</span>", "+49 30 901820"),
        ("<p>Tel. <b>030</b> <i>90</i><i>1820</i>", "+49 30 901820"),
        ("<i class='fa fa-phone'></i> 030 901820", "+49 30 901820"),
        (
            "<button onclick=\"location.href='tel:030901820'\">call",
            "+49 30 901820",
        ),
        ("<button data-phone='030 901820'>show", "+49 30 901820"),
        (
            "<script type='application/ld+json'>{\"telephone\": 4930901820}</script>",
            "+49 30 901820",
        ),
    ] {
        assert_eq!(extract_from(html, "https://acme.de/", &[]).phones, [expected], "{html}");
    }
    for html in [
        "<a href='tel:+4930901820'>Fax: 030 901820</a>",
        "Fax: <a href='tel:+4930901820'>030 901820</a>",
        "<dl><dt>Fax</dt><dd><a href='tel:030901820'>030 901820</a></dd></dl>",
        "<span itemprop=faxNumber>030 901820</span>",
        "<i class='fa fa-fax'></i> <a href='tel:030901820'>030 901820</a>",
        "<a href='fax:+4930901820'>send</a>",
        "<a href='tel:+4930901820' aria-label='Fax'>+49 30 901820</a>",
        "<a href='data:text/vcard,TEL;TYPE=FAX:%2B49%2030%20901820'>card</a>",
        "<script type='application/ld+json'>{\"faxNumber\": \"030 901820\"}</script>",
    ] {
        let found = extract_from(html, "https://acme.de/", &[]);
        assert_eq!(found.phones, [""; 0], "{html}");
        let kinds: Vec<PhoneKind> = found.phone_numbers.iter().map(|phone| phone.kind).collect();
        assert_eq!(kinds, [PhoneKind::Fax], "{html}");
    }
}

#[test]
fn the_business_has_its_own_profiles() {
    let facebook = |html: &str| extract_from(html, "https://acme.test/", &[]).social_links.facebook;
    for html in [
        "<a href='https://www.facebook.com/acme'>f</a>",
        "<footer>Website by <a href='https://www.facebook.com/studio'>Studio</a></footer><a href='//facebook.com/acme'>f</a>",
        "<a href='https://www.facebook.com/studio'>Webdesign: Studio</a><p><a href='//facebook.com/acme'>f</a>",
        "<a href='https://www.facebook.com/partner'>p</a><div class=fb-page data-href='https://www.facebook.com/acme'></div>",
        "<a href='https://www.facebook.com/partner'>p</a><script type='application/ld+json'>\
         {\"@type\": \"Hotel\", \"sameAs\": \"https://www.facebook.com/acme\"}</script>",
        "<iframe src='https://www.facebook.com/plugins/page.php?href=https%3A%2F%2Ffacebook.com%2Facme'></iframe>",
        "<map><area href='https://www.facebook.com/acme'></map>",
        "<button onclick=\"window.open('https://www.facebook.com/acme')\">f</button>",
        "<meta property='article:publisher' content='https://www.facebook.com/acme'>",
        "<a rel=author href='https://www.facebook.com/jane'>j</a><a href='https://www.facebook.com/acme'>f</a>",
        "<a href='https://www.facebook.com/wix'>w</a><a href='https://www.facebook.com/acme'>f</a>",
        "<a rel='external nofollow ugc' class=url href='https://www.facebook.com/jane'>j</a><a href='//facebook.com/acme'>f</a>",
        "<a rel='external nofollow' class=url href='https://www.facebook.com/jane'>j</a><a href='//facebook.com/acme'>f</a>",
    ] {
        assert_eq!(
            facebook(html).as_deref(),
            Some("https://www.facebook.com/acme"),
            "{html}"
        );
    }
    let found = extract_from(
        "<meta name='twitter:site' content='@acme'><a href='https://x.com/jane'>j</a><a href='whatsapp://send?phone=4930901820'>w</a>",
        "https://acme.test/",
        &[],
    );
    assert_eq!(found.social_links.twitter.as_deref(), Some("https://twitter.com/acme"));
    assert_eq!(found.social_links.others["whatsapp"], "https://wa.me/4930901820");
    assert_eq!(found.phones, ["+49 30 901820"]);
    let post = "<blockquote class=instagram-media><a href='https://www.instagram.com/jane/?utm_source=ig_embed&amp;utm_medium=loading'>\
                Jane</a></blockquote>";
    let found = extract_from(post, "https://acme.test/", &[]);
    assert_eq!(found.social_links.instagram, None);
}

#[test]
fn hidden_addresses_are_read() {
    for html in [
        "<joomla-hidden-mail first='aW5mbw==' last='ZmlybWEuZGU='>hidden</joomla-hidden-mail>",
        "<script>var p = '&#105;nfo' + '&#64;'; p = p + 'firma&#46;de'; document.write('<a href=\"' + p + '\">' + p + '</a>')</script>",
        "<a href='#' data-mailto-token='ocknvq,kphqBhktoc0fg' data-mailto-vector='2'>write</a>",
        "<a href=\"javascript:linkTo_UnCryptMailto('ocknvq,kphqBhktoc0fg')\">write</a>",
        "<a href='javascript:;' data-enc-email='vasb[at]svezn.qr'>write</a>",
        "<a href='#' onclick=\"location.href='mai' + 'lto:info' + '@' + 'firma.de'\">write</a>",
        "<a href=\"javascript:sendMail('info', 'firma.de')\">write</a>",
        "<a href=\"javascript:__eae_open('>2:=E@i:?7@o7:C>2]56')\">write</a>",
        "<a href=\"javascript:DeCryptX('nbjmup;jogpAgjsnb/ef')\">write</a>",
        "<a href='#' data-name=info data-domain=firma data-tld=de>write</a>",
        "<noscript><p>Write to info&#64;firma.de</p></noscript>",
        "<span class=u>info</span><img alt=at src=at.png><span class=d>firma.de</span>",
        "<a href='info@firma.de'>write</a>",
    ] {
        assert_eq!(
            extract_from(html, "https://acme.test/", &[]).emails,
            ["info@firma.de"],
            "{html}"
        );
    }
    for html in [
        "<script>var settings = {'mail': 'info@firma.de'}</script>",
        "<noscript>Please enable JavaScript or ask info@firma.de</noscript>",
    ] {
        assert_eq!(extract_from(html, "https://acme.test/", &[]).emails, [""; 0], "{html}");
    }
}

#[test]
fn the_policies_of_services_and_software_are_not_the_sites_own() {
    for (html, is_own) in [
        ("<a href='/privacy'>Privacy</a>", true),
        ("<a href='/p/7'>Datenschutz</a>", true),
        ("<a href='https://legal-pages.test/acme/privacy'>Privacy</a>", true),
        ("<a href='https://policies.google.com/privacy'>Privacy</a>", false),
        (
            "<a href='https://wordpress.org/about/privacy/'>Privacy at WordPress</a>",
            false,
        ),
        ("<a href='https://www.paypal.com/privacy'>PayPal</a>", false),
    ] {
        let found = extract_from(html, "https://acme.test/", &[]);
        assert_eq!(found.has_privacy_policy, is_own, "{html}");
    }
}

#[test]
fn addresses_of_others_come_after_the_sites_own() {
    let found = extract_from(
        "<footer>Website by <a href='mailto:hello@studio.de'>Studio</a></footer><p>acme@gmail.com<p>info@acme.de",
        "https://acme.de/",
        &[],
    );
    assert_eq!(found.emails, ["info@acme.de", "acme@gmail.com", "hello@studio.de"]);
}

/// The pages with most facts.
const FULL: [(&str, &str); 5] = [
    ("drupal_us.html", "https://springfield.il.us/"),
    ("imprint_german.html", "https://www.mueller-soehne.de/impressum"),
    ("restaurant_french.html", "https://chez-leon.fr/"),
    ("shopify.html", "https://beanleaf.test/"),
    ("wordpress_shop.html", "https://www.holzwerk.test/"),
];

#[test]
fn each_value_of_a_page_has_a_proof() {
    for (name, url) in FULL {
        let found = fixture(name, url);
        let mut values: Vec<(Fact, &str)> = Vec::new();
        let texts = [
            (Fact::Title, &found.title),
            (Fact::Description, &found.description),
            (Fact::Language, &found.language),
            (Fact::Favicon, &found.favicon_url),
            (Fact::Logo, &found.logo_url),
            (Fact::CopyrightYear, &found.copyright_year),
            (Fact::BusinessName, &found.business.name),
            (Fact::Theme, &found.wordpress.theme),
            (Fact::Analytics, &found.google_analytics_id),
            (Fact::TagManager, &found.google_tag_manager_id),
            (Fact::Profile, &found.social_links.facebook),
            (Fact::Profile, &found.social_links.instagram),
        ];
        values.extend(texts.iter().filter_map(|(fact, text)| Some((*fact, text.as_deref()?))));
        for (fact, list) in [
            (Fact::Email, &found.emails),
            (Fact::Phone, &found.phones),
            (Fact::Address, &found.addresses),
            (Fact::Feed, &found.feed_urls),
            (Fact::Payment, &found.payment_methods),
        ] {
            values.extend(list.iter().map(|value| (fact, value.as_str())));
        }
        for (fact, is_there) in [
            (Fact::CookieNotice, found.has_cookie_notice),
            (Fact::PrivacyPolicy, found.has_privacy_policy),
            (Fact::Viewport, found.has_viewport),
            (Fact::Shop, found.has_ecommerce),
        ] {
            values.extend(is_there.then_some((fact, "true")));
        }
        assert!(values.len() >= 5, "{name}: {values:?}");
        for (fact, value) in values {
            let proof = found.proofs.find(fact, value);
            let proof = proof.unwrap_or_else(|| panic!("{name}: nothing tells {fact:?} {value}"));
            let snippet = &proof.evidence.snippet;
            assert!(
                !snippet.is_empty() && snippet.chars().count() <= 200,
                "{name}: {proof:?}"
            );
            assert_eq!(proof.evidence.url.as_deref(), Some(url), "{name}: {proof:?}");
        }
    }
}
