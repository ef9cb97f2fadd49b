//! The form of a new schedule.

use database::models::enums::{CurationStatus, MissedRuns};
use maud::{Markup, html};
use rocket::FromForm;
use serde_json::{Value, json};

use crate::console::form::{Field, Refusal, filled, problem, rest};
use crate::error::{ApiError, ApiResult};
use crate::routes::schedule_requests::ScheduleRequest;
use crate::views::fields::Fields;
use crate::views::words::Words;

/// What the form sends.
#[derive(FromForm)]
pub struct NewSchedule<'r> {
    name: &'r str,
    /// The days it runs on: a part of a cron text, `every` or `cron`.
    days: &'r str,
    at: &'r str,
    time_zone: &'r str,
    every: &'r str,
    cron: &'r str,
    missed: &'r str,
    /// The kind of work.
    work: &'r str,
    status: &'r str,
    tag: &'r str,
    business_type: &'r str,
    location: &'r str,
    max_usd: &'r str,
    domain: &'r str,
}

impl Default for NewSchedule<'_> {
    fn default() -> Self {
        Self {
            name: "",
            days: "* * *",
            at: "06:00",
            time_zone: "UTC",
            every: "",
            cron: "",
            missed: MissedRuns::Once.label(),
            work: "domain_scan",
            status: CurationStatus::Selected.word(),
            tag: "",
            business_type: "",
            location: "",
            max_usd: "5",
            domain: "",
        }
    }
}

/// The days of a schedule: the last three fields of a cron text, in words.
const DAYS: &[(&str, &str)] = &[
    ("* * *", "every day"),
    ("* * 1-5", "Monday to Friday"),
    ("* * 1", "every Monday"),
    ("* * 2", "every Tuesday"),
    ("* * 3", "every Wednesday"),
    ("* * 4", "every Thursday"),
    ("* * 5", "every Friday"),
    ("* * 6", "every Saturday"),
    ("* * 0", "every Sunday"),
    ("1 * *", "on the first of each month"),
    (EVERY, "after a time, below"),
    (CRON, "by a cron text, below"),
];
const EVERY: &str = "every";
const CRON: &str = "cron";

/// What a schedule starts, by the fields of its body.
const WORK: &[(&str, &str)] = &[
    ("domain_scan", "a scan of the leads' sites"),
    ("email_scan", "a scan of the leads' sites for email addresses"),
    ("place_search", "a search for businesses"),
    ("sitemap_scan", "an analysis of a site's sitemaps"),
];

const FIELDS: &[&str] = &[
    "name",
    "at",
    "time_zone",
    "every",
    "cron",
    "tag",
    "status",
    "business_type",
    "location",
    "max_usd",
    "domain",
];

impl NewSchedule<'_> {
    /// Returns what the API takes.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the field.
    pub fn read(&self) -> ApiResult<ScheduleRequest> {
        let (cron, every) = match self.days {
            EVERY => (None, Some(self.every.trim().to_owned())),
            CRON => (Some(self.cron.trim().to_owned()), None),
            days => {
                let (hour, minute) = read_time(self.at)?;
                (Some(format!("{minute} {hour} {days}")), None)
            }
        };
        let time_zone = filled(self.time_zone).filter(|_| cron.is_some()).map(str::to_owned);
        let work = json!({ (self.work): self.details()? });
        let Fields(work) = serde_json::from_value(work)
            .map_err(|error| ApiError::bad_request("work", format!("this cannot be started: {error}")))?;
        Ok(ScheduleRequest {
            name: self.name.to_owned(),
            cron,
            time_zone,
            every,
            missed: filled(self.missed).map(str::to_owned),
            work: Fields(work),
            tenant_id: None,
        })
    }

    /// Returns the fields of what is started.
    fn details(&self) -> ApiResult<Value> {
        Ok(match self.work {
            "place_search" => json!({
                "business_type": self.business_type,
                "location": self.location,
                "max_usd": read_dollars(self.max_usd)?,
            }),
            "sitemap_scan" => json!({ "domain": self.domain }),
            _ => json!({ "leads": { "status": filled(self.status), "tag": filled(self.tag) } }),
        })
    }
}

/// Reads a time of day.
fn read_time(text: &str) -> ApiResult<(u32, u32)> {
    let parts = text.trim().split_once(':');
    let read = parts.and_then(|(hour, minute)| Some((hour.parse().ok()?, minute.parse().ok()?)));
    read.filter(|(hour, minute)| *hour < 24 && *minute < 60)
        .ok_or_else(|| ApiError::bad_request("at", format!("{text:?} is not a time of day, such as 06:00")))
}

fn read_dollars(text: &str) -> ApiResult<f64> {
    let wrong = |_| ApiError::bad_request("max_usd", format!("{text:?} is not a sum of US dollars, such as 5"));
    text.trim().parse().map_err(wrong)
}

/// A choice of one of several words.
fn choice(name: &str, label: &str, chosen: &str, options: &[(&str, &str)]) -> Markup {
    html! {
        label for=(name) { (label) }
        select id=(name) name=(name) {
            @for (word, text) in options { option value=(word) selected[*word == chosen] { (text) } }
        }
    }
}

/// Writes the form, with why it was refused.
pub fn form(sent: &NewSchedule<'_>, refusal: Option<&Refusal>) -> Markup {
    let mut statuses = vec![("", "any")];
    statuses.extend(CurationStatus::ALL.iter().map(|status| (status.word(), status.label())));
    let missed = [
        (MissedRuns::Once.label(), "run once, late"),
        (MissedRuns::Skip.label(), "leave it out"),
    ];
    html! {
        section.narrow {
            h2 { "A new schedule" }
            form method="post" action="/schedules" {
                (Field::text("name", "Name").with(sent.name).such_as("weekly").required().show(refusal))
                fieldset {
                    legend { "When" }
                    (choice("days", "Days", sent.days, DAYS))
                    (Field::text("at", "At this time of day").of_kind("time").with(sent.at).show(refusal))
                    (Field::text("time_zone", "In this time zone").with(sent.time_zone).such_as("Europe/Berlin").show(refusal))
                    (Field::text("every", "Or after a time (ISO 8601)").with(sent.every).such_as("PT6H").show(refusal))
                    (Field::text("cron", "Or by a cron text").with(sent.cron).such_as("0 6 * * 1").show(refusal))
                    (choice("missed", "A run that no worker started in time", sent.missed, &missed))
                }
                fieldset {
                    legend { "What it starts" }
                    (choice("work", "Work", sent.work, WORK))
                    (problem(refusal, "work"))
                    (choice("status", "Of leads with this status", sent.status, &statuses))
                    (problem(refusal, "status"))
                    (Field::text("tag", "And this tag").with(sent.tag).show(refusal))
                    (Field::text("business_type", "A search: kind of business").with(sent.business_type).such_as("dentist").show(refusal))
                    (Field::text("location", "A search: where").with(sent.location).such_as("Houston, TX").show(refusal))
                    (Field::text("max_usd", "A search: at most this many US dollars a run").of_kind("number").with(sent.max_usd).show(refusal))
                    (Field::text("domain", "Sitemaps: the domain").with(sent.domain).such_as("example.com").show(refusal))
                }
                (rest(refusal, &[FIELDS, &["work"]].concat()))
                button { "Create the schedule" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NewSchedule, read_time};

    #[test]
    fn what_is_chosen_becomes_a_cron_text() {
        let sent = NewSchedule {
            name: "weekly",
            days: "* * 1",
            at: "06:30",
            time_zone: "Europe/Berlin",
            ..NewSchedule::default()
        };
        let request = sent.read().unwrap();
        assert_eq!(request.cron.as_deref(), Some("30 6 * * 1"));
        assert_eq!(request.time_zone.as_deref(), Some("Europe/Berlin"));
        let every = NewSchedule {
            days: "every",
            every: "PT6H",
            ..NewSchedule::default()
        };
        let request = every.read().unwrap();
        assert_eq!(
            (request.every.as_deref(), request.cron, request.time_zone),
            (Some("PT6H"), None, None)
        );
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        assert_eq!(read_time("23:59").unwrap(), (23, 59));
        for wrong in ["", "6", "24:00", "12:60", "a:b", "06:00:00"] {
            assert!(read_time(wrong).is_err(), "{wrong}");
        }
    }
}
