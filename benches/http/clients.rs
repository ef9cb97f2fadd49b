//! Clients that send requests as fast as they are answered.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::program::Server;

/// What is asked.
pub struct Request {
    method: &'static str,
    path: String,
    /// Whether each request posts another domain.
    scans: bool,
}

impl Request {
    /// Gets `path`.
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            scans: false,
        }
    }

    /// Posts scans, each of another domain.
    pub fn scans() -> Self {
        Self {
            method: "POST",
            path: "/api/v1/scrapersky".to_owned(),
            scans: true,
        }
    }

    fn text(&self, key: &str) -> String {
        let body = if self.scans {
            format!(r#"{{"base_url":"s{}.example.com"}}"#, uuid::Uuid::new_v4().simple())
        } else {
            String::new()
        };
        format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.method,
            self.path,
            body.len()
        )
    }
}

/// How requests were answered.
pub struct Answers {
    /// Answers per second.
    pub rate: f64,
    pub median: Duration,
    pub p99: Duration,
}

/// Sends requests with `clients` connections for a time. Each answer must be a success.
pub async fn load(server: &Server, request: &Request, clients: usize, time: Duration) -> Answers {
    let begun = Instant::now();
    let work = (0..clients).map(|_| client(server, request, begun + time));
    let mut took: Vec<Duration> = futures_util::future::join_all(work)
        .await
        .into_iter()
        .flatten()
        .collect();
    let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
    took.sort_unstable();
    let part = |part: f64| *took.get(((took.len() - 1) as f64 * part) as usize).unwrap();
    Answers {
        rate,
        median: part(0.5),
        p99: part(0.99),
    }
}

/// Sends one request after the other until `end`, and returns how long each took.
async fn client(server: &Server, request: &Request, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut took, mut answer) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let text = request.text(&server.key);
        let begun = Instant::now();
        stream.write_all(text.as_bytes()).await.unwrap();
        read(&mut stream, &mut answer).await;
        took.push(begun.elapsed());
        let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
        assert!(line.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    took
}

/// Reads one answer whose length is stated.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    let mut whole = None;
    while whole.is_none_or(|whole| answer.len() < whole) {
        assert_ne!(
            stream.read_buf(answer).await.unwrap(),
            0,
            "the server closed the connection"
        );
        if whole.is_none()
            && let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(answer.get(..end).unwrap()).to_lowercase();
            let length = head
                .split("content-length: ")
                .nth(1)
                .expect("an answer states its length");
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            whole = Some(end + 4 + length);
        }
    }
}
