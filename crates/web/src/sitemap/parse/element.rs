//! Names and attributes of elements, and the declarations of a DOCTYPE.

use std::borrow::Cow;

use quick_xml::events::BytesStart;
use url::Url;

use crate::sitemap::problem::Failure;

/// Returns a name in lower case, since some files are entirely in upper case.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Returns why a file with this DOCTYPE is not read: it is a web page, or it declares entities.
///
/// Nothing that a DOCTYPE references is fetched, so a DOCTYPE that declares no entities has no effect.
pub(super) fn doctype_failure(text: &str) -> Option<Failure> {
    let text = text.trim_start();
    let name = text.split(|char: char| char.is_whitespace() || char == '[').next()?;
    if name.eq_ignore_ascii_case("html") {
        return Some(Failure::WebPage);
    }
    let (_, subset) = text.split_once('[')?;
    let declares_entities = subset.contains('%') || subset.to_ascii_uppercase().contains("<!ENTITY");
    declares_entities.then_some(Failure::Doctype)
}

/// The base URLs declared by `xml:base` of the open elements.
#[derive(Default)]
pub(super) struct Bases(Vec<(usize, Url)>);

impl Bases {
    /// Records the base of an element opened at `depth`.
    pub(super) fn open(&mut self, element: &BytesStart<'_>, depth: usize, outermost: &Url) {
        self.close(depth);
        let mut attributes = element.html_attributes();
        let base = attributes
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.0.eq_ignore_ascii_case("xml:base"));
        let Some(base) = base else { return };
        let value = quick_xml::escape::unescape(&base.value).unwrap_or_default();
        let around = self.0.last().map_or(outermost, |(_, url)| url);
        if let Ok(url) = around.join(value.trim())
            && matches!(url.scheme(), "http" | "https")
        {
            self.0.push((depth, url));
        }
    }

    /// Forgets the elements at `depth` and below.
    pub(super) fn close(&mut self, depth: usize) {
        while self.0.pop_if(|(opened, _)| *opened >= depth).is_some() {}
    }

    /// Returns the base of the innermost element.
    pub(super) fn current(&self) -> Option<Url> {
        self.0.last().map(|(_, url)| url.clone())
    }
}

pub(super) fn is_no_permalink(element: &BytesStart<'_>) -> bool {
    attribute(element, "isPermaLink").is_some_and(|value| value.trim().eq_ignore_ascii_case("false"))
}

/// Returns the attribute with this local name.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.html_attributes();
    attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| {
            let local = attribute.key.0.rsplit(':').next();
            local.is_some_and(|local| local.eq_ignore_ascii_case(name))
        })
        .map(|attribute| match quick_xml::escape::unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        })
}
