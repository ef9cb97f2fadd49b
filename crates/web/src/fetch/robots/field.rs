//! What a line of a robots.txt is about, as its owner means it.

/// The fields that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    UserAgent,
    Allow,
    Disallow,
    CrawlDelay,
    Sitemap,
}

/// Each field without hyphens and blanks, and in how many letters another spelling may differ. Whoever misspells a rule
/// wants it kept; Google's parser, which is public, takes several such spellings.
const FIELDS: [(Field, &str, usize); 5] = [
    (Field::UserAgent, "useragent", 2),
    (Field::Disallow, "disallow", 2),
    (Field::Allow, "allow", 1),
    (Field::CrawlDelay, "crawldelay", 2),
    (Field::Sitemap, "sitemap", 1),
];

/// The longest name of a field that is compared.
const MAX_NAME: usize = 20;

impl Field {
    /// Splits a line into its field and value; the colon may be missing.
    pub(super) fn read(line: &str) -> Option<(Self, &str)> {
        // A byte order mark that was read in the wrong charset.
        let line = line.trim_start_matches(|char: char| !char.is_ascii());
        if let Some((name, value)) = line.split_once([':', '=', '\u{ff1a}'])
            && let Some(field) = Self::named(name)
        {
            return Some((field, value.trim()));
        }
        let (name, value) = line.split_once(char::is_whitespace)?;
        if let Some(field) = Self::named(name) {
            return Some((field, value.trim()));
        }
        let (second, value) = value.trim_start().split_once(char::is_whitespace)?;
        let field = Self::named(&format!("{name} {second}"))?;
        Some((field, value.trim()))
    }

    fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        let is_name = name.len() <= MAX_NAME
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_' | b' ' | b'\t'));
        if !is_name {
            return None;
        }
        let letters: Vec<u8> = name
            .bytes()
            .filter(u8::is_ascii_alphabetic)
            .map(|byte| byte.to_ascii_lowercase())
            .collect();
        let exact = FIELDS.iter().find(|(_, known, _)| known.as_bytes() == letters);
        let near = || {
            FIELDS.iter().find(|(_, known, most)| {
                letters.first() == known.as_bytes().first() && distance(&letters, known) <= *most
            })
        };
        exact.or_else(near).map(|(field, _, _)| *field)
    }
}

/// Counts the letters that are missing, too many, wrong, or exchanged with the next one.
fn distance(one: &[u8], other: &str) -> usize {
    let other = other.as_bytes();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, known) in other.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut least = (at(&row, j) + usize::from(letter != known))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let is_exchanged = i > 0 && j > 0 && one.get(i - 1) == Some(known) && other.get(j - 1) == Some(letter);
            if is_exchanged {
                least = least.min(at(&before, j - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_it_is_meant() {
        for (line, expected) in [
            ("User-agent: *", Some((Field::UserAgent, "*"))),
            ("USERAGENT:*", Some((Field::UserAgent, "*"))),
            ("user agent : *", Some((Field::UserAgent, "*"))),
            ("User_Agent: a", Some((Field::UserAgent, "a"))),
            ("User-agent *", Some((Field::UserAgent, "*"))),
            ("user agent *", Some((Field::UserAgent, "*"))),
            ("User-agnet: *", Some((Field::UserAgent, "*"))),
            ("Disallow: /a", Some((Field::Disallow, "/a"))),
            ("Disalow: /a", Some((Field::Disallow, "/a"))),
            ("disallaw /a", Some((Field::Disallow, "/a"))),
            ("Disallow\t/a:b", Some((Field::Disallow, "/a:b"))),
            ("Disallow /a?b=c", Some((Field::Disallow, "/a?b=c"))),
            ("Disallow=/a", Some((Field::Disallow, "/a"))),
            ("Dis-allow: /a", Some((Field::Disallow, "/a"))),
            ("Disallowed: /a", Some((Field::Disallow, "/a"))),
            ("Disallow", None),
            ("Allow: /a", Some((Field::Allow, "/a"))),
            ("Alow: /a", Some((Field::Allow, "/a"))),
            (
                "Sitemaps: https://shop.test/a",
                Some((Field::Sitemap, "https://shop.test/a")),
            ),
            ("site map: /a", Some((Field::Sitemap, "/a"))),
            ("Crawl delay: 5", Some((Field::CrawlDelay, "5"))),
            ("\u{ef}\u{bb}\u{bf}User-agent: *", Some((Field::UserAgent, "*"))),
            ("Host: shop.test", None),
            ("Noindex: /a", None),
            ("Clean-param: a", None),
            ("Follow: /a", None),
            ("<!DOCTYPE html>", None),
            ("", None),
        ] {
            assert_eq!(Field::read(line), expected, "{line}");
        }
    }
}
