//! Tokens, retries, and what is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use wecom::oauth::{Identity, Scope};
use wecom::{Error, MemoryTokens};

use crate::fake::{Fake, Seen, TestClock, builder, client, error, memory, ok};

/// Answers gettoken with tok1, tok2, …; everything else by the function, which gets the token.
async fn with_tokens(answer: impl Fn(&Seen, &str) -> (u16, String) + Send + Sync + 'static) -> Fake {
    let count = AtomicUsize::new(0);
    Fake::start(move |seen| match seen.path.as_str() {
        "gettoken" => {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            ok(&format!(r#"{{"errcode":0,"errmsg":"ok","access_token":"tok{n}","expires_in":7200}}"#))
        }
        _ => answer(seen, &seen.query["access_token"]),
    })
    .await
}

const DEPARTMENTS: &str = r#"{"department":[{"id":1,"name":"学校","parentid":0,"order":1}]}"#;

#[tokio::test]
async fn a_hundred_callers_fetch_one_token() {
    let fake = with_tokens(|_, _| ok(DEPARTMENTS)).await;
    let client = client(&fake, &TestClock::new(), memory());
    let results = join_all((0..100).map(|_| client.departments(None))).await;
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(|list| list.len() == 1)));
    let fetched = fake.calls("gettoken");
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0].query["corpid"], "wwcorp");
    assert_eq!(fetched[0].query["corpsecret"], "the-secret");
}

#[tokio::test]
async fn two_processes_share_one_token_and_one_refresh() {
    let fake = with_tokens(|_, _| ok(DEPARTMENTS)).await;
    let (clock, store) = (TestClock::new(), memory());
    let one = client(&fake, &clock, store.clone());
    let two = client(&fake, &clock, store);
    let results =
        join_all((0..20).map(|n| if n % 2 == 0 { one.departments(None) } else { two.departments(None) }))
            .await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(fake.calls("gettoken").len(), 1);
}

#[tokio::test]
async fn a_hundred_failures_of_one_token_lead_to_one_refresh_and_one_repeat_each() {
    for code in [40014, 42001, 40001] {
        let fake =
            with_tokens(move |_, token| if token == "tok1" { error(code) } else { ok(DEPARTMENTS) }).await;
        let (clock, store) = (TestClock::new(), memory());
        let one = client(&fake, &clock, store.clone());
        let two = client(&fake, &clock, store);
        one.access_token().await.unwrap();
        let results = join_all(
            (0..100).map(|n| if n % 2 == 0 { one.departments(None) } else { two.departments(None) }),
        )
        .await;
        assert!(results.iter().all(Result::is_ok), "{code}");
        assert_eq!(fake.calls("gettoken").len(), 2, "{code}");
        assert!(fake.calls("department/list").len() <= 200, "{code}");
    }
}

#[tokio::test]
async fn a_token_that_never_works_is_renewed_once_per_call() {
    let fake = with_tokens(|_, _| error(40014)).await;
    let client = client(&fake, &TestClock::new(), memory());
    assert_eq!(client.departments(None).await.unwrap_err().code(), Some(40014));
    assert_eq!(fake.calls("department/list").len(), 2);
    assert_eq!(fake.calls("gettoken").len(), 2);
}

#[tokio::test]
async fn refreshed_from_eighty_per_cent_of_its_life_on() {
    let fake = with_tokens(|_, _| ok(DEPARTMENTS)).await;
    let clock = TestClock::new();
    let client = client(&fake, &clock, memory());
    let token = async || client.access_token().await.unwrap().expose_secret().to_owned();
    assert_eq!(token().await, "tok1");
    clock.advance(5759);
    assert_eq!(token().await, "tok1");
    clock.advance(1);
    assert_eq!(token().await, "tok2");
    assert_eq!(fake.calls("gettoken").len(), 2);
}

#[tokio::test]
async fn the_same_token_again_is_asked_for_next_300_seconds_before_its_end() {
    let clock = TestClock::new();
    let now = clock.0.clone();
    let start = now.load(Ordering::SeqCst);
    let fake = Fake::start(move |_| {
        let left = 7200 - (now.load(Ordering::SeqCst) - start);
        ok(&format!(r#"{{"access_token":"same","expires_in":{left}}}"#))
    })
    .await;
    let client = client(&fake, &clock, memory());
    client.access_token().await.unwrap();
    clock.advance(5800);
    client.access_token().await.unwrap();
    assert_eq!(fake.calls("gettoken").len(), 2);
    clock.advance(1099);
    client.access_token().await.unwrap();
    assert_eq!(fake.calls("gettoken").len(), 2);
    clock.advance(1);
    client.access_token().await.unwrap();
    assert_eq!(fake.calls("gettoken").len(), 3);
    // From here on not at every call, but every half minute.
    client.access_token().await.unwrap();
    clock.advance(29);
    client.access_token().await.unwrap();
    assert_eq!(fake.calls("gettoken").len(), 3);
}

#[tokio::test]
async fn the_old_token_serves_while_a_new_one_can_not_be_had() {
    let count = AtomicUsize::new(0);
    let fake = Fake::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => ok(r#"{"access_token":"old","expires_in":7200}"#),
        1 | 2 => (502, String::new()),
        _ => ok(r#"{"access_token":"new","expires_in":7200}"#),
    })
    .await;
    let clock = TestClock::new();
    let (one, store) = {
        let store = memory();
        (client(&fake, &clock, store.clone()), store)
    };
    one.access_token().await.unwrap();
    clock.advance(6000);
    assert_eq!(one.access_token().await.unwrap().expose_secret(), "old");
    assert_eq!(one.access_token().await.unwrap().expose_secret(), "old");
    assert_eq!(fake.calls("gettoken").len(), 2, "not tried again at once");
    // A process that starts now finds the old one in the store and uses it too.
    let two = client(&fake, &clock, store);
    assert_eq!(two.access_token().await.unwrap().expose_secret(), "old");
    clock.advance(1201);
    assert_eq!(one.access_token().await.unwrap().expose_secret(), "new");
}

#[tokio::test]
async fn refused_credentials_are_an_error_of_configuration_and_not_tried_in_a_loop() {
    let fake = Fake::start(|_| error(40001)).await;
    let clock = TestClock::new();
    let client = client(&fake, &clock, memory());
    for _ in 0..20 {
        let error = client.departments(None).await.unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(!error.to_string().contains("the-secret"));
    }
    assert_eq!(fake.calls("gettoken").len(), 1);
    clock.advance(601);
    assert!(client.departments(None).await.is_err());
    assert_eq!(fake.calls("gettoken").len(), 2);
}

#[tokio::test]
async fn a_refusal_is_known_to_all_processes_and_a_corrected_secret_is_tried_at_once() {
    let fake = Fake::start(|seen| match seen.query["corpsecret"].as_str() {
        "the-secret" => error(40001),
        _ => ok(r#"{"access_token":"tok","expires_in":7200}"#),
    })
    .await;
    let (clock, store) = (TestClock::new(), memory());
    for _ in 0..5 {
        let process = client(&fake, &clock, store.clone());
        assert!(matches!(process.access_token().await, Err(Error::Configuration { .. })));
    }
    assert_eq!(fake.calls("gettoken").len(), 1);
    let corrected = builder(&fake, &clock, store, "another-secret").build().unwrap();
    assert_eq!(corrected.access_token().await.unwrap().expose_secret(), "tok");
    assert_eq!(fake.calls("gettoken").len(), 2);
}

#[tokio::test]
async fn a_reading_call_waits_out_the_pause_after_too_many_calls() {
    let count = AtomicUsize::new(0);
    let fake = with_tokens(move |_, _| match count.fetch_add(1, Ordering::SeqCst) {
        0 => error(45009),
        _ => ok(DEPARTMENTS),
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    assert_eq!(client.departments(None).await.unwrap().len(), 1);
    assert_eq!(fake.calls("department/list").len(), 2);
}

#[tokio::test]
async fn while_an_api_is_paused_its_other_calls_fail_without_asking() {
    let fake = with_tokens(|_, _| error(45009)).await;
    let client = builder(&fake, &TestClock::new(), memory(), "the-secret").build().unwrap();
    let refused = client.send(r#"{"touser":"a"}"#).await.unwrap_err();
    assert_eq!(refused.code(), Some(45009));
    let paused = client.send(r#"{"touser":"a"}"#).await.unwrap_err();
    assert!(matches!(paused, Error::Paused { code: 45009, .. }), "{paused}");
    assert!(paused.is_passing() && !paused.is_ambiguous());
    assert_eq!(fake.calls("message/send").len(), 1);
}

#[tokio::test]
async fn reads_are_repeated_three_times_after_passing_trouble() {
    let fake = with_tokens(|_, _| error(-1)).await;
    let client = client(&fake, &TestClock::new(), memory());
    let error = client.departments(None).await.unwrap_err();
    assert_eq!(error.code(), Some(-1));
    assert!(error.is_passing() && error.is_ambiguous());
    assert_eq!(fake.calls("department/list").len(), 4);
}

#[tokio::test]
async fn a_read_gets_through_after_broken_answers() {
    let count = AtomicUsize::new(0);
    let fake = with_tokens(move |_, _| match count.fetch_add(1, Ordering::SeqCst) {
        0 => (502, "<html>".into()),
        1 => ok("{\"department\":[{"),
        2 => error(-1),
        _ => ok(DEPARTMENTS),
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    assert_eq!(client.departments(None).await.unwrap()[0].name.as_deref(), Some("学校"));
}

#[tokio::test]
async fn a_message_is_sent_verbatim_and_never_repeated_by_itself() {
    let fake = with_tokens(|seen, token| match token {
        "tok1" => error(42001),
        _ if seen.body.contains("busy") => error(-1),
        _ => ok(r#"{"errcode":0,"errmsg":"ok","invaliduser":"Nobody|Gone","unlicenseduser":"Third","msgid":"m1"}"#),
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    let body = "{ \"touser\" : \"a\",  \"text\":{\"content\":\"点名\"}}";
    let sent = client.send(body).await.unwrap();
    assert_eq!(sent.invalid, ["nobody", "gone"]);
    assert_eq!(sent.unlicensed, ["third"]);
    assert_eq!(sent.msgid.as_deref(), Some("m1"));
    let bodies: Vec<String> = fake.calls("message/send").into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [body, body], "once with the old token, once with the new one, the same bytes");

    let busy = client.send(r#"{"touser":"busy"}"#).await.unwrap_err();
    assert!(busy.is_ambiguous());
    assert_eq!(fake.calls("message/send").len(), 3);
}

#[tokio::test]
async fn nothing_was_sent_when_there_is_no_connection() {
    let fake = with_tokens(|_, _| ok("{}")).await;
    let client = client(&fake, &TestClock::new(), memory());
    client.access_token().await.unwrap();
    let gone = Fake { address: "http://127.0.0.1:1".into(), seen: Arc::default() };
    let store = Arc::new(MemoryTokens::default());
    let cut_off = self::client(&gone, &TestClock::new(), store);
    let error = cut_off.departments(None).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert!(!error.is_ambiguous());
    assert!(!format!("{error} {error:?}").contains("the-secret"));
}

#[tokio::test]
async fn a_code_is_exchanged_once() {
    let fake = with_tokens(|seen, _| match seen.query.get("code").map(String::as_str) {
        Some("member") => ok(r#"{"errcode":0,"userid":"Zhang.San"}"#),
        Some("consented") => ok(r#"{"userid":"a","user_ticket":"UT","expires_in":1800}"#),
        Some("outsider") => ok(r#"{"errcode":0,"openid":"oX","external_userid":"wm"}"#),
        Some("busy") => error(-1),
        _ => error(40029),
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    assert_eq!(
        client.user_info("member").await.unwrap(),
        Identity::Member { userid: "Zhang.San".into(), ticket: None }
    );
    assert!(matches!(client.user_info("consented").await.unwrap(), Identity::Member { ticket: Some(_), .. }));
    assert_eq!(client.user_info("outsider").await.unwrap(), Identity::Outsider);
    assert!(wecom::oauth::is_code_spent(&client.user_info("used").await.unwrap_err()));
    assert!(client.user_info("busy").await.is_err());
    assert_eq!(fake.calls("auth/getuserinfo").len(), 5);
}

#[tokio::test]
async fn members_come_page_by_page() {
    let fake = with_tokens(|seen, _| {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        match body["cursor"].as_str() {
            None => ok(r#"{"errcode":0,"next_cursor":"c2","dept_user":[{"userid":"a","department":1},{"userid":"a","department":2}]}"#),
            Some("c2") => ok(r#"{"errcode":0,"next_cursor":"","dept_user":[{"userid":"b","department":1}]}"#),
            _ => error(60268),
        }
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    let pages: Vec<_> = client.member_ids().try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
}

#[tokio::test]
async fn tickets_are_fetched_once_and_signed_with() {
    let fake = with_tokens(|seen, _| match seen.path.as_str() {
        "get_jsapi_ticket" => ok(r#"{"errcode":0,"ticket":"corp-ticket","expires_in":7200}"#),
        "ticket/get" if seen.query["type"] == "agent_config" => {
            ok(r#"{"ticket":"agent-ticket","expires_in":"7200"}"#)
        }
        _ => error(91040),
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    let url = "https://rollcall.example/h5/?a=1";
    for _ in 0..3 {
        let signed = client.sign_config(&format!("{url}#/today"), "n".into(), 1_700_000_000).await.unwrap();
        assert_eq!(signed.signature, wecom::crypto::jsapi_signature("corp-ticket", "n", 1_700_000_000, url));
        let signed = client.sign_agent_config(url, "n".into(), 1_700_000_000).await.unwrap();
        assert_eq!(signed.signature, wecom::crypto::jsapi_signature("agent-ticket", "n", 1_700_000_000, url));
    }
    assert_eq!((fake.calls("get_jsapi_ticket").len(), fake.calls("ticket/get").len()), (1, 1));
}

#[tokio::test]
async fn sign_in_addresses_are_as_wecom_wants_them() {
    let fake = Fake::start(|_| error(-1)).await;
    let client = client(&fake, &TestClock::new(), memory());
    assert_eq!(
        client.authorize_url("https://rollcall.example/auth/callback?x=1", "abc", Scope::Base).as_str(),
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wwcorp\
         &redirect_uri=https%3A%2F%2Frollcall.example%2Fauth%2Fcallback%3Fx%3D1\
         &response_type=code&scope=snsapi_base&state=abc&agentid=1000002#wechat_redirect"
    );
    assert_eq!(
        client.login_url("https://rollcall.example/auth/callback", "abc").as_str(),
        "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=wwcorp&agentid=1000002\
         &redirect_uri=https%3A%2F%2Frollcall.example%2Fauth%2Fcallback&state=abc"
    );
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let fake = with_tokens(|_, _| ok("{}")).await;
    let (clock, store) = (TestClock::new(), memory());
    let client = client(&fake, &clock, store.clone());
    let token = client.access_token().await.unwrap();
    let stored = store
        .load(&wecom::TokenKey { app: "rollcall".into(), kind: wecom::TokenKind::AccessToken })
        .await
        .unwrap()
        .token
        .unwrap();
    let shown = format!("{client:?} {stored:?} {token:?}");
    assert!(!shown.contains("the-secret") && !shown.contains("tok1"), "{shown}");
}
