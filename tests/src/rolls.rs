//! What is kept of a roll is never an old one: whatever transactions come, overlap and go, each look gives what a statement
//! written here finds on the rows at that moment.

use domain::{DepartmentId, policy::Viewer};
use tokio_postgres::Client;

use crate::{databases, dice::Dice, test_app::TestApp};

const STEPS: usize = 600;

/// Somebody who changes people of theirs in transactions that stay open for some steps.
struct Writer {
    client: Client,
    people: Vec<i64>,
    is_open: bool,
}

impl Writer {
    async fn run(&self, sql: &str, person: i64, dice: &mut Dice, classes: &[DepartmentId]) {
        let sql = sql
            .replace("$person", &person.to_string())
            .replace("$class", &dice.one_of(classes).to_string())
            .replace("$state", dice.one_of(&["normal", "abnormal"]))
            .replace("$late", dice.one_of(&["true", "false"]));
        self.client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Ends what is open, well or not, or leaves it for later.
    async fn end(&mut self, dice: &mut Dice) {
        match dice.below(4) {
            0 => self.client.batch_execute("rollback").await.unwrap(),
            1 | 2 => self.client.batch_execute("commit").await.unwrap(),
            _ => return,
        }
        self.is_open = false;
    }
}

/// What can become of somebody, and of a department.
const CHANGES: [&str; 9] = [
    REPORT,
    REPORT,
    REPORT,
    REPORT,
    "delete from reports where person_id = $person and day = date '2020-03-04'",
    "insert into exemptions (corp_id, person_id, kind, from_date, reason, source, granted_at)
     values (1, $person, 'leave', date '2020-03-02', '事假', 'manual', now()) on conflict do nothing",
    "update exemptions set revoked_at = now(), revoke_reason = '已返校' where person_id = $person and revoked_at is null",
    "update memberships set department_id = $class where person_id = $person and is_main and until_date is null",
    "update persons set until_date = case when until_date is null then date '2020-03-04' end where person_id = $person",
];

const REPORT: &str = "
    insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, flags, late, source,
                         retention, month, submitted_at, revised_at)
    select 1, form_id, $person, date '2020-03-04', form_version_id, 1, upper(substr(md5(random()::text), 1, 16)), '$state',
           '{}', '{}', $late, 'import', 'standard', date '2020-03-01', now(), now()
    from form_versions join forms using (corp_id, form_id) where code = 'health-daily'
    on conflict on constraint reports_one_per_period do update
      set state = excluded.state, late = excluded.late, revision = reports.revision + 1";

type Counted = (Option<(DepartmentId, String)>, [i64; 4]);

async fn by_hand(client: &Client) -> Vec<Counted> {
    let sql = "
        select c.department_id, c.name, count(*), count(r.state), count(*) filter (where r.state = 'abnormal'),
               count(*) filter (where r.late)
        from persons p
        join memberships m using (corp_id, person_id)
        join department_versions d using (corp_id, department_id)
        left join department_versions c on c.corp_id = d.corp_id and c.department_id = d.class_id and c.until_date is null
        left join forms f on f.corp_id = p.corp_id and f.code = 'health-daily'
        left join reports r on r.corp_id = p.corp_id and r.form_id = f.form_id and r.person_id = p.person_id
          and r.day = date '2020-03-04'
        where p.kind = 'student' and coalesce(p.until_date > date '2020-03-04', true) and m.is_main and m.until_date is null
          and d.until_date is null and d.college_id is not null
          and p.person_id not in (select person_id from exemptions where revoked_at is null)
        group by 1, 2, c.sort_order order by c.sort_order desc nulls last, 1";
    let count = |row: &tokio_postgres::Row| {
        let department: Option<DepartmentId> = row.get(0);
        (department.zip(row.get(1)), [2, 3, 4, 5].map(|column| row.get(column)))
    };
    client.query(sql, &[]).await.unwrap().iter().map(count).collect()
}

async fn kept(test: &TestApp, viewer: &Viewer) -> Vec<Counted> {
    let asked = app::statistics::Asked { form: "health-daily", day: None, slot: None, department: None };
    let by = app::statistics::By::Class;
    let table = app::statistics::table(&test.app, test.school(), viewer, asked, by).await.unwrap();
    let row = |row: app::statistics::Row| {
        let counts = row.counts;
        (row.department, [counts.expected, counts.reported, counts.abnormal, counts.late])
    };
    table.rows.into_iter().map(row).collect()
}

async fn leader(test: &TestApp) -> Viewer {
    let today = test.school().today(test.app.now());
    let mut tx = test.app.store().reading(1).await.unwrap();
    let member =
        store::viewers::member_of(&mut tx, 1, &test.persona("school_leader")).await.unwrap().unwrap();
    store::viewers::find(&mut tx, 1, member, today).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_gives_what_is_true_at_that_moment() {
    let test = TestApp::start().await;
    let viewer = leader(&test).await;
    let url = test.owner_url().parse().unwrap();
    let of_kind = "select array_agg(person_id order by person_id) from persons where kind = 'student' and person_id % 3 = $1";
    let mut writers = Vec::new();
    for part in 0..3_i64 {
        let people = test.one(of_kind, &[&part]).await;
        writers.push(Writer { client: databases::connect(&url).await, people, is_open: false });
    }
    let classes: Vec<DepartmentId> = test
        .one("select array_agg(department_id order by 1) from departments where kind = 'class'", &[])
        .await;
    let mut dice = Dice::new(20_200_304);
    let (mut looks, mut differing, mut last) = (0, 0, Vec::new());
    for step in 0..STEPS {
        let part = dice.below(writers.len());
        let writer = &mut writers[part];
        if !writer.is_open {
            // As the service and as somebody who repairs something by hand.
            let school = dice.one_of(&["begin; set local rollcall.corp_id = '1'", "begin"]);
            writer.client.batch_execute(school).await.unwrap();
            writer.is_open = true;
        }
        let person = dice.one_of(&writer.people);
        let change = dice.one_of(&CHANGES);
        writer.run(change, person, &mut dice, &classes).await;
        if part == 0 && dice.below(10) == 0 {
            let rename = "update department_versions set name = name || '·' where department_id = $class";
            writer.run(rename, person, &mut dice, &classes).await;
        }
        writer.end(&mut dice).await;
        if dice.below(3) > 0 {
            let truth = by_hand(&test.owner).await;
            assert_eq!(kept(&test, &viewer).await, truth, "step {step}");
            looks += 1;
            differing += usize::from(truth != last);
            last = truth;
        }
    }
    assert!(differing * 4 > looks, "of {looks} looks {differing} saw something new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_finds_nothing_new_leaves_what_is_kept() {
    let test = TestApp::start().await;
    let changes = async || test.one::<i64>("select count(*) from roster_changes", &[]).await;
    let before = changes().await;
    test.sync().await;
    assert_eq!(changes().await, before);
    let student = test.students_of(&test.persona("counsellor")).await[0].clone();
    test.owner.execute("update persons set major = major where number = $1", &[&student]).await.unwrap();
    assert_eq!(changes().await, before, "what says nothing of who is expected");
    test.owner
        .execute("update persons set name = name || '一' where number = $1", &[&student])
        .await
        .unwrap();
    assert_eq!(changes().await, before + 1);
}
