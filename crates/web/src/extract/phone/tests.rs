use super::super::text::BREAK;
use super::*;

fn placed(regions: &[country::Id]) -> Regions {
    Regions {
        sure: regions.to_vec(),
        likely: Vec::new(),
        is_placed: !regions.is_empty(),
    }
}

/// Returns the numbers of a text that can be called.
fn phones(text: &str, regions: &[country::Id]) -> Vec<String> {
    let found = validate(find(text), &mut placed(regions)).into_iter();
    found
        .filter(|phone| phone.kind != PhoneKind::Fax)
        .map(|phone| phone.shown)
        .collect()
}

#[test]
fn numbers_of_many_countries_are_read() {
    for (text, region, expected) in [
        ("Tel.: 030 / 901820", country::DE, "+49 30 901820"),
        ("Telefon 030/901820-0", country::DE, "+49 30 9018200"),
        ("+49 (0)30 901820", country::US, "+49 30 901820"),
        ("0049 30 901820", country::AT, "+49 30 901820"),
        ("Call us: (212) 736-5000", country::US, "+1 212-736-5000"),
        ("212-736-5000", country::US, "+1 212-736-5000"),
        ("1-800-275-2273", country::US, "+1 800-275-2273"),
        ("Phone 020 7946 0018", country::GB, "+44 20 7946 0018"),
        ("(020) 7946 0018", country::GB, "+44 20 7946 0018"),
        ("Tél : 01 44 13 22 22", country::FR, "+33 1 44 13 22 22"),
        ("01.44.13.22.22", country::FR, "+33 1 44 13 22 22"),
        ("電話 03-3211-4111", country::JP, "+81 3-3211-4111"),
        ("TEL：03-3211-4111", country::JP, "+81 3-3211-4111"),
        ("Teléfono: 912 345 678", country::ES, "+34 912 34 56 78"),
        ("Tel. 06 6982 1111", country::IT, "+39 06 6982 1111"),
        ("هاتف: 04 366 8888", country::AE, "+971 4 366 8888"),
        ("тел. 8 (495) 123-45-67", country::RU, "+7 495 123-45-67"),
        ("T: 043 211 22 33", country::CH, "+41 43 211 22 33"),
        ("Tel./Fax: 030 901820", country::DE, "+49 30 901820"),
        ("Call 0800 123 456", country::NZ, "+64 800 123 456"),
        ("Tel\u{1e}030 901820", country::DE, "+49 30 901820"),
    ] {
        let mut page = super::super::text::PageText::default();
        page.push(text);
        let text = if text.contains(BREAK) { text } else { page.as_str() };
        assert_eq!(phones(text, &[region]), [expected], "{text:?}");
    }
}

#[test]
fn other_numbers_are_left() {
    let mut wrong = Vec::new();
    for text in [
        "2024-01-15 10:30",
        "01.02.2024 18:00",
        "Open 01.02.2024 - 03.02.2024",
        "1999-2024",
        "192.168.100.200",
        "Order 0301234567",
        "Order no. 030 1234567",
        "Invoice #030-1234567",
        "EUR 1.234.567,00",
        "$ 030 1234567",
        "030 1234567 €",
        "52.520008, 13.404954",
        "+52.520008",
        "ISBN 978-3-16-148410-0",
        "0-201-63361-0",
        "IBAN DE89 3704 0044 0532 0130 00",
        "HRB 030 123456",
        "3014159265358979",
        "1234567",
        "Fax: 030 901820",
        "Telefax +49 30 901821",
        "version 0.30.1234567",
        "a030 1234567b",
        "SKU-030-1234567",
        "Tel. 12",
        "+0 000 000 0000",
        "Tel: 0000000000",
        "100 000 000",
    ] {
        wrong.extend(phones(text, &[country::DE]).into_iter().map(|phone| (text, phone)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn without_a_country_only_clear_numbers_are_read() {
    assert_eq!(phones("030 901820", &[]), [""; 0]);
    assert_eq!(phones("Tel. 030 / 901820", &[]), ["030 / 901820"]);
    assert_eq!(phones("(212) 736-5000", &[]), ["+1 212-736-5000"]);
    assert_eq!(
        phones("+41 43 211 22 33, Tel. 044 211 22 33", &[]),
        ["+41 43 211 22 33", "+41 44 211 22 33"]
    );
}

#[test]
fn the_same_number_counts_once() {
    assert_eq!(
        phones("Tel. 030 901820\u{1e}+49 30 901820\u{1e}(030) 901820", &[country::DE]),
        ["+49 30 901820"]
    );
}

#[test]
fn links_are_read() {
    let read = |href| {
        let candidates = Candidate::declared(0, href, None);
        validate(candidates, &mut placed(&[country::DE]))
            .pop()
            .map(|phone| phone.digits)
    };
    assert_eq!(read("tel:+49-30-901820").as_deref(), Some("+4930901820"));
    assert_eq!(read("tel:030%20901820").as_deref(), Some("+4930901820"));
    assert_eq!(read("tel:+49(0)30901820;ext=12").as_deref(), Some("+4930901820"));
    assert_eq!(read("tel:110"), None);
    assert_eq!(read("tel:"), None);
    assert_eq!(read("call-me"), None);
}

#[test]
fn any_text_ends_in_time() {
    for unit in [
        "0",
        "+",
        "(",
        "030 ",
        "030 901820 ",
        "Tel. 030 901820\u{1e}",
        "+49 30 901820 ",
        "((((",
        "1-1-1-",
        "٣",
    ] {
        let _ = phones(&unit.repeat(20_000), &[country::DE]);
    }
}
