//! Words before numbers, in every language with a word for telephones: `words.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The meaning of a word for the number after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A telephone number.
    Phone,
    /// A telephone number, unless another device is named before.
    Line,
    /// A mobile telephone number.
    Mobile,
    /// A number for `WhatsApp`.
    WhatsApp,
    /// A fax number.
    Fax,
    /// A number for taxes, or of a company, a bank or a register.
    Other,
    /// The same as `Other`, but only in upper case.
    Acronym,
    /// A thing that is counted, if the word directly precedes the number.
    Object,
    /// A party that the number belongs to, if a word for "number" follows.
    Party,
    /// A word for "number".
    Number,
    /// A word or sign that joins two words of the same meaning.
    Joiner,
    /// A word without a meaning for the number.
    Filler,
    /// An unknown word.
    Unknown,
}

impl Word {
    const NAMED: [(&str, Self); 12] = [
        ("phone", Self::Phone),
        ("line", Self::Line),
        ("mobile", Self::Mobile),
        ("whatsapp", Self::WhatsApp),
        ("fax", Self::Fax),
        ("other", Self::Other),
        ("acronym", Self::Acronym),
        ("object", Self::Object),
        ("party", Self::Party),
        ("number", Self::Number),
        ("joiner", Self::Joiner),
        ("filler", Self::Filler),
    ];

    /// Returns whether the word announces a number that people can call.
    pub(super) fn is_voice(self) -> bool {
        matches!(self, Self::Phone | Self::Line | Self::Mobile | Self::WhatsApp)
    }
}

/// The words in the form in which they are compared.
#[derive(Default)]
struct Words {
    whole: HashMap<String, Word>,
    beginnings: Vec<(String, Word)>,
    ends: Vec<(String, Word)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::default();
    for line in include_str!("words.txt").lines() {
        let Some((name, list)) = line.split_once(':') else {
            continue;
        };
        let Some((_, kind)) = Word::NAMED.iter().find(|(label, _)| *label == name) else {
            continue;
        };
        for word in list.split_whitespace() {
            if let Some(beginning) = word.strip_suffix('*') {
                words.beginnings.push((fold(beginning), *kind));
            } else if let Some(end) = word.strip_prefix('*') {
                words.ends.push((fold(end), *kind));
            } else {
                words.whole.entry(fold(word)).or_insert(*kind);
            }
        }
    }
    words
});

/// Returns the meaning of a word in lower case, [`fold`]ed.
///
/// The longest matching beginning decides: `telefax` is longer than `tel`.
pub(super) fn classify(word: &str) -> Word {
    if let Some(kind) = WORDS.whole.get(word) {
        return *kind;
    }
    let beginnings = WORDS
        .beginnings
        .iter()
        .filter(|(start, _)| word.starts_with(start.as_str()));
    if let Some((_, kind)) = beginnings.max_by_key(|(start, _)| start.len()) {
        return *kind;
    }
    if !word.is_ascii()
        && let Some(kind) = within(word)
    {
        return kind;
    }
    let ends = WORDS.ends.iter().filter(|(end, _)| word.ends_with(end.as_str()));
    ends.max_by_key(|(end, _)| end.len())
        .map_or(Word::Unknown, |(_, kind)| *kind)
}

/// Finds the last known word within a text in a script without spaces between words.
fn within(word: &str) -> Option<Word> {
    let stems = WORDS.beginnings.iter().filter(|(stem, _)| !stem.is_ascii());
    let found = stems.filter_map(|(stem, kind)| Some((word.rfind(stem.as_str())?, stem.len(), *kind)));
    found
        .max_by_key(|(at, length, _)| (*at, *length))
        .map(|(_, _, kind)| kind)
}

/// Converts a text to lower case without accents.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).filter_map(plain).collect()
}

/// Removes the accent of a letter.
fn plain(c: char) -> Option<char> {
    const BASES: [(&str, char); 24] = [
        ("àáâãäåāăąạảấầẩẫậắằẳẵặ", 'a'),
        ("çćčĉ", 'c'),
        ("ďđ", 'd'),
        ("èéêëēėęěẹẻẽếềểễệ", 'e'),
        ("ģğĝ", 'g'),
        ("ìíîïīįıịỉĩ", 'i'),
        ("ķ", 'k'),
        ("ļł", 'l'),
        ("ñńňņ", 'n'),
        ("òóôõöøőōơọỏốồổỗộớờởỡợ", 'o'),
        ("ŕř", 'r'),
        ("śšşș", 's'),
        ("ťţț", 't'),
        ("ùúûüūůűųưụủứừửữự", 'u'),
        ("ýÿỳỵỷỹ", 'y'),
        ("źżž", 'z'),
        ("ά", 'α'),
        ("έ", 'ε'),
        ("ή", 'η'),
        ("ίϊΐ", 'ι'),
        ("ό", 'ο'),
        ("ύϋΰ", 'υ'),
        ("ώ", 'ω'),
        ("ς", 'σ'),
    ];
    if c.is_ascii() {
        return Some(c);
    }
    // Combining accents.
    if ('\u{300}'..='\u{36f}').contains(&c) {
        return None;
    }
    let base = BASES.iter().find(|(letters, _)| letters.contains(c));
    Some(base.map_or(c, |(_, base)| *base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_many_languages_are_known() {
        for (word, kind) in [
            ("Telefonnummer", Word::Phone),
            ("Teléfono", Word::Phone),
            ("TÉL", Word::Phone),
            ("Τηλέφωνο", Word::Phone),
            ("Servicetelefon", Word::Phone),
            ("Handynummer", Word::Mobile),
            ("Móvil", Word::Mobile),
            ("WhatsApp", Word::WhatsApp),
            ("Telefax", Word::Fax),
            ("Faxnummer", Word::Fax),
            ("Télécopieur", Word::Fax),
            ("BELGEÇ", Word::Fax),
            ("FAKS", Word::Fax),
            ("Телефакс", Word::Fax),
            ("ご注文ファックス", Word::Fax),
            ("お電話番号", Word::Phone),
            ("Kundennummer", Word::Other),
            ("Steuernummer", Word::Other),
            ("Ondernemingsnummer", Word::Other),
            ("Nr", Word::Number),
            ("eFax", Word::Fax),
            ("Halifax", Word::Filler),
            ("Telegram", Word::Unknown),
        ] {
            assert_eq!(classify(&fold(word)), kind, "{word}");
        }
    }
}
