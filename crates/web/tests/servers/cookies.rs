//! Cookies: kept within one job, told to nobody else.

use super::case::{Case, answer, no_robots, page};
use super::certificates::Authority;
use super::server::{Reply, Request, Server};

/// Sets a cookie at `/set`, and elsewhere says which cookies came.
fn jar(set: &'static str) -> impl Fn(&Request<'_>) -> Reply + Send + Sync + Clone + 'static {
    move |request| match request.path {
        "/robots.txt" => answer("404 X", "Set-Cookie: robot=1\r\n", ""),
        "/set" | "/a/set" => answer("200 OK", &format!("Content-Type: text/html\r\n{set}"), "set"),
        _ => page(request.header("cookie")),
    }
}

fn echo(behaviour: &str, set: &'static str) -> Case {
    Case::answering(behaviour, jar(set))
        .on("www.shop.test:80", Server::Http1(std::sync::Arc::new(jar(set))))
        .gets(&[(0, "http://shop.test/set"), (0, "http://shop.test/")])
}

/// A site that sends those without a cookie to itself with one.
fn gate(behaviour: &str, cookie: &'static str) -> Case {
    Case::answering(behaviour, move |request| match no_robots(request) {
        Some(reply) => reply,
        None if request.header("cookie").contains("seen=") => page("welcome"),
        None => answer("302 Found", &format!("Location: /\r\nSet-Cookie: {cookie}\r\n"), ""),
    })
}

pub fn cases() -> Vec<Case> {
    [gates(), kept()].into_iter().flatten().collect()
}

fn gates() -> Vec<Case> {
    let circle = "shop.test redirects in a circle";
    vec![
        gate("a redirect to itself that sets a cookie", "seen=1").says("welcome"),
        gate(
            "the same with all attributes",
            "seen=1; Path=/; Domain=shop.test; HttpOnly; SameSite=Lax; Max-Age=60",
        )
        .says("welcome"),
        gate(
            "a redirect to itself whose cookie is of another path",
            "seen=1; Path=/x",
        )
        .fails("status", circle),
        gate("a redirect to itself whose cookie has expired", "seen=1; Max-Age=0").fails("status", circle),
        Case::answering("a cookie that changes without end", |request| {
            let count = request.header("cookie").len() + request.connection;
            answer("302 X", &format!("Location: /\r\nSet-Cookie: count=x{count}\r\n"), "")
        })
        .fails("status", "shop.test redirects more than 10 times"),
    ]
}

fn kept() -> Vec<Case> {
    let to_www: &[(usize, &str)] = &[(0, "http://shop.test/set"), (0, "http://www.shop.test/")];
    let tls = Authority::trusted().server("shop.test");
    let secure = jar("Set-Cookie: s=1; Secure\r\n");
    vec![
        echo("a cookie on the next page", "Set-Cookie: s=1\r\n").says("s=1"),
        echo("two cookies", "Set-Cookie: s=1\r\nSet-Cookie: t=2\r\n").says("s=1; t=2"),
        echo("a cookie that another job has", "Set-Cookie: s=1\r\n")
            .gets(&[(0, "http://shop.test/set"), (1, "http://shop.test/")])
            .says("nothing"),
        echo("a cookie of robots.txt", "").says("nothing"),
        echo(
            "a cookie that is taken back",
            "Set-Cookie: s=1\r\nSet-Cookie: s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        )
        .says("nothing"),
        echo("a cookie of one host, on another one", "Set-Cookie: s=1\r\n")
            .gets(to_www)
            .says("nothing"),
        echo(
            "a cookie of the site, on another host of it",
            "Set-Cookie: s=1; Domain=shop.test\r\n",
        )
        .gets(to_www)
        .says("s=1"),
        echo("a cookie of a public suffix", "Set-Cookie: s=1; Domain=test\r\n").says("nothing"),
        echo("a cookie of a stranger", "Set-Cookie: s=1; Domain=other.test\r\n").says("nothing"),
        echo("a cookie of a folder, outside of it", "Set-Cookie: s=1\r\n")
            .gets(&[(0, "http://shop.test/a/set"), (0, "http://shop.test/b")])
            .says("nothing"),
        echo("a cookie of a folder, within it", "Set-Cookie: s=1\r\n")
            .gets(&[(0, "http://shop.test/a/set"), (0, "http://shop.test/a/b")])
            .says("s=1"),
        echo("a secure cookie by http", "Set-Cookie: s=1; Secure\r\n").says("nothing"),
        Case::answering("a secure cookie of https, by http", secure.clone())
            .on(
                "shop.test:443",
                Server::Https(tls.clone(), std::sync::Arc::new(secure.clone())),
            )
            .gets(&[(0, "https://shop.test/set"), (0, "http://shop.test/")])
            .says("nothing"),
        Case::answering("a secure cookie by https", secure.clone())
            .on("shop.test:443", Server::Https(tls, std::sync::Arc::new(secure)))
            .gets(&[(0, "https://shop.test/set"), (0, "https://shop.test/")])
            .says("s=1"),
    ]
}
