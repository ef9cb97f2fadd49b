//! Servers on loopback that behave as a case says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What becomes of a connection after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It ends as it should.
    Close,
    /// It ends without TLS saying so.
    Drop,
    /// It is reset.
    Reset,
    /// It is kept for the next request.
    Keep,
    /// Nothing more comes.
    Hang,
}

/// A request, and where it stands.
pub struct Request<'a> {
    pub head: &'a str,
    pub path: &'a str,
    /// The number of the connection, and of the request on it, from zero.
    pub connection: usize,
    pub request: usize,
}

impl Request<'_> {
    /// The value of a header, or "nothing".
    pub fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or_else(|| "nothing".to_owned(), |(_, value)| value.to_owned())
    }
}

/// The bytes of a reply, and what follows.
#[derive(Clone, Debug)]
pub struct Reply(pub Vec<u8>, pub Then);

pub type Answer = Arc<dyn Fn(&Request<'_>) -> Reply + Send + Sync>;

/// How a server behaves on its port.
#[derive(Clone)]
pub enum Server {
    /// It answers HTTP/1 requests. A robots.txt is not there unless the answers say what is in it.
    Http1(Answer),
    /// The same over TLS.
    Https(Arc<ServerConfig>, Answer),
    /// It sends these bytes to whoever connects, whatever they send first.
    Bytes(Vec<u8>, Then),
    /// It speaks HTTP/2 over TLS, and HTTP/1.1 where that is agreed on.
    Http2(Arc<ServerConfig>, Http2, Answer),
}

/// How a server behaves by HTTP/2.
#[derive(Clone, Debug)]
pub enum Http2 {
    /// It answers with this status, header and body.
    Page(u16, (&'static str, &'static str), Vec<u8>),
    /// It resets each stream.
    Reset(h2::Reason),
    /// It resets each stream in the middle of its body.
    ResetBody(h2::Reason),
    /// It ends each connection.
    End(h2::Reason),
    /// It ends the first connection, and answers on the next ones.
    EndOnce(h2::Reason),
    /// It resets the first stream, and answers to the next ones.
    RefuseOnce,
    /// It sends bytes that are no HTTP/2.
    Garbage(&'static [u8]),
}

/// A server that runs until it is dropped.
pub struct Running {
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    pub async fn start(server: Server) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let connections = AtomicUsize::new(0);
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, server.clone(), number));
            }
        });
        Self { addr, task }
    }
}

async fn serve(mut stream: TcpStream, server: Server, number: usize) {
    match server {
        Server::Http1(answer) => {
            if talk(&mut stream, &answer, number).await == Then::Reset {
                reset(&stream);
            }
        }
        Server::Https(tls, answer) => {
            let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else {
                return;
            };
            if talk(&mut stream, &answer, number).await == Then::Reset {
                reset(stream.get_ref().0);
            }
        }
        Server::Bytes(bytes, then) => {
            let mut first = [0; 1];
            let _ = stream.read_exact(&mut first).await;
            // All of it, lest the end of the connection becomes a reset.
            let mut rest = [0; 4096];
            let _ = stream.read(&mut rest).await;
            let _ = stream.write_all(&bytes).await;
            match then {
                Then::Reset => reset(&stream),
                Then::Hang => {
                    let _ = stream.read_exact(&mut [0; 4096]).await;
                }
                _ => {
                    let _ = stream.shutdown().await;
                }
            }
        }
        Server::Http2(tls, how, answer) => {
            let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await else {
                return;
            };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                serve_http2(stream, how, number).await;
            } else {
                talk(&mut stream, &answer, number).await;
            }
        }
    }
}

fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Answers the requests of one connection, and returns how it ended.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &Answer, connection: usize) -> Then {
    for request in 0.. {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                // TLS where there is none.
                Ok(0x16) if head.is_empty() => {
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                    return Then::Close;
                }
                Ok(byte) => head.push(byte),
                Err(_) => return Then::Close,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let Reply(bytes, then) = answer(&Request {
            head: &head,
            path: &path,
            connection,
            request,
        });
        if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
            return Then::Close;
        }
        match then {
            Then::Keep => {}
            Then::Close => {
                let _ = stream.shutdown().await;
                return then;
            }
            Then::Hang => {
                let _ = stream.read_u8().await;
                return then;
            }
            Then::Drop | Then::Reset => return then,
        }
    }
    Then::Close
}

fn respond_with(status: u16, (name, value): (&str, &str)) -> http::Response<()> {
    let response = http::Response::builder().status(status).header(name, value);
    response.body(()).unwrap()
}

async fn serve_http2<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, how: Http2, number: usize) {
    if let Http2::Garbage(bytes) = how {
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        return;
    }
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let mut streams = 0;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        streams += 1;
        let html = ("content-type", "text/html");
        match &how {
            Http2::End(reason) => {
                connection.abrupt_shutdown(*reason);
                continue;
            }
            Http2::EndOnce(reason) if number == 0 => {
                connection.abrupt_shutdown(*reason);
                continue;
            }
            Http2::Reset(reason) => {
                respond.send_reset(*reason);
                continue;
            }
            Http2::RefuseOnce if number == 0 && streams == 1 => {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            _ if request.uri().path() == "/robots.txt" => {
                let _ = respond.send_response(respond_with(404, html), true);
                continue;
            }
            _ => {}
        }
        let (status, header, body) = match &how {
            Http2::Page(status, header, body) => (*status, *header, body.clone()),
            _ => (200, html, b"by HTTP/2".to_vec()),
        };
        let Ok(mut sent) = respond.send_response(respond_with(status, header), false) else {
            continue;
        };
        match &how {
            Http2::ResetBody(reason) => {
                let _ = sent.send_data(body.into(), false);
                sent.send_reset(*reason);
            }
            _ => {
                let _ = sent.send_data(body.into(), true);
            }
        }
    }
}
