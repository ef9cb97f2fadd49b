//! Responses that can be stored and repeated byte for byte, and work that was accepted.

use std::io::Cursor;

use database::ids::JobId;
use rocket::http::{ContentType, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::serde::json::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// The part of a body that says where to follow accepted work.
#[derive(Deserialize)]
struct Followed {
    status_url: Option<String>,
}

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        // Read from the body, so that a repeated response has the same header fields. Other bodies have no such part.
        let followed = serde_json::from_str(&self.body).ok();
        let mut response = Response::build();
        response.status(self.status).header(ContentType::JSON);
        if let Some(Followed { status_url: Some(path) }) = followed {
            response.raw_header("Link", format!("<{path}>; rel=\"status\""));
            // A scan of v1 is answered with 200, for which RFC 9110 does not define the field.
            if self.status == Status::Accepted {
                response.raw_header("Location", path);
            }
        }
        response.sized_body(self.body.len(), Cursor::new(self.body)).ok()
    }
}

/// Accepted work and where to follow it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted<T> {
    /// Id of the job that does the work.
    pub job_id: Uuid,
    /// Path of the job's status.
    pub status_url: String,
    /// What else there is to say.
    #[serde(flatten)]
    pub more: T,
}

impl<T> Accepted<T> {
    /// Creates the response for a job.
    #[must_use]
    pub fn new(job: JobId, more: T) -> Self {
        Self {
            job_id: job.get(),
            status_url: format!("/api/v1/jobs/{job}"),
            more,
        }
    }
}

/// What was created, and its path.
#[derive(Debug)]
pub struct Created<T> {
    path: String,
    view: T,
}

impl<T> Created<T> {
    /// Creates the response for what has this path.
    #[must_use]
    pub const fn new(path: String, view: T) -> Self {
        Self { path, view }
    }
}

impl<'r, T: Serialize> Responder<'r, 'static> for Created<T> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build_from(Json(self.view).respond_to(request)?);
        response.status(Status::Created).raw_header("Location", self.path).ok()
    }
}
