//! Parsing of requests in either protocol.

use std::collections::HashMap;
use std::io;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Maximum size of a request, in bytes.
const MAX_BYTES: usize = 64 * 1024;

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Value,
}

pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > MAX_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..head_end).unwrap_or_default()).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let body_at = head_end + 4;
    while bytes.len() < body_at + length {
        if bytes.len() > MAX_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Ok(Some(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers,
        body: serde_json::from_slice(bytes.get(body_at..).unwrap_or_default()).unwrap_or_default(),
    }))
}

impl Request {
    pub(super) fn is_new(&self) -> bool {
        self.path.starts_with("/v1/")
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(super) fn key(&self) -> &str {
        let key = if self.is_new() {
            self.headers.get("x-goog-api-key")
        } else {
            self.query.get("key")
        };
        key.map_or("", String::as_str)
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.query("query").or_else(|| self.body.get("textQuery")?.as_str())
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.query("pagetoken").or_else(|| self.body.get("pageToken")?.as_str())
    }
}
