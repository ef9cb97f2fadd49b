//! The language of a text, told by its letters.

use serde::Serialize;
use whatlang::{Info, Lang};

use super::text::{BREAK, FAX_MARK, PHONE_MARK, SEAM};

/// The least number of letters of which the language is told; fewer are often names.
const MIN_LETTERS: usize = 200;
/// Maximum number of characters that are examined.
const MAX_CHARS: usize = 4_000;

/// The three-letter codes of the languages that are told apart, each with its two-letter code (ISO 639-1).
const TAGS: &str = "epo eo eng en rus ru cmn zh spa es por pt ita it ben bn fra fr deu de ukr uk kat ka ara ar hin hi jpn ja heb \
he yid yi pol pl amh am jav jv kor ko nob nb dan da swe sv fin fi tur tr nld nl hun hu ces cs ell el bul bg \
bel be mar mr kan kn ron ro slv sl hrv hr srp sr mkd mk lit lt lav lv est et tam ta vie vi urd ur tha th guj \
gu uzb uz pan pa aze az ind id tel te pes fa mal ml ori or mya my nep ne sin si khm km tuk tk aka ak zul zu \
sna sn afr af lat la slk sk cat ca tgl tl hye hy cym cy";

/// The language of a page's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetectedLanguage {
    /// The language tag, such as `de`.
    pub tag: &'static str,
    /// The number of letters that it was told by.
    pub letters: usize,
}

/// Detects the language of a text; `None` if it is too short or the language is not certain.
pub(super) fn detect(text: &str) -> Option<DetectedLanguage> {
    let plain: String = text
        .chars()
        .map(|char| {
            if matches!(char, BREAK | SEAM | PHONE_MARK | FAX_MARK) {
                ' '
            } else {
                char
            }
        })
        .take(MAX_CHARS)
        .collect();
    let letters = plain.chars().filter(|char| char.is_alphabetic()).count();
    if letters < MIN_LETTERS {
        return None;
    }
    let found = whatlang::detect(&plain).filter(Info::is_reliable)?;
    Some(DetectedLanguage {
        tag: tag(found.lang()),
        letters,
    })
}

/// Returns the shortest tag of a language.
fn tag(lang: Lang) -> &'static str {
    let mut codes = TAGS.split_ascii_whitespace();
    while let (Some(code), Some(tag)) = (codes.next(), codes.next()) {
        if code == lang.code() {
            return tag;
        }
    }
    lang.code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_of_long_texts_are_detected() {
        let german = "Seit drei Generationen backen wir in unserer Backstube jeden Morgen frisches Brot und Brötchen. ";
        let english = "For three generations we have been baking fresh bread and rolls every morning in our bakery. ";
        let japanese = "私たちは三世代にわたり、毎朝新鮮なパンを焼いています。";
        for (text, expected) in [(german, "de"), (english, "en"), (japanese, "ja")] {
            let long = text.repeat(20);
            assert_eq!(detect(&long).map(|found| found.tag), Some(expected), "{text}");
        }
        assert_eq!(detect(german), None, "too short");
        assert_eq!(detect(&"1234 ".repeat(100)), None);
        assert_eq!(detect(""), None);
        let of_all = Lang::all().iter().map(|lang| tag(*lang));
        assert!(of_all.into_iter().all(|tag| tag.len() == 2));
    }
}
