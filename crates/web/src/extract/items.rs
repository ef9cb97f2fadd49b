//! The microdata properties that are open during the walk.

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
    /// The position at which its text begins.
    pub(super) start: usize,
    /// Its value, if an attribute has it.
    pub(super) value: Option<String>,
    /// The properties of the object it contains, if it is an object.
    pub(super) object: Option<Map<String, Value>>,
}
