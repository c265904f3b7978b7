//! Whether a school has told its people what becomes of their answers (告知书): where it has not, forms with sensitive questions are
//! closed, or nobody is asked to agree.

use std::sync::Arc;

use domain::{CorpId, clock::Clock};
use store::{Store, privacy_notices};

use super::finding::{Both, Finding, Step};
use crate::{
    compose,
    config::{Config, School},
};

const NOTICE: Step = ("privacy_notice", "告知书", "Privacy notice");

pub async fn examine(config: &Config, school: &School, clock: &Arc<dyn Clock>) -> Finding {
    let newest = match compose::store(config, clock.clone()) {
        Ok(store) => newest(&store, school.corp_id).await.ok(),
        Err(_) => None,
    };
    match newest {
        Some(Some(version)) => Finding::passed(NOTICE, format!("v{version}")),
        Some(None) if school.answers_without_notice => Finding::warned(
            NOTICE,
            Both::new(
                "还没有发布告知书，而 answers_without_notice 为真：有敏感问题的表单（如健康日报）不经本人同意就收。去掉这个设置，\
                 由管理员在「告知书」页发布",
                "None is published and answers_without_notice is on: forms with sensitive questions (health, say) are answered \
                 without anybody's consent. Leave that setting out and have an administrator publish one on the page Privacy notice",
            ),
        ),
        Some(None) => Finding::warned(
            NOTICE,
            Both::new(
                "还没有发布告知书：有敏感问题的表单（如健康日报）谁也填不了。管理员在「告知书」页发布",
                "None is published: nobody can answer forms with sensitive questions (health, say). An administrator publishes one \
                 on the page Privacy notice",
            ),
        ),
        None => Finding::skipped(NOTICE, Both::new("数据库读不到", "the database can't be read")),
    }
}

/// The version that holds; none: nothing was ever published.
async fn newest(store: &Store, corp: CorpId) -> store::Result<Option<i32>> {
    let mut tx = store.reading(corp).await?;
    let notice = privacy_notices::newest(&mut tx, corp).await?;
    tx.commit().await?;
    Ok(notice.map(|notice| notice.version))
}
