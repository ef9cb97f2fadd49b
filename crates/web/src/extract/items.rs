//! The properties of microdata that are open where the walk is.

use ego_tree::NodeId;
use serde_json::{Map, Value};

/// The properties whose elements are open.
#[derive(Default)]
pub(super) struct Items {
    pub(super) open: Vec<Open>,
}

/// An element that is a property.
pub(super) struct Open {
    pub(super) node: NodeId,
    pub(super) property: &'static str,
    /// Where its text begins.
    pub(super) start: usize,
    /// What it says in an attribute.
    pub(super) value: Option<String>,
    /// The properties of the object that it is, if it is one.
    pub(super) object: Option<Map<String, Value>>,
}
