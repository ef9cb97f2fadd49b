//! What a list of jobs is asked for.

use rocket::FromForm;

use crate::console::form::filled;
use crate::routes::job_filter::JobWords;

/// The filter of a list of jobs, as forms send it: an empty field filters nothing.
#[derive(Clone, Copy, Debug, Default, FromForm)]
pub struct JobQuery<'r> {
    status: Option<&'r str>,
    kind: Option<&'r str>,
    outcome: Option<&'r str>,
    batch_id: Option<&'r str>,
}

impl<'r> JobQuery<'r> {
    pub fn status(&self) -> Option<&'r str> {
        self.status.and_then(filled)
    }

    pub fn kind(&self) -> Option<&'r str> {
        self.kind.and_then(filled)
    }

    pub fn outcome(&self) -> Option<&'r str> {
        self.outcome.and_then(filled)
    }

    pub fn batch_id(&self) -> Option<&'r str> {
        self.batch_id.and_then(filled)
    }

    /// Returns the filter as the API has it.
    pub fn words(&self) -> JobWords {
        JobWords::of(self.status(), self.kind(), self.outcome(), self.batch_id())
    }

    /// Returns the filter for jobs in any state.
    pub const fn in_any_state(self) -> Self {
        Self { status: None, ..self }
    }

    pub fn is_empty(&self) -> bool {
        self.given().next().is_none()
    }

    fn given(&self) -> impl Iterator<Item = (&'static str, &'r str)> {
        let all = [
            ("status", self.status()),
            ("kind", self.kind()),
            ("outcome", self.outcome()),
            ("batch_id", self.batch_id()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// Returns a page with this filter.
    pub fn address(&self, path: &str) -> String {
        written(path, self.given())
    }

    /// Returns a page with this filter and one value more.
    pub fn with(&self, path: &str, name: &'static str, value: &str) -> String {
        written(path, self.given().chain([(name, value)]))
    }

    /// Returns the stream of what happens to such jobs; events say more jobs than the filter at most.
    pub fn stream(&self) -> String {
        let batch = self.batch_id().map(|id| ("batch_id", id));
        written("/jobs/events", batch.into_iter())
    }
}

fn written<'v>(path: &str, values: impl Iterator<Item = (&'static str, &'v str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(values);
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_what_was_asked_for_and_nothing_empty() {
        let query = JobQuery {
            status: Some(""),
            kind: Some("a&b"),
            ..JobQuery::default()
        };
        assert_eq!(query.address("/jobs"), "/jobs?kind=a%26b");
        assert_eq!(
            query.with("/jobs", "status", "failed"),
            "/jobs?kind=a%26b&status=failed"
        );
        assert_eq!(JobQuery::default().address("/jobs"), "/jobs");
        assert!(!query.is_empty() && JobQuery::default().is_empty());
    }
}
