//! Who acts for a tenant.

use uuid::Uuid;

/// A key or a person of a tenant, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorName {
    /// Id of the key or the person.
    pub id: Uuid,
    /// Whether it is a key.
    pub is_key: bool,
    /// The name of the key; the name of the person, or else the address. `None` for a person with neither.
    pub name: Option<String>,
}
