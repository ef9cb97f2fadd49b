//! The country of a site, which is needed to read the telephone numbers of its home page.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use phonenumber::country::Id;
use regex::Regex;

use super::text::{BREAK, SEAM};

/// Country-code domains that are sold everywhere and do not indicate a country.
const GENERIC: [&str; 28] = [
    "ac", "ad", "ai", "am", "as", "bz", "cc", "cd", "co", "fm", "gg", "gl", "io", "is", "la", "ly", "me", "nu", "sc",
    "sh", "so", "st", "tk", "to", "tv", "vc", "vg", "ws",
];

/// Languages that are spoken mainly in one country.
const LANGUAGES: [(&str, Id); 27] = [
    ("bg", Id::BG),
    ("cs", Id::CZ),
    ("da", Id::DK),
    ("el", Id::GR),
    ("et", Id::EE),
    ("fi", Id::FI),
    ("he", Id::IL),
    ("hr", Id::HR),
    ("hu", Id::HU),
    ("id", Id::ID),
    ("is", Id::IS),
    ("it", Id::IT),
    ("ja", Id::JP),
    ("ko", Id::KR),
    ("lt", Id::LT),
    ("lv", Id::LV),
    ("nb", Id::NO),
    ("no", Id::NO),
    ("pl", Id::PL),
    ("ro", Id::RO),
    ("sk", Id::SK),
    ("sl", Id::SI),
    ("sv", Id::SE),
    ("th", Id::TH),
    ("tr", Id::TR),
    ("uk", Id::UA),
    ("vi", Id::VN),
];

/// Languages of several countries, with the country of most pages in the language. English has none.
const MAIN_COUNTRIES: [(&str, &[Id]); 5] = [
    ("de", &[Id::DE]),
    ("es", &[Id::ES]),
    ("fr", &[Id::FR]),
    ("nl", &[Id::NL]),
    // Telephone numbers of the two countries differ in length.
    ("pt", &[Id::PT, Id::BR]),
];

/// The states in front of ZIP codes of the United States.
const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC \
                      ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR";

/// Postal codes that indicate their country: `TX 77002`, `M5V 2T6`, `SW1A 1AA`, `A-1010`.
static POSTAL_CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?-u:\b)(?:(?P<us>[A-Z]{2}) [0-9]{5}(?:-[0-9]{4})?|(?P<ca>[A-CEGHJ-NPR-TVXY][0-9][A-Z] ?[0-9][A-Z][0-9])|(?P<gb>[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2})|(?P<letter>A|B|CH|D|DK|E|F|FL|I|L|N|NL|P|S)[-–][0-9]{4,5})(?-u:\b)",
    )
    .ok()
});
static NAMES: LazyLock<Vec<(&'static str, Id, bool)>> = LazyLock::new(|| {
    let lines = include_str!("country_names.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let countries = lines.filter_map(|line| {
        let (code, names) = line.split_once(": ")?;
        Some((by_code(code)?, names))
    });
    let names = countries.flat_map(|(id, names)| names.split("; ").map(move |name| (name, id)));
    names
        .map(|(name, id)| (name.trim_start_matches('@'), id, name.starts_with('@')))
        .collect()
});
static NAME_FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .match_kind(MatchKind::LeftmostLongest)
        .build(NAMES.iter().map(|(name, ..)| name))
        .ok()
});

/// The evidence on a page for the country of its site.
pub(super) struct Clues<'c> {
    /// The country of an address in structured data.
    pub(super) country: Option<&'c str>,
    /// The addresses in structured data.
    pub(super) addresses: &'c [String],
    pub(super) top_level: &'c str,
    pub(super) language: Option<&'c str>,
    pub(super) text: &'c str,
}

/// The countries that a site may be in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Regions {
    /// The countries with evidence, most reliable first.
    pub(super) sure: Vec<Id>,
    /// The countries of most sites in its language.
    pub(super) likely: Vec<Id>,
    /// Whether an address, the domain or a country's name is among the evidence, and not only a language.
    pub(super) is_placed: bool,
}

impl Regions {
    /// Adds the country of an international number of the page.
    pub(super) fn add_number(&mut self, country: Option<Id>) {
        if let Some(id) = country
            && !self.sure.contains(&id)
        {
            self.sure.push(id);
        }
    }
}

/// Returns the countries that a site may be in.
///
/// The evidence in order of preference: an address in structured data, the domain, a country or postal code in the
/// text, the region of the language, the language.
pub(super) fn regions(clues: &Clues<'_>) -> Regions {
    let mut tags = clues.language.unwrap_or_default().split(['-', '_']);
    let language = tags.next().unwrap_or_default().to_ascii_lowercase();
    let region = tags.find(|tag| tag.len() == 2).and_then(by_code);
    let addressed = clues.country.and_then(|name| by_code(name).or_else(|| by_name(name)));
    let addressed = addressed.or_else(|| clues.addresses.iter().find_map(|address| named(address)));
    let mut placed: Vec<Id> = addressed.into_iter().chain(by_top_level(clues.top_level)).collect();
    if placed.is_empty() {
        placed.extend(named(clues.text));
    }
    let is_placed = !placed.is_empty();
    let spoken = LANGUAGES.iter().find(|(code, _)| *code == language).map(|(_, id)| *id);
    let mut sure = Vec::new();
    for id in placed.into_iter().chain(region).chain(spoken) {
        if !sure.contains(&id) {
            sure.push(id);
        }
    }
    let likely = MAIN_COUNTRIES.iter().find(|(code, _)| *code == language);
    Regions {
        sure,
        likely: likely.map(|(_, ids)| ids.to_vec()).unwrap_or_default(),
        is_placed,
    }
}

/// Finds the one country that a text names as part of an address; `None` if it names several.
fn named(text: &str) -> Option<Id> {
    let mut countries: Vec<Id> = Vec::new();
    let mut towns: Vec<Id> = Vec::new();
    for found in NAME_FINDER.as_ref()?.find_iter(text) {
        let Some((_, id, is_town)) = NAMES.get(found.pattern().as_usize()) else {
            continue;
        };
        let before = text.get(..found.start()).unwrap_or_default();
        let behind = text.get(found.end()..).unwrap_or_default();
        let near = before.trim_end_matches([' ', SEAM, '\n', '\t', '\r']);
        if before.ends_with(char::is_alphanumeric) || behind.starts_with(char::is_alphanumeric) {
            continue;
        }
        if *is_town {
            if near.ends_with(|c: char| c.is_ascii_digit()) && postal_digits(near) >= 4 {
                towns.push(*id);
            }
            continue;
        }
        // In an address, the country ends a line; in a sentence, more text follows.
        let is_begun = near.is_empty()
            || near.ends_with([BREAK, ',', '-', '|', '·', '•', '(', ')', '/'])
            || near.ends_with(|c: char| c.is_ascii_digit());
        let behind = behind.trim_start_matches([' ', SEAM, '\n', '\t', '\r']);
        let is_ended = behind.is_empty() || behind.starts_with([BREAK, ',', ';', '.', '|', '·', '•', ')', '-', '/']);
        if is_begun && is_ended {
            countries.push(*id);
        }
    }
    only(&countries)
        .or_else(|| countries.is_empty().then(|| only(&towns))?)
        .or_else(|| by_postal_code(text))
}

/// Returns the number of digits at the end of a text.
fn postal_digits(text: &str) -> usize {
    text.bytes().rev().take_while(u8::is_ascii_digit).count()
}

/// Returns the country of a list if all entries are the same.
fn only(countries: &[Id]) -> Option<Id> {
    let first = countries.first()?;
    countries.iter().all(|id| id == first).then_some(*first)
}

fn by_postal_code(text: &str) -> Option<Id> {
    let mut countries = Vec::new();
    for code in POSTAL_CODE.as_ref()?.captures_iter(text).take(20) {
        let country = if let Some(state) = code.name("us") {
            STATES
                .split_whitespace()
                .any(|known| known == state.as_str())
                .then_some(Id::US)
        } else if code.name("ca").is_some() {
            Some(Id::CA)
        } else if code.name("gb").is_some() {
            Some(Id::GB)
        } else {
            code.name("letter").and_then(|letter| by_letter(letter.as_str()))
        };
        countries.extend(country);
    }
    only(&countries)
}

/// Returns the country of the letters in front of a European postal code.
fn by_letter(letter: &str) -> Option<Id> {
    Some(match letter {
        "A" => Id::AT,
        "B" => Id::BE,
        "D" => Id::DE,
        "E" => Id::ES,
        "F" => Id::FR,
        "FL" => Id::LI,
        "I" => Id::IT,
        "L" => Id::LU,
        "N" => Id::NO,
        "P" => Id::PT,
        "S" => Id::SE,
        code => return by_code(code),
    })
}

fn by_name(name: &str) -> Option<Id> {
    let found = NAMES
        .iter()
        .find(|(known, _, is_town)| !is_town && known.eq_ignore_ascii_case(name.trim()));
    found.map(|(_, id, _)| *id)
}

fn by_top_level(top_level: &str) -> Option<Id> {
    match top_level {
        "uk" => Some(Id::GB),
        code if code.len() == 2 && !GENERIC.contains(&code) => by_code(code),
        _ => None,
    }
}

fn by_code(code: &str) -> Option<Id> {
    let code = code.trim().to_ascii_uppercase();
    if code == "UK" { Some(Id::GB) } else { code.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clues<'c>(country: Option<&'c str>, top_level: &'c str, language: &'c str, text: &'c str) -> Clues<'c> {
        Clues {
            country,
            addresses: &[],
            top_level,
            language: Some(language),
            text,
        }
    }

    #[test]
    fn the_most_reliable_evidence_comes_first() {
        for (country, top_level, language, expected) in [
            (Some("AT"), "de", "en-US", vec![Id::AT, Id::DE, Id::US]),
            (None, "uk", "en", vec![Id::GB]),
            (None, "com", "ja", vec![Id::JP]),
            (None, "io", "zh-Hant-TW", vec![Id::TW]),
            (Some("Germany"), "com", "de", vec![Id::DE]),
            (None, "eu", "de", vec![]),
        ] {
            let found = regions(&clues(country, top_level, language, ""));
            assert_eq!(found.sure, expected, "{country:?} {top_level} {language}");
        }
        assert_eq!(regions(&clues(None, "com", "de", "")).likely, [Id::DE]);
        assert_eq!(regions(&clues(None, "com", "en", "")), Regions::default());
    }

    #[test]
    fn an_address_on_the_page_names_the_country() {
        for (text, expected) in [
            ("Ringweg 4, 1010 Wien, Österreich", Some(Id::AT)),
            ("8001 Zürich", Some(Id::CH)),
            ("Acme\u{1e}Calle 1\u{1e}España\u{1e}Contact", Some(Id::ES)),
            ("12 High Street, Leeds LS1 4DY", Some(Id::GB)),
            ("100 Main St, Springfield, IL 62701", Some(Id::US)),
            ("Weg 1, A-4020 Linz", Some(Id::AT)),
            ("Wir liefern nach Österreich und in die Schweiz", None),
            ("Deutschland, Österreich, Schweiz", None),
            ("Wiener Schnitzel in Wien", None),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }
}
