//! The type of an address, and the confidence that it is one.

use std::collections::HashSet;
use std::sync::LazyLock;

use database::models::enums::EmailType;
use web::extract::FoundContact;
use web::extract::Spelling;
use web::names::registrable;

/// Local parts of role addresses. Clients of the v1 contract know addresses of this type as `service`.
static SERVICE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("roles.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// Domains of free mailbox providers.
const FREE: &[&str] = &[
    "126.com",
    "163.com",
    "abv.bg",
    "aim.com",
    "alice.it",
    "aol.com",
    "aon.at",
    "arcor.de",
    "att.net",
    "bbox.fr",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "chello.at",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "ezweb.ne.jp",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "gmail.com",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hispeed.ch",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "nifty.com",
    "ntlworld.com",
    "numericable.fr",
    "o2.pl",
    "onet.pl",
    "op.pl",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "pm.me",
    "poczta.onet.pl",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "runbox.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "skynet.be",
    "sky.com",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "tuta.io",
    "tutanota.com",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "vodafone.it",
    "walla.co.il",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xtra.co.nz",
    "ymail.com",
    "zeelandnet.nl",
    "ziggo.nl",
    "zoho.com",
];

/// Providers with domains under many top-level domains.
const FREE_EVERYWHERE: [&str; 7] = ["gmx", "hotmail", "live", "outlook", "rocketmail", "yahoo", "yandex"];

/// Returns the type of an address found on the site of `domain`; both must be in lower case.
pub(super) fn of(email: &str, domain: &str) -> EmailType {
    let (local, host) = email.split_once('@').unwrap_or((email, ""));
    let local = local.split('+').next().unwrap_or_default();
    let owner = registrable(host);
    if is_service(local) {
        EmailType::Service
    } else if owner == registrable(domain) {
        EmailType::Corporate
    } else if is_free(host, owner) {
        EmailType::Free
    } else {
        EmailType::Unknown
    }
}

/// Returns whether a local part names a role, as a whole or by its first word, as in `info-berlin` and `praxis.nord`.
fn is_service(local: &str) -> bool {
    let first = local.split(['.', '-', '_']).next().unwrap_or_default();
    [local, first]
        .iter()
        .map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit()))
        .any(|name| SERVICE.contains(name))
}

fn is_free(host: &str, owner: &str) -> bool {
    let brand = owner.split('.').next().unwrap_or_default();
    FREE.contains(&host) || FREE.contains(&owner) || FREE_EVERYWHERE.contains(&brand)
}

/// Returns whether a mailbox is at Gmail.
pub(super) fn is_gmail(email: &str) -> bool {
    email.ends_with("@gmail.com") || email.ends_with("@googlemail.com")
}

/// Returns the confidence, 0 to 100, that a contact found on the site of `domain` is an address of its business.
///
/// An address written for programs is certainly meant as one; an address assembled from parts may not be. A contact
/// page makes it more likely. Addresses of other domains rank below all of the site's own, and those of the site's
/// makers below both.
pub(super) fn confidence(found: &FoundContact, kind: EmailType, domain: &str, is_contact_page: bool) -> i16 {
    let base = match found.spelling {
        Spelling::Mailto | Spelling::Structured | Spelling::VCard => 90,
        Spelling::Text | Spelling::Protected => 85,
        Spelling::Words => 75,
        Spelling::Reversed | Spelling::Attribute => 70,
    };
    let (_, host) = found.email.split_once('@').unwrap_or_default();
    let owner = if registrable(host) == registrable(domain) {
        5
    } else if found.is_credit {
        -60
    } else if kind == EmailType::Free || is_free(host, registrable(host)) {
        -21
    } else {
        -25
    };
    let page = if is_contact_page { 5 } else { 0 };
    base + owner + page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_depends_on_the_name_then_on_the_domain() {
        for (email, kind) in [
            ("info@acme.de", EmailType::Service),
            ("info+web@other.com", EmailType::Service),
            ("support@gmail.com", EmailType::Service),
            ("jane@acme.de", EmailType::Corporate),
            ("jane@mail.acme.de", EmailType::Corporate),
            ("informatics@acme.de", EmailType::Corporate),
            ("kontakt@acme.de", EmailType::Service),
            ("buero2@acme.de", EmailType::Service),
            ("info-berlin@acme.de", EmailType::Service),
            ("praxis.nord@acme.de", EmailType::Service),
            ("accueil@acme.de", EmailType::Service),
            ("jane.office@acme.de", EmailType::Corporate),
            ("jane@gmail.com", EmailType::Free),
            ("jane@yahoo.co.uk", EmailType::Free),
            ("jane@gmx.at", EmailType::Free),
            ("jane@other.com", EmailType::Unknown),
            ("jane@notacme.de", EmailType::Unknown),
        ] {
            assert_eq!(of(email, "www.acme.de"), kind, "{email}");
        }
        assert!(is_gmail("a@googlemail.com") && !is_gmail("a@notgmail.com"));
    }

    #[test]
    fn the_sites_own_addresses_rank_above_all_others() {
        let of = |email: &str, spelling, is_credit| {
            let found = FoundContact {
                email: email.to_owned(),
                spelling,
                is_credit,
                ..FoundContact::default()
            };
            let kind = super::of(&found.email, "acme.de");
            [false, true].map(|is_contact_page| confidence(&found, kind, "acme.de", is_contact_page))
        };
        let own = of("jane@acme.de", Spelling::Attribute, false);
        let free = of("jane@gmail.com", Spelling::Mailto, false);
        let foreign = of("info@other.de", Spelling::Mailto, false);
        let least = of("info@other.de", Spelling::Attribute, false);
        let designer = of("hello@studio.de", Spelling::Mailto, true);
        assert!(own[0] > free[1] && free[1] > foreign[1] && least[0] > designer[1] && designer[0] > 0);
    }
}
