//! WeCom's limits, kept by all processes together in Postgres.

use async_trait::async_trait;
use domain::CorpId;
use store::{
    Store,
    budgets::{self, Budget},
};
use wecom::{
    BudgetStore,
    budget::{Account, Change, Pause, Window},
    token::StoreError,
};

/// The budgets of one school.
#[derive(Debug, Clone)]
pub struct PostgresBudgets {
    store: Store,
    corp: CorpId,
}

impl PostgresBudgets {
    /// Over the budgets of `corp`.
    pub fn new(store: Store, corp: CorpId) -> Self {
        Self { store, corp }
    }
}

#[async_trait]
impl BudgetStore for PostgresBudgets {
    async fn change(&self, api: &str, change: Change) -> Result<(), StoreError> {
        let mut tx = self.store.scoped(self.corp).await?;
        let (budget, now) = budgets::lock(&mut tx, self.corp, api).await?;
        let mut account = account(&budget);
        change(&mut account, now);
        budgets::save(&mut tx, self.corp, api, &row(&account)).await?;
        Ok(tx.commit().await?)
    }
}

fn account(row: &Budget) -> Account {
    let window = |begins, calls: i64| Window { begins, calls: calls.try_into().unwrap_or(u32::MAX) };
    let pause = row.paused_until.zip(row.paused_code).map(|(until, code)| Pause {
        code,
        until,
        strikes: row.strikes.unsigned_abs(),
    });
    Account {
        minute: window(row.minute_begins, row.minute_calls),
        hour: window(row.hour_begins, row.hour_calls),
        pause,
    }
}

fn row(account: &Account) -> Budget {
    Budget {
        minute_begins: account.minute.begins,
        minute_calls: account.minute.calls.into(),
        hour_begins: account.hour.begins,
        hour_calls: account.hour.calls.into(),
        paused_until: account.pause.map(|pause| pause.until),
        paused_code: account.pause.map(|pause| pause.code),
        strikes: account.pause.map_or(0, |pause| pause.strikes.try_into().unwrap_or(i32::MAX)),
    }
}
