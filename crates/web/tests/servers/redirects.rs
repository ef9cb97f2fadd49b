//! Redirects and where they end.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::case::{Case, Dns, answer, no_robots, page, page_or_no_robots, redirect};
use super::certificates::Authority;
use super::server::{Reply, Server};

/// A home page that leads to `/there`, by these header lines.
fn by(behaviour: &str, status: &str, headers: &str) -> Case {
    let reply = answer(status, headers, "");
    Case::answering(behaviour, move |request| match request.path {
        "/" => reply.clone(),
        "/there" | "/a/there" | "/caf%C3%A9" | "/a%20b" => page("there"),
        _ => answer("404 Not Found", "", ""),
    })
}

fn to(behaviour: &str, location: &str) -> Case {
    by(behaviour, "302 Found", &format!("Location: {location}\r\n"))
}

/// A home page that leads on by itself this often.
fn chain(behaviour: &str, times: usize) -> Case {
    Case::answering(behaviour, move |request| {
        let number: usize = request.path.trim_start_matches('/').parse().unwrap_or(0);
        match no_robots(request) {
            Some(reply) => reply,
            None if number == times => page("there"),
            None => redirect(&format!("/{}", number + 1)),
        }
    })
}

fn answering(reply: Reply) -> Server {
    Server::Http1(page_or_no_robots(reply))
}

pub fn cases() -> Vec<Case> {
    [followed(), not_followed(), refreshes(), hosts(), dead_hosts()]
        .into_iter()
        .flatten()
        .collect()
}

fn followed() -> Vec<Case> {
    let mut cases = Vec::new();
    for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
        cases.push(by(&format!("status {status}"), status, "Location: /there\r\n").says("there"));
    }
    for (behaviour, location) in [
        ("a whole URL", "http://shop.test/there"),
        ("a URL without a scheme", "//shop.test/there"),
        ("a relative path", "there"),
        ("a path with dots", "/a/../there"),
        ("a fragment", "/there#top"),
        ("a scheme in upper case", "HTTP://SHOP.TEST/there"),
        ("a port that is the scheme's", "http://shop.test:80/there"),
        ("a final dot", "http://shop.test./there"),
        ("a user and a password", "http://ann:secret@shop.test/there"),
        ("a path in UTF-8", "/caf\u{e9}"),
        ("a path with a blank", "/a b"),
        ("backslashes", "\\there"),
    ] {
        cases.push(to(behaviour, location).says("there"));
    }
    cases.push(chain("ten redirects", 10).says("there"));
    cases
}

fn not_followed() -> Vec<Case> {
    let status = |status: u16| format!("shop.test answered with status {status}");
    let circle = "shop.test redirects in a circle";
    vec![
        chain("eleven redirects", 11).fails("status", "shop.test redirects more than 10 times"),
        to("a redirect to itself", "/").fails("status", circle),
        Case::answering("a circle of two", |request| {
            redirect(if request.path == "/" { "/a" } else { "/" })
        })
        .fails("status", circle),
        by("no location", "302 Found", "").fails("status", &status(302)),
        by("a choice", "300 X", "Location: /there\r\n").fails("status", &status(300)),
        by("not modified", "304 X", "").fails("status", &status(304)),
        to("a location that is none", "http://").fails("unreadable", "shop.test redirects to an invalid URL"),
        to("a mail address", "mailto:a@shop.test").fails(
            "refused",
            "URLs of scheme mailto cannot be fetched; expected http or https",
        ),
        to("a file", "file:///etc/passwd").fails(
            "refused",
            "URLs of scheme file cannot be fetched; expected http or https",
        ),
        to("a port of mail", "http://shop.test:25/")
            .dns("shop.test", Dns::To(Ipv4Addr::LOCALHOST.into()))
            .fails(
                "connection, again",
                "shop.test cannot be connected to: it refuses connections",
            ),
    ]
}

fn refreshes() -> Vec<Case> {
    let meta = |behaviour: &str, content: &str| {
        let reply = page(format!("<meta http-equiv=refresh content='{content}'>"));
        Case::answering(behaviour, move |request| match request.path {
            "/" => reply.clone(),
            "/there" => page("there"),
            _ => answer("404 X", "", ""),
        })
    };
    vec![
        meta("a refresh of the page", "0; url=/there").says("there"),
        meta("a refresh after a minute", "60; url=/there").says("<meta http-equiv=refresh content='60; url=/there'>"),
        meta("a refresh to another site", "0; url=http://other.test/")
            .says("<meta http-equiv=refresh content='0; url=http://other.test/'>"),
        by(
            "a refresh by header",
            "200 OK",
            "Content-Type: text/html\r\nRefresh: 0; url=/there\r\n",
        )
        .says("there"),
        by(
            "a refresh to itself of an empty page",
            "200 OK",
            "Content-Type: text/html\r\nRefresh: 5; url=/\r\n",
        )
        .fails("unreadable", "shop.test answered with status 200 and an empty page"),
    ]
}

/// A site that leads to its `www`.
fn to_www(behaviour: &str, scheme: &str) -> Case {
    Case::http(behaviour, redirect(&format!("{scheme}://www.shop.test/")))
}

/// A server over TLS with a certificate for this name.
fn secure(name: &str, reply: Reply) -> Server {
    Server::Https(Authority::trusted().server(name), page_or_no_robots(reply))
}

fn hosts() -> Vec<Case> {
    vec![
        to_www("www", "http")
            .on("www.shop.test:80", answering(page("there")))
            .says("there"),
        to_www("https of www", "https")
            .on("www.shop.test:443", secure("www.shop.test", page("there")))
            .says("there"),
        Case::http("https", redirect("https://shop.test/"))
            .on("shop.test:443", secure("shop.test", page("there")))
            .says("there"),
        Case::http("from https to http", page("there"))
            .on("shop.test:443", secure("shop.test", redirect("http://shop.test/")))
            .get("https://shop.test/")
            .says("there"),
        Case::http("another site", redirect("http://other.test/a?b=c"))
            .fails("other site", "shop.test redirects to another site: http://other.test/a"),
        to_www("a status behind it", "http")
            .on("www.shop.test:80", answering(answer("404 X", "", "")))
            .fails("status", "www.shop.test answered with status 404"),
        to_www("robots.txt behind it that forbids it", "http")
            .on(
                "www.shop.test:80",
                Server::Http1(Arc::new(|_| answer("200 OK", "", "User-agent: *\nDisallow: /"))),
            )
            .fails("robots", "robots.txt of www.shop.test forbids fetching this page"),
        to_www("a private address", "http")
            .dns("www.shop.test", Dns::To(Ipv4Addr::new(10, 0, 0, 1).into()))
            .fails(
                "refused",
                "www.shop.test cannot be fetched: it leads to a private address, and only public addresses are allowed",
            ),
    ]
}

fn dead_hosts() -> Vec<Case> {
    let dead = |reason: &str| format!("shop.test redirects to a host that cannot be reached: {reason}");
    vec![
        to_www("a name that does not exist", "http")
            .fails("dns", &dead("www.shop.test does not resolve to an address")),
        to_www("a name that no server knows about for now", "http")
            .dns("www.shop.test", Dns::Outage)
            .fails(
                "dns, again",
                &dead("www.shop.test does not resolve to an address: no name server answered"),
            ),
        to_www("a host that refuses connections", "http")
            .refusing("www.shop.test")
            .fails(
                "connection, again",
                &dead("www.shop.test cannot be connected to: it refuses connections"),
            ),
        to_www("a bad certificate", "https")
            .on("www.shop.test:443", secure("other.test", page("there")))
            .fails(
                "wrong_name",
                &dead("www.shop.test cannot be reached over TLS: its certificate is for another name"),
            ),
    ]
}
