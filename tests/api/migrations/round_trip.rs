//! Down and up again on a database in use.

use database::migrate::Revert;

use super::new_shape::fill_every_table;
use super::owners::settle_events;
use super::{down, up};
use crate::support::database::{TestDatabase, migration_folders};
use crate::support::extent;
use crate::support::rows::{assert_same, everything};

#[tokio::test]
async fn down_and_up_again_keeps_every_row_of_every_table() {
    let db = TestDatabase::new().await;
    let client = db.client().await;
    fill_every_table(&client).await;
    let before = everything(&client).await;
    for (table, rows) in &before {
        assert!(!rows.is_empty(), "{table} was not filled");
    }
    let count = migration_folders().len();
    assert_eq!(down(&db.database_url(), Revert::All).await.len(), count);
    assert_eq!(up(&db.database_url()).await.len(), count);
    assert_same("down and up", &before, &everything(&client).await);
}

#[tokio::test]
async fn an_odd_number_of_steps_back_and_forth_keeps_every_row() {
    some_steps_back_and_forth(1).await;
}

#[tokio::test]
async fn an_even_number_of_steps_back_and_forth_keeps_every_row() {
    some_steps_back_and_forth(2).await;
}

async fn some_steps_back_and_forth(first: usize) {
    let db = TestDatabase::new().await;
    let client = db.client().await;
    fill_every_table(&client).await;
    // No clock is so late that none can follow.
    settle_events(&client).await;
    let before = everything(&client).await;
    // Older migrations have been tested and do not change.
    let most = extent::of(migration_folders().len(), 3);
    for count in (first..most).step_by(2) {
        down(&db.database_url(), Revert::Last(count)).await;
        up(&db.database_url()).await;
        let what = format!("{count} down and up");
        assert_same(&what, &before, &everything(&client).await);
    }
}
