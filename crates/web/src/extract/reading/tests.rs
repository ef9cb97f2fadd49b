use super::*;
use crate::extract::tests::RULES;

fn read(page: &str) -> PageReading {
    let url = Url::parse("https://www.firma.de/kontakt/").unwrap();
    read_tree(&Html::parse_document(page), &url, &RULES)
}

fn emails(page: &str) -> Vec<(String, Spelling)> {
    let contacts = read(page).contacts;
    contacts
        .into_iter()
        .map(|contact| (contact.email, contact.spelling))
        .collect()
}

#[test]
fn every_spelling_is_read() {
    let key = 0x5a_u8;
    let protected = "jane@firma.de"
        .bytes()
        .fold(format!("{key:02x}"), |hex, b| format!("{hex}{:02x}", b ^ key));
    for (page, spelling) in [
        ("<p>Write to jane@firma.de!".to_owned(), Spelling::Text),
        ("<p>jane&#64;firma&period;de".to_owned(), Spelling::Text),
        ("<p>ja\u{200b}ne@fir\u{ad}ma.de".to_owned(), Spelling::Text),
        ("<p>j<b>ane</b>@firma<span>.de</span>".to_owned().replace("j<b>ane</b>", "jane"), Spelling::Text),
        ("<p>jane [at] firma [punkt] de".to_owned(), Spelling::Words),
        ("<a href='mailto:Jane@firma.de?subject=Hi'>Write</a>".to_owned(), Spelling::Mailto),
        (format!("<a class=__cf_email__ data-cfemail={protected}>[email&#160;protected]</a>"), Spelling::Protected),
        (format!("<a href='/cdn-cgi/l/email-protection#{protected}'>Write</a>"), Spelling::Protected),
        (
            "<script type='application/ld+json'>{\"@type\":\"Organization\",\"email\":\"jane@firma.de\"}</script>".to_owned(),
            Spelling::Structured,
        ),
        ("<span itemprop=email content='jane@firma.de'></span>".to_owned(), Spelling::Structured),
        ("<p style='unicode-bidi: bidi-override; direction: rtl'>ed.amrif@enaj</p>".to_owned(), Spelling::Reversed),
        ("<p>Mail: <bdo dir=rtl>ed.amrif@enaj</bdo>".to_owned(), Spelling::Reversed),
        (
            "<style>a{} .x, span.turn { direction:rtl; unicode-bidi:bidi-override }</style><span class='b turn'>ed.amrif@enaj</span>".to_owned(),
            Spelling::Reversed,
        ),
        ("<span data-email='jane@firma.de'></span>".to_owned(), Spelling::Attribute),
        ("<span data-mail='ed.amrif@enaj'></span>".to_owned(), Spelling::Attribute),
        ("<span data-contact='jane (at) firma.de'></span>".to_owned(), Spelling::Attribute),
        ("<a data-user=jane data-domain=firma.de></a>".to_owned(), Spelling::Attribute),
        ("<a data-user=jane data-domain=firma data-tld=de></a>".to_owned(), Spelling::Attribute),
        (
            "<a href='data:text/vcard;charset=utf-8,BEGIN%3AVCARD%0AFN%3AJane%20Doe%0AEMAIL%3Ajane%40firma.de%0AEND%3AVCARD'>Card</a>".to_owned(),
            Spelling::VCard,
        ),
    ] {
        assert_eq!(emails(&page), [("jane@firma.de".to_owned(), spelling)], "{page}");
    }
    assert_eq!(
        emails("<p>post@bücher.de"),
        [("post@xn--bcher-kva.de".to_owned(), Spelling::Text)]
    );
}

#[test]
fn decoys_are_skipped() {
    for page in [
        "<img src='logo@2x.png' data-src='hero@3x.jpg'>",
        "<script data-domain='firma.de' data-user='x'></script><p data-package='react@18.2.0'>",
        "<p>name@example.com, you@handel.de",
        "<p data-email='name@nowhere.notatld'>x@y.z",
        "<input placeholder='name@firma.de' value='your@mail.de'>",
        "<!-- hidden@firma.de --><style>.a{content:'css@firma.de'}</style><script>var a='js@firma.de'</script>",
        "<p>ed.amrif@enaj",
        "<textarea>typed@firma.de</textarea>",
    ] {
        assert_eq!(emails(page), [], "{page}");
    }
}

#[test]
fn an_address_is_returned_once_with_its_context() {
    let page = format!(
        "<title>Contact</title><p>{}</p><p>You can write to <a href='mailto:jane.doe@firma.de'>Jane Doe, Head of Sales</a>: jane.doe@firma.de, \
         or call us at any time between nine and five o'clock on workdays, please.</p>",
        "words ".repeat(50)
    );
    let contacts = read(&page).contacts;
    assert_eq!(contacts.len(), 1);
    let jane = &contacts[0];
    assert_eq!(
        (jane.email.as_str(), jane.spelling),
        ("jane.doe@firma.de", Spelling::Mailto)
    );
    let context = jane.context.as_deref().unwrap();
    let (before, behind) = context.split_once("jane.doe@firma.de").unwrap();
    assert!((40..=60).contains(&before.chars().count()), "{context}");
    assert!((40..=70).contains(&behind.chars().count()), "{context}");
    assert_eq!(
        (jane.name.as_deref(), jane.role.as_deref()),
        (Some("Jane Doe"), Some("Head of Sales"))
    );
}

#[test]
fn structured_data_names_the_owner_of_an_address() {
    let page = "<script type='application/ld+json'>{\"@type\":\"Organization\",\"employee\":[{\"@type\":\"Person\",\"name\":\"Jane Doe\",\
                \"jobTitle\":\"Owner\",\"email\":\"mailto:jd@firma.de\"}]}</script>";
    let contacts = read(page).contacts;
    assert_eq!(
        (contacts[0].name.as_deref(), contacts[0].role.as_deref()),
        (Some("Jane Doe"), Some("Owner"))
    );
}

#[test]
fn the_facts_and_links_of_a_page_are_read() {
    let page = read(
        "<title>Kontakt</title><meta name=description content='Write'><meta name=robots content='noindex, nofollow'>\
         <link rel=canonical href='/kontakt'><h1>Write <i>to</i> us</h1><div itemscope itemtype='https://schema.org/LocalBusiness'></div>\
         <a href='/team#top'>The <b>team</b></a><a href='/team'>again</a><a rel='nofollow' href='https://other.de/'>x</a>\
         <a href='mailto:a@firma.de'>m</a><a href='javascript:x()'>j</a><a href='#a'>a</a>\
         <form><input type=email name=e><textarea name=m></textarea></form><ol class='comment-list'></ol>",
    );
    assert_eq!(page.title.as_deref(), Some("Kontakt"));
    assert_eq!(page.h1.as_deref(), Some("Write to us"));
    assert_eq!(page.canonical_url.as_deref(), Some("https://www.firma.de/kontakt"));
    assert_eq!(page.meta_robots.as_deref(), Some("noindex, nofollow"));
    assert_eq!(page.schema_types, ["LocalBusiness"]);
    assert!(page.has_contact_form && page.has_comments && page.word_count >= 5);
    let links: Vec<_> = page
        .links
        .iter()
        .map(|link| (link.url.as_str(), link.text.as_str(), link.nofollow))
        .collect();
    assert_eq!(
        links,
        [
            ("https://www.firma.de/team", "The team", false),
            ("https://other.de/", "x", true)
        ]
    );
    assert!(!read("<form><input type=email><button>Subscribe</button></form>").has_contact_form);
}

#[test]
fn pages_with_the_same_content_have_the_same_fingerprint() {
    let hash = |page| read(page).fingerprint;
    assert_eq!(
        hash("<p>One  two<p>a@firma.de"),
        hash("<div class=x>One two</div><p>a@firma.de")
    );
    assert_ne!(hash("<p>One two"), hash("<p>One three"));
    assert_ne!(
        hash("<a href='mailto:a@firma.de'>Mail</a>"),
        hash("<a href='mailto:b@firma.de'>Mail</a>")
    );
}

#[test]
fn a_card_is_read_as_a_page() {
    let url = Url::parse("https://www.firma.de/jane.vcf").unwrap();
    let page = read_card(
        "BEGIN:VCARD\nFN:Jane Doe\nTITLE:Owner\nEMAIL:jane@firma.de\nEND:VCARD",
        &url,
    );
    let jane = &page.contacts[0];
    assert_eq!((jane.email.as_str(), jane.spelling), ("jane@firma.de", Spelling::VCard));
    assert_eq!(
        (jane.name.as_deref(), jane.role.as_deref()),
        (Some("Jane Doe"), Some("Owner"))
    );
    assert!(jane.context.as_deref().unwrap().contains("EMAIL:jane@firma.de"));
}
