//! Decoding of texts that are hidden from robots but not from readers.

/// Maximum length of a text that is decoded, in bytes.
const MAX_BYTES: usize = 4 << 10;

/// Rotates Latin letters by 13.
pub(super) fn rot13(text: &str) -> String {
    let turn = |c: char, first: u8| {
        let place = u8::try_from(c).map_or(0, |byte| byte - first);
        char::from(first + (place + 13) % 26)
    };
    text.chars()
        .map(|c| match c {
            'a'..='z' => turn(c, b'a'),
            'A'..='Z' => turn(c, b'A'),
            c => c,
        })
        .collect()
}

/// Rotates printable ASCII characters by 47, as Email Address Encoder does.
pub(super) fn rot47(text: &str) -> String {
    text.chars()
        .map(|c| match u8::try_from(c) {
            Ok(byte @ b'!'..=b'~') => char::from(b'!' + (byte - b'!' + 47) % 94),
            _ => c,
        })
        .collect()
}

/// Decodes a link of the plugin `CryptX`: each character is shifted by one, or by the digit before it.
pub(super) fn cryptx(text: &str) -> Option<String> {
    let down = |c: char, by: u32| char::from_u32(u32::from(c).checked_sub(by)?);
    let is_link = |link: &String| link.starts_with("mailto:");
    let by_one: Option<String> = text.chars().map(|c| down(c, 1)).collect();
    by_one.filter(is_link).or_else(|| {
        let letters: Vec<char> = text.chars().collect();
        let moved: Option<String> = letters
            .chunks(2)
            .map(|pair| match pair {
                [by, c] => down(*c, by.to_digit(10)?),
                _ => None,
            })
            .collect();
        moved.filter(is_link)
    })
}

/// Decodes base64, with or without padding.
pub(super) fn base64(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0_u8);
    for byte in text.trim().trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Decodes a TYPO3 link, whose characters are shifted within three ranges by an offset.
pub(super) fn typo3(token: &str, offset: i32) -> String {
    const RANGES: [(i32, i32); 3] = [(0x2b, 0x3a), (0x40, 0x5a), (0x61, 0x7a)];
    token
        .chars()
        .map(|c| {
            let code = i32::try_from(u32::from(c)).unwrap_or_default();
            let Some((start, end)) = RANGES.iter().find(|(start, end)| (start..=end).contains(&&code)) else {
                return c;
            };
            let moved = start + (code - start - offset).rem_euclid(end - start + 1);
            u32::try_from(moved).ok().and_then(char::from_u32).unwrap_or(c)
        })
        .collect()
}

/// Decodes character references: `&#64;`, `&#x40;` and the names used to hide addresses.
pub(super) fn references(text: &str) -> String {
    const NAMES: [(&str, char); 9] = [
        ("commat", '@'),
        ("period", '.'),
        ("lowbar", '_'),
        ("hyphen", '-'),
        ("nbsp", ' '),
        ("amp", '&'),
        ("quot", '"'),
        ("lt", '<'),
        ("gt", '>'),
    ];
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (head, tail) = rest.split_at(at);
        decoded.push_str(head);
        let end = tail.bytes().take(10).position(|byte| byte == b';');
        let name = end.and_then(|end| tail.get(1..end)).unwrap_or_default();
        let letter = match name.strip_prefix('#') {
            Some(number) => match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            }
            .and_then(char::from_u32),
            None => NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, letter)| *letter),
        };
        if let (Some(letter), Some(end)) = (letter, end) {
            decoded.push(letter);
            rest = tail.get(end + 1..).unwrap_or_default();
        } else {
            decoded.push('&');
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_decoded() {
        assert_eq!(rot13("vasb@Svezn.qr"), "info@Firma.de");
        assert_eq!(rot47(&rot47("mailto:info@firma.de")), "mailto:info@firma.de");
        assert_eq!(rot47(":?7@o7:C>2]56"), "info@firma.de");
        assert_eq!(cryptx("nbjmup;bAc/ef").as_deref(), Some("mailto:a@b.de"));
        assert_eq!(cryptx("1n0a2k1m3w2q0:1b0@1c0.1e1f").as_deref(), Some("mailto:a@b.de"));
        assert_eq!(cryptx("hello"), None);
        assert_eq!(base64("aW5mb0BmaXJtYS5kZQ==").as_deref(), Some("info@firma.de"));
        assert_eq!(base64("aW5mb0BmaXJtYS5kZQ").as_deref(), Some("info@firma.de"));
        assert_eq!(base64("in fo"), None);
        assert_eq!(typo3("ocknvq,kphqBhktoc0fg", 2), "mailto:info@firma.de");
        assert_eq!(references("a&#64;b&#x2e;de &amp; &unknown; &"), "a@b.de & &unknown; &");
        assert_eq!(references("info&commat;b&period;de"), "info@b.de");
    }
}
