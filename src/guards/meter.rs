//! Counts of the requests that were answered.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::{Data, Response};
use tokio::time::Instant;

/// The upper bounds of the classes of durations, in seconds.
const CLASSES: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// The labels of requests: the template of the route, such as `/api/v1/jobs/<id>`, never what a client sent.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u32,
}

/// The labels of durations.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Took {
    method: String,
    route: String,
}

/// Counts requests by route and status, and how long they took; clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    answered: Family<Answered, Counter>,
    took: Family<Took, Histogram, fn() -> Histogram>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(CLASSES)),
        }
    }
}

/// When a request arrived.
struct Arrived(Instant);

impl Meter {
    /// Adds the counts to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let Counts { answered, took } = &*self.0;
        registry.register("requests", "Requests that were answered", answered.clone());
        registry.register("request_duration_seconds", "Time until an answer began", took.clone());
    }
}

#[rocket::async_trait]
impl Fairing for Meter {
    fn info(&self) -> Info {
        Info {
            name: "counts of requests",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        request.local_cache(|| Arrived(Instant::now()));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Arrived(arrived) = request.local_cache(|| Arrived(Instant::now()));
        let method = request.method().to_string();
        let route = request.route().map_or("none", |route| route.uri.path()).to_owned();
        let answered = Answered {
            method: method.clone(),
            route: route.clone(),
            status: response.status().code.into(),
        };
        self.0.answered.get_or_create(&answered).inc();
        let took = Took { method, route };
        self.0
            .took
            .get_or_create(&took)
            .observe(arrived.elapsed().as_secs_f64());
    }
}
