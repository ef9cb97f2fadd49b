//! Sends one request and reads the response within its limits.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderMap, LOCATION, TRANSFER_ENCODING};
use reqwest::{RequestBuilder, Response, StatusCode, Version};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::FetchError;
use super::attempt::{self, Again, Attempt};
use super::coding::{self, Coding, Decoder, Undecoded};
use super::media;
use super::page::{Tls, Want};
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

/// A failed exchange.
pub(super) struct Failed {
    pub(super) error: FetchError,
    /// How it is worth another try at once.
    pub(super) again: Option<Again>,
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self { error, again: None }
    }
}

/// Sends `request` and reads the response; of a redirect only the headers.
pub(super) async fn exchange(
    request: RequestBuilder,
    want: Want,
    limits: &Limits<'_>,
    into: &mut Sink<'_>,
    check_peer: impl FnOnce(Option<SocketAddr>) -> Result<SocketAddr, FetchError>,
) -> Result<Answer, Failed> {
    let begun = Instant::now();
    let request = request.header(ACCEPT, want.accept());
    let sent = request.header(ACCEPT_ENCODING, coding::ACCEPTED).send().await;
    let response = sent.map_err(|error| Failed {
        again: Attempt::retry(&error),
        error: limits.attempt.failed(&error),
    })?;
    let time_to_first_byte = begun.elapsed();
    let remote_addr = check_peer(response.remote_addr())?;
    check_header(&response, limits)?;
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
    if answer.is_redirect() || want.is_headers() {
        return Ok(answer);
    }
    let codings = coding::codings(&answer.headers);
    if !answer.status.is_success() || want.is_status() {
        // What an error page says matters less than that it is one. Nor does a body that is damaged or never ends hide
        // the status; and no file is for it.
        let body = Body::new(response, &codings.unwrap_or_default(), limits);
        let read = tokio::time::timeout(ERROR_BODY_TIMEOUT, body.read(Excess::Cut));
        let body = read.await.ok().and_then(Result::ok).unwrap_or_default();
        return Ok(answer.with(body));
    }
    let essence = media::essence(&answer.headers);
    let fit = want.check(limits.attempt.host, essence.as_deref())?;
    let codings = codings.map_err(|encoding| FetchError::Encoding {
        host: limits.attempt.host.to_owned(),
        encoding,
    })?;
    let body = Body::new(response, &codings, limits);
    match into {
        Sink::File(file) => {
            let (bytes, cut) = body.write(file).await?;
            Ok(Answer { bytes, cut, ..answer })
        }
        Sink::Memory => {
            let body = body.read(limits.excess).await?;
            want.look(limits.attempt.host, fit, essence.as_deref(), &body)?;
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

/// A body on its way.
struct Body<'a> {
    response: Response,
    decoder: Decoder,
    limits: &'a Limits<'a>,
    /// Whether only the end of the connection ends it.
    is_open_ended: bool,
}

impl<'a> Body<'a> {
    fn new(response: Response, codings: &[Coding], limits: &'a Limits<'a>) -> Self {
        let headers = response.headers();
        Self {
            decoder: Decoder::new(codings, limits.max_body),
            limits,
            is_open_ended: response.version() <= Version::HTTP_11
                && !headers.contains_key(CONTENT_LENGTH)
                && !headers.contains_key(TRANSFER_ENCODING),
            response,
        }
    }

    /// Appends the next part, decoded, and returns whether there may be more.
    async fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Failed> {
        let undecoded = |why| Failed::from(self.limits.undecoded(why));
        let failed = match self.response.chunk().await {
            Ok(Some(chunk)) => {
                self.decoder.push(&chunk, out).map_err(undecoded)?;
                return Ok(true);
            }
            Ok(None) => None,
            // Many servers end TLS without saying so, and browsers take the page as it is.
            Err(error) if self.is_open_ended && attempt::is_end(&error) => None,
            Err(error) => Some(error),
        };
        let finished = self.decoder.finish(out).map_err(undecoded);
        match failed {
            None => finished.map(|()| false),
            Some(error) => Err(Failed {
                again: Attempt::retry(&error).filter(|again| *again == Again::Http1),
                error: self.limits.attempt.failed(&error),
            }),
        }
    }

    /// Reads it into memory.
    async fn read(mut self, excess: Excess) -> Result<Bytes, Failed> {
        let announced = self.response.content_length();
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        if excess == Excess::Fail && announced.is_some_and(|length| length > self.limits.max_body) {
            return Err(self.limits.undecoded(Undecoded::TooLarge).into());
        }
        // Does not reserve the announced size.
        let mut body = Vec::new();
        loop {
            match self.next(&mut body).await {
                Ok(true) => {}
                Ok(false) => return Ok(body.into()),
                Err(Failed {
                    error: FetchError::TooLarge { .. },
                    ..
                }) if excess == Excess::Cut => return Ok(body.into()),
                Err(failed) => return Err(failed),
            }
        }
    }

    /// Writes it to a file, and returns how much there was and why that is not all.
    async fn write(mut self, file: &mut tokio::fs::File) -> Result<(u64, Option<FetchError>), FetchError> {
        let kept = |error: std::io::Error| FetchError::stored(&error);
        let mut bytes = 0;
        let mut unwritten = Vec::with_capacity(WRITTEN_AT_ONCE);
        let cut = loop {
            let before = unwritten.len();
            let next = self.next(&mut unwritten).await;
            bytes += (unwritten.len() - before) as u64;
            if unwritten.len() >= WRITTEN_AT_ONCE {
                file.write_all(&unwritten).await.map_err(kept)?;
                unwritten.clear();
            }
            match next {
                Ok(true) => {}
                Ok(false) => break None,
                Err(failed) => break Some(failed.error),
            }
        };
        file.write_all(&unwritten).await.map_err(kept)?;
        file.flush().await.map_err(kept)?;
        Ok((bytes, cut))
    }
}
