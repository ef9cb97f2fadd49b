//! Reading of objects in bodies.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A struct that is read from an object only: serde itself would also read a list, as the fields in their order.
#[derive(Debug)]
pub struct Fields<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object(PhantomData))
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Fields<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Fields)
    }
}

/// Reads an object, or null for none: `#[serde(deserialize_with = "fields::optional")]`.
///
/// # Errors
///
/// Those of the format, and of a value that is no object.
pub fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let object: Option<Fields<T>> = Option::deserialize(deserializer)?;
    Ok(object.map(|Fields(value)| value))
}

/// Reads a list of objects: `#[serde(deserialize_with = "fields::list")]`.
///
/// # Errors
///
/// As [`optional`].
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects: Vec<Fields<T>> = Vec::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Fields(value)| value).collect())
}

/// Reads a field that may be null, and distinguishes that from a missing one.
///
/// # Errors
///
/// Those of the value.
#[expect(clippy::option_option, reason = "missing, null and a value are three things")]
pub fn null_or<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
