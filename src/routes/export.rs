//! Exports: files that are streamed while their rows are read in parts.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use rocket::Request;
use rocket::http::{ContentType, Header};
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use serde::Serialize;
use utoipa::IntoParams;

use super::query::{query_value, read_flag};
use crate::error::{ApiError, ApiResult};
use crate::views::csv::BYTE_ORDER_MARK;

/// A file that is streamed.
///
/// Each part is read in its own transaction, after the client has received the previous one: a slow client occupies no
/// connection, and only one part is in memory.
pub struct Export<'r> {
    parts: Pin<Box<dyn Stream<Item = Part> + Send + 'r>>,
    content_type: ContentType,
    name: &'static str,
}

/// A part of a file: its bytes, and the position after which the next part begins, or `None` at the end.
pub type PartResult<C> = ApiResult<(Vec<u8>, Option<C>)>;

impl<'r> Export<'r> {
    /// Creates a file called `name` from `head` and the parts that `read` returns. The first call gets no position, each
    /// further one the position that the previous part returned.
    pub fn new<C: Send + 'r>(
        name: &'static str,
        content_type: ContentType,
        head: Vec<u8>,
        read: impl Fn(Option<C>) -> BoxFuture<'r, PartResult<C>> + Send + 'r,
    ) -> Self {
        /// Where the next part begins; `None` at the end.
        struct At<C>(Option<Option<C>>);
        let begun = (At(Some(None)), head, read);
        let parts = futures_util::stream::unfold(begun, move |(at, mut bytes, read)| async move {
            Some(match read(at.0?).await {
                Ok((part, next)) => {
                    bytes.extend(part);
                    (Part(Ok(Cursor::new(bytes))), (At(next.map(Some)), Vec::new(), read))
                }
                Err(error) => {
                    log::error!("export {name} aborted: {error}");
                    (Part(Err(())), (At(None), Vec::new(), read))
                }
            })
        });
        Self {
            parts: Box::pin(parts),
            content_type,
            name,
        }
    }
}

impl<'r> Responder<'r, 'r> for Export<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let disposition = format!("attachment; filename=\"{}\"", self.name);
        Response::build_from(ReaderStream::from(self.parts).respond_to(request)?)
            .header(self.content_type)
            .header(Header::new("Content-Disposition", disposition))
            .ok()
    }
}

/// A part of a file. A failed one breaks the connection, so that a truncated file is not mistaken for a complete one.
struct Part(Result<Cursor<Vec<u8>>, ()>);

impl AsyncRead for Part {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Ok(bytes) => Pin::new(bytes).poll_read(cx, buffer),
            Err(()) => Poll::Ready(Err(io::Error::other("the export failed"))),
        }
    }
}

/// Returns the content type of JSON lines.
#[must_use]
pub fn json_lines_type() -> ContentType {
    ContentType::new("application", "jsonl")
}

/// Serializes rows as JSON lines.
///
/// # Errors
///
/// Returns an error if a row cannot be serialized.
pub fn json_lines<T: Serialize>(rows: impl IntoIterator<Item = T>) -> ApiResult<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &row).map_err(unwritable)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// How a CSV file begins. A guard, so that each export takes and describes the same parameter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Bom<'r> {
    /// Whether the file begins with a byte order mark.
    #[param(value_type = Option<bool>, default = true)]
    bom: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Bom<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            bom: query_value(request, "bom"),
        })
    }
}

impl Bom<'_> {
    /// Returns the beginning of the file: a byte order mark, unless the query says `bom=false`.
    pub(super) fn csv_start(&self) -> ApiResult<Vec<u8>> {
        let wanted = read_flag("bom", self.bom)?.unwrap_or(true);
        let start = if wanted { BYTE_ORDER_MARK } else { "" };
        Ok(start.as_bytes().to_vec())
    }
}

/// Serializes rows as CSV, with lines that end in CR LF (RFC 4180).
///
/// # Errors
///
/// Returns an error if the rows differ in length.
pub fn csv_lines<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> ApiResult<Vec<u8>> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        lines.write_record(row).map_err(unwritable)?;
    }
    lines.into_inner().map_err(unwritable)
}

/// Returns the error for rows that could not be serialized.
pub fn unwritable(error: impl std::fmt::Display) -> ApiError {
    ApiError::Internal(format!("serializing an export failed: {error}"))
}
