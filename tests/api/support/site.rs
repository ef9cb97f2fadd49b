//! Sites on loopback whose responses the test defines, including invalid ones.

use std::fmt::Write as _;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

/// A site's response to a path: bytes, or a body that never ends.
#[derive(Clone)]
pub enum Reply {
    /// These bytes, then the connection closes.
    Bytes(Vec<u8>),
    /// The first bytes, then the others repeatedly until the client disconnects, with a pause of this many
    /// milliseconds.
    Endless(Vec<u8>, Vec<u8>, u64),
    /// Nothing, with the connection open.
    Silence,
    /// These bytes after a delay.
    Late(Duration, Vec<u8>),
    /// These bytes once the gate is open.
    Held(watch::Receiver<bool>, Vec<u8>),
}

impl Reply {
    /// A valid response with status, headers and body.
    pub fn new(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        write!(head, "Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// A web page.
    pub fn html(body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", &[("Content-Type", "text/html; charset=utf-8")], body)
    }

    /// The bytes of this response.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => panic!("only fixed bytes can be converted"),
        }
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::new("302 Found", &[("Location", location)], "")
    }
}

/// A site that counts connections and records requests.
pub struct Site {
    pub addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Site {
    /// Starts a site on 127.0.0.1 with this response for each path.
    pub async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::on((Ipv4Addr::LOCALHOST, 0).into(), None, answer).await
    }

    /// Starts a site that must not be connected to.
    pub async fn canary() -> Self {
        Self::start(|_| Reply::html("secret")).await
    }

    /// Starts a site with TLS.
    pub async fn tls(tls: Arc<ServerConfig>, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::on((Ipv4Addr::LOCALHOST, 0).into(), Some(tls), answer).await
    }

    /// Starts a site on a given address.
    pub async fn on(
        addr: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, kept, answer) = (Arc::clone(&connections), Arc::clone(&requests), Arc::new(answer));
        let acceptor = tls.map(TlsAcceptor::from);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                match acceptor.clone() {
                    None => tokio::spawn(async move { talk(stream, &kept, &*answer).await }),
                    Some(acceptor) => tokio::spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            talk(stream, &kept, &*answer).await;
                        }
                    }),
                };
            }
        });
        Self {
            addr,
            connections,
            requests,
            task,
        }
    }

    /// The number of connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The requested paths so far.
    pub fn paths(&self) -> Vec<String> {
        let path = |head: String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests().into_iter().map(path).collect()
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves one request; errors are the client's.
async fn talk<S>(mut stream: S, kept: &Mutex<Vec<String>>, answer: &(dyn Fn(&str) -> Reply + Send + Sync))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            // A TLS handshake on a plain HTTP port.
            Ok(0x16) if head.is_empty() => {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                return;
            }
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    kept.lock().unwrap().push(head);
    match answer(&path) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Endless(first, again, pause) => {
            let mut sent = stream.write_all(&first).await;
            while sent.is_ok() {
                if pause > 0 {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                sent = stream.write_all(&again).await;
            }
        }
        Reply::Late(latency, bytes) => {
            tokio::time::sleep(latency).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Held(mut gate, bytes) => {
            // A dropped gate stays closed.
            if gate.wait_for(|open| *open).await.is_ok() {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        }
        Reply::Silence => {
            // Ends when the client disconnects.
            let _ = stream.read_u8().await;
        }
    }
}

/// A test's certificate authority, with its certificate in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The PEM file.
    pub file: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let id = Uuid::new_v4().simple().to_string();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, id.clone());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = std::env::temp_dir().join(format!("sky-ca-{id}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            file,
        }
    }

    /// A server configuration with a certificate for `name`.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.server_with(name, &[b"http/1.1"], |_| {})
    }

    /// The same with changed certificate parameters.
    pub fn server_with(
        &self,
        name: &str,
        protocols: &[&[u8]],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server_config(certificate.der().clone(), &key, protocols)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A server configuration with a self-signed certificate.
pub fn self_signed(name: &str) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    server_config(certificate.der().clone(), &key, &[b"http/1.1"])
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// Resolves names by a function, called for each look-up.
pub struct Names<F>(pub F);

impl<F> web::fetch::Lookup for Names<F>
where
    F: Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static,
{
    fn lookup(
        &self,
        host: String,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'static>> {
        let found = (self.0)(&host);
        Box::pin(std::future::ready(Ok(found)))
    }
}
