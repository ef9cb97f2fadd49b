//! Statements that are sent by their name.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use diesel::QueryResult;
use tokio_postgres::types::Type;

use super::super::lock::lock;
use super::super::statements::Message;
use super::{Ahead, Wire};

impl Wire {
    /// Returns the prepared statement of a message that is to be sent by its name: `Some(None)` if it has to be prepared.
    pub(super) fn known(&self, message: &Message<'_>) -> Option<Option<tokio_postgres::Statement>> {
        match message {
            Message::Batch(_) => None,
            Message::Load(sql, binds) | Message::Execute(sql, binds) => {
                Some(lock(self.named.as_ref()?).find(sql, binds))
            }
        }
    }

    /// Prepares a statement and keeps it. The caller has the turn.
    pub(super) async fn prepare(&self, message: &Message<'_>) -> QueryResult<Option<tokio_postgres::Statement>> {
        let (Message::Load(sql, binds) | Message::Execute(sql, binds)) = message else {
            return Ok(None);
        };
        let types: Vec<Type> = binds.iter().map(|(_, declared)| declared.clone()).collect();
        let number = self.progress.begin();
        match self.client.prepare_typed(sql, &types).await {
            Ok(prepared) => {
                self.progress.settle(number, None);
                if let Some(named) = &self.named {
                    lock(named).keep(sql, &types, prepared.clone());
                }
                Ok(Some(prepared))
            }
            Err(error) => Err(self.refused(number, error)),
        }
    }

    /// Returns whether a statement that was refused as outdated may be sent once more: outside a transaction, or as the
    /// first of one, which is then opened anew.
    pub(super) async fn can_repeat(&self) -> bool {
        let _turn = self.turn.lock().await;
        if !self.in_transaction.load(Ordering::Acquire) {
            return true;
        }
        let (begin, number) = lock(&self.begun).clone();
        let end = self.ending.sent();
        if !self.progress.is_last(number + 1 + u64::from(end.is_some())) {
            return false;
        }
        if let Some(end) = end.clone() {
            // Its answer comes anyway, and an error of it comes again. Until now a statement was refused, as it would have
            // run behind the end.
            let _ = end.await;
            self.ending.take();
        }
        let number = self.progress.begin();
        let answer = self.client.batch_execute(&format!("ROLLBACK; {begin}")).await;
        self.progress.settle(number, answer.as_ref().err());
        match answer {
            Ok(()) => {
                *lock(&self.begun) = (begin, number);
                if end.is_some() {
                    self.ending.after(1);
                }
                true
            }
            Err(error) => {
                // There may be no transaction now: nothing may be sent any more.
                *lock(&self.ahead) = Ahead::Failed(Arc::new(error));
                false
            }
        }
    }
}
