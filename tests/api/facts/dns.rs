//! What DNS says of a domain, and who its providers are.

use scans::{DomainConfig, ScansConfig};
use serde_json::{Value, json};

use super::{at_once, scan};
use crate::support::app::TestApp;
use crate::support::name_server::{
    A, CAA, CNAME, MX, NS, NameServer, PTR, Record, TXT, address, authority, mail, name, text,
};
use crate::support::site::{Reply, Site};

const HOST: &str = "shop.acme-werkstatt.de";

fn with_dns(scans: ScansConfig, site: &Site, server: &NameServer) -> ScansConfig {
    let mut scans = at_once(scans);
    scans
        .fetch
        .connect_to
        .push(format!("*.acme-werkstatt.de={}", site.addr).parse().unwrap());
    ScansConfig {
        dns_server: Some(server.addr),
        domain: DomainConfig {
            dns_check: true,
            ..DomainConfig::default()
        },
        ..scans
    }
}

async fn site() -> Site {
    Site::start(|path| match path {
        "/" => Reply::new(
            "200 OK",
            &[("Content-Type", "text/html"), ("CF-RAY", "8f1-FRA")],
            "<title>Acme</title>welcome",
        ),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_records_of_a_domain_and_of_the_one_above_it_are_kept() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = site().await;
    let server = NameServer::start(vec![
        (HOST, A, address([192, 0, 2, 7])),
        (HOST, MX, mail(20, "backup.acme-werkstatt.de")),
        (HOST, MX, mail(10, "acme.mail.protection.outlook.com")),
        (HOST, TXT, text("v=spf1 include:spf.protection.outlook.com -all")),
        (HOST, TXT, text("verification=1")),
        ("acme-werkstatt.de", NS, name("ns2.rzone.de")),
        ("acme-werkstatt.de", NS, name("ns1.rzone.de")),
        ("acme-werkstatt.de", CAA, authority("issue", "letsencrypt.org")),
        ("_dmarc.acme-werkstatt.de", TXT, text("v=DMARC1; p=none; sp=reject")),
        ("7.2.0.192.in-addr.arpa", PTR, name("dd1.kasserver.com")),
    ])
    .await;
    let _work = app.work_with(&site, |scans| with_dns(scans, &site, &server));
    let domain = scan(&acme, HOST).await;
    let hosting = &domain["hosting"];
    assert_eq!(
        hosting["dns_records"],
        json!({
            "a": ["192.0.2.7"],
            "aaaa": [],
            "cname": [],
            "ptr": ["dd1.kasserver.com"],
            "mx": [
                { "preference": 10, "host": "acme.mail.protection.outlook.com" },
                { "preference": 20, "host": "backup.acme-werkstatt.de" },
            ],
            "ns": ["ns1.rzone.de", "ns2.rzone.de"],
            "txt": ["v=spf1 include:spf.protection.outlook.com -all", "verification=1"],
            "spf": { "all": "fail", "includes": ["spf.protection.outlook.com"], "redirect": null, "lookups": 1 },
            "dmarc": { "policy": "none", "subdomain_policy": "reject", "percent": 100, "reports": [] },
            "caa": [{ "tag": "issue", "value": "letsencrypt.org", "critical": false }],
            "dns_provider": "Strato",
            "mail_provider": "Microsoft 365",
        }),
        "{:?}",
        server.asked()
    );
    assert_eq!(hosting["cdn_provider"], "Cloudflare");
    assert_eq!(hosting["hosting_provider"], "ALL-INKL");
    let claims = domain["technologies"]["claims"].as_array().unwrap();
    let mail = claims.iter().find(|claim| claim["name"] == "Microsoft 365").unwrap();
    assert_eq!(mail["category"], "mail", "{mail}");
    // Strato runs the DNS, and the header says who stands in front.
    let serving = claims
        .iter()
        .filter(|claim| claim["category"] == "cdn" || claim["category"] == "hosting");
    assert_eq!(
        serving.map(|claim| &claim["name"]).collect::<Vec<_>>(),
        ["Cloudflare"],
        "{claims:?}"
    );
    assert_eq!(
        mail["evidence"][0],
        json!({ "rule": "mx mail.protection.outlook.com", "snippet": "10 acme.mail.protection.outlook.com" }),
        "{mail}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_tells_the_provider() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html("<title>Acme</title>welcome"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let server = NameServer::start(vec![
        (HOST, CNAME, name("acme.netlify.app")),
        ("acme.netlify.app", A, address([192, 0, 2, 8])),
    ])
    .await;
    let _work = app.work_with(&site, |scans| with_dns(scans, &site, &server));
    let hosting = scan(&acme, HOST).await["hosting"].clone();
    let records = &hosting["dns_records"];
    assert_eq!(records["cname"], json!(["acme.netlify.app"]), "{records}");
    assert_eq!(records["a"], json!(["192.0.2.8"]), "{records}");
    assert_eq!((&records["spf"], &records["dmarc"]), (&Value::Null, &Value::Null));
    assert_eq!(hosting["hosting_provider"], "Netlify");
    assert!(hosting["cdn_provider"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_answer_the_records_are_unknown() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = site().await;
    let server = NameServer::start(Vec::<Record>::new()).await;
    let addr = server.addr;
    // Nobody listens there any more.
    drop(server);
    let _work = app.work_with(&site, |scans| {
        let mut scans = at_once(scans);
        scans
            .fetch
            .connect_to
            .push(format!("*.acme-werkstatt.de={}", site.addr).parse().unwrap());
        ScansConfig {
            dns_server: Some(addr),
            domain: DomainConfig::default(),
            ..scans
        }
    });
    let records = scan(&acme, HOST).await["hosting"]["dns_records"].clone();
    for kind in ["a", "aaaa", "cname", "ptr", "mx", "ns", "txt", "spf", "dmarc", "caa"] {
        assert!(records[kind].is_null(), "{kind}: {records}");
    }
}
