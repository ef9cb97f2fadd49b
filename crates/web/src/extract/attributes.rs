//! The attributes that the finders ask for.

/// The attributes of one element, found in one pass over them.
#[derive(Default)]
pub(super) struct Attributes<'a> {
    pub(super) alt: &'a str,
    pub(super) as_kind: &'a str,
    pub(super) cfemail: Option<&'a str>,
    pub(super) class: &'a str,
    pub(super) content: &'a str,
    /// Attributes for scripts that may hold an address.
    pub(super) data: Vec<(&'a str, &'a str)>,
    pub(super) data_src: Option<&'a str>,
    pub(super) datetime: Option<&'a str>,
    pub(super) dir: &'a str,
    /// Scripts of events that may put an address together.
    pub(super) handlers: Vec<&'a str>,
    pub(super) href: Option<&'a str>,
    pub(super) http_equiv: &'a str,
    pub(super) id: &'a str,
    pub(super) itemprop: &'a str,
    pub(super) itemscope: bool,
    pub(super) itemtype: &'a str,
    pub(super) kind: &'a str,
    /// What it is called where its text does not say it.
    pub(super) label: &'a str,
    pub(super) lang: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) property: &'a str,
    pub(super) rel: &'a str,
    pub(super) sizes: Option<&'a str>,
    pub(super) src: Option<&'a str>,
    pub(super) style: &'a str,
}
