//! What kind of address it is, and how sure it is that it is one.

use database::models::enums::EmailType;
use web::extract::Spelling;
use web::names::registrable;

/// Local parts that reach a function. Clients of the v1 contract know these.
const SERVICE: [&str; 8] = [
    "admin",
    "contact",
    "help",
    "info",
    "sales",
    "service",
    "support",
    "webmaster",
];

/// Domains under which anybody gets a mailbox.
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

/// Providers that are under many top-level domains.
const FREE_EVERYWHERE: [&str; 7] = ["gmx", "hotmail", "live", "outlook", "rocketmail", "yahoo", "yandex"];

/// Returns the kind of an address that was found on the site of `domain`; both in lower case.
pub(super) fn of(email: &str, domain: &str) -> EmailType {
    let (local, host) = email.split_once('@').unwrap_or((email, ""));
    let local = local.split('+').next().unwrap_or_default();
    let owner = registrable(host);
    if SERVICE.contains(&local) {
        EmailType::Service
    } else if owner == registrable(domain) {
        EmailType::Corporate
    } else if is_free(host, owner) {
        EmailType::Free
    } else {
        EmailType::Unknown
    }
}

fn is_free(host: &str, owner: &str) -> bool {
    let brand = owner.split('.').next().unwrap_or_default();
    FREE.contains(&host) || FREE.contains(&owner) || FREE_EVERYWHERE.contains(&brand)
}

/// Returns whether a mailbox is Gmail's.
pub(super) fn is_gmail(email: &str) -> bool {
    email.ends_with("@gmail.com") || email.ends_with("@googlemail.com")
}

/// Returns the confidence, 0 to 100, that what was found is an address of somebody there: what is written for programs is
/// meant as one, what was pieced together may not be; on a page of contacts it is more likely still.
pub(super) fn confidence(spelling: Spelling, kind: EmailType, is_contact_page: bool) -> i16 {
    let base = match spelling {
        Spelling::Mailto | Spelling::Structured | Spelling::VCard => 90,
        Spelling::Text | Spelling::Protected => 85,
        Spelling::Words => 75,
        Spelling::Reversed | Spelling::Attribute => 70,
    };
    let own = if kind == EmailType::Corporate || kind == EmailType::Service {
        5
    } else {
        0
    };
    let page = if is_contact_page { 5 } else { 0 };
    base + own + page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_told_by_name_then_by_domain() {
        for (email, kind) in [
            ("info@acme.de", EmailType::Service),
            ("info+web@other.com", EmailType::Service),
            ("support@gmail.com", EmailType::Service),
            ("jane@acme.de", EmailType::Corporate),
            ("jane@mail.acme.de", EmailType::Corporate),
            ("information@acme.de", EmailType::Corporate),
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
}
