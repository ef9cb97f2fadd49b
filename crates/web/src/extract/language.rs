//! Language tags (BCP 47), and what people write instead.

/// The two-letter codes of ISO 639-1.
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz \
ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw \
ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb \
nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st \
su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Texts that stand for a language without being its tag: its names, three-letter codes of languages that have a
/// two-letter code, and country codes.
const MEANT: [(&str, &str); 64] = [
    ("english", "en"),
    ("eng", "en"),
    ("us", "en-US"),
    ("gb", "en-GB"),
    ("german", "de"),
    ("deutsch", "de"),
    ("ger", "de"),
    ("deu", "de"),
    ("french", "fr"),
    ("francais", "fr"),
    ("français", "fr"),
    ("fre", "fr"),
    ("fra", "fr"),
    ("spanish", "es"),
    ("espanol", "es"),
    ("español", "es"),
    ("spa", "es"),
    ("italian", "it"),
    ("italiano", "it"),
    ("ita", "it"),
    ("portuguese", "pt"),
    ("portugues", "pt"),
    ("português", "pt"),
    ("por", "pt"),
    ("dutch", "nl"),
    ("nederlands", "nl"),
    ("dut", "nl"),
    ("nld", "nl"),
    ("polish", "pl"),
    ("polski", "pl"),
    ("pol", "pl"),
    ("russian", "ru"),
    ("русский", "ru"),
    ("rus", "ru"),
    ("japanese", "ja"),
    ("日本語", "ja"),
    ("jpn", "ja"),
    ("jp", "ja"),
    ("chinese", "zh"),
    ("中文", "zh"),
    ("zho", "zh"),
    ("cn", "zh"),
    ("korean", "ko"),
    ("kor", "ko"),
    ("turkish", "tr"),
    ("türkçe", "tr"),
    ("turkce", "tr"),
    ("tur", "tr"),
    ("swedish", "sv"),
    ("svenska", "sv"),
    ("swe", "sv"),
    ("danish", "da"),
    ("dansk", "da"),
    ("dan", "da"),
    ("dk", "da"),
    ("norwegian", "no"),
    ("norsk", "no"),
    ("finnish", "fi"),
    ("suomi", "fi"),
    ("czech", "cs"),
    ("čeština", "cs"),
    ("cz", "cs"),
    ("ukrainian", "uk"),
    ("ua", "uk"),
];

/// Maximum length of a tag that is kept.
const MAX_TAG: usize = 35;

/// Parses a language tag in correct or common incorrect notation (`en_US`, `de_DE.UTF-8`, `english`), and returns it in
/// the usual case. Returns `None` if the text does not name a language.
pub(super) fn read(tag: &str) -> Option<String> {
    // A POSIX locale continues with a charset or a variant.
    let tag = tag.trim().split(['.', '@']).next()?.trim_matches(['-', '_', '"', '\'']);
    let mut parts = tag.split(['-', '_']);
    let primary = parts.next()?.to_lowercase();
    let mut read = meant(&primary)?.to_owned();
    let mut has_script = false;
    let mut has_region = read.contains('-');
    for part in parts {
        if !(2..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            // A subtag of one letter begins an extension, which does not concern the language.
            return (part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(read);
        }
        let is_alphabetic = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let part = part.to_ascii_lowercase();
        match part.len() {
            4 if is_alphabetic && !has_script && !has_region => {
                has_script = true;
                read.push('-');
                read.extend(part.chars().take(1).map(|char| char.to_ascii_uppercase()));
                read.extend(part.chars().skip(1));
            }
            2 if is_alphabetic && !has_region => {
                has_region = true;
                read.push('-');
                // The United Kingdom's code is GB.
                read.push_str(&if part == "uk" { "gb".to_owned() } else { part }.to_ascii_uppercase());
            }
            2 => return None,
            _ => {
                read.push('-');
                read.push_str(&part);
            }
        }
    }
    (read.len() <= MAX_TAG).then_some(read)
}

/// Returns the language that a primary subtag stands for.
fn meant(primary: &str) -> Option<&str> {
    if let Some((_, tag)) = MEANT.iter().find(|(written, _)| *written == primary) {
        return Some(tag);
    }
    let is_alphabetic = primary.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_code = match primary.len() {
        2 => CODES.split_ascii_whitespace().any(|code| code == primary),
        // Undetermined, multiple and no language.
        3 => !matches!(primary, "und" | "mul" | "zxx" | "mis"),
        _ => false,
    };
    (is_alphabetic && is_code).then_some(primary)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn languages_are_normalised_to_tags() {
        for (written, tag) in [
            ("de", Some("de")),
            (" EN-us ", Some("en-US")),
            ("en_GB", Some("en-GB")),
            ("en-UK", Some("en-GB")),
            ("fr_FR.UTF-8", Some("fr-FR")),
            ("sr_RS@latin", Some("sr-RS")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("es-419", Some("es-419")),
            ("de-DE-1996", Some("de-DE-1996")),
            ("de-u-co-phonebk", Some("de")),
            ("English", Some("en")),
            ("DEUTSCH", Some("de")),
            ("ger", Some("de")),
            ("jp", Some("ja")),
            ("us", Some("en-US")),
            ("gsw-CH", Some("gsw-CH")),
            ("de-", Some("de")),
            ("xx", None),
            ("und", None),
            ("C", None),
            ("POSIX", None),
            ("klingonish", None),
            ("{{ lang }}", None),
            ("en us", None),
            ("de,en", None),
            ("x-default", None),
            ("en-US-GB", None),
            ("", None),
        ] {
            assert_eq!(read(written).as_deref(), tag, "{written}");
        }
    }
}
