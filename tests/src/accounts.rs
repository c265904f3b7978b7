//! Accounts and persons: what rules propose, what is left over, what does not fit.

use reqwest::StatusCode;
use serde_json::json;

use crate::test_app::TestApp;

/// Five students of a class whose numbers are no userids any more: nothing but their names says who they are.
async fn strangers(test: &TestApp) -> Vec<String> {
    let students = test.students_of(&test.persona("counsellor")).await;
    let five: Vec<String> = students.into_iter().take(5).collect();
    test.owner
        .execute("update persons set number = 'X' || number where number = any($1)", &[&five])
        .await
        .unwrap();
    test.owner.execute("update members set person_id = null where userid = any($1)", &[&five]).await.unwrap();
    five
}

/// What the audit has of whose accounts are, the oldest first: act, account, person.
async fn recorded(test: &TestApp) -> Vec<String> {
    let sql = "select concat_ws(' ', e.action, m.userid, p.number) from audit_events e
        join members m on m.corp_id = e.corp_id and e.object = 'member:' || m.member_id
        join persons p on p.corp_id = e.corp_id and p.person_id = e.subject
        where e.actor is not null order by e.event_id";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_propose_and_a_person_decides() {
    let test = TestApp::start().await;
    let five = strangers(&test).await;
    // Two of one name in one class: nobody can say which is which.
    test.owner
        .execute(
            "update persons set name = '同名' where number = any($1)",
            &[&vec![format!("X{}", five[3]), format!("X{}", five[4])]],
        )
        .await
        .unwrap();
    test.owner
        .execute("update members set name = '同名' where userid = any($1)", &[&five[3..].to_vec()])
        .await
        .unwrap();
    let before = crate::databases::dump(&test.owner).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let found = administrator.get("/accounts/matches").await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.body);
    let proposals = found.body["proposals"].as_array().unwrap();
    let userids: Vec<&str> = proposals.iter().map(|pair| pair["userid"].as_str().unwrap()).collect();
    assert_eq!(userids, [&five[0], &five[1], &five[2]], "{}", found.body);
    assert!(proposals.iter().all(|pair| pair["rule"] == json!("name_and_place")));
    assert_eq!(crate::databases::dump(&test.owner).await, before, "a look links nothing");

    let links: Vec<_> =
        proposals.iter().map(|pair| json!({ "userid": pair["userid"], "number": pair["number"] })).collect();
    let linked = administrator.post("/accounts/links", &json!({ "links": links })).await;
    assert_eq!(linked.body["linked"], json!(3), "{}", linked.body);
    let again = administrator.post("/accounts/links", &json!({ "links": links })).await;
    assert_eq!(again.body["linked"], json!(0), "whoever is taken is passed over");
    // They can sign in as themselves.
    let student = test.sign_in(&five[0]).await;
    assert_eq!(student.get("/me").await.body["person"]["number"], json!(format!("X{}", five[0])));

    // The two of one name are left to a person.
    let accounts = administrator.get("/accounts/leftovers?side=accounts").await;
    let left: Vec<&str> = accounts.items().iter().map(|one| one["subject"].as_str().unwrap()).collect();
    assert!(left.contains(&five[3].as_str()) && left.contains(&five[4].as_str()), "{left:?}");
    let persons = administrator.get("/accounts/leftovers?side=persons").await;
    assert!(persons.body.to_string().contains(&format!("X{}", five[3])), "{}", persons.body);

    let import = administrator.get("/roster/imports").await.items()[0].clone();
    assert_eq!(import["kind"], json!("accounts"));
    let undone = administrator.post(&format!("/roster/imports/{}/undo", import["id"]), &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
    let mut due: Vec<String> = ["account_linked", "account_unlinked"]
        .iter()
        .flat_map(|act| five[..3].iter().map(move |userid| format!("{act} {userid} X{userid}")))
        .collect();
    let mut done = recorded(&test).await;
    due.sort();
    done.sort();
    assert_eq!(done, due, "who became whom, and that it was taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_told_and_taken_apart() {
    let test = TestApp::start().await;
    let five = strangers(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    // Linked by hand to somebody of another name.
    let link = json!({ "links": [{ "userid": five[0], "number": format!("x{}", five[1]) }] });
    assert_eq!(administrator.post("/accounts/links", &link).await.body["linked"], json!(1));
    let conflicts = administrator.get("/accounts/matches").await.body["conflicts"].clone();
    assert_eq!(conflicts.as_array().unwrap().len(), 1, "{conflicts}");
    assert_eq!(conflicts[0]["userid"], json!(five[0]));
    let path = format!("/accounts/{}/link", conflicts[0]["id"]);
    assert_eq!(administrator.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.delete(&path).await.status, StatusCode::NOT_FOUND);
    let both = ["account_linked", "account_unlinked"].map(|act| format!("{act} {} X{}", five[0], five[1]));
    assert_eq!(recorded(&test).await, both);
    let own = test.persona("administrator").to_uppercase();
    let own = json!({ "links": [{ "userid": own, "number": format!("X{}", five[1]) }] });
    assert_eq!(
        administrator.post("/accounts/links", &own).await.fields(),
        ["links"],
        "nobody links their own"
    );
    let id: i64 =
        test.one("select member_id from members where userid = $1", &[&test.persona("administrator")]).await;
    let taken = administrator.delete(&format!("/accounts/{id}/link")).await;
    assert_eq!(taken.fields(), ["id"], "nor takes it from themselves: {}", taken.body);
    assert_eq!(administrator.get("/accounts/matches").await.body["conflicts"], json!([]));
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/accounts/matches").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post("/accounts/links", &link).await.status, StatusCode::FORBIDDEN, "{role}");
    }
}

/// Until today somebody's account was that of a school leader, whose grant still runs: a colleague put it right, and it is not theirs to undo.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_again_who_they_were_nor_is_granted_what_bears_their_name() {
    let test = TestApp::start().await;
    test.import_roster().await;
    let userid = test.persona("administrator");
    let administrator = test.sign_in_on_pc(&userid).await;
    let before = "select person_id from members where userid = $1";
    let now: i64 = test.one(before, &[&userid]).await;
    let then: i64 =
        test.one("select person_id from persons where number = $1", &[&test.persona("school_leader")]).await;
    // As it was when a colleague did it.
    let moved = "update members set person_id = $1 where userid = $2";
    test.owner.execute("update members set person_id = null where person_id = $1", &[&then]).await.unwrap();
    test.owner.execute(moved, &[&then, &userid]).await.unwrap();
    test.owner.batch_execute("begin; set local rollcall.change_set = '1000000'").await.unwrap();
    test.owner.execute(moved, &[&now, &userid]).await.unwrap();
    let noted = "insert into change_sets (corp_id, change_set_id, kind, title, made_at, rows_changed)
        values (1, 1000000, 'accounts', '关联账号 1 个', '2020-03-04 00:00Z', 1) returning change_set_id";
    let set: i64 = test.one(noted, &[]).await;
    test.owner.batch_execute("commit").await.unwrap();
    let undone = administrator.post(&format!("/roster/imports/{set}/undo"), &json!({})).await;
    assert_eq!(undone.fields(), ["id"], "{}", undone.body);
    assert_eq!(test.one::<i64>(before, &[&userid]).await, now);

    // Somebody whose number is what the administrator's account is called, while that is somebody else's.
    let grants =
        "select count(*) from grants g join persons p using (corp_id, person_id) where p.number = $1";
    test.owner
        .execute("update persons set number = 'X' || number where person_id = $1", &[&now])
        .await
        .unwrap();
    test.owner
        .execute("update persons set number = $1 where person_id = $2", &[&userid, &then])
        .await
        .unwrap();
    let held: i64 = test.one(grants, &[&userid]).await;
    let asked = json!({ "number": userid, "role": "school_office", "department": 1, "purpose": "春季学期", "last": "2020-07-31" });
    let given = administrator.post("/grants", &asked).await;
    assert_eq!(given.fields(), ["number"], "{}", given.body);
    assert!(given.body.to_string().contains("不能给自己授权"), "{}", given.body);
    assert_eq!(test.one::<i64>(grants, &[&userid]).await, held);
}
