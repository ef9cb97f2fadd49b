//! Refreshes that a page declares, which are redirects where they come at once.

use reqwest::header::HeaderMap;
use url::Url;

use super::charset::Attributes;

/// How much of a page is looked at: a refresh stands in its head.
const MAX_HEAD: usize = 64 * 1024;

/// The longest pause, in seconds, behind which a page leads on rather than keeps itself fresh.
const MAX_PAUSE: u32 = 10;

/// Elements whose content is text, or is not shown where there are scripts.
const TEXT_ELEMENTS: [&str; 11] = [
    "script", "style", "title", "textarea", "noscript", "template", "iframe", "noembed", "noframes", "xmp", "svg",
];

/// Returns where a page that came from `at` leads on to by itself, by its header or by a `<meta>` in it.
pub(super) fn target(headers: &HeaderMap, body: &[u8], at: &Url) -> Option<Url> {
    let header = headers.get("refresh").and_then(|value| value.to_str().ok());
    if let Some(url) = header.and_then(declared) {
        return at.join(&url).ok();
    }
    let head = body.get(..MAX_HEAD).unwrap_or(body);
    if !mentions_refresh(head) {
        return None;
    }
    let head = String::from_utf8_lossy(head);
    let mut base = at.clone();
    let mut has_base = false;
    for (name, attributes) in Tags(&head) {
        let attribute = |wanted: &str| {
            let mut attributes = Attributes::of(attributes);
            attributes.find_map(|(name, value)| (name == wanted).then(|| unescaped(&value)))
        };
        match name {
            "base" if !has_base => {
                if let Some(url) = attribute("href").and_then(|href| base.join(&href).ok()) {
                    (base, has_base) = (url, true);
                }
            }
            "meta" if attribute("http-equiv").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("refresh")) => {
                let url = attribute("content").as_deref().and_then(declared);
                if let Some(url) = url.and_then(|url| base.join(&url).ok()) {
                    return Some(url);
                }
            }
            // What a visitor sees begins, or frames.
            "body" | "frameset" => {}
            _ => {}
        }
    }
    None
}

fn mentions_refresh(head: &[u8]) -> bool {
    head.windows(7)
        .any(|window| matches!(window.first(), Some(b'r' | b'R')) && window.eq_ignore_ascii_case(b"refresh"))
}

/// Returns the address of a refresh that comes at once, as the HTML standard reads it (shared declarative refresh steps).
fn declared(content: &str) -> Option<String> {
    let content = content.trim_start();
    let digits = content.bytes().take_while(u8::is_ascii_digit).count();
    let (seconds, rest) = content.split_at_checked(digits)?;
    let seconds: u32 = match seconds {
        "" if rest.starts_with('.') => 0,
        seconds => seconds.parse().ok()?,
    };
    let rest = rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    let separated = rest.trim_start();
    let url = separated.strip_prefix([';', ',']).unwrap_or(separated).trim_start();
    if url.is_empty() || url.len() == rest.len() || seconds > MAX_PAUSE {
        return None;
    }
    let named = url
        .get(..3)
        .filter(|name| name.eq_ignore_ascii_case("url"))
        .and_then(|_| url.get(3..)?.trim_start().strip_prefix('='));
    let url = named.map_or(url, str::trim_start);
    let quoted = url
        .strip_prefix(['"', '\''])
        .map(|inner| inner.split(url.chars().next().unwrap_or('"')).next().unwrap_or(inner));
    let url = quoted.unwrap_or(url).trim();
    (!url.is_empty()).then(|| url.to_owned())
}

/// Undoes the references that addresses are written with.
fn unescaped(value: &str) -> String {
    let mut text = value.to_owned();
    for (reference, character) in [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#47;", "/"),
        ("&amp;", "&"),
    ] {
        if text.contains('&') {
            text = text.replace(reference, character);
        }
    }
    text
}

/// The start tags of a text by name and attributes, without those in comments and in elements whose content is text.
struct Tags<'t>(&'t str);

impl<'t> Iterator for Tags<'t> {
    type Item = (&'static str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (_, tag) = self.0.split_once('<')?;
            self.0 = tag;
            if let Some(comment) = tag.strip_prefix("!--") {
                self.0 = comment.split_once("-->").map_or("", |(_, behind)| behind);
                continue;
            }
            let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (name, attributes) = tag.split_at_checked(length)?;
            if let Some(element) = TEXT_ELEMENTS.iter().find(|element| name.eq_ignore_ascii_case(element)) {
                self.0 = behind_end(attributes, element);
                continue;
            }
            if let Some(known) = ["meta", "base", "body", "frameset"]
                .into_iter()
                .find(|known| name.eq_ignore_ascii_case(known))
            {
                return Some((known, attributes));
            }
        }
    }
}

/// Returns what stands behind the end tag of an element.
fn behind_end<'t>(text: &'t str, element: &str) -> &'t str {
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once("</") {
        if tag
            .get(..element.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(element))
        {
            return tag;
        }
        rest = tag;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(page: &str) -> Option<String> {
        let at = Url::parse("https://shop.test/a/b").unwrap();
        target(&HeaderMap::new(), page.as_bytes(), &at).map(String::from)
    }

    #[test]
    fn a_refresh_that_comes_at_once_leads_on() {
        for (content, url) in [
            ("0; url=/start", Some("https://shop.test/start")),
            ("0;URL='c/d.html'", Some("https://shop.test/a/c/d.html")),
            ("5; url = \"/start\" ", Some("https://shop.test/start")),
            ("1,/start", Some("https://shop.test/start")),
            ("0 /start", Some("https://shop.test/start")),
            ("0.5;url=/start", Some("https://shop.test/start")),
            ("0;url=https://other.test/", Some("https://other.test/")),
            ("0;url=/?a=1&amp;b=2", Some("https://shop.test/?a=1&b=2")),
            ("60; url=/start", None),
            ("0", None),
            ("0;", None),
            ("url=/start", None),
            ("0url=/start", None),
            ("", None),
        ] {
            let page = format!(
                "<head><meta content=\"{}\" HTTP-EQUIV=Refresh>",
                content.replace('"', "&quot;")
            );
            assert_eq!(of(&page).as_deref(), url, "{content}");
        }
    }

    #[test]
    fn only_an_element_of_the_page_counts() {
        let meta = "<meta http-equiv=refresh content='0;url=/start'>";
        assert!(
            of(&format!("<base href='/x/'>{}", meta.replace("/start", "s"))).is_some_and(|url| url.ends_with("/x/s"))
        );
        for page in [
            format!("<!-- {meta} -->"),
            format!("<script>\"{meta}\"</script>"),
            format!("<noscript>{meta}</noscript>"),
            format!("<template>{meta}</template>"),
            format!("<title>{meta}</title>"),
            meta.replace("refresh", "x-refresh"),
            meta.replace("meta", "metadata"),
            format!("{}{meta}", " ".repeat(MAX_HEAD)),
        ] {
            assert_eq!(of(&page), None, "{page:.80}");
        }
        for page in [
            "<meta",
            "<meta http-equiv=refresh content",
            "<!--",
            "<script",
            "refresh <",
            "<é refresh",
        ] {
            assert_eq!(of(page), None, "{page}");
        }
    }

    #[test]
    fn the_header_says_it_too() {
        let mut headers = HeaderMap::new();
        headers.insert("refresh", "0; url=/start".parse().unwrap());
        let at = Url::parse("https://shop.test/").unwrap();
        assert_eq!(
            target(&headers, b"", &at).map(String::from).as_deref(),
            Some("https://shop.test/start")
        );
    }
}
