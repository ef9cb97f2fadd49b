//! Files that are made while they are sent, so that a large one takes no memory.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rocket::Request;
use rocket::http::{ContentType, Header};
use rocket::response::stream::ReaderStream;
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::{AsyncRead, ReadBuf};

/// A file that is made while it is sent.
pub(super) struct Export<'r> {
    pub(super) parts: Pin<Box<dyn Stream<Item = Part> + Send + 'r>>,
    pub(super) content_type: ContentType,
    pub(super) name: &'static str,
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
pub(super) struct Part(pub(super) Result<Cursor<Vec<u8>>, ()>);

impl AsyncRead for Part {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Ok(bytes) => Pin::new(bytes).poll_read(cx, buffer),
            Err(()) => Poll::Ready(Err(io::Error::other("the export failed"))),
        }
    }
}
