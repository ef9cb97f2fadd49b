//! What one page may cost.

use std::fmt;
use std::time::Duration;

/// What one page may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest time to parse.
    pub max_time: Duration,
    /// The most nodes, those included that the parser dropped again.
    pub max_nodes: usize,
    /// The deepest nesting.
    pub max_depth: usize,
    /// The most attributes of one element; further ones are dropped and the page goes on.
    pub max_attributes: usize,
    /// The most attributes of the whole page; further ones are dropped and the page goes on.
    pub max_total_attributes: usize,
    /// The most bytes of one attribute's value; the rest is dropped and the page goes on.
    pub max_attribute_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_time: Duration::from_secs(1),
            max_nodes: 300_000,
            max_depth: 512,
            max_attributes: 256,
            max_total_attributes: 500_000,
            max_attribute_bytes: 16 * 1024,
        }
    }
}

/// The limit at which a page was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::max_time`].
    Time,
    /// [`Limits::max_nodes`].
    Nodes,
    /// [`Limits::max_depth`].
    Depth,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "it takes too long to parse",
            Self::Nodes => "it has too many elements",
            Self::Depth => "its elements are nested too deeply",
        })
    }
}
