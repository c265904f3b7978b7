//! Secrets: where each comes from, and how one is changed without a request that fails. The same under load, with every secret,
//! is `make chaos ONLY=rotation`.

use std::path::PathBuf;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use server::{
    commands::config::report,
    compose,
    config::{
        Config,
        secrets::{Found, Origin},
    },
};
use url::Url;
use wecom::crypto::CallbackCrypto;

use crate::{
    callbacks::{change, crypto},
    process::Server,
    test_app::{TestApp, root},
};

/// What the contacts-sync assistant's callback is changed to.
pub const TOKEN: &str = "TheTokenAfterwards";
pub const KEY: &str = "RollcallDevelopmentKeyForTheTimeAfterwards9";

/// An event as WeCom posts it to a server: the address, and the body.
pub fn event(server: &Url, crypto: &CallbackCrypto, xml: &str) -> (Url, String) {
    let encrypt = crypto.encrypt(xml, [7; 16]);
    let signature = crypto.signature("1583280000", "nonce", &encrypt);
    let query = format!("msg_signature={signature}&timestamp=1583280000&nonce=nonce");
    let url = server.join(&format!("/wecom/1/callback/contacts?{query}")).unwrap();
    (url, format!("<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"))
}

/// The first step of a change: the new Token and Key hold, and those before open too.
pub fn take_new_keys(config: &mut Value) {
    let contacts = &mut config["schools"][0]["contacts"];
    let (token, key) = (contacts["token"].take(), contacts["encoding_aes_key"].take());
    contacts["previous_token"] = token;
    contacts["previous_encoding_aes_key"] = key;
    contacts["token"] = TOKEN.into();
    contacts["encoding_aes_key"] = KEY.into();
}

/// The last: those before are left out.
pub fn forget_old_keys(config: &mut Value) {
    let contacts = config["schools"][0]["contacts"].as_object_mut().unwrap();
    contacts.remove("previous_token").unwrap();
    contacts.remove("previous_encoding_aes_key").unwrap();
}

async fn post(server: &Url, crypto: &CallbackCrypto, userid: &str) -> StatusCode {
    let (url, body) = event(server, crypto, &change(userid, 1));
    Client::new().post(url).body(body).send().await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_open_under_the_keys_before_and_after_while_they_change() {
    let test = TestApp::start_empty().await;
    let (old, corpid) = crypto("contacts");
    let new = CallbackCrypto::new(TOKEN, KEY, &corpid).unwrap();
    assert_eq!(post(&test.url, &new, "before").await, StatusCode::FORBIDDEN);

    let mut server = Server::start(&test, take_new_keys).await;
    assert_eq!(post(&server.url, &old, "a").await, StatusCode::OK);
    assert_eq!(post(&server.url, &new, "b").await, StatusCode::OK);
    // The same event under both: WeCom repeats it after the change, and it is one.
    assert_eq!(post(&server.url, &new, "a").await, StatusCode::OK);

    server.kill().await;
    server.reconfigure(forget_old_keys);
    server.restart().await;
    assert_eq!(post(&server.url, &old, "c").await, StatusCode::FORBIDDEN);
    assert_eq!(post(&server.url, &new, "d").await, StatusCode::OK);
    assert_eq!(test.one::<i64>("select count(*) from inbox", &[]).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_was_reset_is_replaced_process_by_process() {
    const RESET: &str = "rollcall-app-secret-after-the-reset-0000001";
    let test = TestApp::start().await;
    let student = test.persona("student");
    test.control("secrets/rollcall", &json!({ "secret": RESET })).await;
    // What it was given before goes on.
    test.sign_in(&student).await;
    let before = test.count_calls("gettoken").await;

    let mut config = Config::clone(&test.config);
    config.schools[0].app.secret = RESET.into();
    let restarted = compose::app(&config, test.clock.clone()).unwrap();
    let tokens = format!("{}/_sim/tokens", test.simulator.url());
    Client::new().delete(tokens).send().await.unwrap();
    restarted.school(1).unwrap().wecom.departments(None).await.unwrap();
    // The one that has the old secret takes the token of the one that has the new.
    test.sign_in(&student).await;
    assert_eq!(test.count_calls("gettoken").await, before + 1, "nobody tried the old secret");
}

fn origins(found: &[Found]) -> Vec<(&str, &Origin)> {
    found.iter().map(|found| (found.key.as_str(), &found.origin)).collect()
}

#[test]
fn where_each_secret_comes_from_is_told_and_not_what_it_says() {
    let found = Config::secrets(&root().join("deploy/production/rollcall.toml")).unwrap();
    let key_file = Origin::File("/etc/rollcall/sealing-key".into());
    let configuration = Origin::Configuration;
    let written = |key: &'static str| (key, &configuration);
    assert_eq!(
        origins(&found),
        [
            written("database.owner_url"),
            written("database.url"),
            written("redis.url"),
            written("schools[0].app.encoding_aes_key"),
            written("schools[0].app.secret"),
            written("schools[0].app.token"),
            written("schools[0].contacts.encoding_aes_key"),
            written("schools[0].contacts.secret"),
            written("schools[0].contacts.token"),
            ("sealing.key_file", &key_file),
        ]
    );
    let text = report(&found, &[]);
    for secret in ["PASSWORD", "SECRET", "TOKEN", "43 CHARACTERS"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(
        text.contains("database.url：配置文件") && text.contains("文件 /etc/rollcall/sealing-key"),
        "{text}"
    );
}

#[test]
fn a_key_service_is_asked_by_https_or_within_this_machine() {
    let example = std::fs::read_to_string(root().join("deploy/production/rollcall.toml")).unwrap();
    let path = std::env::temp_dir().join(format!("rollcall-vault-{}.toml", std::process::id()));
    for (url, is_taken) in [
        ("https://vault.school.example:8200", true),
        ("http://127.0.0.1:8200", true),
        ("http://[::1]:8200", true),
        ("http://localhost:8200", true),
        ("http://vault.school.example:8200", false),
        ("http://10.0.0.8:8200", false),
        ("http://localhost.school.example", false),
        ("http://127.0.0.1@vault.school.example", false),
        ("vault.school.example:8200", false),
        ("", false),
    ] {
        let vault = format!("\n[sealing.vault]\nurl = '{url}'\nkey = 'rollcall'\ntoken_file = '/nowhere'\n");
        std::fs::write(&path, format!("{example}{vault}")).unwrap();
        match Config::load(&path) {
            Ok(_) => assert!(is_taken, "{url}"),
            Err(error) => {
                assert!(!is_taken, "{url}: {error:#}");
                assert!(error.to_string().contains("sealing.vault.url"), "{url}: {error:#}");
            }
        }
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_secret_in_a_file_that_everybody_can_read_is_minded() {
    use std::os::unix::fs::PermissionsExt;

    let folder = std::env::temp_dir().join(format!("rollcall-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str, mode: u32| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let open = write("token", "of-the-file", 0o644);
    let text = format!(
        "[database]\nurl = 'postgres://here'\n[[schools]]\n[schools.app]\ntoken = {{ file = '{}' }}\n\
         secret = {{ file = '$CREDENTIALS_DIRECTORY/secret' }}\nprevious_token = 'old'\n",
        open.display()
    );
    let config = write("rollcall.toml", &text, 0o600);
    let (configuration, credential) = (Origin::Configuration, Origin::Credential("secret".into()));
    let file = Origin::File(open);
    let found = Config::secrets(&config).unwrap();
    assert_eq!(
        origins(&found),
        [
            ("database.url", &configuration),
            ("schools[0].app.previous_token", &configuration),
            ("schools[0].app.secret", &credential),
            ("schools[0].app.token", &file),
        ]
    );
    let open: Vec<&str> =
        found.iter().filter(|found| found.is_open).map(|found| found.key.as_str()).collect();
    assert_eq!(open, ["schools[0].app.token"]);
    let text = report(&found, &[]);
    assert!(text.contains("! schools[0].app.token") && text.contains("chmod o="), "{text}");
    assert!(text.contains("更换期间才需要") && !text.contains("of-the-file"), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}
