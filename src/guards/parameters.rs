//! The query parameters of each route. Others are refused: a mistyped filter would select everything.

use std::collections::{BTreeSet, HashMap};

use rocket::request::Request;

use crate::config::nearest;
use crate::error::{ApiError, ApiResult};

/// The query parameters that each route takes, by method and path as Rocket has them.
#[derive(Debug, Default)]
pub struct Parameters(HashMap<(String, String), Known>);

/// The query parameters of a route.
#[derive(Debug)]
pub struct Known {
    /// Their names.
    pub names: Vec<String>,
    /// Whether others are ignored, as routes of the v1 contract do.
    pub ignores_others: bool,
}

impl FromIterator<(String, String, Known)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (String, String, Known)>>(routes: I) -> Self {
        let routes = routes.into_iter();
        Self(routes.map(|(method, path, known)| ((method, path), known)).collect())
    }
}

impl Parameters {
    /// Checks that the route of a request takes each parameter in its query, and that none of them is given twice: Rocket
    /// would take neither.
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
        let Some(Known { names, ignores_others }) = known else {
            return Ok(());
        };
        let mut given = BTreeSet::new();
        for field in request.query_fields() {
            let name = field.name.source().to_string();
            if names.contains(&name) {
                if !given.insert(name.clone()) {
                    let detail = format!("the parameter `{name}` is given twice: it must be given once");
                    return Err(ApiError::bad_request(name, detail));
                }
            } else if !ignores_others {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let detail = nearest::unknown("parameter", &name, &names);
                return Err(ApiError::bad_request(name, detail));
            }
        }
        Ok(())
    }
}
