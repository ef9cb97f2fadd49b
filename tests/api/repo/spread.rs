//! Rules for every statement, so that rows can be distributed over partitions or machines by tenant one day.
//!
//! The statements of every repository function are seen on their way to the server: probes call the functions on
//! tenants' rows, [`call_system_functions`] the others.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::UserId;
use database::models::api_key::ApiKey;
use database::models::enums::Outcome;
use database::models::event::EventPosition;
use database::models::session::Session;
use database::models::tenant::{NewTenant, TenantChanges};
use database::models::tenant_limits::NewTenantLimits;
use database::models::values::RawJson;
use database::repo::paging::Paging;
use database::repo::partitions::WHOLE;
use database::repo::{
    api_calls, api_keys, audit_log, batches, callers, contacts, diagnostics, domain_changes, events, host_turns, jobs,
    lead_scores, place_details, schedule_runs, schedules, score_points, sessions, set_aside, tenant_limits, tenants,
    webhook_deliveries, webhooks,
};
use regex::Regex;
use serde_json::json;
use uuid::Uuid;

use super::isolation::functions_on;
use super::probes::new::new_entry;
use super::probes::{PROBES, Rows};
use crate::support::database::TestDatabase;
use crate::support::rewriter::Rewriter;
use crate::support::tenants::{Agencies, pool_at};

#[tokio::test]
async fn every_statement_allows_distribution_by_tenant() {
    let database = TestDatabase::new().await;
    let rewriter = Rewriter::start().await;
    let pool = pool_at(&rewriter.url(database.url()), 5);
    let agencies = Agencies { database, pool };
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    let rows = Rows::of_both(&agencies, &acme, &bolt).await;
    // Nothing is committed, and failing statements are seen too.
    for probe in PROBES {
        let _ = (probe.call)(&mut acme.open().await, &rows).await;
    }
    assert_eq!(
        functions_on("SystemConnection"),
        call_system_functions(&agencies, &rows).await,
        "functions of the system, and those called here"
    );

    let names = Names::read(&agencies).await;
    let statements = rewriter.statements();
    println!("{} statements", statements.len());
    assert!(statements.len() > 180, "only {} statements were seen", statements.len());
    let broken: Vec<String> = statements
        .iter()
        .flat_map(|sql| {
            broken_rules(sql, &names)
                .into_iter()
                .map(move |rule| format!("{rule:?}: {sql}"))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Ensures that the rules can fail.
#[tokio::test]
async fn a_statement_that_breaks_a_rule_is_found() {
    let agencies = Agencies::with_connections(1).await;
    let names = Names::read(&agencies).await;
    for (sql, rule) in [
        (
            "INSERT INTO pages AS p (url) VALUES ($1) RETURNING xmax = 0",
            Some(Rule::SystemColumn),
        ),
        ("DELETE FROM pages WHERE ctid = ANY ($1)", Some(Rule::SystemColumn)),
        ("INSERT INTO pages (url) SELECT $1", Some(Rule::SilentInsert)),
        (
            "WITH w AS (INSERT INTO pages (url) SELECT 'RETURNING' FROM domains) SELECT count(*) FROM w RETURNING 1",
            Some(Rule::SilentInsert),
        ),
        ("INSERT INTO pages (url) SELECT $1 ON CONFLICT DO NOTHING", None),
        (
            "WITH w AS (INSERT INTO pages (url) SELECT $1 RETURNING (id)) SELECT count(*) FROM w",
            None,
        ),
        ("INSERT INTO pages (url) VALUES ((SELECT $1))", None),
        (
            "INSERT INTO pages (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET updated_at = now()",
            Some(Rule::ClockInConflict),
        ),
        (
            "INSERT INTO pages (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET updated_at = CURRENT_TIMESTAMP",
            Some(Rule::ClockInConflict),
        ),
        (
            "INSERT INTO pages (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING now()",
            None,
        ),
        (
            "UPDATE pages SET word_count = CASE url WHEN $1 THEN 1 END",
            Some(Rule::CaseOfValue),
        ),
        ("UPDATE pages SET word_count = CASE WHEN url = $1 THEN 1 END", None),
        (
            "UPDATE places_staging SET revisit_date = notes::date",
            Some(Rule::StableCast),
        ),
        (
            "UPDATE places_staging SET status = (notes || $1)::place_status_enum",
            Some(Rule::StableCast),
        ),
        (
            "UPDATE places_staging SET revisit_date = $1::date, priority = notes::integer",
            None,
        ),
        (
            "WITH c AS MATERIALIZED (SELECT notes::date AS d FROM places_staging) UPDATE places_staging SET revisit_date = c.d FROM c",
            None,
        ),
        (
            "SELECT 1 FROM jobs j JOIN domains d ON d.id = j.domain_id",
            Some(Rule::QueueAndFacts),
        ),
        (r#"SELECT "jobs"."domain_id" FROM "jobs" -- domains"#, None),
    ] {
        assert_eq!(broken_rules(sql, &names), rule.into_iter().collect::<Vec<_>>(), "{sql}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// `xmax` and `ctid` have no meaning in a partitioned table.
    SystemColumn,
    /// An `INSERT ... SELECT` needs a RETURNING or an ON CONFLICT.
    SilentInsert,
    /// `DO UPDATE SET` must use `excluded` instead of a clock.
    ClockInConflict,
    /// An UPDATE with parameters must use `CASE WHEN x = ...` instead of `CASE x WHEN`.
    CaseOfValue,
    /// An UPDATE must not cast a column by a function that is only stable.
    StableCast,
    /// A statement must not name tables of both the queue and facts.
    QueueAndFacts,
}

/// Names from the catalogue that the rules use.
struct Names {
    facts: BTreeSet<String>,
    /// Types whose input function is only stable.
    stable_types: BTreeSet<String>,
}

impl Names {
    async fn read(agencies: &Agencies) -> Self {
        let client = agencies.database.client().await;
        let read = async |sql: &str| -> BTreeSet<String> {
            let rows = client.query(sql, &[]).await.unwrap();
            rows.iter().map(|row| row.get::<_, String>(0).to_lowercase()).collect()
        };
        let mut facts = read(
            "SELECT relname::text FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname !~ '^__'",
        )
        .await;
        for table in WHOLE {
            assert!(facts.remove(table), "no table {table}");
        }
        assert_eq!(facts.len(), 28);
        let stable_types = read(
            "SELECT t.typname::text FROM pg_type t JOIN pg_proc p ON p.oid = t.typinput
             WHERE p.provolatile <> 'i' AND t.typtype IN ('b', 'e') AND t.typname !~ '^_'",
        )
        .await;
        for name in ["date", "timestamptz", "place_status_enum"] {
            assert!(stable_types.contains(name), "{name}");
        }
        Self { facts, stable_types }
    }
}

/// Comments and quoted texts.
static NOISE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"--[^\n]*|'(?:[^']|'')*'").unwrap());
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[a-z_][a-z0-9_]*").unwrap());
static CASE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bcase\s+(\S+)").unwrap());
static CAST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"([\w$")\]]+)\s*::\s*"?([a-z_][a-z0-9_]*)"#).unwrap());
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\$\d+$").unwrap());
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:now|transaction_timestamp|statement_timestamp)\s*\(|\bcurrent_timestamp\b").unwrap()
});

/// Returns the rules that a statement breaks.
fn broken_rules(sql: &str, names: &Names) -> Vec<Rule> {
    let sql = NOISE.replace_all(&sql.to_lowercase(), "''").into_owned();
    let words: BTreeSet<&str> = WORD.find_iter(&sql).map(|word| word.as_str()).collect();
    let mut broken = Vec::new();
    let mut note = |rule, is_broken: bool| {
        if is_broken {
            broken.push(rule);
        }
    };
    note(Rule::SystemColumn, words.contains("xmax") || words.contains("ctid"));
    note(
        Rule::SilentInsert,
        parts(&sql, "insert into").any(|part| {
            let outside = outside_parentheses(part);
            let has = |word: &str| WORD.find_iter(&outside).any(|found| found.as_str() == word);
            has("select") && !has("returning") && !has("conflict")
        }),
    );
    note(
        Rule::ClockInConflict,
        parts(&sql, "do update set").any(|part| CLOCK.is_match(before_returning(part))),
    );
    let updates: Vec<&str> = parts(&sql, "update ").collect();
    note(
        Rule::CaseOfValue,
        sql.contains('$')
            && updates
                .iter()
                .any(|part| CASE.captures_iter(part).any(|case| &case[1] != "when")),
    );
    note(
        Rule::StableCast,
        updates.iter().any(|part| {
            CAST.captures_iter(before_returning(part))
                .any(|cast| !PARAMETER.is_match(&cast[1]) && names.stable_types.contains(&cast[2]))
        }),
    );
    note(
        Rule::QueueAndFacts,
        WHOLE.iter().any(|table| words.contains(table))
            && names.facts.iter().any(|table| words.contains(table.as_str())),
    );
    broken
}

/// Returns the text after each occurrence of `begin`, up to the end of the enclosing parentheses.
fn parts<'s>(sql: &'s str, begin: &'s str) -> impl Iterator<Item = &'s str> {
    sql.match_indices(begin).filter_map(move |(at, _)| {
        // Not inside a longer word, and not FOR UPDATE.
        let before = sql[..at].trim_end();
        if sql[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') || before.ends_with("for") {
            return None;
        }
        let rest = &sql[at + begin.len()..];
        let mut depth = 0;
        let end = rest.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth < 0
        });
        Some(&rest[..end.unwrap_or(rest.len())])
    })
}

fn before_returning(part: &str) -> &str {
    part.split(" returning ").next().unwrap_or(part)
}

fn outside_parentheses(part: &str) -> String {
    let mut depth = 0;
    part.chars()
        .filter(|c| {
            depth += i32::from(*c == '(');
            let is_outside = depth == 0;
            depth -= i32::from(*c == ')');
            is_outside
        })
        .collect()
}

fn new_tenant() -> NewTenant<'static> {
    NewTenant {
        name: "new",
        description: None,
    }
}

fn untouched(key: &ApiKey) -> ApiKey {
    ApiKey {
        last_used_at: None,
        ..key.clone()
    }
}

fn idle(session: &Session) -> Session {
    Session {
        last_used_at: DateTime::UNIX_EPOCH,
        ..session.clone()
    }
}

/// Calls every repository function of the system, each in a transaction that is rolled back, and returns their names.
#[expect(clippy::too_many_lines, reason = "one line for each function")]
async fn call_system_functions(agencies: &Agencies, rows: &Rows) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    macro_rules! call {
        ($($function:path: ($($argument:expr),*);)+) => {
            $({
                // On the heap, and made in a frame of its own: all calls together would fill a test's stack.
                let call = || {
                    Box::pin(async {
                        let mut conn = agencies.pool.system().await.unwrap();
                        $function(&mut conn, $($argument),*).await.map(drop)
                    })
                };
                call().await.unwrap();
                called.insert(stringify!($function).replace(' ', ""));
            })+
        };
    }
    let tomorrow = Utc::now() + TimeDelta::days(1);
    let (hour, leases) = (Duration::from_secs(3600), [rows.lease]);
    let untouched = untouched(&rows.key);
    let idle = idle(&rows.session);
    let new = new_tenant();
    call! {
        api_calls::count_recent: (tomorrow);
        api_keys::find_valid: (&[1; 32]);
        api_keys::find_valid_of: (&idle);
        api_keys::touch: (&untouched);
        audit_log::insert_about: (rows.tenant, &new_entry("x"));
        batches::delete_ended: (tomorrow, 10);
        batches::note_done: (10);
        callers::find_person: (UserId::from(Uuid::nil()));
        callers::find_tenant: (Uuid::nil());
        contacts::forget_jobs: (rows.tenant, &[rows.failed.job_id]);
        domain_changes::delete_old: (tomorrow, 10);
        diagnostics::replayed: ();
        diagnostics::unknown_tenants: ();
        diagnostics::written: ();
        events::count_ends: (tomorrow);
        events::delete_old: (tomorrow, 10);
        events::follow: (&[rows.tenant], Some(EventPosition::before(1)), 10);
        host_turns::take: ("acme.test", hour, 1);
        host_turns::find_backlog: (&["acme.test"]);
        host_turns::delete_rested: ();
        jobs::waiting::list_open: ();
        jobs::queue::claim: ("test", &["fails"], 10, hour);
        jobs::queue::claim: ("test", &["fails"], 1, hour);
        jobs::queue::heartbeat: (&leases, hour);
        jobs::queue::finish_many: (&[(rows.lease, Outcome::Ok, RawJson::from(json!({})))]);
        jobs::queue::release: (&leases);
        jobs::queue::sweep: ();
        jobs::queue::delete_ended: (tomorrow, 10);
        jobs::queue::notify: ();
        jobs::waiting::count_waiting_tenants: ();
        jobs::waiting::list_ended: (&[(rows.tenant, rows.lease.job_id)], &[(rows.tenant, rows.batch.batch_id)]);
        lead_scores::list_tenants_due: ();
        lead_scores::list_tenants_outdated: ("x");
        place_details::list_tenants_with_expired: (tomorrow);
        schedule_runs::count_recent: (tomorrow);
        schedule_runs::delete_old: (tomorrow, 10);
        schedules::due::clock: ();
        schedules::due::list: (tomorrow, 10);
        score_points::list_tenants_unscored: ();
        sessions::find: (&[1; 32]);
        sessions::take_link: (&[1; 32]);
        sessions::touch: (&idle);
        set_aside::list: ();
        tenant_limits::set: (rows.tenant, NewTenantLimits::default());
        tenants::find: (Uuid::nil());
        tenants::insert: (&new);
        tenants::list: ();
        tenants::list_page: (&Paging::default());
        webhook_deliveries::count_recent: (tomorrow);
        webhook_deliveries::delete_old: (tomorrow, 10);
        webhooks::requests::delete_old: (tomorrow, 10);
        webhooks::turns::queue: (10, 10);
        webhooks::turns::take: (10, TimeDelta::hours(1));
        tenants::update: (rows.tenant.get(), TenantChanges { is_active: Some(true), ..TenantChanges::default() });
    }
    called
}
