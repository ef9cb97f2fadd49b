//! Leads as rows of files: which columns a file has, and what is in their cells.

use chrono::{DateTime, Utc};

use super::row::LeadView;
use crate::views::csv::{LIST_SEPARATOR, escape_formula};
use crate::views::words::Words;

/// The value of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing is known.
    Empty,
    /// A text, which a site or a person may have chosen.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A point in time.
    Time(DateTime<Utc>),
}

impl Cell {
    /// Returns the cell in a CSV file, safe to open in a spreadsheet.
    #[must_use]
    pub fn csv(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => escape_formula(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Time(time) => time.to_rfc3339(),
        }
    }
}

/// A column: its name, and its cell of a lead.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The name in the header.
    pub name: &'static str,
    /// Returns the cell.
    pub cell: fn(&LeadView) -> Cell,
}

fn text(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::Text(text.clone()))
}

fn word(word: Option<&'static str>) -> Cell {
    word.map_or(Cell::Empty, |word| Cell::Text(word.to_owned()))
}

fn number(number: Option<impl Into<f64>>) -> Cell {
    number.map_or(Cell::Empty, |number| Cell::Number(number.into()))
}

fn time(time: Option<DateTime<Utc>>) -> Cell {
    time.map_or(Cell::Empty, Cell::Time)
}

fn list(texts: &[String]) -> Cell {
    if texts.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(texts.join(LIST_SEPARATOR))
    }
}

macro_rules! columns {
    ($($name:literal: |$lead:ident| $cell:expr;)+) => {
        &[$(Column { name: $name, cell: |$lead| $cell }),+]
    };
}

/// Every column of a lead, in the order of a file that chooses none.
pub const COLUMNS: &[Column] = columns! {
    "name": |lead| Cell::Text(lead.name.clone());
    "domain": |lead| text(lead.domain.as_ref());
    "website": |lead| text(lead.website.as_ref());
    "email": |lead| text(lead.contact.as_ref().map(|contact| &contact.email));
    "contact_name": |lead| text(lead.contact.as_ref().and_then(|contact| contact.name.as_ref()));
    "contact_role": |lead| text(lead.contact.as_ref().and_then(|contact| contact.role.as_ref()));
    "contact_mark": |lead| word(lead.contact.as_ref().and_then(|contact| contact.mark));
    "phone": |lead| text(lead.phone.as_ref());
    "address": |lead| text(lead.address.as_ref());
    "business_type": |lead| text(lead.business_type.as_ref());
    "rating": |lead| number(lead.rating);
    "user_ratings_total": |lead| number(lead.user_ratings_total);
    "facebook": |lead| text(lead.social_links.facebook.as_ref());
    "twitter": |lead| text(lead.social_links.twitter.as_ref());
    "linkedin": |lead| text(lead.social_links.linkedin.as_ref());
    "instagram": |lead| text(lead.social_links.instagram.as_ref());
    "youtube": |lead| text(lead.social_links.youtube.as_ref());
    "technologies": |lead| list(&lead.technologies);
    "wordpress_version": |lead| text(lead.wordpress_version.as_ref());
    "has_ssl": |lead| lead.has_ssl.map_or(Cell::Empty, Cell::Flag);
    "certificate_expires_at": |lead| time(lead.certificate_expires_at);
    "score": |lead| number(lead.score);
    "score_reasons": |lead| list(&lead.score_reasons.iter().map(|reason| reason.because.clone()).collect::<Vec<_>>());
    "status": |lead| word(Some(lead.status));
    "priority": |lead| number(lead.priority);
    "tags": |lead| list(lead.tags.as_deref().unwrap_or_default());
    "notes": |lead| text(lead.notes.as_ref());
    "revisit_date": |lead| lead.revisit_date.map_or(Cell::Empty, |date| Cell::Text(date.to_string()));
    "latitude": |lead| number(lead.latitude);
    "longitude": |lead| number(lead.longitude);
    "last_scan_at": |lead| time(lead.last_scan_at);
    "created_at": |lead| time(Some(lead.created_at));
    "updated_at": |lead| time(Some(lead.updated_at));
    "id": |lead| Cell::Text(lead.id.to_string());
    "place_id": |lead| text(lead.place_id.as_ref());
    "domain_id": |lead| text(lead.domain_id.map(|id| id.to_string()).as_ref());
};

/// The columns that `HubSpot` maps to the properties of companies and contacts by their names (knowledge.hubspot.com, "Set
/// up your import file").
const HUBSPOT: &[Column] = columns! {
    "Name": |lead| Cell::Text(lead.name.clone());
    "Company Domain Name": |lead| text(lead.domain.as_ref());
    "Website URL": |lead| text(lead.website.as_ref());
    "Phone Number": |lead| text(lead.phone.as_ref());
    "Street Address": |lead| text(lead.address.as_ref());
    "Description": |lead| text(lead.notes.as_ref());
    "Email": |lead| text(lead.contact.as_ref().map(|contact| &contact.email));
    "Job Title": |lead| text(lead.contact.as_ref().and_then(|contact| contact.role.as_ref()));
};

/// The columns that Pipedrive maps to fields of organizations, people, leads and notes (support.pipedrive.com, "Importing:
/// mandatory fields"). Its people need a name: without one, the name of the business stands for it.
const PIPEDRIVE: &[Column] = columns! {
    "Lead - Title": |lead| Cell::Text(lead.name.clone());
    "Organization - Name": |lead| Cell::Text(lead.name.clone());
    "Organization - Address": |lead| text(lead.address.as_ref());
    "Person - Name": |lead| lead.contact.as_ref().map_or(Cell::Empty, |contact| {
        Cell::Text(contact.name.clone().unwrap_or_else(|| lead.name.clone()))
    });
    "Person - Email": |lead| text(lead.contact.as_ref().map(|contact| &contact.email));
    "Person - Phone": |lead| text(lead.phone.as_ref());
    "Note - Content": |lead| text(lead.notes.as_ref());
};

/// The columns that Brevo maps to its attributes of contacts (help.brevo.com, "Create a file to import your contacts"). A
/// telephone number has to be international, and have no punctuation.
const BREVO: &[Column] = columns! {
    "EMAIL": |lead| text(lead.contact.as_ref().map(|contact| &contact.email));
    "LANDLINE_NUMBER": |lead| text(lead.phone.as_deref().and_then(plain_number).as_ref());
    "EXT_ID": |lead| Cell::Text(lead.id.to_string());
    "COMPANY": |lead| Cell::Text(lead.name.clone());
    "WEBSITE": |lead| text(lead.website.as_ref().or(lead.domain.as_ref()));
    "CONTACT_NAME": |lead| text(lead.contact.as_ref().and_then(|contact| contact.name.as_ref()));
};

/// Returns an international telephone number without punctuation.
fn plain_number(phone: &str) -> Option<String> {
    let rest = phone.strip_prefix('+')?;
    let is_number = rest.chars().all(|c| c.is_ascii_digit() || " ()./-".contains(c));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (is_number && !digits.is_empty()).then(|| format!("+{digits}"))
}

/// A program with a known import of leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// `HubSpot`.
    HubSpot,
    /// Pipedrive.
    Pipedrive,
    /// Brevo.
    Brevo,
}

impl Words for Preset {
    const NAME: &'static str = "LeadPreset";
    const ALL: &'static [Self] = &[Self::HubSpot, Self::Pipedrive, Self::Brevo];

    fn word(self) -> &'static str {
        match self {
            Self::HubSpot => "hubspot",
            Self::Pipedrive => "pipedrive",
            Self::Brevo => "brevo",
        }
    }
}

impl Preset {
    /// Returns the columns that the program imports.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::HubSpot => HUBSPOT,
            Self::Pipedrive => PIPEDRIVE,
            Self::Brevo => BREVO,
        }
    }
}

/// Reads a choice of columns, separated by commas, in their order.
///
/// # Errors
///
/// Returns the first name that no column has.
pub fn choose(names: &str) -> Result<Vec<Column>, String> {
    names
        .split(',')
        .map(str::trim)
        .map(|name| {
            let column = COLUMNS.iter().find(|column| column.name == name);
            column.copied().ok_or_else(|| name.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_by_their_names() {
        let names = |columns: Vec<Column>| columns.iter().map(|column| column.name).collect::<Vec<_>>();
        assert_eq!(choose("email, name").map(names), Ok(vec!["email", "name"]));
        assert_eq!(choose("email,mail").map(names), Err("mail".to_owned()));
        assert_eq!(choose("").map(names), Err(String::new()));
        let all: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(choose(&all.join(",")).map(names), Ok(all));
    }

    #[test]
    fn a_number_for_brevo_is_international_and_plain() {
        assert_eq!(plain_number("+1 (713) 555-0142").as_deref(), Some("+17135550142"));
        for other in ["030 1", "+49 30 1 ext 2", "", "+"] {
            assert_eq!(plain_number(other), None, "{other}");
        }
    }

    #[test]
    fn a_cell_of_text_is_no_formula() {
        assert_eq!(Cell::Text("=1+1".to_owned()).csv(), "'=1+1");
        assert_eq!(Cell::Number(-1.5).csv(), "-1.5");
        assert_eq!(Cell::Empty.csv(), "");
    }
}
