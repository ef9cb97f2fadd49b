//! The description of the API, `OpenAPI` 3.1: made from the handlers and views, and served with a page to read and try it.
//!
//! What each handler says of itself is completed by what holds for all of them: failures, the tenant's parameters, the
//! scope, the class of its rate limit. The parameters that a route takes are read from here when a request comes.

mod complete;
mod document;
mod pages;

pub use self::document::Document;
pub use self::pages::{describe, routes};
