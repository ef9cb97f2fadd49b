//! The rules of the score of leads, and the points that a tenant gives them.

use database::models::values::RawJson;
use database::repo;
use rocket::serde::json::Json;
use rocket::{State, get, patch};
use serde_json::json;
use web::score::{MAX_POINTS, Points, Rule, ScoreRules};

use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Curate, Db, Read};
use crate::views::score::{ScoreRulesPatch, ScoreRulesView};

handlers![get_score_rules, update_score_rules];

/// Returns the rules of the score of leads, with their points.
#[utoipa::path(
    tag = "Leads",
    responses((status = 200, body = ScoreRulesView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/score-rules")]
async fn get_score_rules(
    caller: Caller<Read>,
    db: Db<'_>,
    rules: &State<ScoreRules>,
) -> ApiResult<Json<ScoreRulesView>> {
    load(&caller, &db, rules).await.map(Json)
}

/// Looks up the rules of the score, with the tenant's points.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn load(caller: &Caller<Read>, db: &Db<'_>, rules: &ScoreRules) -> ApiResult<ScoreRulesView> {
    let mut conn = db.reading(caller).await?;
    let chosen = repo::score_points::find(&mut conn).await?;
    Ok(ScoreRulesView::new(rules, chosen.as_ref()))
}

/// Changes the points of rules; all leads of the tenant are then scored anew, without scanning anything.
#[utoipa::path(
    tag = "Leads",
    request_body = ScoreRulesPatch,
    responses((status = 200, body = ScoreRulesView)),
    security(("credential" = ["curate"]))
)]
#[patch("/api/v1/score-rules", data = "<body>")]
async fn update_score_rules(
    caller: Caller<Curate>,
    db: Db<'_>,
    rules: &State<ScoreRules>,
    body: Body<ScoreRulesPatch>,
) -> ApiResult<Json<ScoreRulesView>> {
    let patch = &body.value;
    let caller = caller.acting_for(patch.tenant_id.as_deref(), db.pool()).await?;
    change(&caller, &db, rules, patch).await.map(Json)
}

/// Changes the points of rules.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for points of a rule that does not exist or out of range, and those of the database.
pub(crate) async fn change(
    caller: &Caller<Curate>,
    db: &Db<'_>,
    rules: &ScoreRules,
    patch: &ScoreRulesPatch,
) -> ApiResult<ScoreRulesView> {
    check_all(rules, patch)?;
    let mut conn = db.tenant(caller).await?;
    let mut chosen = repo::score_points::lock(&mut conn).await?;
    let before: Points = chosen.points.parse().unwrap_or_default();
    let after = changed(&before, patch);
    if after != before {
        chosen = repo::score_points::update(&mut conn, &RawJson::from(json!(after))).await?;
        caller
            .note(&mut conn, "score_rules.update", None, json!({ "points": patch.points }))
            .await?;
    }
    conn.commit().await?;
    Ok(ScoreRulesView::new(rules, Some(&chosen)))
}

/// Returns the points after a change.
pub(crate) fn changed(before: &Points, patch: &ScoreRulesPatch) -> Points {
    let mut after = before.clone();
    for (name, points) in &patch.points {
        match points {
            Some(points) => after.insert(name.clone(), *points),
            None => after.remove(name),
        };
    }
    after
}

/// Refuses a change that cannot be made.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the rule.
pub(crate) fn check_all(rules: &ScoreRules, patch: &ScoreRulesPatch) -> ApiResult<()> {
    patch
        .points
        .iter()
        .try_for_each(|(name, points)| check(rules, name, *points))
}

/// Refuses points of a rule that does not exist, and points out of range.
fn check(rules: &ScoreRules, name: &str, points: Option<i16>) -> ApiResult<()> {
    let wrong = |detail| Err(ApiError::bad_request("points", detail));
    if !rules.iter().any(|rule| rule.name == name) {
        let known: Vec<&str> = rules.iter().map(|rule: &Rule| rule.name.as_str()).collect();
        return wrong(format!("{name:?} is not a rule; expected some of {}", known.join(", ")));
    }
    match points {
        Some(points) if !(-MAX_POINTS..=MAX_POINTS).contains(&points) => wrong(format!(
            "`{name}` is {points}: it must be from -{MAX_POINTS} to {MAX_POINTS}"
        )),
        _ => Ok(()),
    }
}
