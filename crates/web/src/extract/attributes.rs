//! The attributes that the finders use.

/// The attributes of one element, collected in one pass.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    pub(super) alt: &'a str,
    pub(super) as_kind: &'a str,
    pub(super) cfemail: Option<&'a str>,
    pub(super) class: &'a str,
    pub(super) content: &'a str,
    /// Attributes for scripts that may contain an address.
    pub(super) data: Vec<(&'a str, &'a str)>,
    pub(super) data_src: Option<&'a str>,
    pub(super) datetime: Option<&'a str>,
    pub(super) dir: &'a str,
    /// Event handlers that may assemble an address.
    pub(super) handlers: Vec<&'a str>,
    pub(super) href: Option<&'a str>,
    pub(super) http_equiv: &'a str,
    pub(super) id: &'a str,
    /// Whether the element has a hash of its content.
    pub(super) has_integrity: bool,
    pub(super) itemprop: &'a str,
    pub(super) itemscope: bool,
    pub(super) itemtype: &'a str,
    pub(super) kind: &'a str,
    /// The accessible label, for elements whose text is missing.
    pub(super) label: &'a str,
    pub(super) lang: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) property: &'a str,
    pub(super) rel: &'a str,
    pub(super) sizes: Option<&'a str>,
    pub(super) src: Option<&'a str>,
    pub(super) style: &'a str,
}
