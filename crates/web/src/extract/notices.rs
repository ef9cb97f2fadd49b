//! The small print: copyright years, privacy policies, postal addresses.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::text::{BREAK, SEAM, clean};
use crate::finder;

/// How many notices without a year are skipped, from the end of the page.
const MAX_NOTICES: usize = 5;
/// Maximum distance of the year from its copyright sign, in bytes.
const COPYRIGHT_BYTES: usize = 80;
/// Maximum length of a link's text that names a policy, in bytes.
const MAX_LINK_TEXT_BYTES: usize = 120;
const MAX_ADDRESS_CHARS: usize = 200;
const MAX_ADDRESS_LINES: usize = 6;

/// Words for privacy policies in the URLs and texts of links.
const POLICY_WORDS: [&str; 25] = [
    "privacy",
    "datenschutz",
    "confidentialit",
    "privacidad",
    "privacidade",
    "protecao-de-dados",
    "integritetspolicy",
    "personuppgift",
    "privatliv",
    "personvern",
    "tietosuoja",
    "prywatno",
    "ochrana-osobn",
    "ochrana osobn",
    "adatvedel",
    "adatkezel",
    "gizlilik",
    "persoonsgegevens",
    "プライバシー",
    "個人情報保護",
    "개인정보",
    "隐私",
    "隱私",
    "конфиденциальност",
    "الخصوصية",
];

/// Companies whose policies other sites link: under a captcha or an advertisement, next to a service, or about the software
/// of a site.
const POLICIES_OF_OTHERS: [&str; 28] = [
    "google.com",
    "facebook.com",
    "twitter.com",
    "x.com",
    "instagram.com",
    "linkedin.com",
    "youtube.com",
    "cloudflare.com",
    "hcaptcha.com",
    "automattic.com",
    "wordpress.org",
    "wordpress.com",
    "wix.com",
    "squarespace.com",
    "shopify.com",
    "webflow.com",
    "microsoft.com",
    "apple.com",
    "meta.com",
    "whatsapp.com",
    "tiktok.com",
    "pinterest.com",
    "vimeo.com",
    "spotify.com",
    "paypal.com",
    "stripe.com",
    "klarna.com",
    "mailchimp.com",
];

static POLICY: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| finder::ignoring_case(POLICY_WORDS));
static COPYRIGHT: LazyLock<Option<Regex>> = LazyLock::new(|| finder::of_few_words(["©", "copyright", "(c)"]));
static YEARS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b((?:19|20)[0-9]{2})\b").ok());

/// Returns whether the URL or the text of a link names a privacy policy.
pub(super) fn names_policy(text: &str) -> bool {
    text.len() <= 2048 && POLICY.as_ref().is_some_and(|words| words.is_match(text))
}

/// Returns whether the collected text of a link names a privacy policy.
pub(super) fn text_names_policy(text: &str) -> bool {
    text.len() <= MAX_LINK_TEXT_BYTES && names_policy(text)
}

/// Returns whether a policy on this host belongs to a company that other sites embed.
pub(super) fn is_policy_of_others(registrable: &str) -> bool {
    POLICIES_OF_OTHERS.contains(&registrable)
}

/// Finds the latest year in the last copyright notice, and where it stands.
pub(super) fn copyright_year(text: &str) -> Option<(String, Range<usize>)> {
    let signs: Vec<usize> = COPYRIGHT.as_ref()?.find_iter(text).map(|sign| sign.start()).collect();
    signs
        .into_iter()
        .rev()
        .take(MAX_NOTICES)
        .find_map(|position| year_near(text, position))
}

fn year_near(text: &str, position: usize) -> Option<(String, Range<usize>)> {
    let end = text.floor_char_boundary(position + COPYRIGHT_BYTES);
    let after = text.get(position..end)?.split(BREAK).next()?;
    let start = text.ceil_char_boundary(position.saturating_sub(COPYRIGHT_BYTES / 4));
    let before = text.get(start..position)?.rsplit(BREAK).next()?;
    let latest = |part: &str, start: usize| {
        let years = YEARS.as_ref()?.find_iter(part);
        let year = years.max_by_key(|year| year.as_str())?;
        Some((year.as_str().to_owned(), start + year.start()..start + year.end()))
    };
    latest(after, position).or_else(|| latest(before, position - before.len()))
}

/// Reads an `<address>` if it is a plain postal address: a few lines, one of them with a number.
///
/// Lines with telephone numbers, email addresses or web addresses are left out.
pub(super) fn postal_address(text: &str) -> Option<String> {
    let lines: Vec<String> = text
        .split(BREAK)
        .filter_map(|line| clean(line, MAX_ADDRESS_CHARS))
        .collect();
    let is_contact = |line: &str| {
        let lower = line.to_lowercase();
        let digits = line.bytes().filter(u8::is_ascii_digit).count();
        lower.contains('@')
            || lower.contains("www.")
            || lower.contains("://")
            || lower.contains("[at]")
            || digits > 8
            || ["tel", "phone", "fax", "mobil", "e-mail", "email", "call"]
                .iter()
                .any(|word| lower.starts_with(word))
    };
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !is_contact(line))
        .collect();
    let has_number = lines.iter().any(|line| line.contains(|c: char| c.is_ascii_digit()));
    let line = lines.join(", ").replace(SEAM, " ");
    let is_plain =
        (2..=MAX_ADDRESS_LINES).contains(&lines.len()) && has_number && line.chars().count() <= MAX_ADDRESS_CHARS;
    is_plain.then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_year_of_the_last_notice_is_found() {
        for (text, year) in [
            ("© 2024 Acme", Some("2024")),
            ("Copyright © 1999-2023 Acme Ltd.", Some("2023")),
            ("2021 © Acme", Some("2021")),
            ("© 2019 The author\u{1e}© Acme 2022", Some("2022")),
            ("Copyright Acme GmbH", None),
            ("© Acme\u{1e}Opened in 1950", None),
            ("© 12024 Acme", None),
            ("(c) 2020 Acme", Some("2020")),
            ("2024", None),
        ] {
            let found = copyright_year(text);
            assert_eq!(found.as_ref().map(|(year, _)| year.as_str()), year, "{text:?}");
            assert_eq!(found.and_then(|(_, at)| text.get(at)), year, "{text:?}");
        }
    }

    #[test]
    fn only_plain_addresses_are_read() {
        let read = |text: &str| postal_address(&text.replace('|', "\u{1e}"));
        assert_eq!(
            read("Acme GmbH|Street 1|10115 Berlin|Tel: 030 1|info@acme.test").as_deref(),
            Some("Acme GmbH, Street 1, 10115 Berlin")
        );
        assert_eq!(read("Written by Jane"), None);
        assert_eq!(read("info@acme.test|030 123456789"), None);
    }
}
