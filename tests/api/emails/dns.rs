//! Which domains accept mail.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use scans::{EmailConfig, ScansConfig};
use tokio::net::UdpSocket;

use super::{at_once, contacts, domain, scan};
use crate::support::app::TestApp;
use crate::support::planted::HOST;
use crate::support::site::{Reply, Site};

/// A name server that knows `mail.test` (a mail server), `null.test` (none, by RFC 7505) and `bare.test` (an address
/// only), and records its queries.
async fn name_server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let addr = socket.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut packet = [0_u8; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            let query = &packet[..length];
            let (mut at, mut labels) = (12, Vec::new());
            while query[at] != 0 {
                let end = at + 1 + usize::from(query[at]);
                labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
                at = end;
            }
            let question = &query[12..at + 5];
            let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
            let name = labels.join(".");
            kept.lock().unwrap().push(format!("{name} {kind}"));
            let data: Option<Vec<u8>> = match (name.as_str(), kind) {
                ("mail-firma.de", 15) => Some([&[0, 10, 4][..], b"mail", &[0xc0, 12]].concat()),
                ("null-firma.de", 15) => Some(vec![0, 0, 0]),
                ("bare-firma.de", 1) => Some(vec![192, 0, 2, 1]),
                _ => None,
            };
            let is_known = ["mail-firma.de", "null-firma.de", "bare-firma.de"].contains(&name.as_str());
            let mut answer = query[..2].to_vec();
            answer.extend([
                0x81,
                if is_known { 0x80 } else { 0x83 },
                0,
                1,
                0,
                u8::from(data.is_some()),
                0,
                0,
                0,
                0,
            ]);
            answer.extend(question);
            if let Some(data) = data {
                answer.extend([0xc0, 12]);
                answer.extend(kind.to_be_bytes());
                answer.extend([0, 1, 0, 0, 0, 60]);
                answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                answer.extend(data);
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    (addr, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_domains_are_looked_up_in_dns_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page = "<p>a@mail-firma.de b@null-firma.de c@bare-firma.de d@gone-firma.de e@mail-firma.de";
    let site = Site::start(move |_| Reply::html(page)).await;
    let (server, asked) = name_server().await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        email: EmailConfig {
            mx_check: true,
            dns_server: Some(server),
            ..EmailConfig::default()
        },
        ..at_once(scans)
    });
    let id = domain(&acme, HOST).await;
    scan(&acme, &id).await;
    let found = contacts(&acme).await;
    for (email, expected) in [
        ("a@mail-firma.de", "ok"),
        ("b@null-firma.de", "none"),
        ("c@bare-firma.de", "ok"),
        ("d@gone-firma.de", "none"),
        ("e@mail-firma.de", "ok"),
    ] {
        assert_eq!(
            found[email]["mx_status"],
            expected,
            "{email}: {:?}",
            asked.lock().unwrap()
        );
    }
    assert!(found["d@gone-firma.de"]["confidence"].as_i64() <= Some(10));
    assert!(found["a@mail-firma.de"]["confidence"].as_i64() > Some(50));
    let before = asked.lock().unwrap().len();
    scan(&acme, &id).await;
    assert_eq!(asked.lock().unwrap().len(), before, "the answers were stored");
}
