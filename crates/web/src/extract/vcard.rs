//! vCards (RFC 2426, RFC 6350): addresses and their owners.

use super::json_ld::Person;
use super::phone::PhoneKind;
use super::text::clean;

/// Maximum number of cards and addresses per file.
const MAX_PEOPLE: usize = 200;
const MAX_NAME_CHARS: usize = 100;

/// Reads the addresses of all cards in a text.
pub(super) fn read(text: &str) -> Vec<Person> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut people: Vec<Person> = Vec::new();
    let (mut emails, mut name, mut role): (Vec<String>, Option<String>, Option<String>) = Default::default();
    for line in unfolded.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        // `item1.EMAIL;TYPE=work`
        let key = key.split(';').next().unwrap_or_default();
        let key = key.rsplit('.').next().unwrap_or_default().trim().to_ascii_uppercase();
        let value = value.replace("\\,", ",").replace("\\;", ";").replace("\\n", " ");
        match key.as_str() {
            "EMAIL" => emails.push(value.trim().to_owned()),
            "FN" => name = clean(&value, MAX_NAME_CHARS),
            "TITLE" => role = clean(&value, MAX_NAME_CHARS),
            "ROLE" if role.is_none() => role = clean(&value, MAX_NAME_CHARS),
            "END" => {
                let (name, role) = (name.take(), role.take());
                people.extend(emails.drain(..).map(|email| Person {
                    email,
                    name: name.clone(),
                    role: role.clone(),
                }));
                if people.len() > MAX_PEOPLE {
                    break;
                }
            }
            _ => {}
        }
    }
    people.truncate(MAX_PEOPLE);
    people
}

/// Reads the telephone and fax numbers of all cards in a text.
pub(super) fn phones(text: &str) -> Vec<(String, Option<PhoneKind>)> {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let numbers = unfolded.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let key = key.to_ascii_uppercase();
        let (name, parameters) = key.split_once(';').unwrap_or((&key, ""));
        if name.rsplit('.').next() != Some("TEL") {
            return None;
        }
        let kind = if parameters.contains("FAX") {
            Some(PhoneKind::Fax)
        } else if parameters.contains("CELL") {
            Some(PhoneKind::Mobile)
        } else {
            Some(PhoneKind::Voice)
        };
        Some((value.trim().to_owned(), kind))
    });
    numbers.take(MAX_PEOPLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_name_the_owners_of_addresses() {
        let people = read(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jane Doe\r\nTITLE:Head of\r\n  Sales\r\nitem1.EMAIL;TYPE=INTERNET:jane@firma.de\r\nEND:VCARD\r\n\
             BEGIN:VCARD\nEMAIL:joe@firma.de\nEND:VCARD\n",
        );
        assert_eq!(
            people,
            [
                Person {
                    email: "jane@firma.de".to_owned(),
                    name: Some("Jane Doe".to_owned()),
                    role: Some("Head of Sales".to_owned()),
                },
                Person {
                    email: "joe@firma.de".to_owned(),
                    name: None,
                    role: None,
                },
            ]
        );
        assert_eq!(read("no card"), []);
    }

    #[test]
    fn cards_distinguish_fax_numbers() {
        assert_eq!(
            phones("TEL;TYPE=WORK,VOICE:030 1\nitem1.TEL;TYPE=fax:030 2\nTEL;CELL;VOICE:0171 3\nNOTE:TEL:4\n"),
            [
                ("030 1".to_owned(), Some(PhoneKind::Voice)),
                ("030 2".to_owned(), Some(PhoneKind::Fax)),
                ("0171 3".to_owned(), Some(PhoneKind::Mobile)),
            ]
        );
    }
}
