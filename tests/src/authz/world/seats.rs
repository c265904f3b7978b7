//! Who plays whom: one person a role, who has no other.

use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicUsize},
};

use serde_json::json;
use simulator::school::School;

use super::{Ids, Person, World};
use crate::authz::client::word;
use crate::{
    authz::{client::Client, oracle::Who},
    crowd,
    test_app::{Shape, TestApp, root},
};

async fn people(test: &TestApp) -> Vec<Person> {
    let sql = "select p.person_id, p.number, p.kind = 'student', m.department_id, d.college_id, a.userid from persons p
        left join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
        left join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
        left join members a on a.corp_id = p.corp_id and a.person_id = p.person_id and a.left_on is null
        order by p.number";
    let rows = test.owner.query(sql, &[]).await.unwrap();
    let person = |row: &tokio_postgres::Row| Person {
        id: row.get(0),
        number: row.get(1),
        student: row.get(2),
        department: row.get(3),
        college: row.get(4),
        userid: row.get(5),
    };
    rows.iter().map(person).collect()
}

async fn department(test: &TestApp, name: &str) -> i32 {
    test.one("select department_id from departments where name = $1 and closed_on is null", &[&name]).await
}

/// Gives a role by hand.
pub async fn grant(test: &TestApp, number: &str, role: &str, department: i32) {
    let sql =
        "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select corp_id, person_id, $2, $3, '授权', 'roster', '2020-01-01', '2020-12-31' from persons where number = $1";
    assert_eq!(test.owner.execute(sql, &[&number, &role, &department]).await.unwrap(), 1, "{number}");
}

/// One run that renamed an account, and one that would have closed everybody and was held.
async fn runs(test: &TestApp) -> Ids {
    let mut ids = Ids::new();
    let newest = "select max(run_id) from sync_runs";
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    let exchange = "select array_agg(userid order by userid) from members where userid like '2019900101%'";
    let exchange: Vec<String> = test.one(exchange, &[]).await;
    test.control(&format!("members/{}", exchange[1]), &json!({ "name": "改过名" })).await;
    test.sync().await;
    ids.insert("changed_run", test.one::<i64>(newest, &[]).await.to_string());
    let body = json!({ "errcode": 0, "errmsg": "ok", "dept_user": [], "userlist": [], "next_cursor": "" });
    for path in ["/cgi-bin/user/list_id", "/cgi-bin/user/list"] {
        test.control("faults", &json!({ "path": path, "body": body.to_string(), "times": 1000 })).await;
    }
    test.sync().await;
    ids.insert("held_run", test.one::<i64>(newest, &[]).await.to_string());
    let faults = format!("{}/_sim/faults", test.simulator.url());
    reqwest::Client::new().delete(faults).send().await.unwrap();
    // An account whose person has another number; their phone is sealed for the one they had.
    let sql = "update persons set number = 'X' || number, phone = null where number = $1";
    assert_eq!(test.owner.execute(sql, &[&exchange[0]]).await.unwrap(), 1);
    ids
}

/// A school with everybody in their seats and signed in.
pub async fn take() -> World {
    // Somebody who asks for everybody at random spends any budget.
    let test = TestApp::start_with(Shape::reading_freely()).await;
    test.sync().await;
    test.import_roster().await;
    let runs = runs(&test).await;
    let school = School::load(root().join("fixtures/school-small.toml")).unwrap();
    let mut seats = BTreeMap::new();
    for who in Who::ALL {
        if let Some(role) =
            who.role().filter(|_| !matches!(who, Who::Assistant | Who::Auditor | Who::GateGuard))
        {
            seats.insert(who, test.persona(role));
        }
    }
    // Staff with an account and nothing to look after.
    let mut plain = school.staff().filter(|person| {
        person.has_account
            && school.grants_of(person).next().is_none()
            && !person.memberships.iter().any(|membership| membership.leader)
    });
    for who in [Who::Teacher, Who::Auditor, Who::GateGuard] {
        seats.insert(who, plain.next().expect("plain staff").number.clone());
    }
    let (home, other) = (department(&test, "信息学院").await, department(&test, "管理学院").await);
    let mut classes = Vec::new();
    for college in [home, other] {
        let sql = "select department_id from departments where kind = 'class' and college_id = $1 order by 1";
        let rows = test.owner.query(sql, &[&college]).await.unwrap();
        classes.extend(rows.iter().map(|row| row.get::<_, i32>(0)));
    }
    assert_eq!(classes.len(), 4, "two classes a college");
    let root: i32 = test.one("select department_id from departments where kind = 'school'", &[]).await;
    let everybody = people(&test).await;
    let class: Vec<&Person> =
        everybody.iter().filter(|person| person.student && person.department == Some(classes[0])).collect();
    seats.insert(Who::Student, class[0].number.clone());
    seats.insert(Who::Assistant, class.last().unwrap().number.clone());
    grant(&test, &seats[&Who::Assistant], "class_assistant", classes[0]).await;
    grant(&test, &seats[&Who::Auditor], "auditor", root).await;
    grant(&test, &seats[&Who::GateGuard], "gate_guard", root).await;

    let head = &seats[&Who::DepartmentHead];
    let head = everybody.iter().find(|person| person.number == *head).unwrap();
    let office = head.department.expect("the head's department");
    // The roster and the directory give what the seats are meant to have, and nothing beside it.
    for (who, number) in &seats {
        let Some(role) = who.role() else { continue };
        let sql =
            "delete from grants g using persons p where p.corp_id = g.corp_id and p.person_id = g.person_id
            and p.number = $1 and g.role <> $2";
        test.owner.execute(sql, &[number, &role]).await.unwrap();
        let sql = "select g.department_id from grants g join persons p using (corp_id, person_id)
            where p.number = $1 order by 1";
        let rows = test.owner.query(sql, &[number]).await.unwrap();
        let given: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        let expected = match who {
            Who::Assistant => vec![classes[0]],
            Who::Counsellor => classes[..2].to_vec(),
            Who::CollegeLeader | Who::CollegeOffice => vec![home],
            Who::DepartmentHead => vec![office],
            _ => vec![root],
        };
        assert_eq!(given, expected, "{who:?}");
    }
    let mut numbers: Vec<&String> = seats.values().collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), Who::ALL.len(), "a person a role");
    crowd::sign_in_as(&test, &word(&test.url)).await;
    let client = Client::to(&test.url);
    World {
        client,
        beside: Vec::new(),
        turn: AtomicUsize::default(),
        people: everybody,
        seats,
        home,
        other,
        office,
        root,
        classes,
        facts: BTreeMap::new(),
        ids: BTreeMap::new(),
        runs,
        troubles: Mutex::default(),
        picture: Vec::new(),
        zip: Vec::new(),
        test,
    }
}
