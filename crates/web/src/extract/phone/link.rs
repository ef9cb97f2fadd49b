//! Links to telephone numbers, and fields that contain one.

use super::candidate::PhoneKind;
use super::label::Label;

/// A field whose text is a number.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct PhoneField {
    pub(in super::super) start: usize,
    pub(in super::super) kind: PhoneKind,
}

/// Reads a link whose scheme or host shows that the rest is a telephone number.
pub(in super::super) fn read_link(href: &str) -> Option<(String, Option<PhoneKind>)> {
    let (scheme, rest) = href.split_once(':')?;
    let scheme = scheme.trim();
    let is_any = |schemes: &[&str]| schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if is_any(&["https", "http", "whatsapp"]) {
        whatsapp(rest).map(|number| (number, Some(PhoneKind::WhatsApp)))
    } else if is_any(&["tel", "callto", "phone"]) {
        Some((rest.to_owned(), None))
    } else if is_any(&["fax"]) {
        Some((rest.to_owned(), Some(PhoneKind::Fax)))
    } else if is_any(&["sms", "viber"]) {
        Some((rest.to_owned(), Some(PhoneKind::Mobile)))
    } else {
        None
    }
}

/// Reads the number in a link to `WhatsApp`, which is international but has no plus sign.
pub(in super::super) fn whatsapp(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches('/');
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let host = [
        "wa.me/",
        "api.whatsapp.com/",
        "web.whatsapp.com/",
        "chat.whatsapp.com/",
        "whatsapp.com/",
        "send",
    ];
    let host = host.iter().find(|host| {
        rest.get(..host.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(host))
    })?;
    let value = match rest.split_once("phone=") {
        Some((_, value)) => value,
        None if *host == "wa.me/" => rest.get(host.len()..)?,
        None => return None,
    };
    let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.')));
    let digits: String = value
        .get(..end.unwrap_or(value.len()))?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    (7..=15).contains(&digits.len()).then(|| format!("+{digits}"))
}

/// Returns whether the name of a link shows that its number is a fax number.
pub(in super::super) fn is_fax_label(name: &str) -> bool {
    !name.is_empty() && name.len() <= 100 && Label::before(name) == Label::Fax
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_declare_numbers_are_read() {
        let read = |href| read_link(href).map(|(number, kind)| (number, kind.unwrap_or_default()));
        for (href, number, kind) in [
            ("tel:+1555", "+1555", PhoneKind::Voice),
            ("TEL:030", "030", PhoneKind::Voice),
            ("callto://+49301", "//+49301", PhoneKind::Voice),
            ("fax:+49301", "+49301", PhoneKind::Fax),
            (
                "https://wa.me/4917112345678?text=1",
                "+4917112345678",
                PhoneKind::WhatsApp,
            ),
            (
                "https://wa.me/+49%20171-12345678",
                "+4917112345678",
                PhoneKind::WhatsApp,
            ),
            (
                "https://api.whatsapp.com/send?phone=4917112345678&text=Hi",
                "+4917112345678",
                PhoneKind::WhatsApp,
            ),
            (
                "whatsapp://send?phone=+4917112345678",
                "+4917112345678",
                PhoneKind::WhatsApp,
            ),
        ] {
            assert_eq!(read(href), Some((number.to_owned(), kind)), "{href}");
        }
        for href in [
            "https://acme.test/wa.me/4917112345678",
            "https://wa.me/message/ABC",
            "mailto:a@acme.test",
            "/tel",
        ] {
            assert_eq!(read(href), None, "{href}");
        }
    }
}
