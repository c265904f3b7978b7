//! What `@wecom/jssdk` needs to begin (doc 96909).

use actix_web::{HttpRequest, get, web::Data, web::Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::origin;
use crate::{
    config::Config,
    http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn},
};

/// Which of the two signatures, and for which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `config` for `getConfigSignature`, `agent` for `getAgentConfigSignature`.
    #[param(inline)]
    kind: Kind,
    /// The page's `location.href` up to `#`, on our own origin.
    #[param(example = "https://rollcall.example.edu.cn/h5/")]
    url: String,
}

/// config or agent.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[schema(as = JsSdkKind)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Config,
    Agent,
}

/// What `ww.register` is given: the first two once, the rest by its signature callbacks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JsSdkSignature {
    /// 企业 ID.
    corp_id: String,
    /// AgentId.
    agent_id: i64,
    /// Seconds.
    timestamp: i64,
    /// Random.
    nonce_str: String,
    /// Lower-case hex.
    signature: String,
}

/// Sign the page for 企业微信's JS-SDK.
#[utoipa::path(
    operation_id = "jssdk_get",
    tag = "me", security(("session" = [])), params(Wanted), responses((status = 200, body = JsSdkSignature), Refusals))]
#[get("/jssdk")]
pub async fn get(
    request: HttpRequest,
    who: SignedIn,
    wanted: Query<Wanted>,
    config: Data<Config>,
) -> Answer<Json<JsSdkSignature>> {
    let (app, school, _) = who.parts()?;
    let kind = match wanted.0.kind {
        Kind::Config => app::jssdk::Kind::Config,
        Kind::Agent => app::jssdk::Kind::Agent,
    };
    let signed = app::jssdk::sign(app, school, &origin(&request, &config), kind, &wanted.0.url).await?;
    Ok(Json(JsSdkSignature {
        corp_id: school.corp.wecom_corpid.clone(),
        agent_id: school.agent_id,
        timestamp: signed.timestamp,
        nonce_str: signed.nonce,
        signature: signed.signature,
    }))
}
