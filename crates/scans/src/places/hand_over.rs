//! The job that creates domains from selected places.

use std::collections::BTreeMap;

use database::ids::DomainId;
use database::models::domain::NewDomain;
use database::models::enums::Outcome;
use database::models::place_details::HandOver;
use database::repo;
use database::repo::place_details::Candidate;
use jobs::{BackgroundJob, EnqueueOptions, Finished, JobContext, JobError, Submission};
use serde::{Deserialize, Serialize};
use web::names::{DomainName, registrable};

use super::details::{LookedUp, look_up, work_key};
use super::website::{portal_of, unwrap_link};
use crate::Services;
use crate::domain::{self, DEFAULT_PAGES, DomainScan};
use crate::email;

/// Creates domains from selected places that have a website.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacesHandOver {
    /// Google's ids of the places.
    pub place_ids: Vec<String>,
    /// Whether to scan the domains.
    pub scan: bool,
    /// Whether to scan their sites for email addresses.
    #[serde(default)]
    pub emails: bool,
    /// Whether to look up details of places without a known website, at the cost of one call each.
    pub look_up: bool,
}

/// The result of a hand-over.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HandedOver {
    /// The number of places that have a domain now.
    pub handed_over: usize,
    /// The number of scans queued.
    pub scans: usize,
    /// The number of email scans queued.
    pub email_scans: usize,
    /// The number of places left out; each records the reason.
    pub left_out: usize,
    /// The result of looking up details.
    pub looked_up: LookedUp,
}

impl BackgroundJob for PlacesHandOver {
    type Services = Services;

    const KIND: &'static str = "place_hand_over";

    const MAX_ATTEMPTS: i32 = 6;

    fn dedup_key(&self) -> Option<String> {
        Some(work_key(&self.place_ids, &[self.scan, self.emails, self.look_up]))
    }

    /// Each site counts as one scan of each kind; the hand-over itself is not counted.
    fn scans(&self) -> usize {
        let each = usize::from(self.scan) + usize::from(self.emails);
        (self.place_ids.len() * each).max(1)
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        let mut looked_up = LookedUp::default();
        if self.look_up {
            let mut conn = ctx.tenant().await?;
            let candidates = repo::place_details::list_candidates(&mut conn, &self.place_ids).await?;
            drop(conn);
            let unknown: Vec<String> = candidates
                .into_iter()
                .filter(|place| place.is_selected && place.website.is_none() && !place.is_looked_up)
                .map(|place| place.place_id)
                .collect();
            if !unknown.is_empty() {
                looked_up = look_up(&ctx, &unknown).await?;
            }
        }
        let (ctx, looked_up) = (&ctx, &looked_up);
        ctx.finish_with(async |mut conn| {
            let options = EnqueueOptions {
                batch_id: ctx.batch_id(),
                ..EnqueueOptions::default()
            };
            let done = HandedOver {
                looked_up: looked_up.clone(),
                ..self
                    .hand_over(&mut Submission::of_job(&mut conn, ctx), &options)
                    .await?
            };
            // Last, in the order of locks: a hand-over that is cancelled by now leaves no scans behind.
            ctx.hold(&mut conn).await?;
            let outcome = match (done.handed_over, done.left_out) {
                (0, _) => Outcome::OkEmpty,
                (_, 0) => Outcome::Ok,
                _ => Outcome::Partial,
            };
            let summary = format!(
                "{} of {} places are handed over",
                done.handed_over,
                self.place_ids.len()
            );
            ctx.finish(conn, outcome, &summary, &done).await
        })
        .await
    }
}

impl PlacesHandOver {
    /// Makes domains of the places and queues their scans, which were counted when the hand-over was requested.
    async fn hand_over(
        &self,
        submission: &mut Submission<'_>,
        options: &EnqueueOptions,
    ) -> Result<HandedOver, JobError> {
        let candidates = repo::place_details::list_candidates(submission.conn(), &self.place_ids).await?;
        let created_by = submission.created_by();
        let sorted: Vec<(&Candidate, Result<DomainName, String>)> =
            candidates.iter().map(|place| (place, domain_of(place))).collect();
        let names: Vec<NewDomain<'_>> = sorted
            .iter()
            .filter_map(|(_, domain)| domain.as_ref().ok())
            .map(|name| NewDomain {
                domain: name.as_str(),
                lead_source: Some("google_places"),
                created_by,
            })
            .collect();
        let ids: BTreeMap<String, DomainId> = if names.is_empty() {
            BTreeMap::new()
        } else {
            let stored = repo::domains::upsert_many(submission.conn(), &names).await?;
            stored.into_iter().map(|row| (row.domain, row.id)).collect()
        };
        let done: Vec<HandOver<'_>> = sorted
            .iter()
            .map(|(place, domain)| HandOver {
                place_id: &place.place_id,
                domain_id: domain.as_ref().ok().and_then(|name| ids.get(name.as_str()).copied()),
                error: domain.as_ref().err().map(String::as_str),
            })
            .collect();
        repo::place_details::hand_over_many(submission.conn(), &done).await?;
        let mut scans = 0;
        if self.scan {
            let usable: BTreeMap<&str, &DomainName> = sorted
                .iter()
                .filter_map(|(_, domain)| domain.as_ref().ok())
                .map(|name| (name.as_str(), name))
                .collect();
            let all = usable
                .values()
                .map(|name| DomainScan::new(name, DEFAULT_PAGES))
                .collect();
            let submitted = domain::submit(submission, all, options).await?;
            scans = submitted.iter().filter(|scan| scan.is_new).count();
        }
        let mut email_scans = 0;
        if self.emails {
            let all: Vec<(DomainId, String)> = ids.iter().map(|(name, id)| (*id, name.clone())).collect();
            email_scans = email::submit_many(submission, &all, options).await?.new;
        }
        let handed_over = done.iter().filter(|place| place.domain_id.is_some()).count();
        Ok(HandedOver {
            handed_over,
            scans,
            email_scans,
            left_out: self.place_ids.len().saturating_sub(handed_over),
            looked_up: LookedUp::default(),
        })
    }
}

/// Returns the domain of a place, or the reason why it has none.
fn domain_of(place: &Candidate) -> Result<DomainName, String> {
    if !place.is_selected {
        return Err("it is not selected".to_owned());
    }
    let Some(website) = place.website.as_deref() else {
        return Err(if place.is_looked_up {
            "it has no website".to_owned()
        } else {
            "its website is not known: its details were not looked up".to_owned()
        });
    };
    let name =
        DomainName::parse(&unwrap_link(website)).map_err(|error| format!("its website cannot be used: {error}"))?;
    match portal_of(name.as_str()) {
        Some(_) => Err(format!(
            "its website is a page on {}, which is not its own domain",
            registrable(name.as_str())
        )),
        None => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(website: Option<&str>) -> Candidate {
        Candidate {
            place_id: "one".to_owned(),
            is_selected: true,
            website: website.map(str::to_owned),
            is_looked_up: false,
            domain_id: None,
        }
    }

    #[test]
    fn a_website_of_its_own_is_a_domain() {
        let domain = |website| domain_of(&place(Some(website))).map(|name| name.as_str().to_owned());
        assert_eq!(
            domain("http://www.Smile.example.com/home?x=1").unwrap(),
            "smile.example.com"
        );
        assert!(
            domain("https://m.facebook.com/smile")
                .unwrap_err()
                .contains("facebook.com")
        );
        assert!(domain("https://notfacebook.com/").is_ok());
        assert_eq!(
            domain("/url?q=https://www.smile.test/start&sa=U").unwrap(),
            "smile.test"
        );
        assert!(
            domain("https://www.google.com/url?url=https%3A%2F%2Fwww.doctolib.fr%2Fsmile")
                .unwrap_err()
                .contains("a page on doctolib.fr,")
        );
        assert!(domain("http://10.0.0.1/").unwrap_err().contains("cannot be used"));
        assert!(domain_of(&place(None)).unwrap_err().contains("not looked up"));
        let unselected = Candidate {
            is_selected: false,
            ..place(Some("https://smile.example.com"))
        };
        assert!(domain_of(&unselected).unwrap_err().contains("not selected"));
    }
}
