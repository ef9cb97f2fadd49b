use serde_json::json;

use super::*;

fn places(file: &str) -> Vec<ImportedPlace> {
    let read = read(file.as_bytes(), None).unwrap();
    assert_eq!(read.failed, [], "{file}");
    read.places
}

#[test]
fn an_unusable_line_is_reported_and_does_not_affect_others() {
    let file = "\u{feff}Name,place_id,rating,tags,status\nA,1,4.5,warm; cold,Not a Fit\n,2,,,\nC,3,good,,\nD,1,,,\n\
                E,5,,[1],\nF,6\nG,7,,,done\nH,8,,,,,\nI,9,4,5,,x\nJ,,,,\nK,10,\"x,,\n";
    let Imported { places, failed, .. } = read(file.as_bytes(), None).unwrap();
    assert_eq!(places.iter().map(|place| place.line).collect::<Vec<_>>(), [2, 7, 9]);
    assert_eq!(
        places[0].curation,
        json!({"status": "Not a Fit", "tags": ["warm", "cold"]}).into()
    );
    let errors: Vec<_> = failed
        .iter()
        .map(|line| (line.line, line.error.clone().unwrap()))
        .collect();
    let expected = [
        (3, "name is empty"),
        (4, "rating is \"good\""),
        (5, "in line 2 already"),
        (6, "tags are not a list"),
        (8, "status is \"done\""),
        (10, "has 6 cells, and there are 5 columns"),
        (11, "place_id is empty"),
        (12, "quotation mark in line 12 is not closed"),
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for ((line, error), (expected, part)) in errors.iter().zip(expected) {
        assert!(*line == expected && error.contains(part), "{errors:?}");
    }
}

#[test]
fn an_unusable_file_is_refused_with_the_reason() {
    let error = |file: &str| read(file.as_bytes(), None).unwrap_err();
    assert!(
        error("place_id,color\n1,2\n")
            .contains("no column `name`: line 1 must name the columns, and has \"place_id\", \"color\"")
    );
    assert!(error("name\nA\n").contains("no column `place_id`, `formatted_address`"));
    assert!(error("").contains("empty"));
    assert!(error("PK\u{3}\u{4}").contains("workbook"));
    assert_eq!(
        read(b"name,place_id,color,\n", None).unwrap().ignored_columns,
        ["color"]
    );
}

#[test]
fn other_tools_columns_and_numbers_are_read() {
    let file = "Title;Full Address;Web-Site;Tel.;Rating;Reviews;Lat;Lng;Category;price level\r\n\
                Gärtnerei Ülz;\"Am Wall 3; 12345 Hof\";ulz.test;030 4455;4,7;1.234;50,31;-11,9;Gärtnerei;€€\r\n";
    let place = &places(file)[0];
    assert_eq!(place.name, "Gärtnerei Ülz");
    assert_eq!(place.formatted_address.as_deref(), Some("Am Wall 3; 12345 Hof"));
    assert_eq!(
        (place.website.as_deref(), place.phone.as_deref()),
        (Some("ulz.test"), Some("030 4455"))
    );
    assert_eq!((place.rating, place.user_ratings_total), (Some(4.7), Some(1234)));
    assert_eq!((place.latitude, place.longitude), (Some(50.31), Some(-11.9)));
    assert_eq!(
        (place.business_type.as_deref(), place.price_level),
        (Some("Gärtnerei"), Some(2))
    );
}

#[test]
fn a_business_without_an_id_is_identified_by_name_and_address() {
    let id = |file: &str| places(file)[0].place_id.clone();
    let whole = id("name,address\nSmile Dental,\"Bay Rd 7, 2000 Reef, Australia\"\n");
    assert!(scans::places::is_imported(&whole));
    assert_eq!(
        id("Company;Address;Phone\nSMILE DENTAL;Bay Rd. 7 2000 Reef Australia;1\n"),
        whole
    );
    assert_eq!(
        id("name,street,zip,city,country\nSmile Dental,Bay Rd 7,2000,Reef,Australia\n"),
        whole
    );
    assert_ne!(
        id("name,address\nSmile Dental,\"Bay Rd 8, 2000 Reef, Australia\"\n"),
        whole
    );
    assert_eq!(id("place_id,name,address\nGoogle1,Smile Dental,x\n"), "Google1");
    assert_ne!(
        id("name,website\nSmile Dental,smile.test\n"),
        id("name,phone\nSmile Dental,12\n")
    );
}

#[test]
fn damage_by_a_spreadsheet_is_undone_or_reported() {
    let place = &places("place_id,name,phone,website\n1,'=1+1,\"=\"\"030 12\"\"\",/url?q=https://a.test/&sa=U\n")[0];
    assert_eq!((place.name.as_str(), place.phone.as_deref()), ("=1+1", Some("030 12")));
    assert_eq!(place.website.as_deref(), Some("https://a.test/"));
    let place = &places("place_id,name,phone\n1,A,'+49 30 12\n")[0];
    assert_eq!(place.phone.as_deref(), Some("+49 30 12"));
    let read = read(b"place_id;name;phone\n1;A;4,93E+11\n", None).unwrap();
    assert!(read.failed[0].error.as_ref().unwrap().contains("dropped its digits"));
}
