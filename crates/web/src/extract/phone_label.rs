//! What stands before a number and says what it is.

use super::text::{BREAK, SEAM};

/// How far before a number its label may stand.
const LABEL_BYTES: usize = 32;

/// What stands before a telephone number, at the end of a lower-case text.
const LABELS: [&str; 44] = [
    "phone",
    "telephone",
    "tel",
    "tél",
    "ph",
    "call",
    "call us",
    "mobile",
    "mob",
    "cell",
    "fon",
    "telefon",
    "téléphone",
    "telefono",
    "teléfono",
    "telefone",
    "telefoon",
    "puhelin",
    "puh",
    "tlf",
    "tfn",
    "handy",
    "mobil",
    "móvil",
    "celular",
    "cellulare",
    "portable",
    "gsm",
    "whatsapp",
    "hotline",
    "phone number",
    "tel no",
    "numer telefonu",
    "nr tel",
    "rufen sie uns an",
    "тел",
    "телефон",
    "τηλ",
    "電話",
    "電話番号",
    "电话",
    "전화",
    "هاتف",
    "טלפון",
];
/// The same as one letter, which needs its colon or dot.
const SHORT_LABELS: [&str; 6] = ["t:", "p:", "m:", "t.", "☎", "📞"];
const FAX_LABELS: [&str; 7] = ["fax", "telefax", "faks", "télécopie", "факс", "传真", "ファックス"];
/// What stands before other numbers.
const OTHER_LABELS: [&str; 29] = [
    "order", "invoice", "id", "no", "nr", "art", "ref", "sku", "vat", "isbn", "issn", "ean", "iban", "bic", "konto",
    "hrb", "ust-idnr", "siret", "siren", "abn", "rechnung", "price", "eur", "usd", "chf", "version", "zip", "tracking",
    "license",
];

/// What stands right before a number, in lower case.
pub(super) struct Label(String);

impl Label {
    /// Takes the label from the text before a number: of its own block, or of the cell before.
    pub(super) fn before(text: &str) -> Self {
        let text = text.trim_end_matches([' ', '\n', '\t', '\r', SEAM]);
        let text = text.strip_suffix(BREAK).unwrap_or(text);
        let start = text.ceil_char_boundary(text.len().saturating_sub(LABEL_BYTES));
        let near = text.get(start..).unwrap_or_default();
        let near = near.rsplit(BREAK).next().unwrap_or_default();
        Self(near.replace(SEAM, " ").trim().to_lowercase())
    }

    /// Returns whether it announces a fax; `Tel./Fax` announces both.
    pub(super) fn is_fax(&self) -> bool {
        let label = self.0.replace("telefax", "fax");
        let is_phone_too = ["tel", "phone", "fon"].iter().any(|word| label.contains(word));
        (ends_with_word(&label, &FAX_LABELS) && !is_phone_too) || ends_with_sign(&label, &["f:"])
    }

    /// Returns whether it announces a telephone number.
    pub(super) fn is_of_a_phone(&self) -> bool {
        ends_with_sign(&self.0, &SHORT_LABELS)
            || ends_with_word(&self.0, &LABELS)
            || ends_with_word(&self.0, &FAX_LABELS)
    }

    /// Returns whether it announces an order, a price or the like.
    pub(super) fn is_of_another_number(&self) -> bool {
        ends_with_word(&self.0, &OTHER_LABELS) || self.0.ends_with('#')
    }
}

/// Returns whether a text ends with one of the signs, which no letter touches.
fn ends_with_sign(text: &str, signs: &[&str]) -> bool {
    let rest = |sign: &str| {
        text.strip_suffix(sign)
            .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    };
    signs.iter().any(|sign| rest(sign))
}

/// Returns whether a text ends with one of the words, whatever punctuation follows.
fn ends_with_word(text: &str, words: &[&str]) -> bool {
    let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    // Scripts without spaces put words right after others.
    let is_whole = |rest: &str, word: &str| !rest.ends_with(char::is_alphabetic) || !word.is_ascii();
    words
        .iter()
        .any(|word| text.strip_suffix(word).is_some_and(|rest| is_whole(rest, word)))
}
