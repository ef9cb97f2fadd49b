//! The query parameters of each route. Others are refused: a mistyped filter would select everything.

use std::collections::{BTreeSet, HashMap};

use rocket::request::Request;

use crate::config::nearest;
use crate::error::{ApiError, ApiResult};

/// The query parameters that each route takes, by method and path as Rocket has them.
///
/// Routes of the v1 contract are not among them: they ignore what they do not know, as before.
#[derive(Debug, Default)]
pub struct Parameters(HashMap<(String, String), Vec<String>>);

impl FromIterator<(String, String, Vec<String>)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, String, Vec<String>)>>(routes: I) -> Self {
        Self(
            routes
                .into_iter()
                .map(|(method, path, names)| ((method, path), names))
                .collect(),
        )
    }
}

impl Parameters {
    /// Checks that the route of a request takes each parameter in its query, and none twice.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the parameter and the nearest one that the route takes.
    pub(super) fn check(&self, request: &Request<'_>) -> ApiResult<()> {
        let route = request.route();
        let known = route.and_then(|route| {
            let key = (route.method.to_string(), route.uri.path().to_owned());
            self.0.get(&key)
        });
        let Some(known) = known else {
            return Ok(());
        };
        let mut given = BTreeSet::new();
        for field in request.query_fields() {
            let name = field.name.source().to_string();
            if !known.contains(&name) {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let detail = nearest::unknown("parameter", &name, &known);
                return Err(ApiError::bad_request(name, detail));
            }
            if given.contains(&name) {
                let detail = format!("the parameter `{name}` is given twice: it must be given once");
                return Err(ApiError::bad_request(name, detail));
            }
            given.insert(name);
        }
        Ok(())
    }
}
