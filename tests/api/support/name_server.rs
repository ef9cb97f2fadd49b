//! A name server on loopback with the records of a test, which records its queries.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const CNAME: u16 = 5;
pub const PTR: u16 = 12;
pub const MX: u16 = 15;
pub const TXT: u16 = 16;
pub const AAAA: u16 = 28;
pub const CAA: u16 = 257;

/// A record: its name, its type and its data.
pub type Record<N = &'static str> = (N, u16, Vec<u8>);

/// A name server.
pub struct NameServer {
    pub addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl NameServer {
    /// Starts a server that knows these records, and that every other name does not exist.
    pub async fn start<N: Into<String>>(records: Vec<Record<N>>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let mut known: HashMap<String, Vec<(u16, Vec<u8>)>> = HashMap::new();
        for (name, kind, data) in records {
            known.entry(name.into()).or_default().push((kind, data));
        }
        let task = tokio::spawn(async move {
            let mut packet = [0_u8; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let (name, kind, question) = read(&packet[..length]);
                kept.lock().unwrap().push(format!("{name} {kind}"));
                let answer = answer(&packet[..2], question, known.get(name.as_str()), kind);
                let _ = socket.send_to(&answer, from).await;
            }
        });
        Self { addr, asked, task }
    }

    /// The names and types that were asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the question of a query: the name, the type, and its bytes.
fn read(query: &[u8]) -> (String, u16, &[u8]) {
    let (mut at, mut labels) = (12, Vec::new());
    while query[at] != 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
        at = end;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    (labels.join("."), kind, &query[12..at + 5])
}

fn answer(id: &[u8], question: &[u8], known: Option<&Vec<(u16, Vec<u8>)>>, kind: u16) -> Vec<u8> {
    let of_kind = known
        .into_iter()
        .flatten()
        .filter(|(own, _)| *own == kind || *own == CNAME);
    let found: Vec<_> = of_kind.collect();
    let mut answer = id.to_vec();
    let code = if known.is_some() { 0x80 } else { 0x83 };
    answer.extend([0x81, code, 0, 1, 0, u8::try_from(found.len()).unwrap(), 0, 0, 0, 0]);
    answer.extend(question);
    for (own, data) in found {
        answer.extend([0xc0, 12]);
        answer.extend(own.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    answer
}

/// The data of an address.
pub fn address(address: [u8; 4]) -> Vec<u8> {
    Ipv4Addr::from(address).octets().to_vec()
}

/// The data of a name, as in NS, CNAME and PTR.
pub fn name(name: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.as_bytes());
    }
    data.push(0);
    data
}

/// The data of a mail server.
pub fn mail(preference: u16, host: &str) -> Vec<u8> {
    [preference.to_be_bytes().to_vec(), name(host)].concat()
}

/// The data of a text.
pub fn text(text: &str) -> Vec<u8> {
    let parts = text.as_bytes().chunks(200);
    parts
        .flat_map(|part| [&[u8::try_from(part.len()).unwrap()], part].concat())
        .collect()
}

/// The data of an authority that may issue certificates.
pub fn authority(tag: &str, value: &str) -> Vec<u8> {
    [&[0, u8::try_from(tag.len()).unwrap()], tag.as_bytes(), value.as_bytes()].concat()
}
