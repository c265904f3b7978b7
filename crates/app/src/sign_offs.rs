//! 零报告: somebody who answers for a class or a college says that they have looked: so many expected, so many reported, so
//! many abnormal. The figures stay as they were known then; beside them stand those of now.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId,
    policy::{Action, Viewer},
    statistics::Counts,
};
use store::{
    sign_offs::{self as rows, NewSignOff},
    statistics as figures,
};

use crate::{
    App, Error, Result, School,
    statistics::{Asked, By, question},
};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// The form's code.
    pub form: &'a str,
    /// Which class or college.
    pub department: DepartmentId,
    /// For which day; today if left out.
    pub day: Option<NaiveDate>,
    /// For which slot; if left out, the last that has begun.
    pub slot: Option<i16>,
    /// What there is to say; needed while somebody has not reported.
    pub note: &'a str,
}

/// Signs a class or a college off; the same by the same person again changes nothing. Gives its number.
pub async fn sign(app: &App, school: &School, viewer: &Viewer, signing: Signing<'_>) -> Result<i64> {
    let note = Some(signing.note.trim()).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > 200) {
        return Err(Error::field("note", "说明不超过 200 字，请缩短"));
    }
    let (corp, now) = (school.corp(), app.now());
    let asked = Asked {
        form: signing.form,
        day: signing.day,
        slot: signing.slot,
        department: Some(signing.department),
    };
    let mut tx = app.store().scoped(corp).await?;
    let (loaded, question) = question(app, &mut tx, school, viewer, Action::SignOff, asked).await?;
    if !rows::department_in(&mut tx, corp, &question.scope, signing.department).await? {
        return Err(Error::NotFound);
    }
    let turn = loaded.turn_of(school, question.day, Some(question.period.slot), now);
    if turn.is_none_or(|turn| turn.window.opens_at > now) {
        return Err(Error::field("day", "填报还没有开始，不能签报"));
    }
    if let Some(standing) =
        rows::standing(&mut tx, corp, question.form_id, question.period, signing.department).await?
    {
        return same_again(school, viewer, &standing);
    }
    let counts = figures::total(&mut tx, &question).await?;
    if counts.expected == 0 {
        return Err(Error::field("department", "这个单位当天没有应报人员，不需要签报"));
    }
    let missing = counts.unreported();
    if missing > 0 && note.is_none() {
        return Err(Error::field("note", format!("还有 {missing} 人未报，请写明情况后再签报")));
    }
    let row = rows::note_row(question.form_id, signing.department, now);
    let seal = |note: &str| app.store().keyring().seal(rows::note_place(corp, &row), note.as_bytes());
    let new = NewSignOff {
        form_id: question.form_id,
        period: question.period,
        department: signing.department,
        counts,
        note: note.map(seal).transpose()?,
        by: viewer.member,
        at: now,
    };
    let Some(id) = rows::add(&mut tx, corp, &new).await? else {
        // Two at once: the other one was first.
        let standing =
            rows::standing(&mut tx, corp, question.form_id, question.period, signing.department).await?;
        return same_again(school, viewer, &standing.ok_or(Error::NotFound)?);
    };
    tx.commit().await?;
    Ok(id)
}

fn same_again(school: &School, viewer: &Viewer, standing: &rows::Standing) -> Result<i64> {
    if standing.by_member == viewer.member {
        return Ok(standing.sign_off_id);
    }
    let at = standing.at.with_timezone(&school.zone).format("%-m月%-d日 %H:%M");
    Err(Error::Overtaken(format!("{} 已于 {at} 签报，请刷新后查看", standing.by_name)))
}

/// Takes a sign-off back; who did stays on record.
pub async fn revoke(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    let scope = viewer.scope(Action::SignOff);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    if !rows::revoke(&mut tx, school.corp(), &scope, id, viewer.member, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// A sign-off that stands.
pub struct Signed {
    /// Its number.
    pub id: i64,
    /// As the figures were known then; none where the viewer sees a part of the department alone.
    pub known: Option<Counts>,
    /// What was said; it is about the whole department too.
    pub note: Option<String>,
    /// By whom.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A class or a college of a day.
pub struct Row {
    /// Which.
    pub department: (DepartmentId, String),
    /// Its figures now, as far as the viewer sees them.
    pub now: Counts,
    /// Its classes with anybody expected, and how many of them are signed off.
    pub classes: (i64, i64),
    /// How it was signed off.
    pub signed: Option<Signed>,
    /// Whether the figures have become others since.
    pub differs: bool,
    /// Whether the viewer may sign it off or take that back.
    pub may_sign: bool,
}

/// The classes or colleges of a day.
pub struct Table {
    /// The day.
    pub day: NaiveDate,
    /// The slot.
    pub slot: i16,
    /// The hour this was true.
    pub as_of: DateTime<Utc>,
    /// In the directory's order.
    pub rows: Vec<Row>,
}

/// Who has signed what off for a day: the colleges, or the classes of one.
pub async fn table(app: &App, school: &School, viewer: &Viewer, asked: Asked<'_>, by: By) -> Result<Table> {
    let corp = school.corp();
    let as_of = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let (_, question) = question(app, &mut tx, school, viewer, Action::SeeStatistics, asked).await?;
    let found = rows::by(&mut tx, &question, by).await?;
    tx.commit().await?;
    let may_sign = viewer.scope(Action::SignOff);
    let rows = found
        .into_iter()
        .map(|row| {
            let path = [Some(row.department_id), row.class_id, row.grade_id, row.college_id];
            // Who was late is not signed.
            let now =
                Counts { expected: row.expected, reported: row.reported, abnormal: row.abnormal, late: 0 };
            // What was signed for a whole college is not for who sees a part of it: figures of others are in it.
            let whole = question.scope.covers(&path);
            let signed = signed(app, corp, question.form_id, &row, whole)?;
            let known = signed.as_ref().and_then(|signed| signed.known);
            Ok(Row {
                department: (row.department_id, row.name),
                now,
                classes: (row.classes, row.classes_signed),
                differs: known.is_some_and(|known| known != now),
                signed,
                may_sign: may_sign.covers(&path),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Table { day: question.day, slot: question.period.slot, as_of, rows })
}

fn signed(app: &App, corp: i32, form_id: i64, row: &rows::Row, whole: bool) -> Result<Option<Signed>> {
    let (Some(id), Some(at)) = (row.sign_off_id, row.at) else { return Ok(None) };
    let by = row.by_name.clone().unwrap_or_default();
    if !whole {
        return Ok(Some(Signed { id, known: None, note: None, by, at }));
    }
    let known = Counts {
        expected: row.known_expected.unwrap_or_default().into(),
        reported: row.known_reported.unwrap_or_default().into(),
        abnormal: row.known_abnormal.unwrap_or_default().into(),
        late: 0,
    };
    let place = rows::note_row(form_id, row.department_id, at);
    let note = row
        .note
        .as_ref()
        .map(|note| {
            let opened = app.store().keyring().open(rows::note_place(corp, &place), note)?;
            String::from_utf8(opened).map_err(|_| Error::internal("a sealed note that is not text"))
        })
        .transpose()?;
    Ok(Some(Signed { id, known: Some(known), note, by, at }))
}
