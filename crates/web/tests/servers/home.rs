//! Names, and where a home page is found: by https and http, with and without `www.`.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rcgen::date_time_ymd;
use rustls::ServerConfig;

use super::case::{Case, Dns, LONG, answer, page, page_or_no_robots, redirect};
use super::certificates::{Authority, self_signed};
use super::server::{Reply, Server, Then};

fn http(reply: Reply) -> Server {
    Server::Http1(page_or_no_robots(reply))
}

fn https(tls: &Arc<ServerConfig>, reply: Reply) -> Server {
    Server::Https(Arc::clone(tls), page_or_no_robots(reply))
}

fn good(name: &str, text: &str) -> Server {
    https(&Authority::trusted().server(name), page(text))
}

fn expired() -> Server {
    let tls = Authority::trusted().server_with("shop.test", &[], |params| {
        params.not_before = date_time_ymd(2001, 1, 2);
        params.not_after = date_time_ymd(2002, 1, 2);
    });
    https(&tls, page("unseen"))
}

fn hanging() -> Server {
    Server::Bytes(Vec::new(), Then::Hang)
}

fn site(behaviour: &str) -> Case {
    Case::new(behaviour).home("shop.test")
}

pub fn cases() -> Vec<Case> {
    [names(), found(), other_name(), lost(), answered()]
        .into_iter()
        .flatten()
        .collect()
}

fn names() -> Vec<Case> {
    let private = "shop.test cannot be fetched: it leads to a private address, and only public addresses are allowed";
    vec![
        Case::new("a name that does not exist").fails("dns", "shop.test does not resolve to an address"),
        Case::new("no name server").dns("shop.test", Dns::Outage).fails(
            "dns, again",
            "shop.test does not resolve to an address: no name server answered",
        ),
        Case::new("a private address")
            .dns("shop.test", Dns::To(Ipv4Addr::new(192, 168, 0, 1).into()))
            .fails("refused", private),
    ]
}

fn found() -> Vec<Case> {
    let expired_said = "shop.test cannot be reached over TLS: its certificate expired on 2002-01-02";
    let refuses = "shop.test cannot be connected to: it refuses connections";
    let http_only = |behaviour| site(behaviour).on("shop.test:80", http(page("plain")));
    let not_by = |reason: &str| format!("plain, not by https: {reason}");
    vec![
        http_only("https and http")
            .on("shop.test:443", good("shop.test", "secure"))
            .says("secure"),
        http_only("http only").says(&not_by(refuses)),
        http_only("http next to an expired certificate")
            .on("shop.test:443", expired())
            .says(&not_by(expired_said)),
        http_only("http next to a self-signed certificate")
            .on("shop.test:443", https(&self_signed(|_| {}), page("unseen")))
            .says(&not_by(
                "shop.test cannot be reached over TLS: its certificate is self-signed",
            )),
        http_only("http on both ports")
            .on("shop.test:443", http(page("plain")))
            .says(&not_by(
                "shop.test cannot be reached over TLS: the server does not speak TLS",
            )),
        http_only("http next to a port that hangs")
            .within(LONG)
            .on("shop.test:443", hanging())
            .says(&not_by("shop.test took too long: the answer did not end within 4 s")),
        http_only("https that leads to http")
            .on(
                "shop.test:443",
                https(&Authority::trusted().server("shop.test"), redirect("http://shop.test/")),
            )
            .says("plain"),
    ]
}

fn other_name() -> Vec<Case> {
    let plain_www = || http(page("plain www"));
    vec![
        site("a bare name that does not exist")
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("www"),
        site("a bare name that refuses connections")
            .refusing("shop.test")
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("www"),
        site("a bare name that hangs")
            .within(LONG)
            .on("shop.test:443", hanging())
            .on("shop.test:80", hanging())
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("www"),
        site("a bare name with a bad certificate")
            .on("shop.test:443", expired())
            .on("shop.test:80", http(page("plain")))
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("www"),
        site("www by http only")
            .refusing("shop.test")
            .on("www.shop.test:80", plain_www())
            .says("plain www, not by https: www.shop.test cannot be connected to: it refuses connections"),
        site("www as it was given")
            .home("www.shop.test")
            .on("shop.test:443", good("shop.test", "bare"))
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("www"),
        site("the bare name as it was given")
            .on("shop.test:443", good("shop.test", "bare"))
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .says("bare"),
        site("www that does not exist")
            .home("www.shop.test")
            .on("shop.test:443", good("shop.test", "bare"))
            .says("bare"),
        site("www with a bad certificate")
            .home("www.shop.test")
            .on("www.shop.test:443", expired())
            .on("shop.test:443", good("shop.test", "bare"))
            .says("bare"),
    ]
}

fn lost() -> Vec<Case> {
    let expired_said = "shop.test cannot be reached over TLS: its certificate expired on 2002-01-02";
    vec![
        site("names that do not exist").fails("dns", "shop.test does not resolve to an address"),
        site("names that refuse connections")
            .refusing("shop.test")
            .refusing("www.shop.test")
            .fails(
                "connection, again",
                "shop.test cannot be connected to: it refuses connections",
            ),
        site("no name server, while www would answer")
            .dns("shop.test", Dns::Outage)
            .on("www.shop.test:443", good("www.shop.test", "www"))
            .fails(
                "dns, again",
                "shop.test does not resolve to an address: no name server answered",
            ),
        site("an expired certificate and nothing else")
            .on("shop.test:443", expired())
            .fails("expired", expired_said),
        site("a certificate that is bad, and a status by http")
            .on("shop.test:443", expired())
            .on("shop.test:80", http(answer("403 X", "", "")))
            .fails("status", "shop.test answered with status 403"),
    ]
}

fn answered() -> Vec<Case> {
    let secure = |reply| https(&Authority::trusted().server("shop.test"), reply);
    vec![
        site("a status by https, while http would answer")
            .on("shop.test:443", secure(answer("503 X", "", "")))
            .on("shop.test:80", http(page("plain")))
            .fails("status, again", "shop.test answered with status 503"),
        site("a bare name that does not exist, and www that refuses connections")
            .refusing("www.shop.test")
            .fails(
                "connection, again",
                "www.shop.test cannot be connected to: it refuses connections",
            ),
        site("a redirect to www, which does not exist")
            .on("shop.test:443", secure(redirect("https://www.shop.test/")))
            .fails(
                "dns",
                "shop.test redirects to a host that cannot be reached: www.shop.test does not resolve to an address",
            ),
        site("a redirect to another site")
            .on("shop.test:443", secure(redirect("https://other.test/")))
            .fails("other site", "shop.test redirects to another site: https://other.test/"),
        site("a site that hangs everywhere")
            .within(LONG)
            .on("shop.test:443", hanging())
            .on("shop.test:80", hanging())
            .on("www.shop.test:443", hanging())
            .on("www.shop.test:80", hanging())
            .fails(
                "timeout, again",
                "shop.test took too long: the answer did not end within 4 s",
            ),
        site("a site that ends every connection")
            .on("shop.test:443", Server::Bytes(Vec::new(), Then::Close))
            .on("shop.test:80", Server::Bytes(Vec::new(), Then::Close))
            .fails(
                "connection, again",
                "shop.test ended the connection before its answer was complete",
            ),
    ]
}
