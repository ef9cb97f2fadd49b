use super::*;

/// Returns the cells of a file with the columns `id`, `name` and `note`, and the line of each row.
fn read(file: &[u8]) -> Vec<(u64, Vec<String>)> {
    let table = Table::read(file, None, |name| {
        ["id", "name", "note"].contains(&plain_name(name).as_str())
    })
    .unwrap();
    table
        .rows
        .into_iter()
        .map(|row| (row.line, row.cells.iter().map(str::to_owned).collect()))
        .collect()
}

fn cells(file: &[u8]) -> Vec<Vec<String>> {
    read(file).into_iter().map(|(_, cells)| cells).collect()
}

#[test]
fn every_separator_gives_the_same_cells() {
    let expected = [["id", "name", "note"], ["7", "Gärtnerei Ülz", "a, b; c | d"]];
    for separator in [",", ";", "\t", "|"] {
        let row = format!("id{separator}name{separator}note\n7{separator}Gärtnerei Ülz{separator}\"a, b; c | d\"\n");
        for head in [
            "",
            "\u{feff}",
            &format!("sep={separator}\r\n"),
            &format!("\u{feff}\"SEP={separator}\"\n"),
        ] {
            let file = format!("{head}{row}");
            assert_eq!(cells(file.as_bytes()), expected, "{file:?}");
        }
    }
    // Decimal commas do not outweigh the names.
    assert_eq!(cells(b"name;note\nx;4,5,6,7\ny;1,2,3\n")[1], ["x", "4,5,6,7"]);
    assert_eq!(cells(b"Firma;Ort\nA, B, C;Hof\nD;Ulm\n")[1], ["A, B, C", "Hof"]);
    assert_eq!(
        cells(b"one.test\ntwo.test;x\n"),
        [vec!["one.test"], vec!["two.test", "x"]]
    );
}

#[test]
fn every_encoding_gives_the_same_text() {
    let text = "id,name\r\n1,Größe & Crêpes “1”\r\n";
    let expected = [["id", "name"], ["1", "Größe & Crêpes “1”"]];
    let (western, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
    for file in [
        text.as_bytes().to_vec(),
        marked(b"\xEF\xBB\xBF", text.as_bytes()),
        marked(b"\xEF\xBB\xBF\xEF\xBB\xBF", text.as_bytes()),
        western.into_owned(),
        marked(b"\xFF\xFE", &little),
        marked(b"\xFE\xFF", &big),
        little.clone(),
        big.clone(),
    ] {
        assert_eq!(cells(&file), expected, "{file:?}");
    }
    let mixed = [b"id,name\n1,Gr\xF6\xDFe\n2,", "Größe\n".as_bytes()].concat();
    assert_eq!(cells(&mixed), [["id", "name"], ["1", "Größe"], ["2", "Größe"]]);
    let russian = "id,name\n1,Пекарня у реки\n2,Стоматология на площади\n";
    let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
    assert_eq!(cells(&cyrillic)[1][1], "Пекарня у реки");
    let (polish, _, _) = encoding_rs::WINDOWS_1250.encode("id,name\n1,Żółw\n");
    let table = Table::read(&polish, Some("windows-1250"), |_| false).unwrap();
    assert_eq!(table.rows[1].cell(1), "Żółw");
}

#[test]
fn lines_are_counted_as_in_an_editor() {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["id,name", "", "1,\"two", "lines\"", "2,x", ",,", "", "3,y"].join(end);
        let lines: Vec<u64> = read(file.as_bytes()).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 5, 8], "{end:?}");
        let file = format!("{end}sep=;{end}id;name{end}1;x");
        let lines: Vec<u64> = read(file.trim_start().as_bytes())
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(lines, [2, 3], "{end:?}");
        assert_eq!(read(format!("{end}{end}id,name").as_bytes())[0].0, 3);
    }
}

#[test]
fn an_unclosed_quotation_mark_is_reported() {
    let unclosed = |file: &str| -> Vec<bool> {
        let table = Table::read(file.as_bytes(), None, |_| true).unwrap();
        table.rows.iter().map(|row| row.is_unclosed).collect()
    };
    assert_eq!(unclosed("id,name\n1,\"a\n2,b\n"), [false, true]);
    assert_eq!(
        unclosed("id,name\n1,\"a \"\"b\"\"\"\n2,5\" pipe"),
        [false, false, false]
    );
}

#[test]
fn a_file_of_another_format_is_named() {
    let error = |file: &[u8]| Table::read(file, None, |_| true).unwrap_err().to_string();
    assert_eq!(error(b""), "the file is empty");
    assert_eq!(error(b"\xEF\xBB\xBF\n \n,,\n"), "the file is empty");
    assert!(error(b"PK\x03\x04\x14").contains("workbook"));
    assert!(error(b"  <!DOCTYPE html><p>").contains("HTML"));
    assert!(error(b"[\n  {\"id\": 1}]").contains("JSON"));
}

#[test]
fn numbers_are_read_as_each_country_writes_them() {
    for (text, number) in [
        ("4.5", 4.5),
        ("4,5", 4.5),
        (" -0,127 ", -0.127),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1 234,5", 1234.5),
        ("1’234.5", 1234.5),
        ("+52", 52.0),
        ("1.234.567", 1_234_567.0),
    ] {
        assert_eq!(decimal(text), Some(number), "{text}");
    }
    for text in [
        "",
        "many",
        "4,5 stars",
        "NaN",
        "inf",
        "1,2,3",
        "4-5",
        ".",
        "1e5",
        "4 5",
        "1.23.456,7",
    ] {
        assert_eq!(decimal(text), None, "{text}");
    }
    for (text, number) in [
        ("120", 120),
        ("1.234", 1234),
        ("1,234", 1234),
        ("12 345", 12345),
        ("120.0", 120),
        ("-2", -2),
    ] {
        assert_eq!(whole(text), Some(number), "{text}");
    }
    for text in ["", "x", "4.5", "1,23", "12 34", "1.2345"] {
        assert_eq!(whole(text), None, "{text}");
    }
}
