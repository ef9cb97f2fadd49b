//! The points of the score, with what a change of them does before it is made.

use std::collections::BTreeMap;

use database::models::enums::Scope;
use database::repo;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{FromForm, Route, State, get, post, routes};
use scans::leads::{MAX_PREVIEWED, Preview, preview};
use web::score::{MAX_POINTS, Points, ScoreRules};

use super::frame::{Tab, page};
use crate::console::form::{Refusal, filled, rest};
use crate::console::page::{Page, thousands};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Curate, Db, Read, SignedIn};
use crate::routes::score_rules;
use crate::views::score::{ScoreRulesPatch, ScoreRulesView};

const PATH: &str = "/settings/scoring";
/// The number of leads that a preview lists.
const LISTED: usize = 10;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_points, change_points]
}

#[get("/settings/scoring")]
async fn show_points(visit: SignedIn<Read>, db: Db<'_>, rules: &State<ScoreRules>) -> ApiResult<Page> {
    let view = score_rules::load(&visit, &db, rules).await?;
    let may_change = visit.scopes().contains(&Scope::Curate);
    Ok(page(
        Tab::Scoring,
        "Score",
        &visit,
        &html! {
            p { "The score of a lead is the sum of the points of all rules that hold for it, at least 0 and at most 100." }
            @if view.is_scoring { p.notice role="status" { "All leads are being scored by these points." } }
            (form(&view, &BTreeMap::new(), may_change, None))
        },
    ))
}

/// What the form of points sends.
#[derive(FromForm)]
struct Chosen<'r> {
    /// By the names of the rules; the rule's own points where it is empty.
    points: BTreeMap<&'r str, &'r str>,
    /// Whether the preview was seen.
    confirmed: bool,
}

fn form(view: &ScoreRulesView, sent: &BTreeMap<&str, &str>, may_change: bool, refusal: Option<&Refusal>) -> Markup {
    html! {
        form method="post" action=(PATH) {
            (rest(refusal, &[]))
            div.scroll tabindex="0" { table.points {
                thead { tr { th { "Rule" } th { "Points" } th { "By default" } } }
                tbody {
                    @for rule in &view.rules {
                        tr {
                            td { label for=(rule.name) { (rule.title) } }
                            td {
                                @if may_change {
                                    @let points = rule.points.to_string();
                                    input id=(rule.name) name={ "points[" (rule.name) "]" } type="number" min=(-MAX_POINTS) max=(MAX_POINTS)
                                        value=(sent.get(rule.name.as_str()).copied().unwrap_or(points.as_str()));
                                } @else { (rule.points) }
                            }
                            td.hint { (rule.default_points) }
                        }
                    }
                }
            } }
            @if may_change {
                p.hint { "0 switches a rule off; an empty field gives a rule its own points again. Nothing changes before you have seen what it does." }
                button name="confirmed" value="false" { "Preview" }
            }
        }
        p.hint { "Versions are called outdated by the table of " (view.versions_as_of) "." }
    }
}

/// Reads the points that differ from the rules' own.
fn read(sent: &Chosen<'_>) -> ApiResult<ScoreRulesPatch> {
    let read = |(name, text): (&&str, &&str)| {
        let points: Option<i16> = filled(text).map(str::parse).transpose().map_err(|_| {
            let detail = format!("`{name}` is {text:?}: it must be a number from -{MAX_POINTS} to {MAX_POINTS}");
            ApiError::bad_request("points", detail)
        })?;
        Ok(((*name).to_owned(), points))
    };
    Ok(ScoreRulesPatch {
        points: sent.points.iter().map(read).collect::<ApiResult<_>>()?,
        tenant_id: None,
    })
}

/// Forgets points that are the rule's own: a later version of the program may change those.
fn without_defaults(patch: ScoreRulesPatch, rules: &ScoreRules) -> ScoreRulesPatch {
    let own: BTreeMap<&str, i16> = rules.iter().map(|rule| (rule.name.as_str(), rule.points)).collect();
    let points = patch.points.into_iter().map(|(name, points)| {
        let points = points.filter(|points| own.get(name.as_str()) != Some(points));
        (name, points)
    });
    ScoreRulesPatch {
        points: points.collect(),
        tenant_id: patch.tenant_id,
    }
}

/// Shows what other points do; once that is confirmed, chooses them.
#[post("/settings/scoring", data = "<sent>")]
async fn change_points(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    rules: &State<ScoreRules>,
    sent: Form<Chosen<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    let patch = read(&sent).and_then(|patch| {
        score_rules::check_all(rules, &patch)?;
        Ok(without_defaults(patch, rules))
    });
    let mut conn = db.reading(&visit).await?;
    let chosen = repo::score_points::find(&mut conn).await?;
    let patch = match patch {
        Ok(patch) => patch,
        Err(error) => {
            drop(conn);
            let refusal = Refusal::of(error)?;
            let view = ScoreRulesView::new(rules, chosen.as_ref());
            let form = form(&view, &sent.points, true, Some(&refusal));
            return Ok(Err(
                page(Tab::Scoring, "Score", &visit, &form).with_status(refusal.status)
            ));
        }
    };
    if sent.confirmed {
        drop(conn);
        score_rules::change(&visit, &db, rules, &patch).await?;
        return Ok(Ok(Redirect::to(PATH)));
    }
    let before: Points = chosen
        .as_ref()
        .and_then(|chosen| chosen.points.parse().ok())
        .unwrap_or_default();
    let after = score_rules::changed(&before, &patch);
    let found = preview(&mut conn, rules, (&before, &after)).await?;
    drop(conn);
    let content = html! {
        (effect(&found))
        form method="post" action=(PATH) {
            @for (name, points) in &sent.points { input type="hidden" name={ "points[" (name) "]" } value=(points); }
            button name="confirmed" value="true" { "Choose these points" }
            " " a href=(PATH) { "Leave them as they are" }
        }
    };
    Ok(Err(page(Tab::Scoring, "What it changes", &visit, &content)))
}

/// Says how many scores change, and by how much.
fn effect(found: &Preview) -> Markup {
    let count = |number: usize| thousands(i64::try_from(number).unwrap_or(i64::MAX));
    let up = found.changed.iter().filter(|lead| lead.after > lead.before).count();
    let mean = |sum: i64| {
        let tenths = sum * 10 / i64::try_from(found.scored).unwrap_or(1).max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    html! {
        p {
            "Of the " (count(found.scored)) " leads with a score that changed last (at most " (thousands(MAX_PREVIEWED)) " are looked at), "
            strong { (count(found.changed.len())) } @if found.changed.len() == 1 { " gets" } @else { " get" } " another score: "
            (count(up)) " a higher one, " (count(found.changed.len() - up)) " a lower one. The mean score goes from "
            (mean(found.before)) " to " strong { (mean(found.after)) } "."
        }
        @if !found.changed.is_empty() {
            h2 { "The greatest changes" }
            div.scroll tabindex="0" { table {
                thead { tr { th { "Lead" } th { "Now" } th { "Then" } th { "Difference" } } }
                tbody {
                    @for lead in found.changed.iter().take(LISTED) {
                        tr {
                            td { a href={ "/leads/" (lead.id) } { (lead.name) } }
                            td { (lead.before) } td { (lead.after) } td { (format!("{:+}", lead.after - lead.before)) }
                        }
                    }
                }
            } }
        }
    }
}
