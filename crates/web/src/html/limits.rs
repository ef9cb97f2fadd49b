//! The limits of parsing a page.

use std::fmt;
use std::time::Duration;

/// The limits of parsing a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum parsing time.
    pub max_time: Duration,
    /// The maximum number of nodes, including those dropped by the parser.
    pub max_nodes: usize,
    /// The maximum depth.
    pub max_depth: usize,
    /// The maximum number of attributes per element; further ones are dropped.
    pub max_attributes: usize,
    /// The maximum number of attributes per page; further ones are dropped.
    pub max_total_attributes: usize,
    /// The maximum length of an attribute's value in bytes; the rest is dropped.
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

/// The limit that ended the parsing of a page.
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
