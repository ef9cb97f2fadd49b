//! Attributes of elements.

use quick_xml::events::BytesStart;

pub(super) fn is_no_permalink(element: &BytesStart<'_>) -> bool {
    attribute(element, "isPermaLink").is_some_and(|value| value == "false")
}

/// Returns the attribute with this local name.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.html_attributes();
    attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.0.rsplit(':').next() == Some(name))
        .map(|attribute| match quick_xml::escape::unescape(&attribute.value) {
            Ok(value) => value.into_owned(),
            Err(_) => attribute.value.into_owned(),
        })
}
