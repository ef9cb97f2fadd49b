//! The process id that a server gave when a session started.
//!
//! It is part of the key by which a statement is cancelled (`BackendKeyData`). The driver keeps that key to itself, but
//! writes it into a cancel request; so a request is written to memory instead of a socket, and read there.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Returns the process id that the server of a session gave at its start.
pub(crate) fn process_id(client: &Client) -> Option<i32> {
    let token = client.cancel_token();
    let mut request = Vec::new();
    // Memory never makes it wait.
    let written = token.cancel_query_raw(Memory(&mut request), Plain).now_or_never();
    written?.ok()?;
    // The request ends with the process id and the secret, four bytes each.
    let key = request.last_chunk::<8>()?;
    key.first_chunk().map(|bytes| i32::from_be_bytes(*bytes))
}

/// A stream that agrees to encryption and keeps what is written.
struct Memory<'m>(&'m mut Vec<u8>);

impl AsyncRead for Memory<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // The answer to a request for encryption, the only thing that is read.
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Memory<'_> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// "Encrypts" by doing nothing.
struct Plain;

impl<'m> TlsConnect<Memory<'m>> for Plain {
    type Stream = Memory<'m>;
    type Error = Infallible;
    type Future = Ready<Result<Memory<'m>, Infallible>>;

    fn connect(self, stream: Memory<'m>) -> Self::Future {
        ready(Ok(stream))
    }
}
