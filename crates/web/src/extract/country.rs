//! In which country a site is, to read the telephone numbers of its home page.

use phonenumber::country::Id;

/// Country-code domains that are sold everywhere and say nothing about a place.
const GENERIC: [&str; 28] = [
    "ac", "ad", "ai", "am", "as", "bz", "cc", "cd", "co", "fm", "gg", "gl", "io", "is", "la", "ly", "me", "nu", "sc",
    "sh", "so", "st", "tk", "to", "tv", "vc", "vg", "ws",
];

/// Languages that are at home in one country.
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

/// The countries a site may be in, the most probable first.
///
/// An address in structured data says it, then the domain, then the region of the language, then a
/// language of one country.
pub(super) fn hints(addressed: Option<&str>, top_level: &str, language: Option<&str>) -> Vec<Id> {
    let mut tags = language.unwrap_or_default().split(['-', '_']);
    let language = tags.next().unwrap_or_default().to_ascii_lowercase();
    let region = tags.find(|tag| tag.len() == 2).and_then(by_code);
    let candidates = [
        addressed.and_then(by_code),
        by_top_level(top_level),
        region,
        LANGUAGES.iter().find(|(code, _)| *code == language).map(|(_, id)| *id),
    ];
    let mut hints = Vec::new();
    for id in candidates.into_iter().flatten() {
        if !hints.contains(&id) {
            hints.push(id);
        }
    }
    hints
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

    #[test]
    fn the_best_evidence_comes_first() {
        assert_eq!(hints(Some("AT"), "de", Some("en-US")), [Id::AT, Id::DE, Id::US]);
        assert_eq!(hints(None, "uk", Some("en")), [Id::GB]);
        assert_eq!(hints(None, "com", Some("ja")), [Id::JP]);
        assert_eq!(hints(None, "io", Some("zh-Hant-TW")), [Id::TW]);
        assert_eq!(hints(Some("Germany"), "com", Some("de")), []);
        assert_eq!(hints(None, "eu", None), []);
    }
}
