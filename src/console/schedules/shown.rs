//! What the pages of schedules share.

use maud::{Markup, html};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::console::page::{time, words};
use crate::views::schedule::{ScheduleRunView, ScheduleView};

/// Says what a schedule starts: the kind of work, and each of its fields.
pub fn work(work: &RawValue) -> Markup {
    let read: serde_json::Map<String, Value> = serde_json::from_str(work.get()).unwrap_or_default();
    html! {
        @for (kind, details) in &read {
            (words(kind))
            @for (name, value) in flat(details) { " " span.chip { (words(&name)) ": " (value) } }
        }
    }
}

/// Returns the fields of an object and of those in it.
fn flat(details: &Value) -> Vec<(String, String)> {
    let Some(fields) = details.as_object() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Object(inner) if inner.is_empty() => found.push((name.clone(), "all".to_owned())),
            Value::Object(_) => found.extend(flat(value)),
            Value::String(text) => found.push((name.clone(), text.clone())),
            other => found.push((name.clone(), other.to_string())),
        }
    }
    found
}

/// Says when a schedule runs next, or why it does not.
pub fn next_run(schedule: &ScheduleView) -> Markup {
    html! {
        @if let Some(at) = schedule.next_run_at {
            (time(at))
        } @else {
            span.state.failed { "paused" }
            @if let Some(because) = schedule.paused_because { " (" (words(because)) ")" }
        }
    }
}

/// Says what became of a run, and links to what it started.
pub fn outcome(run: &ScheduleRunView) -> Markup {
    let class = match run.outcome {
        "started" => "completed",
        "nothing" => "pending",
        _ => "failed",
    };
    html! {
        span.state.(class) { (run.outcome) }
        @if let Some(batch) = run.batch_id { " " a href={ "/jobs?batch_id=" (batch) } { (run.jobs) " jobs" } }
        @if let Some(job) = run.job_id { " " a href={ "/jobs/" (job) } { "its job" } }
        @if let Some(error) = &run.error { " " span.error { (error) } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::work;

    #[test]
    fn work_is_said_with_its_fields() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let shown = work(&raw(
            r#"{"domain_scan":{"leads":{"status":"selected","min_score":5},"emails":true}}"#,
        ))
        .into_string();
        for part in ["domain scan", "status: selected", "min score: 5", "emails: true"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let all = work(&raw(r#"{"email_scan":{"leads":{}}}"#)).into_string();
        assert!(all.contains("leads: all"), "{all}");
    }
}
