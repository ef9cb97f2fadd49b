//! Who did something, by name.

use std::collections::HashMap;

use database::models::actor::ActorName;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How histories and the audit log begin the name of a key; its id follows.
pub const KEY: &str = "API key ";
/// The same of a person of the tenant.
pub const PERSON: &str = "user ";
/// The same of a super administrator of another tenant.
pub const ADMINISTRATOR: &str = "administrator ";

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoKind {
    /// An API key.
    Key,
    /// A person with a token.
    Person,
    /// Whoever uses the command line.
    Operator,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WhoView {
    /// Id of the key or the person; null for the operator.
    pub id: Option<Uuid>,
    /// What it is.
    pub kind: WhoKind,
    /// Name of the key; name of the person, or else the address; `administrator` for a super administrator of another
    /// tenant. Null if unknown.
    pub name: Option<String>,
}

impl WhoView {
    /// Creates the view of a key.
    #[must_use]
    pub fn key(id: Uuid, name: Option<String>) -> Self {
        let (id, kind) = (Some(id), WhoKind::Key);
        Self { id, kind, name }
    }

    /// Creates the view of a person.
    #[must_use]
    pub fn person(id: Uuid, name: Option<String>) -> Self {
        let (id, kind) = (Some(id), WhoKind::Person);
        Self { id, kind, name }
    }

    /// Creates the view of whoever runs the program.
    #[must_use]
    pub fn operator(name: Option<String>) -> Self {
        let (id, kind) = (None, WhoKind::Operator);
        Self { id, kind, name }
    }
}

/// The names of a tenant's keys and people, as far as a page needs them.
#[derive(Debug, Default)]
pub struct Names(HashMap<Uuid, ActorName>);

impl Names {
    /// Creates the names from the keys and people found.
    #[must_use]
    pub fn new(found: Vec<ActorName>) -> Self {
        Self(found.into_iter().map(|actor| (actor.id, actor)).collect())
    }

    /// Returns who is recorded as `text` in a history or the audit log.
    #[must_use]
    pub fn by_text(&self, text: &str) -> WhoView {
        let name = |id: Uuid| self.0.get(&id).and_then(|actor| actor.name.clone());
        let after = |start: &str| text.strip_prefix(start).and_then(|id| id.parse::<Uuid>().ok());
        if let Some(id) = after(KEY) {
            WhoView::key(id, name(id))
        } else if let Some(id) = after(PERSON) {
            WhoView::person(id, name(id))
        } else if let Some(id) = after(ADMINISTRATOR) {
            WhoView::person(id, Some(ADMINISTRATOR.trim_end().to_owned()))
        } else {
            WhoView::operator(Some(text.to_owned()))
        }
    }

    /// Returns who is recorded by the id of a key or a person; without an id, the operator.
    #[must_use]
    pub fn by_id(&self, id: Option<Uuid>) -> WhoView {
        match id.map(|id| (id, self.0.get(&id))) {
            None => WhoView::operator(None),
            Some((id, Some(actor))) if actor.is_key => WhoView::key(id, actor.name.clone()),
            // Every key of the tenant is known, so that others are people.
            Some((id, actor)) => WhoView::person(id, actor.and_then(|actor| actor.name.clone())),
        }
    }
}

/// Returns the id in the record of a key or a person.
#[must_use]
pub fn id_in(text: &str) -> Option<Uuid> {
    [KEY, PERSON]
        .iter()
        .find_map(|start| text.strip_prefix(start))
        .and_then(|id| id.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_read_back() {
        let (key, person, stranger) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let actor = |id, is_key, name: &str| ActorName {
            id,
            is_key,
            name: Some(name.to_owned()),
        };
        let names = Names::new(vec![actor(key, true, "front end"), actor(person, false, "Ann")]);
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            names.by_text(&format!("{KEY}{key}")),
            WhoView::key(key, named("front end"))
        );
        assert_eq!(
            names.by_text(&format!("{PERSON}{person}")),
            WhoView::person(person, named("Ann"))
        );
        assert_eq!(
            names.by_text(&format!("{PERSON}{stranger}")),
            WhoView::person(stranger, None)
        );
        let elsewhere = names.by_text(&format!("{ADMINISTRATOR}{stranger}"));
        assert_eq!(elsewhere, WhoView::person(stranger, named("administrator")));
        assert_eq!(names.by_text("command line"), WhoView::operator(named("command line")));
        assert_eq!(names.by_id(Some(key)).kind, WhoKind::Key);
        assert_eq!(names.by_id(Some(stranger)), WhoView::person(stranger, None));
        assert_eq!(names.by_id(None), WhoView::operator(None));
        assert_eq!(
            (id_in("user x"), id_in(&format!("{PERSON}{person}"))),
            (None, Some(person))
        );
    }
}
