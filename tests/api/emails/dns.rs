//! Which domains accept mail.

use scans::{EmailConfig, ScansConfig};

use super::{at_once, contacts, domain, scan};
use crate::support::app::TestApp;
use crate::support::name_server::{A, MX, NameServer, address, mail};
use crate::support::planted::HOST;
use crate::support::site::{Reply, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_domains_are_looked_up_in_dns_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let page = "<p>a@mail-firma.de b@null-firma.de c@bare-firma.de d@gone-firma.de e@mail-firma.de";
    let site = Site::start(move |_| Reply::html(page)).await;
    // A mail server, none (by RFC 7505), and an address only.
    let server = NameServer::start(vec![
        ("mail-firma.de", MX, mail(10, "mail.mail-firma.de")),
        ("null-firma.de", MX, mail(0, "")),
        ("bare-firma.de", A, address([192, 0, 2, 1])),
    ])
    .await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        dns_server: Some(server.addr),
        email: EmailConfig {
            mx_check: true,
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
        assert_eq!(found[email]["mx_status"], expected, "{email}: {:?}", server.asked());
    }
    assert!(found["d@gone-firma.de"]["confidence"].as_i64() <= Some(10));
    assert!(found["a@mail-firma.de"]["confidence"].as_i64() > Some(50));
    let before = server.asked().len();
    scan(&acme, &id).await;
    assert_eq!(server.asked().len(), before, "the answers were stored");
}
