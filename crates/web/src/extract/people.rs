//! Owners of addresses, where the surrounding text makes them clear.
//!
//! A name counts only if the address contains it: `Jane Doe` near `jane.doe@`, `jdoe@` or `doe.jane@`. This excludes
//! headings and the names of neighbours. A role is the text next to the name, if it contains a word for a role.

use super::text::{BREAK, SEAM, clean};

/// Maximum distance between a name and its address, in characters.
const BEFORE: usize = 240;
const AFTER: usize = 160;
/// Maximum length of a role that is kept, in characters.
const MAX_ROLE_CHARS: usize = 80;

/// Words for roles, in lower case. Beginnings of words count: `manag` stands for manager and management.
const ROLE_WORDS: &[&str] = &[
    "account",
    "admin",
    "advis",
    "analyst",
    "architect",
    "assist",
    "associate",
    "attorney",
    "berat",
    "buchhalt",
    "ceo",
    "cfo",
    "chair",
    "chef",
    "chief",
    "cmo",
    "consult",
    "coo",
    "coordinat",
    "cto",
    "design",
    "develop",
    "direct",
    "director",
    "direttore",
    "dozent",
    "editor",
    "engineer",
    "entwickl",
    "executive",
    "founder",
    "geschäftsführ",
    "geschaeftsfuehr",
    "gerant",
    "gérant",
    "gründer",
    "head",
    "inhaber",
    "kierownik",
    "lawyer",
    "lead",
    "leiter",
    "leitung",
    "manag",
    "market",
    "meister",
    "office",
    "operations",
    "owner",
    "partner",
    "physician",
    "president",
    "président",
    "presidente",
    "principal",
    "professor",
    "projekt",
    "project",
    "propriétaire",
    "redakt",
    "representative",
    "responsable",
    "responsabile",
    "sales",
    "secret",
    "sekret",
    "specialist",
    "support",
    "teacher",
    "technic",
    "treasurer",
    "verkauf",
    "vertrieb",
    "vorstand",
    "директор",
    "менеджер",
];

/// Returns the name and the role of an address's owner, as far as the text states them.
pub(super) fn near(text: &str, position: usize, email: &str) -> (Option<String>, Option<String>) {
    let local = email.split('@').next().unwrap_or_default();
    let tokens: Vec<&str> = local
        .split(['.', '_', '-', '+'])
        .map(|token| token.trim_matches(|c: char| c.is_ascii_digit()))
        .filter(|token| !token.is_empty())
        .collect();
    if tokens.is_empty() || tokens.len() > 3 {
        return (None, None);
    }
    let before = text.get(..position).unwrap_or_default();
    let start = before.char_indices().rev().nth(BEFORE).map_or(0, |(at, _)| at);
    let behind = text.get(position..).unwrap_or_default();
    let end = behind.char_indices().nth(AFTER).map_or(behind.len(), |(at, _)| at);
    let window = text.get(start..position + end).unwrap_or_default();
    let words = capitalised(window);
    // The nearest one counts.
    let at = position - start;
    let mut best: Option<(usize, &str, usize)> = None;
    for (index, first) in words.iter().enumerate() {
        for count in [2, 3] {
            let Some(last) = words.get(index + count - 1) else {
                continue;
            };
            let is_run = words
                .get(index..index + count)
                .unwrap_or_default()
                .windows(2)
                .all(|pair| matches!(pair, [one, other] if is_gap(window.get(one.1..other.0).unwrap_or_default())));
            let word = |range: &(usize, usize)| window.get(range.0..range.1).unwrap_or_default();
            if is_run && spells(&tokens, word(first), word(last)) {
                let distance = at.abs_diff(first.0);
                let name = window.get(first.0..last.1).unwrap_or_default();
                if best.is_none_or(|(nearest, _, _)| distance < nearest) {
                    best = Some((distance, name, last.1));
                }
            }
        }
    }
    let Some((_, name, name_end)) = best else {
        return (None, None);
    };
    let name_start = name_end - name.len();
    let role = role_behind(window.get(name_end..).unwrap_or_default())
        .or_else(|| role_before(window.get(..name_start).unwrap_or_default()));
    (clean(&name.replace(SEAM, ""), 100), role)
}

/// Finds the words that begin with a capital letter, as ranges.
fn capitalised(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        let is_letter = c.is_alphabetic() || (start.is_some() && matches!(c, '-' | '\'' | '’'));
        match (start, is_letter) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if text
                    .get(from..at)
                    .is_some_and(|word| word.starts_with(char::is_uppercase))
                {
                    words.push((from, at));
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn is_gap(between: &str) -> bool {
    !between.is_empty() && between.chars().all(|c| c == SEAM || c == ' ' || c == '\n' || c == '.') && between.len() <= 4
}

/// Returns whether a local part consists of a first and a last name.
fn spells(tokens: &[&str], first: &str, last: &str) -> bool {
    [fold(first, true), fold(first, false)].iter().any(|first| {
        [fold(last, true), fold(last, false)].iter().any(|last| {
            let initial = |name: &str| name.get(..1).unwrap_or_default().to_owned();
            if first.len() < 2 || last.len() < 2 {
                return false;
            }
            match tokens {
                [one] => {
                    *one == format!("{first}{last}")
                        || *one == format!("{last}{first}")
                        || (*one == format!("{}{last}", initial(first)) && last.len() > 2)
                        || (*one == format!("{first}{}", initial(last)) && first.len() > 2)
                }
                [one, .., other] => {
                    let is = |token: &str, name: &str| token == name || token == initial(name);
                    let is_one_whole = |a: &str, b: &str| a.len() > 1 || b.len() > 1;
                    is_one_whole(one, other)
                        && ((is(one, first) && *other == last.as_str())
                            || (*one == first.as_str() && is(other, last))
                            || (*one == last.as_str() && is(other, first)))
                }
                [] => false,
            }
        })
    })
}

/// Writes a name in the letters of addresses: `ü` as `ue` or as `u`.
fn fold(name: &str, is_german: bool) -> String {
    let mut folded = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let (german, plain) = match c {
            'ä' => ("ae", "a"),
            'ö' => ("oe", "o"),
            'ü' => ("ue", "u"),
            'ß' => ("ss", "ss"),
            'å' => ("aa", "a"),
            'ø' => ("oe", "o"),
            'æ' => ("ae", "ae"),
            'á' | 'à' | 'â' | 'ã' | 'ą' => ("a", "a"),
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => ("e", "e"),
            'í' | 'ì' | 'î' | 'ï' => ("i", "i"),
            'ó' | 'ò' | 'ô' | 'õ' => ("o", "o"),
            'ú' | 'ù' | 'û' | 'ů' => ("u", "u"),
            'ç' | 'ć' | 'č' => ("c", "c"),
            'ñ' | 'ń' | 'ň' => ("n", "n"),
            'ł' => ("l", "l"),
            'ś' | 'š' => ("s", "s"),
            'ź' | 'ż' | 'ž' => ("z", "z"),
            'ř' => ("r", "r"),
            'ý' => ("y", "y"),
            c if c.is_ascii_alphabetic() => {
                folded.push(c);
                continue;
            }
            _ => continue,
        };
        folded.push_str(if is_german { german } else { plain });
    }
    folded
}

/// Reads the role after a name: `, Managing Director`, or the next block.
fn role_behind(behind: &str) -> Option<String> {
    let behind = behind.trim_start_matches([BREAK, SEAM, ' ', ',', '–', '-', '|', '(', '\n', ':']);
    let end = behind.find([BREAK, ',', '|', ')', ';', '@', ':', '<', '\n'])?;
    as_role(behind.get(..end)?)
}

/// Reads the role before a name: `Managing Director: `.
fn role_before(before: &str) -> Option<String> {
    let before = before.trim_end_matches([SEAM, ' ']).strip_suffix(':')?;
    let start = before.rfind([BREAK, ',', '|', ';', '.', '\n']).map_or(0, |at| at + 1);
    as_role(
        before
            .get(start..)
            .unwrap_or_default()
            .trim_start_matches(|c: char| !c.is_alphanumeric()),
    )
}

fn as_role(text: &str) -> Option<String> {
    let text = clean(&text.replace(SEAM, ""), MAX_ROLE_CHARS + 1)?;
    let text = text.trim_end_matches([' ', '-', '–', '.']).to_owned();
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .map(str::to_lowercase)
        .collect();
    let names_one = words
        .iter()
        .any(|word| ROLE_WORDS.iter().any(|role| word.starts_with(role)));
    // A sentence is not a role.
    let is_short = text.chars().count() <= MAX_ROLE_CHARS && words.len() <= 8;
    (names_one && is_short).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, email: &str) -> (Option<String>, Option<String>) {
        near(text, text.find('@').unwrap_or_default(), email)
    }

    #[test]
    fn a_name_contained_in_the_address_is_its_owners() {
        let plain = |name: &str, role: Option<&str>| (Some(name.to_owned()), role.map(str::to_owned));
        let b = BREAK;
        for (text, email, expected) in [
            (
                format!("Jane Doe, Managing Director{b}jane.doe@firma.de"),
                "jane.doe@firma.de",
                plain("Jane Doe", Some("Managing Director")),
            ),
            (
                format!("Jürgen Müller{b}Leiter Vertrieb{b}mueller.j@firma.de"),
                "mueller.j@firma.de",
                plain("Jürgen Müller", Some("Leiter Vertrieb")),
            ),
            (
                "Geschäftsführer: Ann Smith, asmith@firma.de".to_owned(),
                "asmith@firma.de",
                plain("Ann Smith", Some("Geschäftsführer")),
            ),
            (
                "Write to John F. Kennedy at john.kennedy@firma.de".to_owned(),
                "john.kennedy@firma.de",
                plain("John F. Kennedy", None),
            ),
        ] {
            assert_eq!(of(&text, email), expected, "{text}");
        }
    }

    #[test]
    fn other_words_are_not_names() {
        for (text, email) in [
            ("Contact Us info@firma.de", "info@firma.de"),
            ("Jane Doe and Ann Smith: office@firma.de", "office@firma.de"),
            ("Sales Team sales@firma.de", "sales@firma.de"),
            ("jane doe jane.doe@firma.de", "jane.doe@firma.de"),
            ("Jane met Doe jane.doe@firma.de", "jane.doe@firma.de"),
        ] {
            assert_eq!(of(text, email), (None, None), "{text}");
        }
    }
}
