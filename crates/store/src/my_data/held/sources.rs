//! One statement a part. Each names the corp and whose rows it wants, and an index leads to them.

use super::{SealedColumn, Source};
use crate::{
    access_log, corrections, exemptions, follow_ups, gate_alarms, gate_permits, grants::by_hand, mailings,
    person_fields, phone_corrections, platform::records, reports, reviews, statuses, unreported, visitors,
};

/// The name of an account.
macro_rules! named {
    ($member:literal) => {
        concat!(
            "(select coalesce(p.name, m.name, m.userid) from members m
              left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
              where m.corp_id = $1 and m.member_id = ",
            $member,
            ")"
        )
    };
}

/// The user id of an account.
macro_rules! userid {
    ($member:literal) => {
        concat!("(select m.userid from members m where m.corp_id = $1 and m.member_id = ", $member, ")")
    };
}

/// The name of a department.
macro_rules! department {
    ($id:literal) => {
        concat!("(select d.name from departments d where d.corp_id = $1 and d.department_id = ", $id, ")")
    };
}

/// The title of a form, as its newest version has it.
macro_rules! title {
    ($form:literal) => {
        concat!(
            "(select v.title from form_versions v where v.corp_id = $1 and v.form_id = ",
            $form,
            " order by v.version desc limit 1)"
        )
    };
}

/// Microseconds since 1970, as the keys of sealed rows have them.
macro_rules! micros {
    ($at:literal) => {
        concat!("(extract(epoch from ", $at, ") * 1000000)::bigint")
    };
}

/// Every part, in the order of `domain::my_data::PARTS`.
pub static SOURCES: &[Source] = &[
    Source {
        part: "profile",
        tables: &["persons", "kind_persons"],
        sealed: &[SealedColumn { name: "phone", place: unreported::phone_place, is_json: false }],
        sql: "select s.number, s.name, s.kind, s.staff_kind, s.major, s.grade, encode(s.phone, 'hex') as phone,
                s.number as phone_row, s.from_date, s.until_date, s.roster_at, k.made_on as made_by_rules_on
              from persons s
              left join kind_persons k on k.corp_id = s.corp_id and k.person_id = s.person_id
              where s.corp_id = $1 and s.person_id = $2",
    },
    Source {
        part: "person_fields",
        tables: &["person_fields"],
        sealed: &[SealedColumn { name: "value", place: person_fields::place, is_json: false }],
        sql: "select f.field, f.source, encode(f.value, 'hex') as value,
                concat_ws(':', f.person_id, f.field, f.source) as value_row, f.since
              from person_fields f
              where f.corp_id = $1 and f.person_id = $2
              order by f.field, f.since desc",
    },
    Source {
        part: "accounts",
        tables: &["members"],
        sealed: &[],
        sql: concat!(
            "select a.userid, a.name, a.position, a.status, ",
            department!("a.main_department_id"),
            " as main_department, a.joined_on, a.left_on
             from members a
             where a.corp_id = $1 and a.member_id = any($3)
             order by a.joined_on desc, a.member_id desc"
        ),
    },
    Source {
        part: "account_history",
        tables: &["member_versions"],
        sealed: &[],
        sql: concat!(
            "select ",
            userid!("h.member_id"),
            " as userid, h.from_date, h.until_date, h.name, h.position, h.status, ",
            department!("h.main_department_id"),
            " as main_department
             from member_versions h
             where h.corp_id = $1 and h.member_id = any($3)
             order by h.from_date desc, h.member_id desc"
        ),
    },
    Source {
        part: "account_departments",
        tables: &["member_departments"],
        sealed: &[],
        sql: concat!(
            "select ",
            userid!("h.member_id"),
            " as userid, ",
            department!("h.department_id"),
            " as department, h.from_date, h.until_date, h.is_leader
             from member_departments h
             where h.corp_id = $1 and h.member_id = any($3)
             order by h.from_date desc, h.department_id"
        ),
    },
    Source {
        part: "tags",
        tables: &["tag_members"],
        sealed: &[],
        sql: concat!(
            "select ",
            userid!("h.member_id"),
            " as userid, g.name as tag, h.from_date, h.until_date
             from tag_members h
             join tags g on g.corp_id = h.corp_id and g.tag_id = h.tag_id
             where h.corp_id = $1 and h.member_id = any($3)
             order by h.from_date desc, g.name"
        ),
    },
    Source {
        part: "photos",
        tables: &["photos"],
        sealed: &[],
        sql: concat!(
            "select h.stored_at, ",
            named!("h.stored_by"),
            " as stored_by from photos h where h.corp_id = $1 and h.person_id = $2"
        ),
    },
    Source {
        part: "photo_results",
        tables: &["photo_results"],
        sealed: &[],
        sql: "select r.file, r.outcome, u.made_at
              from photo_results r
              join photo_uploads u on u.corp_id = r.corp_id and u.upload_id = r.upload_id
              where r.corp_id = $1 and r.person_id = $2
              order by u.made_at desc, r.entry_no",
    },
    Source {
        part: "phone_corrections",
        tables: &["phone_corrections"],
        sealed: &[
            SealedColumn { name: "old_phone", place: phone_corrections::old_place, is_json: false },
            SealedColumn { name: "new_phone", place: phone_corrections::new_place, is_json: false },
            SealedColumn { name: "reason", place: phone_corrections::reason_place, is_json: false },
        ],
        sql: concat!(
            "select encode(c.old_phone, 'hex') as old_phone, c.person_id::text as old_phone_row,
               encode(c.new_phone, 'hex') as new_phone, c.person_id::text as new_phone_row,
               encode(c.reason, 'hex') as reason, concat_ws('/', c.person_id, ",
            micros!("c.made_at"),
            ") as reason_row, ",
            named!("c.made_by"),
            " as made_by, c.made_at
             from phone_corrections c
             where c.corp_id = $1 and c.person_id = $2
             order by c.correction_id desc"
        ),
    },
    Source {
        part: "corrections",
        tables: &["corrections"],
        sealed: &[
            SealedColumn { name: "proposed", place: corrections::proposed_place, is_json: false },
            SealedColumn { name: "note", place: corrections::note_place, is_json: false },
            SealedColumn { name: "answer", place: corrections::answer_place, is_json: false },
        ],
        sql: concat!(
            "select c.field, encode(c.proposed, 'hex') as proposed, k.key as proposed_row,
               encode(c.note, 'hex') as note, k.key as note_row, c.state, c.submitted_at, ",
            named!("c.checked_by"),
            " as checked_by, c.checked_at, ",
            named!("c.settled_by"),
            " as settled_by, c.settled_at, encode(c.answer, 'hex') as answer, k.key as answer_row
             from corrections c,
               lateral (select concat_ws(':', c.person_id, c.field, ",
            micros!("c.submitted_at"),
            ") as key) k
             where c.corp_id = $1 and c.person_id = $2
             order by c.correction_id desc"
        ),
    },
    Source {
        part: "consents",
        tables: &["consents"],
        sealed: &[],
        sql: "select c.fields, c.given_at, c.withdrawn_at
              from consents c
              where c.corp_id = $1 and c.person_id = $2
              order by c.consent_id desc",
    },
    Source {
        part: "notice_agreements",
        tables: &["notice_agreements"],
        sealed: &[],
        sql: "select a.version, a.locale, a.agreed_at, a.withdrawn_at, a.erased_at
              from notice_agreements a
              where a.corp_id = $1 and a.person_id = $2
              order by a.agreement_id desc",
    },
    Source {
        part: "write_steps",
        tables: &["write_steps"],
        sealed: &[],
        // Departments stand under their numbers, which may look like a user id. The phone is the person's own.
        sql: "select w.subject as userid, w.kind, w.name, w.before, w.after, w.state, w.at
              from write_steps w
              where w.corp_id = $1
                and w.kind in ('create_member', 'move_member', 'rename_member', 'disable_member', 'set_phone')
                and w.subject in (select a.userid from members a where a.corp_id = $1 and a.member_id = any($3))
              order by w.plan_id desc, w.step_no desc",
    },
    Source {
        part: "held_removals",
        tables: &["sync_held"],
        sealed: &[],
        sql: "select h.kind, h.name, h.place, r.started_at
              from sync_held h
              join sync_runs r on r.corp_id = h.corp_id and r.run_id = h.run_id
              where h.corp_id = $1 and h.kind in ('member', 'membership')
                and lower(split_part(h.subject, '/', 1)) in (
                  select a.userid_key from members a where a.corp_id = $1 and a.member_id = any($3))
              order by h.run_id desc",
    },
    Source {
        part: "memberships",
        tables: &["memberships"],
        sealed: &[],
        sql: concat!(
            "select ",
            department!("s.department_id"),
            " as department, s.is_main, s.from_date, s.until_date, s.source, s.reason
             from memberships s
             where s.corp_id = $1 and s.person_id = $2
             order by s.from_date desc, s.membership_id desc"
        ),
    },
    Source {
        part: "status_changes",
        tables: &["status_changes"],
        sealed: &[
            SealedColumn { name: "reason", place: statuses::reason_place, is_json: false },
            SealedColumn { name: "revoke_reason", place: statuses::revoke_place, is_json: false },
        ],
        sql: concat!(
            "select c.kind, c.from_date, ",
            department!("c.department_before"),
            " as department_before, ",
            department!("c.department_id"),
            " as department, c.before, c.after, encode(c.reason, 'hex') as reason, concat_ws('/', c.person_id, ",
            micros!("c.made_at"),
            ") as reason_row, c.source, ",
            named!("c.made_by"),
            " as made_by, c.made_at, ",
            named!("c.revoked_by"),
            " as revoked_by, c.revoked_at, encode(c.revoke_reason, 'hex') as revoke_reason,
               concat_ws('/', c.person_id, ",
            micros!("c.made_at"),
            ") as revoke_reason_row
             from status_changes c
             where c.corp_id = $1 and c.person_id = $2
             order by c.change_id desc"
        ),
    },
    Source {
        part: "exemptions",
        tables: &["exemptions"],
        sealed: &[
            SealedColumn { name: "reason", place: exemptions::reason_place, is_json: false },
            SealedColumn { name: "revoke_reason", place: exemptions::revoke_place, is_json: false },
        ],
        sql: concat!(
            "select e.kind, e.from_date, e.until_date, encode(e.reason, 'hex') as reason,
               concat_ws('/', e.person_id, ",
            micros!("e.granted_at"),
            ") as reason_row, e.source, e.approval_no, ",
            named!("e.granted_by"),
            " as granted_by, e.granted_at, ",
            named!("e.revoked_by"),
            " as revoked_by, e.revoked_at, encode(e.revoke_reason, 'hex') as revoke_reason,
               concat_ws('/', e.person_id, ",
            micros!("e.granted_at"),
            ") as revoke_reason_row
             from exemptions e
             where e.corp_id = $1 and e.person_id = $2
             order by e.exemption_id desc"
        ),
    },
    Source {
        part: "approvals",
        tables: &["approvals"],
        sealed: &[],
        sql: "select a.approval_no, a.status, a.outcome, a.read_at
              from approvals a
              where a.corp_id = $1 and a.approval_no in (
                select e.approval_no from exemptions e where e.corp_id = $1 and e.person_id = $2
                union all
                select g.approval_no from gate_permits g where g.corp_id = $1 and g.person_id = $2)
              order by a.read_at desc",
    },
    Source {
        part: "residences",
        tables: &["residences"],
        sealed: &[],
        sql: "select b.campus, b.building, b.floor, b.room, b.bed, r.from_date, r.until_date, r.source
              from residences r
              join beds b on b.corp_id = r.corp_id and b.bed_id = r.bed_id
              where r.corp_id = $1 and r.person_id = $2
              order by r.from_date desc",
    },
    Source {
        part: "reports",
        tables: &["reports", "report_revisions", "report_answers"],
        sealed: &[
            SealedColumn { name: "reason", place: reports::reason_place, is_json: false },
            SealedColumn { name: "answers", place: reports::answers_place, is_json: true },
        ],
        // Answers row by row: a join of another kind would read everybody's of four years.
        sql: concat!(
            "select f.code as form, v.title as form_title, v.version as form_version, r.receipt, r.day, r.slot,
               r.occurrence, r.late, n.revision, n.at, n.source, case when n.source = 'behalf' then ",
            named!("n.by_member"),
            " end as answered_by, case when f.ends_on > $4 then encode(n.reason, 'hex') end as reason, k.key as reason_row, n.state,
               n.flags, n.facts, n.carried, encode(w.answers, 'hex') as answers, k.key as answers_row,
               n.form_version_id as answers_version
             from reports r
             join report_revisions n on n.corp_id = r.corp_id and n.report_id = r.report_id
             join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id
             join form_versions v on v.corp_id = n.corp_id and v.form_version_id = n.form_version_id
             left join lateral (
               select a.answers from report_answers a
               where a.corp_id = r.corp_id and a.retention = r.retention and a.month = r.month
                 and a.report_id = r.report_id and a.revision = n.revision and f.ends_on > $4
               limit 1) w on true
             cross join lateral (
               select concat_ws('/', r.form_id, r.person_id, coalesce(to_char(r.day, 'YYYY-MM-DD'), '-'), r.slot,
                 r.occurrence) as key) k
             where r.corp_id = $1 and r.person_id = $2
             order by n.at desc, r.report_id desc, n.revision desc"
        ),
    },
    Source {
        part: "attachments",
        tables: &["attachments"],
        sealed: &[],
        sql: concat!(
            "select t.attachment_id as id, f.code as form, r.receipt, t.bytes, t.made_at, ",
            named!("t.uploaded_by"),
            " as uploaded_by
             from attachments t
             join forms f on f.corp_id = t.corp_id and f.form_id = t.form_id
             left join reports r on r.corp_id = t.corp_id and r.report_id = t.report_id
             where t.corp_id = $1 and t.person_id = $2
             order by t.made_at desc, t.attachment_id"
        ),
    },
    Source {
        part: "trips",
        tables: &["trips"],
        sealed: &[],
        sql: concat!(
            "select ",
            title!("r.form_id"),
            " as form_title, r.receipt, t.left_on, t.returned_on, t.region, t.transport
             from trips t
             join reports r on r.corp_id = t.corp_id and r.report_id = t.report_id
             where t.corp_id = $1 and t.person_id = $2
             order by t.left_on desc, t.report_id desc"
        ),
    },
    Source {
        part: "reviews",
        tables: &["reviews"],
        sealed: &[],
        sql: concat!(
            "select ",
            title!("r.form_id"),
            " as form_title, r.receipt, w.state, w.flags, w.opened_at, w.changed_at
             from reports r
             join reviews w on w.corp_id = r.corp_id and w.report_id = r.report_id
             where r.corp_id = $1 and r.person_id = $2
             order by w.opened_at desc, w.report_id desc"
        ),
    },
    Source {
        part: "review_acts",
        tables: &["review_acts"],
        sealed: &[SealedColumn { name: "note", place: reviews::note_place, is_json: false }],
        sql: concat!(
            "select r.receipt, w.act, w.revision, case when f.ends_on > $4 then encode(w.note, 'hex') end as note,
               concat_ws('/', w.report_id, ",
            micros!("w.at"),
            ") as note_row, ",
            named!("w.by_member"),
            " as done_by, w.at
             from reports r
             join review_acts w on w.corp_id = r.corp_id and w.report_id = r.report_id
             join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id
             where r.corp_id = $1 and r.person_id = $2
             order by w.act_id desc"
        ),
    },
    Source {
        part: "review_warnings",
        tables: &["review_warnings"],
        sealed: &[],
        sql: concat!(
            "select r.receipt, ",
            named!("w.member_id"),
            " as told, w.planned_at, w.told_at
             from reports r
             join review_warnings w on w.corp_id = r.corp_id and w.report_id = r.report_id
             where r.corp_id = $1 and r.person_id = $2
             order by w.planned_at desc, w.member_id"
        ),
    },
    Source {
        part: "follow_ups",
        tables: &["follow_ups"],
        sealed: &[SealedColumn { name: "note", place: follow_ups::note_place, is_json: false }],
        sql: concat!(
            "select ",
            title!("u.form_id"),
            " as form_title, u.day, u.slot, u.reason, case when f.ends_on > $4 then encode(u.note, 'hex') end as note,
               concat_ws('/', u.form_id, u.person_id, ",
            micros!("u.at"),
            ") as note_row, ",
            named!("u.by_member"),
            " as noted_by, u.at
             from follow_ups u
             join forms f on f.corp_id = u.corp_id and f.form_id = u.form_id
             where u.corp_id = $1 and u.person_id = $2
             order by u.follow_up_id desc"
        ),
    },
    Source {
        part: "messages",
        tables: &["outbox", "mailings", "mailing_contents"],
        sealed: &[SealedColumn { name: "content", place: mailings::content_place, is_json: true }],
        sql: concat!(
            "select g.kind, ",
            title!("g.form_id"),
            " as form_title, g.day, g.planned_at, o.state, o.at, encode(c.content, 'hex') as content,
               format('%s %s', o.mailing_id, o.variant) as content_row
             from outbox o
             join mailings g on g.corp_id = o.corp_id and g.mailing_id = o.mailing_id
             left join mailing_contents c on c.corp_id = o.corp_id and c.mailing_id = o.mailing_id
               and c.variant = o.variant
             where o.corp_id = $1 and (o.person_id = $2 or o.member_id = any($3))
             order by o.at desc, o.outbox_id desc"
        ),
    },
    Source {
        part: "invitations",
        tables: &["invitations"],
        sealed: &[],
        sql: "select i.day, i.state, i.message, i.at
              from invitations i
              where i.corp_id = $1 and i.person_id = $2
              order by i.at desc, i.round_id desc",
    },
    Source {
        part: "portal_reminders",
        tables: &["portal_reminders"],
        sealed: &[],
        sql: "select e.title as entry, r.day, r.at
              from portal_reminders r
              join portal_entries e on e.corp_id = r.corp_id and e.entry_id = r.entry_id
              where r.corp_id = $1 and r.person_id = $2
              order by r.at desc, r.entry_id",
    },
    Source {
        part: "passages",
        tables: &["passages"],
        sealed: &[],
        sql: "select g.name as gate, z.name as zone, x.direction, x.at, x.received_at, x.offline, x.decision, x.reason,
                x.flags
              from passages x
              join gates g on g.corp_id = x.corp_id and g.gate_id = x.gate_id
              join gate_zones z on z.corp_id = x.corp_id and z.zone_id = x.zone_id
              where x.corp_id = $1 and x.person_id = $2
              order by x.at desc, x.passage_id desc",
    },
    Source {
        part: "gate_presence",
        tables: &["gate_presence"],
        sealed: &[],
        sql: "select z.name as zone, x.inside, x.since
              from gate_presence x
              join gate_zones z on z.corp_id = x.corp_id and z.zone_id = x.zone_id
              where x.corp_id = $1 and x.person_id = $2
              order by x.since desc, x.zone_id",
    },
    Source {
        part: "gate_alarms",
        tables: &["gate_alarms"],
        sealed: &[SealedColumn { name: "note", place: gate_alarms::note_place, is_json: false }],
        sql: concat!(
            "select l.kind, g.name as gate, l.at, ",
            named!("l.settled_by"),
            " as settled_by, l.settled_at, encode(l.note, 'hex') as note, l.alarm_id::text as note_row
             from passages x
             join gate_alarms l on l.corp_id = x.corp_id and l.passage_id = x.passage_id
             join gates g on g.corp_id = l.corp_id and g.gate_id = l.gate_id
             where x.corp_id = $1 and x.person_id = $2
             order by l.alarm_id desc"
        ),
    },
    Source {
        part: "gate_permits",
        tables: &["gate_permits"],
        sealed: &[
            SealedColumn { name: "reason", place: gate_permits::reason_place, is_json: false },
            SealedColumn { name: "revoke_reason", place: gate_permits::revoke_place, is_json: false },
        ],
        sql: concat!(
            "select t.kind, t.from_time, t.until_time,
               array(select z.name from gate_zones z where z.corp_id = $1 and z.zone_id = any(t.zones)
                     order by z.name) as zones, encode(t.reason, 'hex') as reason, concat_ws('/', t.person_id, ",
            micros!("t.granted_at"),
            ") as reason_row, ",
            named!("t.granted_by"),
            " as granted_by, t.approval_no, t.granted_at, ",
            named!("t.revoked_by"),
            " as revoked_by, t.revoked_at, encode(t.revoke_reason, 'hex') as revoke_reason,
               concat_ws('/', t.person_id, ",
            micros!("t.granted_at"),
            ") as revoke_reason_row
             from gate_permits t
             where t.corp_id = $1 and t.person_id = $2
             order by t.permit_id desc"
        ),
    },
    Source {
        part: "visitors",
        tables: &["visitors"],
        sealed: &[SealedColumn { name: "about", place: visitors::about_place, is_json: true }],
        sql: "select v.name, encode(v.about, 'hex') as about, concat_ws(':', v.host_id, v.request_key) as about_row,
                array(select z.name from gate_zones z where z.corp_id = $1 and z.zone_id = any(v.zones)
                      order by z.name) as zones,
                v.from_time, v.until_time, v.invited_at, v.cancelled_at
              from visitors v
              where v.corp_id = $1 and v.host_id = $2
              order by v.visitor_id desc",
    },
    Source {
        part: "visits",
        tables: &["visits"],
        sealed: &[],
        sql: "select v.day, v.module, v.client
              from visits v
              where v.corp_id = $1 and v.member_id = any($3)
              order by v.day desc, v.module",
    },
    Source {
        part: "usage_records",
        tables: &["usage_records"],
        sealed: &[],
        sql: "select u.recorded_on, u.account, u.name, u.place, u.state, u.last_used_on, u.client
              from usage_records u
              where u.corp_id = $1
                and u.account in (select a.userid_key from members a where a.corp_id = $1 and a.member_id = any($3))
              order by u.recorded_on desc, u.account",
    },
    Source {
        part: "platform_records",
        tables: &["platform_records"],
        sealed: &[SealedColumn { name: "detail", place: records::place, is_json: true }],
        sql: "select l.log, l.at, l.kind, encode(l.detail, 'hex') as detail,
                concat_ws('/', l.log, floor(extract(epoch from l.at))::bigint, l.userid, l.kind,
                  l.occurrence) as detail_row
              from platform_records l
              where l.corp_id = $1
                and l.userid in (select a.userid from members a where a.corp_id = $1 and a.member_id = any($3))
              order by l.at desc, l.record_id desc",
    },
    Source {
        part: "portal_passes",
        tables: &["portal_passes"],
        sealed: &[],
        sql: "select e.title as entry, v.day, v.first_at
              from portal_passes v
              join portal_entries e on e.corp_id = v.corp_id and e.entry_id = v.entry_id
              where v.corp_id = $1 and v.member_id = any($3)
              order by v.day desc, v.entry_id",
    },
    Source {
        part: "portal_listed",
        tables: &["portal_listed"],
        sealed: &[],
        sql: "select e.title as entry, l.day
              from portal_listed l
              join portal_entries e on e.corp_id = l.corp_id and e.entry_id = l.entry_id
              where l.corp_id = $1 and l.person_id = $2
              order by l.day desc, l.entry_id",
    },
    Source {
        part: "tiles",
        tables: &["tiles"],
        sealed: &[],
        sql: "select t.wanted, t.shown, t.at from tiles t where t.corp_id = $1 and t.member_id = any($3)",
    },
    Source {
        part: "sessions",
        tables: &["sessions"],
        sealed: &[],
        sql: "select s.signed_in_at, s.seen_at, s.ends_at
              from sessions s
              where s.corp_id = $1 and s.member_id = any($3)
              order by s.signed_in_at desc",
    },
    Source {
        part: "second_factors",
        tables: &["second_factors", "second_factor_recoveries"],
        sealed: &[],
        sql: "select f.begun_at, f.confirmed_at,
                (select count(*) from second_factor_recoveries r
                 where r.corp_id = f.corp_id and r.member_id = f.member_id) as recoveries_left
              from second_factors f
              where f.corp_id = $1 and f.member_id = any($3)",
    },
    Source {
        part: "security_events",
        tables: &["security_events"],
        sealed: &[],
        sql: "select e.at, e.kind, e.channel, e.network, e.operation, e.times
              from security_events e
              where e.corp_id = $1 and e.member_id = any($3)
              order by e.event_id desc",
    },
    Source {
        part: "grants",
        tables: &["grants"],
        sealed: &[],
        sql: concat!(
            "select g.role, ",
            department!("g.department_id"),
            " as department, g.purpose, g.source, g.from_date, g.until_date
             from grants g
             where g.corp_id = $1 and g.person_id = $2
             order by g.from_date desc, g.grant_id desc"
        ),
    },
    Source {
        part: "grant_acts",
        tables: &["grant_acts"],
        sealed: &[SealedColumn { name: "reason", place: by_hand::reason_place, is_json: false }],
        sql: concat!(
            "select g.act, g.role, ",
            department!("g.department_id"),
            " as department, g.purpose, g.until_date, encode(g.reason, 'hex') as reason,
               concat_ws('/', g.person_id, ",
            micros!("g.made_at"),
            ") as reason_row, ",
            named!("g.made_by"),
            " as made_by, g.made_at
             from grant_acts g
             where g.corp_id = $1 and g.person_id = $2
             order by g.act_id desc"
        ),
    },
    Source {
        part: "access_log",
        tables: &["access_log"],
        sealed: &[SealedColumn { name: "purpose", place: access_log::purpose_place, is_json: false }],
        sql: concat!(
            "select l.at, ",
            named!("l.viewer"),
            " as viewer, l.field, encode(l.purpose, 'hex') as purpose, concat_ws('/', l.viewer, l.person_id, ",
            micros!("l.at"),
            ") as purpose_row, e.name as export
             from access_log l
             left join exports e on e.corp_id = l.corp_id and e.export_id = l.export_id
             where l.corp_id = $1 and l.person_id = $2
             order by l.access_id desc"
        ),
    },
    Source {
        part: "data_copies",
        tables: &["data_copies"],
        sealed: &[],
        sql: "select c.at, c.format
              from data_copies c
              where c.corp_id = $1 and c.member_id = any($3)
              order by c.copy_id desc",
    },
];
