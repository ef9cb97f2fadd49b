//! Files that are made while they are sent, from rows that are read some at a time.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use rocket::Request;
use rocket::http::{ContentType, Header};
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use serde::Serialize;

use crate::error::{ApiError, ApiResult};

/// A file that is made while it is sent.
///
/// Each part is read in a transaction of its own, and only when the client has taken the one before: a slow client
/// holds no connection, and no more than a part in memory.
pub struct Export<'r> {
    parts: Pin<Box<dyn Stream<Item = Part> + Send + 'r>>,
    content_type: ContentType,
    name: &'static str,
}

/// What is read at a time: the bytes, and behind which row the next part begins, if there is one.
pub type PartResult<C> = ApiResult<(Vec<u8>, Option<C>)>;

impl<'r> Export<'r> {
    /// Makes a file called `name` of a head and of what `read` returns: first for no cursor, then for each that it
    /// returned before.
    pub fn new<C: Send + 'r>(
        name: &'static str,
        content_type: ContentType,
        head: Vec<u8>,
        read: impl Fn(Option<C>) -> BoxFuture<'r, PartResult<C>> + Send + 'r,
    ) -> Self {
        /// Behind which row the next part begins; at the end there is none.
        struct At<C>(Option<Option<C>>);
        let begun = (At(Some(None)), head, read);
        let parts = futures_util::stream::unfold(begun, async |(at, mut bytes, read)| {
            Some(match read(at.0?).await {
                Ok((part, next)) => {
                    bytes.extend(part);
                    (Part(Ok(Cursor::new(bytes))), (At(next.map(Some)), Vec::new(), read))
                }
                Err(error) => {
                    log::error!("an export was cut off: {error}");
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

/// A piece of a file. One that could not be made breaks the connection: a file that ends too early must not be taken
/// for a whole one.
struct Part(Result<Cursor<Vec<u8>>, ()>);

impl AsyncRead for Part {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Ok(bytes) => Pin::new(bytes).poll_read(cx, buffer),
            Err(()) => Poll::Ready(Err(io::Error::other("the export failed"))),
        }
    }
}

/// Returns the content type of JSON, one object a line.
#[must_use]
pub fn json_lines_type() -> ContentType {
    ContentType::new("application", "jsonl")
}

/// Writes rows as JSON, one a line.
///
/// # Errors
///
/// When a row cannot be JSON.
pub fn json_lines<T: Serialize>(rows: impl IntoIterator<Item = T>) -> ApiResult<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, &row).map_err(unwritable)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Writes rows as CSV, whose lines end in CR LF as in RFC 4180.
///
/// # Errors
///
/// When the rows differ in length.
pub fn csv_lines<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> ApiResult<Vec<u8>> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        lines.write_record(row).map_err(unwritable)?;
    }
    lines.into_inner().map_err(unwritable)
}

/// Says that rows could not be written down.
pub fn unwritable(error: impl std::fmt::Display) -> ApiError {
    ApiError::Internal(format!("an export: {error}"))
}
