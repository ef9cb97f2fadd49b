//! The document: what handlers say, merged and completed.

use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use super::complete::{V1, complete, texts};
use crate::guards::parameters::{Known, Parameters};
use crate::views::problem::Problem;

/// What is the same for all routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "ScraperSky",
        description = "Collects leads about local businesses. A request that starts work answers with a job; follow the job, \
                       then read its rows. Times are ISO 8601 in UTC, ids are UUIDs, amounts of money are exact decimals. \
                       Requests are counted by class: `reads` (GET and HEAD), `requests` (all others), `batches` (those that \
                       queue a batch, which count as `requests` too) and `visitors` (without a caller, by address).",
    ),
    components(schemas(Problem<'_>)),
    tags(
        (name = "Scans", description = "Scans of domains, one or many."),
        (name = "Jobs", description = "Background work of any kind: follow, cancel, retry."),
        (name = "Domains", description = "Domains, and what is known about their sites."),
        (name = "Sitemaps", description = "Sitemap files, the URLs in them, and how they changed."),
        (name = "Leads", description = "What an agency works on: places with their domains, and domains without a place."),
        (name = "Contacts", description = "Email addresses found on sites, with the pages that show them."),
        (name = "Suppressions", description = "Addresses and domains that are not stored, and erasures."),
        (name = "Places", description = "Places found by search: staging, curation, files, hand-over to domains."),
        (name = "Schedules", description = "Work that starts by itself, again and again, and each of its runs."),
        (name = "Webhooks", description = "URLs to which events are posted, and what became of each."),
        (name = "Accounts", description = "Tenants, keys, the audit log, use and costs."),
        (name = "Service", description = "Health, readiness, and this description."),
        (name = "v1", description = "Routes of the v1 contract: query parameters and fields that they do not know are ignored."),
    )
)]
struct Head;

/// The description, as it is served.
#[derive(Debug)]
pub struct Document {
    json: Value,
    /// The same, serialized.
    pub(super) text: String,
}

impl Document {
    /// Describes the program by the descriptions of its routes.
    ///
    /// # Errors
    ///
    /// Returns an error if the description cannot be represented as JSON.
    pub fn new(parts: Vec<Description>) -> serde_json::Result<Self> {
        let mut document = Head::openapi();
        for part in parts {
            document.merge(part);
        }
        let mut json = serde_json::to_value(document)?;
        json.as_object_mut().map(complete);
        let text = serde_json::to_string(&json)?;
        Ok(Self { json, text })
    }

    /// Returns the query parameters of each route.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        let routes = operations(&self.json).map(|operation| {
            let known = Known {
                names: operation.query(),
                ignores_others: operation.is_v1(),
            };
            (operation.method(), operation.mounted_path(), known)
        });
        routes.collect()
    }
}

/// What is described of one route.
#[derive(Clone, Copy, Debug)]
struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    json: &'d Value,
}

impl Operation<'_> {
    /// Returns its method in upper case.
    fn method(&self) -> String {
        self.method.to_uppercase()
    }

    /// Returns its path as Rocket writes it, such as `/api/v1/jobs/<id>`.
    fn mounted_path(&self) -> String {
        self.path.replace('{', "<").replace('}', ">")
    }

    /// Returns whether it is one of the v1 contract.
    fn is_v1(&self) -> bool {
        texts(self.json.get("tags")).any(|tag| tag == V1)
    }

    /// Returns the names of its query parameters.
    fn query(&self) -> Vec<String> {
        let parameters = self.json["parameters"].as_array().into_iter().flatten();
        parameters
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
            .collect()
    }
}

/// Returns what is described of each route.
fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations.map(|(method, json)| Operation { path, method, json })
    })
}
