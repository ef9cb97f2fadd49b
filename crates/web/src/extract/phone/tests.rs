use super::super::text::BREAK;
use super::*;

fn placed(regions: &[country::Id]) -> Regions {
    Regions {
        sure: regions.to_vec(),
        likely: Vec::new(),
        is_placed: !regions.is_empty(),
    }
}

/// Returns the numbers in a text that are not fax numbers.
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
fn other_numbers_are_skipped() {
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
fn without_a_country_only_unambiguous_numbers_are_read() {
    assert_eq!(phones("030 901820", &[]), [""; 0]);
    assert_eq!(phones("Tel. 030 / 901820", &[]), ["030 / 901820"]);
    assert_eq!(
        phones(
            "calls=1 50 16 400\u{1e}calls 306310 3.8.0\u{1e}Tel 50 60\n70 80 90",
            &[]
        ),
        [""; 0]
    );
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

/// Returns every number in a German page, with its kind.
fn kinds(text: &str) -> Vec<(String, PhoneKind)> {
    let mut page = super::super::text::PageText::default();
    for (index, block) in text.split('|').enumerate() {
        if index > 0 {
            page.push_break();
        }
        page.push(block);
    }
    let found = validate(find(page.as_str()), &mut placed(&[country::DE])).into_iter();
    found.map(|phone| (phone.digits, phone.kind)).collect()
}

#[test]
fn each_number_has_the_kind_of_its_nearest_label() {
    use PhoneKind::{Fax, Mobile, Voice, WhatsApp};
    for (text, expected) in [
        ("Tel. 040 600800, Fax 040 600809", vec![Voice, Fax]),
        ("Fax 040 600809, Tel. 040 600800", vec![Fax, Voice]),
        ("Tel. 040 600800 Mobil 0171 2345678", vec![Voice, Mobile]),
        ("0171 2345678", vec![Mobile]),
        ("WhatsApp: 040 600800", vec![WhatsApp]),
        ("Fax: 040 600808, 040 600809", vec![Fax, Fax]),
        ("Fax: 040 600808 oder 040 600809", vec![Fax, Fax]),
        ("040 600809 (Fax)", vec![Fax]),
        ("040 600800 (Tel.), 040 600809 (Fax)", vec![Voice, Fax]),
        ("040 600800 (T) / 040 600809 (F)", vec![Voice, Fax]),
        ("040 600800 Telefon|040 600809 Telefax", vec![Voice, Fax]),
        ("Tel. 040 600800, 040 600809 (Fax)", vec![Voice, Fax]),
        ("Telefon|Fax|040 600800|040 600809", vec![Voice, Fax]),
        ("Fax-Nr.: +49 40 600809", vec![Fax]),
        ("Tel. / Fax 040 600800", vec![Voice]),
        ("Fax: 040 600800|Tel.: 040 600800", vec![Voice]),
        ("040 600800|Fax: 040 600800", vec![Fax]),
        ("Tel. 040 600800 040 600801", vec![Voice, Voice]),
        ("20095 040 600800", vec![Voice]),
    ] {
        let found: Vec<PhoneKind> = kinds(text).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn fax_words_of_every_language_with_a_telephone_word_are_known() {
    for (text, region) in [
        ("Tel. 020 555 0100|Faxnummer: 020 555 0199", country::NL),
        ("Tél. 01 44 13 22 22|Télécopieur : 01 44 13 22 29", country::FR),
        ("Telefon 22 555 01 00|Nr faksu 22 555 01 99", country::PL),
        ("Puhelin 09 555 0100|Faksi 09 555 0199", country::FI),
        ("Τηλ. 210 555 0100|Φαξ 210 555 0199", country::GR),
        ("Тел. 8 495 123-45-00|Факс 8 495 123-45-99", country::RU),
        ("هاتف 04 355 0100|فاكس 04 355 0199", country::AE),
        ("טלפון 03-555-0100|פקס 03-555-0199", country::IL),
        ("電話 03-3211-4100|ファックス 03-3211-4199", country::JP),
        ("电话 010 5555 0100|传真 010 5555 0199", country::CN),
        ("전화 02-555-0100|팩스 02-555-0199", country::KR),
        ("Telefon 0212 555 01 00|Belgegeçer 0212 555 01 99", country::TR),
        ("फ़ोन 011 2555 0100|फ़ैक्स 011 2555 0199", country::IN),
    ] {
        let text = text.replace('|', "\u{1e}");
        let found = validate(find(&text), &mut placed(&[region]));
        let kinds: Vec<PhoneKind> = found.iter().map(|phone| phone.kind).collect();
        assert!(
            matches!(kinds.as_slice(), [first, PhoneKind::Fax] if *first != PhoneKind::Fax),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn tax_company_bank_and_customer_numbers_are_skipped() {
    let mut wrong = Vec::new();
    for text in [
        "Steuer-Nr. 040 600 800 12",
        "St.-Nr. 040/600/80012",
        "USt-IdNr.: 040 600 800",
        "Kto.-Nr. 040 600 8001",
        "Kundennummer: 040 600800",
        "Vertragsnummer +49 40 600800",
        "C.F. 040 600 800 12",
        "P. IVA 040 600 800 12",
        "CNPJ 040.600.800-12",
        "KvK 040 600 800",
        "BTW BE 0460.080.012",
        "0460.080.012",
        "VAT Reg. No. 040 600 800",
        "Company number: 040 600 8001",
        "EIN 040 600 8001",
        "NIP 040 600 80 01",
        "ИНН 040 600 80 01",
        "统一社会信用代码 040 600 8001",
        "Art.-Nr. 040-600-800",
        "03.06.-07.06.2026",
        "03.06.26 - 07.06.26",
        "08.00-12.00 13.00-18.00",
        "Tel. 0123456789",
    ] {
        wrong.extend(phones(text, &[country::DE]).into_iter().map(|phone| (text, phone)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_declared_number_is_kept_without_a_country() {
    let read = |value| {
        let found = validate(Candidate::declared(0, value, None), &mut Regions::default());
        found.into_iter().map(|phone| phone.shown).collect::<Vec<_>>()
    };
    assert_eq!(read("030 901820"), ["030 901820"]);
    assert_eq!(read("tel:030901820"), ["030901820"]);
    assert_eq!(read("tel:0000000"), [""; 0]);
    assert_eq!(read("+49 30 12"), [""; 0]);
}

#[test]
fn a_field_may_hold_several_numbers_with_marks_and_extensions() {
    let read = |value: &str| {
        let found = validate(Candidate::declared(0, value, None), &mut placed(&[country::US]));
        found.into_iter().map(|phone| phone.digits).collect::<Vec<_>>()
    };
    for (value, expected) in [
        ("tel:+1-212-736-5000 ext. 5", vec!["+12127365000"]),
        ("tel:2127365000x5", vec!["+12127365000"]),
        ("tel:\u{202a}+1 212 736 5000\u{202c}", vec!["+12127365000"]),
        ("tel:+1%E2%80%AF212-736-5000", vec!["+12127365000"]),
        ("//+12127365000", vec!["+12127365000"]),
        ("(212) 736-5000 or (212) 736-5001", vec!["+12127365000", "+12127365001"]),
        ("tel:212-736-5000;phone-context=+1", vec!["+12127365000"]),
        ("Call us", vec![]),
    ] {
        assert_eq!(read(value), expected, "{value}");
    }
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
        "Tel\u{1e}Fax\u{1e}",
        "Fax\u{1e}030 901820\u{1e}",
        "Fax ",
        "+49 30 901820 ",
        "((((",
        "1-1-1-",
        "٣",
    ] {
        let _ = phones(&unit.repeat(20_000), &[country::DE]);
    }
}
