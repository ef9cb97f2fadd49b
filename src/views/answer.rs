//! A response that can be stored and repeated byte for byte.

use std::io::Cursor;

use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use serde::Serialize;

/// A status and a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: Status,
    /// The body as it is sent.
    pub body: String,
}

impl Answer {
    /// Serializes a view as JSON.
    ///
    /// # Errors
    ///
    /// Returns an error if `view` cannot be represented as JSON, such as a map whose keys are not strings.
    pub fn json(status: Status, view: &impl Serialize) -> serde_json::Result<Self> {
        let body = serde_json::to_string(view)?;
        Ok(Self { status, body })
    }
}

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .status(self.status)
            .header(ContentType::JSON)
            .sized_body(self.body.len(), Cursor::new(self.body))
            .ok()
    }
}
