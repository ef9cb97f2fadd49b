//! The header `Host`.

use rocket::Data;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::request::Request;

use crate::error::ApiError;

/// Refuses requests that do not have exactly one `Host` (RFC 9112, section 3.2).
///
/// Servers and proxies that choose different ones see different requests. Rocket hides the version of HTTP, so that a
/// request by HTTP/1.0 needs the field as well.
#[derive(Clone, Copy, Debug)]
pub struct OneHost;

#[rocket::async_trait]
impl Fairing for OneHost {
    fn info(&self) -> Info {
        Info {
            name: "exactly one Host",
            kind: Kind::Request,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // A request of a test that has no connection needs none.
        let is_sent = request.remote().is_some();
        let hosts = request.headers().get("Host").count();
        if !is_sent || hosts == 1 {
            return;
        }
        let detail = format!("the request has {hosts} Host headers: send exactly one");
        ApiError::bad_request("Host", detail).keep(request);
        // No route has this method, and so the catcher answers with what was kept.
        request.set_method(Method::Trace);
    }
}
