//! Addresses without a recipient, from documentation, templates, page builders and forms.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The lists in `placeholders.txt`, by kind.
static LISTS: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    let mut lists: HashMap<&str, HashSet<&str>> = HashMap::new();
    for line in include_str!("placeholders.txt").lines() {
        if let Some((kind, words)) = line.split_once(": ")
            && !line.starts_with('#')
        {
            lists.entry(kind).or_default().extend(words.split_whitespace());
        }
    }
    lists
});

fn is_in(kind: &str, word: &str) -> bool {
    LISTS.get(kind).is_some_and(|list| list.contains(word))
}

/// Returns whether an address at another site's domain is a placeholder; both parts must be in lower case.
pub(super) fn is_placeholder(local: &str, registrable: &str) -> bool {
    let brand = registrable.split('.').next().unwrap_or_default();
    let is_one_letter = brand.len() >= 3 && brand.bytes().all(|b| Some(&b) == brand.as_bytes().first());
    is_in("domain", brand)
        || is_in("domain", registrable)
        || is_in("local", local)
        || (local == brand && (is_in("twice", local) || is_one_letter))
        || is_in("address", &format!("{local}@{registrable}"))
        || is_owned("thing", brand)
        || is_owned("part", local)
}

/// Returns whether a local part is a pattern to be filled in: `firstname.lastname`.
pub(super) fn is_pattern(local: &str) -> bool {
    is_in("pattern", local)
}

/// Returns whether a text is an owner followed by a word of a list: `yourcompany`, `meine-domain`, `your.friend`.
fn is_owned(list: &str, text: &str) -> bool {
    let text = text.replace(['-', '.', '_'], "");
    (2..=8)
        .filter_map(|length| text.split_at_checked(length))
        .any(|(owner, rest)| {
            // `myemail.com` and similar domains offer real mailboxes, and people call their own `mymail`.
            let is_mailbox = owner == "my" && (rest == "email" || list == "part");
            is_in("owner", owner) && is_in(list, rest) && !is_mailbox
        })
}

/// Returns whether a local part is a key or a hash rather than a name.
pub(super) fn is_hash(local: &str) -> bool {
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = local.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    is_hex && local.len() >= 20 && digits >= 4
}

/// Returns whether a domain is the end of a file name such as `logo@2x.png` or `package@1.2.3.zip`.
pub(super) fn is_scaled_file(host: &str) -> bool {
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    let number = first.strip_suffix('x').unwrap_or(first);
    let is_number = |label: &str| !label.is_empty() && label.len() <= 2 && label.bytes().all(|b| b.is_ascii_digit());
    is_number(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_recognised_by_rules_and_lists() {
        for (local, domain) in [
            ("info", "example.fr"),
            ("anna", "beispiel.ch"),
            ("info", "your-company.com"),
            ("info", "meinefirma.de"),
            ("contact", "votresite.fr"),
            ("hola", "tuempresa.com"),
            ("demo", "demo.de"),
            ("aaaa", "aaaa.com"),
            ("filler", "godaddy.com"),
            ("yourname", "gmail.com"),
            ("yourfriend", "email.com"),
            ("ihre-email", "web.de"),
            ("votre.nom", "free.fr"),
            ("tu_correo", "gmail.com"),
            ("max.mustermann", "web.de"),
        ] {
            assert!(is_placeholder(local, domain), "{local}@{domain}");
        }
        for (local, domain) in [
            ("info", "firma.de"),
            ("zaunbau", "zaunbau.de"),
            ("info", "test.de"),
            ("jane", "myemail.com"),
            ("anna", "godaddy.com"),
            ("info", "mythos.de"),
            ("info", "yourte.com"),
            ("mymail", "gmx.de"),
            ("susan", "gmail.com"),
            ("friend", "gmx.de"),
        ] {
            assert!(!is_placeholder(local, domain), "{local}@{domain}");
        }
        assert!(is_pattern("vorname.nachname") && !is_pattern("anna.nachname"));
    }
}
