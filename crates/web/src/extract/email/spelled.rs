//! Addresses with signs written as words: `jane [at] example [dot] com`.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::super::site::Site;
use super::super::text::{BREAK, SEAM, contains_ignore_case};
use super::address::{Found, MAX_EMAIL_BYTES, Spelling, around, checked, is_local_byte};
use crate::finder;

/// Maximum length of a block in which `[at]` and `[dot]` are read, in bytes.
const MAX_SPELLED_BYTES: usize = 4_096;

/// Words for `@` in brackets: English, German, Spanish and Portuguese, Italian, French, Polish, Russian, Dutch, Danish
/// and Norwegian, Swedish, Czech and Slovak, Hungarian, Japanese, Chinese, Korean.
const AT_WORDS: &str = "at|@|ät|aet|arroba|chiocciola|arobase|arobas|małpa|malpa|собака|собачка|apenstaartje|snabel-?a|\
                        zavináč|zavinac|kukac|アットマーク|アット|艾特|골뱅이";
/// Words for a dot in these languages.
const DOT_WORDS: &str =
    "dot|punkt|punto|point|ponto|punt|kropka|точка|prik|punktum|tečka|tecka|bodka|pont|nokta|ドット|点|點|점|닷|\\.";
/// Words for `@` that count without brackets if a label precedes the address.
const SPOKEN_AT: &str = "at|ät|arroba|chiocciola|arobase|małpa|собака";
const SPOKEN_DOT: &str = "dot|punkt|punto|point|ponto|kropka|точка";

/// `-at-` between blanks; `_at_` and `*at*` with or without them.
const DASHED_AT: &str = r"[\s\x1f]+[-_*|~]+\s?(?:at|ät)\s?[-_*|~]+[\s\x1f]+|[\s\x1f]*[_*|~](?:at|ät)[_*|~][\s\x1f]*";

/// A word for `@` or a dot in brackets; `\x1f` is [`SEAM`]. The initial brackets make searching fast, but only up to three
/// of them in one expression.
static SPELLED: LazyLock<Option<[Regex; 2]>> = LazyLock::new(|| {
    let after = |bracket| {
        let words = format!(r"[\s\x1f]*(?:{AT_WORDS}|{DOT_WORDS})[\s\x1f]*[\])}}>]");
        Regex::new(&format!("(?i){bracket}{words}")).ok()
    };
    Some([after(r"[\[({]")?, after("<")?])
});
/// The words in [`SPOKEN_DOT`], between blanks.
static SPOKEN_DOTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = SPOKEN_DOT.split('|');
    let words = words.flat_map(|word| [format!(" {word} "), format!(" {} ", word.to_uppercase())]);
    finder::of_few_words(words)
});
/// Texts that occur in the other spellings of `@`.
static DASHED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    finder::of_few_words([
        "-at-", "- at -", "- at-", "-at -", "_at_", "*at*", "|at|", "~at~", "-ät-", "_ät_", "*ät*", "(a)", "[a]", "{a}",
    ])
});
/// An `@`, as a word in brackets or as the sign itself.
static ANY_AT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)[\s\x1f]*[\[({{<][\s\x1f]*(?:{AT_WORDS})[\s\x1f]*[\])}}>][\s\x1f]*|{DASHED_AT}|[\[({{]a[\])}}]|@"
    ))
    .ok()
});
static SPELLED_DOT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)[\s\x1f]*[\[({{<][\s\x1f]*(?:{DOT_WORDS})[\s\x1f]*[\])}}>][\s\x1f]*"
    ))
    .ok()
});
/// `jane at example dot com`, as a whole block or right after a label.
static SPOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let address = format!(r"\s*([a-z0-9._%+-]+)\s+(?:{SPOKEN_AT})\s+([a-z0-9-]+(?:\s+(?:{SPOKEN_DOT})\s+[a-z0-9-]+)+)");
    Regex::new(&format!(r"(?i)^{address}[.,;]?$|(?::|\be-?mail){address}\b")).ok()
});
/// A word for a dot, which every match of [`SPOKEN`] contains and few blocks do.
static SPOKEN_DOT_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?i){SPOKEN_DOT}")).ok());
/// Words in front of ` at ` in prose.
const PROSE_WORDS: [&str; 16] = [
    "are", "be", "buy", "call", "find", "here", "is", "it", "look", "me", "meet", "order", "shop", "us", "visit", "you",
];
/// Local parts that do not occur in a sentence before ` @ `.
const ROLE_WORDS: [&str; 12] = [
    "info", "kontakt", "office", "mail", "support", "praxis", "kanzlei", "buero", "sales", "contact", "hello", "team",
];
/// Maximum number of signs that are checked for surrounding blanks.
const MAX_SPACED: usize = 1_000;
/// `jane at example[dot]com`: only the dot is protected.
static HALF_SPELLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z0-9._%+-]+)\s+at\s+([a-z0-9.-]+)\s*[\[({]\s*dot\s*[\])}]\s*([a-z0-9.-]+)").ok()
});

/// Finds addresses whose `@` or dots are written as words, block by block.
pub(super) fn find(text: &str, site: &Site, found: &mut Vec<Found>) {
    let (Some(spelled), Some(at), Some(dot)) = (SPELLED.as_ref(), ANY_AT.as_ref(), SPELLED_DOT.as_ref()) else {
        return;
    };
    let (Some(spoken), Some(half)) = (SPOKEN.as_ref(), HALF_SPELLED.as_ref()) else {
        return;
    };
    let is_dashed = |text: &str| DASHED.as_ref().is_some_and(|signs| signs.is_match(text));
    let is_spelled = |text: &str| spelled.iter().any(|words| words.is_match(text));
    let has_brackets = is_spelled(text) || is_dashed(text);
    let has_words = SPOKEN_DOTS.as_ref().is_some_and(|words| words.is_match(text));
    if !has_brackets && !has_words {
        return;
    }
    let mut position = 0;
    for block in text.split(BREAK) {
        let start = position;
        position += block.len() + BREAK.len_utf8();
        if block.len() > MAX_SPELLED_BYTES {
            continue;
        }
        let mut add = |position: usize, email: String| {
            found.push(Found {
                position,
                email,
                spelling: Spelling::Words,
            });
        };
        if has_brackets && (is_spelled(block) || is_dashed(block)) {
            for parts in half.captures_iter(block) {
                let all = parts.get(0).map_or(0, |all| all.start());
                let part = |number| parts.get(number).map_or("", |part: regex::Match<'_>| part.as_str());
                if let Some(email) = checked(part(1), &format!("{}.{}", part(2), part(3)), site) {
                    add(start + all, email);
                }
            }
            for sign in at.find_iter(block) {
                let before = block.get(..sign.start()).unwrap_or_default();
                let behind = block.get(sign.end()..).unwrap_or_default();
                let behind = behind
                    .get(..behind.floor_char_boundary(2 * MAX_EMAIL_BYTES))
                    .unwrap_or_default();
                let name = before.get(before.ceil_char_boundary(before.len().saturating_sub(2 * MAX_EMAIL_BYTES))..);
                let name = dot.replace_all(name.unwrap_or_default(), ".");
                let behind = dot.replace_all(behind, ".");
                if let Some(email) = around(&format!("{name}@{behind}"), name.len(), site) {
                    add(start + sign.start(), email);
                }
            }
        }
        if has_words {
            let mut block = Cow::Borrowed(block);
            if block.contains(SEAM) {
                block = block.replace(SEAM, "").into();
            }
            if let Some(email) = spoken_address(spoken, block.trim(), site) {
                add(start, email);
            }
        }
    }
}

/// Finds `info @ example.com` and `E-Mail: info at example.com`, which are clear by a label or the site's own domain.
pub(super) fn find_spaced(text: &str, site: &Site, found: &mut Vec<Found>) {
    let blank = |c: char| matches!(c, ' ' | SEAM | '\n');
    for (at, sign) in text.match_indices('@').take(MAX_SPACED) {
        let (Some(before), Some(behind)) = (text.get(..at), text.get(at + sign.len()..)) else {
            continue;
        };
        let is_apart = |side: &str| side.contains([' ', '\n']);
        let left = before.get(before.trim_end_matches(blank).len()..).unwrap_or_default();
        let right = behind
            .get(..behind.len() - behind.trim_start_matches(blank).len())
            .unwrap_or_default();
        if is_apart(left) || is_apart(right) {
            found.extend(spaced(
                before.trim_end_matches(blank),
                behind.trim_start_matches(blank),
                at,
                site,
            ));
        }
    }
    for label in memmem::find_iter(text.as_bytes(), "ail:").take(MAX_SPACED) {
        let said = text.get(label + "ail:".len()..).unwrap_or_default();
        let said = said
            .get(..said.floor_char_boundary(MAX_EMAIL_BYTES))
            .unwrap_or_default();
        let said = said.split(BREAK).next().unwrap_or_default();
        let mut words = said.split(blank).filter(|word| !word.is_empty());
        let (Some(local), Some(sign), Some(domain)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let is_sign = SPOKEN_AT.split('|').any(|word| sign.to_lowercase() == word);
        if is_sign
            && domain.contains('.')
            && local.bytes().all(is_local_byte)
            && let Some(email) = checked(local, domain.trim_end_matches([',', ';', ')']), site)
        {
            let spelling = Spelling::Words;
            let position = label;
            found.push(Found {
                position,
                email,
                spelling,
            });
        }
    }
}

/// Reads an address whose `@` is between blanks.
fn spaced(before: &str, behind: &str, position: usize, site: &Site) -> Option<Found> {
    let length = before.bytes().rev().take_while(|byte| is_local_byte(*byte)).count();
    let (ahead, local) = before.split_at_checked(before.len() - length)?;
    let label = ahead.trim_end_matches([' ', SEAM, '\n', ':', '(', '|']);
    let label = label.get(label.ceil_char_boundary(label.len().saturating_sub(12))..)?;
    let is_labelled = contains_ignore_case(label, "mail") || ROLE_WORDS.contains(&local.to_ascii_lowercase().as_str());
    if !is_labelled || PROSE_WORDS.contains(&local.to_ascii_lowercase().as_str()) {
        return None;
    }
    let email = around(
        &format!("{local}@{}", behind.get(..behind.floor_char_boundary(MAX_EMAIL_BYTES))?),
        local.len(),
        site,
    )?;
    let spelling = Spelling::Words;
    Some(Found {
        position,
        email,
        spelling,
    })
}

fn spoken_address(spoken: &Regex, block: &str, site: &Site) -> Option<String> {
    if !SPOKEN_DOT_WORD.as_ref()?.is_match(block) {
        return None;
    }
    let parts = spoken.captures(block)?;
    let local = parts.get(1).or_else(|| parts.get(3))?.as_str();
    let domain = parts.get(2).or_else(|| parts.get(4))?.as_str();
    let labels: Vec<_> = domain
        .split_whitespace()
        .filter(|word| !SPOKEN_DOT.split('|').any(|dot| word.to_lowercase() == dot))
        .collect();
    if PROSE_WORDS.contains(&local.to_ascii_lowercase().as_str()) {
        return None;
    }
    checked(local, &labels.join("."), site)
}
