//! The columns of files of places, and the names that people and tools give them.

use csv::StringRecord;
use web::table::plain_name;

/// The columns in export order, without row numbers and the ids of rows, users and jobs, which mean nothing elsewhere.
pub const COLUMNS: &[&str] = &[
    "place_id",
    "name",
    "formatted_address",
    "business_type",
    "latitude",
    "longitude",
    "vicinity",
    "rating",
    "user_ratings_total",
    "price_level",
    "search_query",
    "search_location",
    "search_time",
    "status",
    "notes",
    "priority",
    "tags",
    "revisit_date",
    "website",
    "phone",
];

/// The column of places as Google returned them, exported on request.
pub const RAW_DATA: &str = "raw_data";

/// Names of each column in other tools' files, best first, without blanks and punctuation. Our own names take
/// precedence.
const ALIASES: &[(&str, &[&str])] = &[
    ("place_id", &["googleplaceid", "googleplacesid", "gplaceid"]),
    (
        "name",
        &[
            "title",
            "businessname",
            "companyname",
            "placename",
            "displayname",
            "displaynametext",
            "company",
            "business",
            "firma",
            "firmenname",
            "firmierung",
            "unternehmen",
            "bezeichnung",
            "entreprise",
            "raisonsociale",
            "nom",
            "nombre",
            "razonsocial",
            "empresa",
            "nome",
            "ragionesociale",
            "azienda",
            "naam",
            "bedrijfsnaam",
            "bedrijf",
            "nazwa",
            "organization",
            "organisation",
        ],
    ),
    (
        "formatted_address",
        &[
            "address",
            "fulladdress",
            "completeaddress",
            "postaladdress",
            "adresse",
            "anschrift",
            "vollständigeadresse",
            "adressecomplète",
            "adressecomplete",
            "dirección",
            "direccion",
            "indirizzo",
            "endereço",
            "endereco",
            "adres",
        ],
    ),
    (
        "business_type",
        &[
            "category",
            "categoryname",
            "maincategory",
            "primarytype",
            "type",
            "kategorie",
            "branche",
            "catégorie",
            "categorie",
            "categoría",
            "categoria",
        ],
    ),
    ("latitude", &["lat", "breitengrad", "breite", "latitud", "latitudine"]),
    (
        "longitude",
        &[
            "lng",
            "lon",
            "long",
            "längengrad",
            "laengengrad",
            "länge",
            "longitud",
            "longitudine",
        ],
    ),
    ("vicinity", &["shortaddress", "shortformattedaddress"]),
    (
        "rating",
        &[
            "averagerating",
            "avgrating",
            "totalscore",
            "stars",
            "bewertung",
            "sterne",
            "valoración",
            "valoracion",
        ],
    ),
    (
        "user_ratings_total",
        &[
            "userratingcount",
            "ratingcount",
            "ratingscount",
            "reviewscount",
            "reviewcount",
            "totalreviews",
            "numberofreviews",
            "reviews",
            "anzahlbewertungen",
            "bewertungen",
            "nombredavis",
            "avis",
        ],
    ),
    ("price_level", &[]),
    ("search_query", &[]),
    ("search_location", &[]),
    ("search_time", &[]),
    ("status", &[]),
    (
        "notes",
        &[
            "comment",
            "comments",
            "notizen",
            "bemerkung",
            "bemerkungen",
            "kommentar",
            "notas",
            "remarques",
        ],
    ),
    ("priority", &["priorität", "prioritaet", "prio"]),
    ("tags", &["tag", "labels", "schlagworte"]),
    ("revisit_date", &["wiedervorlage"]),
    ("website", WEBSITE_NAMES),
    (
        "phone",
        &[
            "phonenumber",
            "internationalphonenumber",
            "nationalphonenumber",
            "formattedphonenumber",
            "phone1",
            "tel",
            "telephone",
            "telephonenumber",
            "telefon",
            "telefonnummer",
            "telefonnr",
            "téléphone",
            "teléfono",
            "telefono",
            "telefone",
            "telefoon",
            "telefoonnummer",
        ],
    ),
    ("raw_data", &[]),
    // Parts of an address, for files that split it.
    (
        "street",
        &[
            "streetaddress",
            "address1",
            "strasse",
            "straße",
            "rue",
            "calle",
            "via",
            "straat",
        ],
    ),
    (
        "postal_code",
        &[
            "postcode",
            "zip",
            "zipcode",
            "plz",
            "postleitzahl",
            "codepostal",
            "códigopostal",
            "codigopostal",
            "cap",
            "cep",
        ],
    ),
    (
        "city",
        &[
            "town", "locality", "ort", "stadt", "ville", "ciudad", "città", "citta", "cidade", "plaats", "stad",
        ],
    ),
    ("state", &["region", "province", "bundesland"]),
    ("country", &["countryname", "land", "pays", "país", "pais", "paese"]),
];

/// Names of the website column in other tools' files, best first.
pub const WEBSITE_NAMES: &[&str] = &[
    "websiteurl",
    "websiteuri",
    "webpage",
    "websiteaddress",
    "webseite",
    "internetseite",
    "homepage",
    "internet",
    "web",
    "www",
    "site",
    "siteweb",
    "siteinternet",
    "sitioweb",
    "páginaweb",
    "paginaweb",
    "sitoweb",
    "sito",
    "strona",
    "domain",
    "domainname",
    "domäne",
    "url",
    "link",
];

/// The columns of a file, by our names.
#[derive(Clone, Debug)]
pub struct Columns {
    known: Vec<(&'static str, usize)>,
    /// Names of the unknown columns.
    pub ignored: Vec<String>,
    /// The number of columns in the file.
    pub count: usize,
}

impl Columns {
    /// Reads the header line.
    #[must_use]
    pub fn read(names: &StringRecord) -> Self {
        let plain: Vec<String> = names.iter().map(plain_name).collect();
        let at = |name: &str| plain.iter().position(|known| known == name);
        let known: Vec<_> = ALIASES
            .iter()
            .filter_map(|(ours, aliases)| {
                let column = at(&plain_name(ours)).or_else(|| aliases.iter().find_map(|alias| at(alias)))?;
                Some((*ours, column))
            })
            .collect();
        let is_ignored = |column: &usize| !known.iter().any(|(_, at)| at == column);
        let ignored = names
            .iter()
            .enumerate()
            .filter(|(column, name)| is_ignored(column) && !name.trim().is_empty())
            .map(|(_, name)| name.trim().to_owned())
            .collect();
        Self {
            known,
            ignored,
            count: names.len(),
        }
    }

    /// Returns the position of a column, from 0, by our name; `None` if the file does not have it.
    #[must_use]
    pub fn at(&self, name: &str) -> Option<usize> {
        self.known.iter().find(|(ours, _)| *ours == name).map(|(_, at)| *at)
    }
}

/// Returns whether a text is the name of a known column, our own or another tool's.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let plain = plain_name(text);
    ALIASES
        .iter()
        .any(|(ours, aliases)| plain_name(ours) == plain || aliases.contains(&plain.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_any_of_its_names_and_ours_comes_first() {
        let columns = Columns::read(&StringRecord::from(vec![
            "Title",
            "NAME",
            "Place ID",
            "Web-Seite",
            "",
            "Colour",
            "Full Address",
        ]));
        assert_eq!(columns.at("name"), Some(1));
        assert_eq!(columns.at("place_id"), Some(2));
        assert_eq!(columns.at("website"), Some(3));
        assert_eq!(columns.at("formatted_address"), Some(6));
        assert_eq!(columns.at("rating"), None);
        assert_eq!(
            (columns.ignored, columns.count),
            (vec!["Title".to_owned(), "Colour".to_owned()], 7)
        );
    }

    #[test]
    fn no_name_stands_for_two_columns() {
        let mut seen = std::collections::HashSet::new();
        for (ours, aliases) in ALIASES {
            assert!(seen.insert(plain_name(ours)), "{ours}");
            for alias in *aliases {
                assert_eq!(plain_name(alias), *alias);
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }
}
