//! Sends one request and reads the response within its limits.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, HeaderMap, LOCATION};
use reqwest::{RequestBuilder, Response, StatusCode, Version};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::FetchError;
use super::attempt::Attempt;
use super::coding::{self, Undecoded};
use super::media;
use super::page::{Fit, Tls, Want};
use super::settings::MAX_HEADER;

/// How long to wait for the body of an error status.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// How many bytes are collected before they are written to a file.
const WRITTEN_AT_ONCE: usize = 64 * 1024;

/// The limits of one request.
pub(super) struct Limits<'a> {
    pub(super) attempt: Attempt<'a>,
    pub(super) max_body: usize,
    pub(super) excess: Excess,
}

impl Limits<'_> {
    fn undecoded(&self, why: Undecoded) -> FetchError {
        let host = self.attempt.host.to_owned();
        match why {
            Undecoded::TooLarge => FetchError::TooLarge {
                host,
                what: "a body",
                limit: self.max_body,
            },
            Undecoded::Damaged => FetchError::Malformed {
                host,
                what: "compressed content",
            },
        }
    }
}

/// What becomes of a body that is too large.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// Fail.
    Fail,
    /// Keep the beginning.
    Cut,
}

/// The destination of a body.
pub(super) enum Sink<'a> {
    /// The response.
    Memory,
    /// A file, which keeps what arrived if the connection breaks.
    File(&'a mut tokio::fs::File),
}

/// The response to one request.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The size of the body, in memory or in the file.
    pub(super) bytes: u64,
    /// Why the body is incomplete.
    pub(super) cut: Option<FetchError>,
    pub(super) remote_addr: SocketAddr,
    pub(super) time_to_first_byte: Duration,
    pub(super) http_version: Version,
    pub(super) tls: Option<Tls>,
}

impl Answer {
    fn with(self, body: Bytes) -> Self {
        Self {
            bytes: body.len() as u64,
            body,
            ..self
        }
    }

    /// Returns whether it says to look elsewhere.
    pub(super) fn is_redirect(&self) -> bool {
        is_redirect(self.status, &self.headers)
    }
}

fn is_redirect(status: StatusCode, headers: &HeaderMap) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// Sends `request` and reads the response; of a redirect only the headers.
pub(super) async fn exchange(
    request: RequestBuilder,
    want: Want,
    limits: Limits<'_>,
    into: Sink<'_>,
    check_peer: impl FnOnce(Option<SocketAddr>) -> Result<SocketAddr, FetchError>,
) -> Result<Answer, FetchError> {
    let begun = Instant::now();
    let request = request.header(ACCEPT, want.accept());
    let response = request.send().await.map_err(|error| limits.attempt.failed(&error))?;
    let time_to_first_byte = begun.elapsed();
    let remote_addr = check_peer(response.remote_addr())?;
    check_header(&response, &limits)?;
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: Bytes::new(),
        bytes: 0,
        cut: None,
        remote_addr,
        time_to_first_byte,
        http_version: response.version(),
        tls: Tls::of(&response),
    };
    if answer.is_redirect() {
        return Ok(answer);
    }
    if !answer.status.is_success() {
        // What an error page says matters less than that it is one. Nor does a body that is damaged or never ends hide
        // the status; and no file is for it.
        let read = tokio::time::timeout(ERROR_BODY_TIMEOUT, read(response, &limits, Excess::Cut));
        let body = read.await.ok().and_then(Result::ok).unwrap_or_default();
        return Ok(answer.with(body));
    }
    let essence = media::essence(&answer.headers);
    let fit = want.check(limits.attempt.host, essence.as_deref())?;
    let codings = coding::codings(&answer.headers).map_err(|encoding| FetchError::Encoding {
        host: limits.attempt.host.to_owned(),
        encoding,
    })?;
    match into {
        Sink::File(file) => {
            let (bytes, cut) = write(response, &limits, file).await?;
            Ok(Answer { bytes, cut, ..answer })
        }
        Sink::Memory => {
            let body = read(response, &limits, limits.excess).await?;
            let body = coding::undo(body, &codings, limits.max_body).map_err(|why| limits.undecoded(why))?;
            if fit == Fit::Look {
                Want::look(limits.attempt.host, essence.as_deref(), &body)?;
            }
            Ok(answer.with(body))
        }
    }
}

fn check_header(response: &Response, limits: &Limits<'_>) -> Result<(), FetchError> {
    let lines = response.headers().iter();
    let size: usize = lines.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size <= MAX_HEADER as usize {
        return Ok(());
    }
    Err(FetchError::TooLarge {
        host: limits.attempt.host.to_owned(),
        what: "headers",
        limit: MAX_HEADER as usize,
    })
}

/// Writes a body to a file as it arrives, and returns how much there was and why that is not all.
async fn write(
    mut response: Response,
    limits: &Limits<'_>,
    file: &mut tokio::fs::File,
) -> Result<(u64, Option<FetchError>), FetchError> {
    let kept = |error: std::io::Error| FetchError::stored(&error);
    let mut bytes = 0;
    // A server may send byte by byte, and each write of a file is handed to another thread.
    let mut unwritten = BytesMut::with_capacity(WRITTEN_AT_ONCE);
    let cut = loop {
        let mut chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break None,
            Err(error) => break Some(limits.attempt.failed(&error)),
        };
        let room = limits.max_body - bytes;
        let is_too_large = chunk.len() > room;
        chunk.truncate(room);
        bytes += chunk.len();
        unwritten.extend_from_slice(&chunk);
        if unwritten.len() >= WRITTEN_AT_ONCE {
            file.write_all(&unwritten).await.map_err(kept)?;
            unwritten.clear();
        }
        if is_too_large {
            break Some(FetchError::TooLarge {
                host: limits.attempt.host.to_owned(),
                what: "a body",
                limit: limits.max_body,
            });
        }
    };
    file.write_all(&unwritten).await.map_err(kept)?;
    file.flush().await.map_err(kept)?;
    Ok((bytes as u64, cut))
}

/// Reads a body chunk by chunk, already decompressed.
async fn read(mut response: Response, limits: &Limits<'_>, excess: Excess) -> Result<Bytes, FetchError> {
    let too_large = || FetchError::TooLarge {
        host: limits.attempt.host.to_owned(),
        what: "a body",
        limit: limits.max_body,
    };
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if excess == Excess::Fail && announced.is_some_and(|length| length > limits.max_body) {
        return Err(too_large());
    }
    // Does not reserve the announced size.
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| limits.attempt.failed(&error))? {
        let room = limits.max_body - body.len();
        if chunk.len() > room {
            if excess == Excess::Fail {
                return Err(too_large());
            }
            body.extend_from_slice(chunk.get(..room).unwrap_or_default());
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
