//! Z6: what browsers, WeCom and attackers do with the way back of a sign-in, for one person after another. Whoever began it ends
//! signed in, by one exchange; nobody else does.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;
use url::Url;

use super::rows;
use crate::{
    browser_client::Browser,
    sign_in::{browser_of, to_callback},
    test_app::TestApp,
};

/// How often one code comes at once.
const AT_ONCE: usize = 1000;
/// States that nobody was given.
const GUESSES: usize = 10_000;

/// How often what was to hold did, of how many.
#[derive(Default)]
struct Count {
    well: usize,
    of: usize,
}

impl Count {
    fn add(&mut self, is_well: bool) {
        self.well += usize::from(is_well);
        self.of += 1;
    }

    fn write(&self, what: &str) {
        let goal = format!("all {}", self.of);
        rows::write("Z6", what, self.well as f64, "times", &goal, self.of > 0 && self.well == self.of);
    }
}

async fn sessions(test: &TestApp) -> i64 {
    test.one("select count(*) from sessions", &[]).await
}

/// Exchanges that WeCom was asked for.
async fn exchanges(test: &TestApp) -> i64 {
    let ledger = test.inspect("ledger?kind=call&path=auth/getuserinfo&limit=100000").await;
    i64::try_from(ledger["items"].as_array().unwrap().len()).unwrap()
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/me").await.status == StatusCode::OK
}

/// Opened as a browser opens it, with every redirect.
async fn arrives(browser: &Browser, at: &Url) -> bool {
    let (end, response) = browser.open(at.clone()).await;
    end.path() == "/healthz" && response.status() == StatusCode::OK
}

fn with(callback: &Url, name: &str, value: &str) -> Url {
    let mut pairs: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    for pair in pairs.iter_mut().filter(|pair| pair.0 == name) {
        pair.1 = value.to_owned();
    }
    let mut changed = callback.clone();
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    changed
}

fn value(callback: &Url, name: &str) -> String {
    callback.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make authz ONLY=Z6"]
async fn ways_back_from_wecom() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    assert!(students.len() > 20, "{} students", students.len());
    let [mut again, mut back, mut tabs, mut foreign, mut injected] = <[Count; 5]>::default();
    let mut spent = Count::default();
    for student in students.iter().take(20) {
        // WeCom sends the browser twice, with the same state and another code.
        let browser = browser_of(&test, student);
        let first = to_callback(&browser).await;
        let both = arrives(&browser, &first).await
            && arrives(&browser, &with(&first, "code", "another-code-of-the-same-state")).await;
        again.add(both && is_in(&browser).await);

        // Back, five times.
        let browser = browser_of(&test, student);
        let (before, callback) = (exchanges(&test).await, to_callback(&browser).await);
        let mut always = true;
        for _ in 0..6 {
            always &= arrives(&browser, &callback).await;
        }
        back.add(always && is_in(&browser).await);
        spent.add(exchanges(&test).await == before + 1);

        let browser = browser_of(&test, student);
        let (one, two) = (to_callback(&browser).await, to_callback(&browser).await);
        let both = arrives(&browser, &one).await && arrives(&browser, &two).await;
        tabs.add(both && is_in(&browser).await);

        // The attacker's own way back, opened by the victim: they would be signed in as the attacker.
        let attacker = browser_of(&test, &students[0]);
        let (theirs, victim) = (to_callback(&attacker).await, browser_of(&test, student));
        let before = sessions(&test).await;
        let answer = victim.request(Method::GET, theirs.clone(), None, &[]).await.status();
        let none = victim.cookie(server::http::who::SESSION).is_none() && sessions(&test).await == before;
        foreign.add(answer == StatusCode::FORBIDDEN && none);

        // The victim has begun too; the attacker puts the own state under the victim's code, which they found in a log, say.
        let stolen = value(&to_callback(&victim).await, "code");
        let elsewhere = Browser::new(test.url.clone(), crate::browser_client::IN_CLIENT);
        let with_state = with(&theirs, "code", &stolen);
        let answer = elsewhere.request(Method::GET, with_state, None, &[]).await.status();
        let none = elsewhere.cookie(server::http::who::SESSION).is_none() && sessions(&test).await == before;
        injected.add(answer == StatusCode::FORBIDDEN && none);
    }
    again.write("the same state with another code: signed in");
    back.write("Back, five times: signed in");
    spent.write("… by one exchange");
    tabs.write("two tabs: both signed in");
    foreign.write("another's code and state: refused, no session");
    injected.write("a stolen code in a browser that began nothing: refused, no session");

    // Somebody who has no session yet: none of theirs ends for the new one. Before the guesses, which use up what an address
    // may bring back a second.
    at_once(&test, students.last().unwrap()).await;
    let before = sessions(&test).await;
    let guesser = browser_of(&test, &students[0]);
    let callback = to_callback(&guesser).await;
    for guess in 0..GUESSES {
        guesser.request(Method::GET, with(&callback, "state", &format!("{guess:064x}")), None, &[]).await;
    }
    let made = sessions(&test).await - before;
    rows::write("Z6", "sessions by 10,000 guessed states", made as f64, "sessions", "0", made == 0);
}

/// One code, a thousand times at once.
async fn at_once(test: &TestApp, student: &str) {
    let browser = Arc::new(browser_of(test, student));
    let callback = to_callback(&browser).await;
    let (before, had) = (exchanges(test).await, sessions(test).await);
    let mut requests = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (browser, callback) = (browser.clone(), callback.clone());
        requests.spawn(async move { browser.request(Method::GET, callback, None, &[]).await.status() });
    }
    let answers = requests.join_all().await;
    let broken = answers.iter().filter(|status| status.is_server_error()).count();
    let (asked, made) = (exchanges(test).await - before, sessions(test).await - had);
    rows::write("Z6", "one code 1000 times at once: exchanges", asked as f64, "", "1", asked == 1);
    rows::write("Z6", "… sessions", made as f64, "", "1", made == 1);
    rows::write("Z6", "… errors of the server", broken as f64, "", "0", broken == 0);
}
