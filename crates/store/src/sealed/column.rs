//! Every sealed column: what its values are kept for, and where they stand.

use super::Purpose;

/// What the values of a column are kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// All for one purpose.
    For(Purpose),
    /// For answers to the form that the row begins with: `12/…`.
    ByForm,
}

/// A column of a table that holds values sealed for a [`Column`].
#[derive(Debug)]
pub struct Spot {
    /// The table.
    pub table: &'static str,
    /// Its column.
    pub column: &'static str,
    /// What, beside `corp_id`, finds a row, and is indexed so.
    pub key: &'static [&'static str],
    /// The row a value is sealed for, as SQL over the table `t`.
    pub row: &'static str,
    /// Whether changes of the table are noted in `changes`, sealed values and all.
    pub noted: bool,
}

/// A sealed column.
#[derive(Debug)]
pub struct Column {
    /// `table.column`: part of what is authenticated.
    pub name: &'static str,
    /// What its values are kept for.
    pub kept: Kept,
    /// Where they stand: in the column itself, and in others that carry them on.
    pub spots: &'static [Spot],
}

impl Column {
    /// What a value of this row is kept for. None: a row that is not of this column.
    pub fn purpose(&self, row: &str) -> Option<Purpose> {
        match self.kept {
            Kept::For(purpose) => Some(purpose),
            Kept::ByForm => row.split_once('/')?.0.parse().ok().map(Purpose::Answers),
        }
    }
}

const fn spot(
    table: &'static str,
    column: &'static str,
    key: &'static [&'static str],
    row: &'static str,
) -> Spot {
    Spot { table, column, key, row, noted: false }
}

/// One of a table whose changes are noted (`track_changes` in the migrations). Its row is made of its own columns: a note has no
/// others.
const fn noted(
    table: &'static str,
    column: &'static str,
    key: &'static [&'static str],
    row: &'static str,
) -> Spot {
    Spot { noted: true, ..spot(table, column, key, row) }
}

/// Phones of the roster; the same phone on its way to WeCom.
pub static PERSON_PHONE: Column = Column {
    name: "persons.phone",
    kept: Kept::For(Purpose::Contact),
    spots: &[
        noted("persons", "phone", &["number"], "t.number"),
        spot("write_steps", "phone", &["plan_id", "step_no"], "t.subject"),
    ],
};
/// What others than the roster say.
pub static FIELD_VALUE: Column = Column {
    name: "person_fields.value",
    kept: Kept::For(Purpose::Fields),
    spots: &[noted(
        "person_fields",
        "value",
        &["person_id", "field", "source"],
        "concat_ws(':', t.person_id, t.field, t.source)",
    )],
};
/// Pictures.
pub static PICTURE: Column = Column {
    name: "photos.picture",
    kept: Kept::For(Purpose::Photos),
    spots: &[spot("photos", "picture", &["person_id"], "t.person_id::text")],
};
/// Digests of the files they were made from.
pub static PICTURE_SOURCE: Column = Column {
    name: "photos.source",
    kept: Kept::For(Purpose::Photos),
    spots: &[spot("photos", "source", &["person_id"], "t.person_id::text")],
};
/// Uploads, piece by piece.
pub static UPLOAD_CHUNK: Column = Column {
    name: "photo_chunks.content",
    kept: Kept::For(Purpose::Uploads),
    spots: &[spot(
        "photo_chunks",
        "content",
        &["upload_id", "chunk_no"],
        "concat_ws('/', t.upload_id, t.chunk_no)",
    )],
};
/// Answers.
pub static ANSWERS: Column = Column {
    name: "report_answers.answers",
    kept: Kept::ByForm,
    spots: &[spot(
        "report_answers",
        "answers",
        &["retention", "month", "report_id", "revision"],
        "(select concat_ws('/', r.form_id, r.person_id, coalesce(to_char(r.day, 'YYYY-MM-DD'), '-'), r.slot, r.occurrence)
          from reports r where r.corp_id = t.corp_id and r.report_id = t.report_id)",
    )],
};
/// Pictures in answers.
pub static ATTACHMENT: Column = Column {
    name: "attachments.content",
    kept: Kept::ByForm,
    spots: &[spot(
        "attachments",
        "content",
        &["attachment_id"],
        "concat_ws('/', t.form_id, t.attachment_id)",
    )],
};
/// Why somebody has not reported.
pub static FOLLOW_UP_NOTE: Column = Column {
    name: "follow_ups.note",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot(
        "follow_ups",
        "note",
        &["follow_up_id"],
        "concat_ws('/', t.form_id, t.person_id, (extract(epoch from t.at) * 1000000)::bigint)",
    )],
};
/// What was found out about an answer.
pub static REVIEW_NOTE: Column = Column {
    name: "review_acts.note",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot(
        "review_acts",
        "note",
        &["act_id"],
        "concat_ws('/', t.report_id, (extract(epoch from t.at) * 1000000)::bigint)",
    )],
};
/// What was said at a sign-off.
pub static SIGN_OFF_NOTE: Column = Column {
    name: "sign_offs.note",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot(
        "sign_offs",
        "note",
        &["sign_off_id"],
        "concat_ws('/', t.form_id, t.department_id, (extract(epoch from t.at) * 1000000)::bigint)",
    )],
};
/// What should stand instead.
pub static CORRECTION_PROPOSED: Column = Column {
    name: "corrections.proposed",
    kept: Kept::For(Purpose::Corrections),
    spots: &[noted("corrections", "proposed", &["correction_id"], CORRECTION_ROW)],
};
/// Why.
pub static CORRECTION_NOTE: Column = Column {
    name: "corrections.note",
    kept: Kept::For(Purpose::Corrections),
    spots: &[noted("corrections", "note", &["correction_id"], CORRECTION_ROW)],
};
/// What became of it.
pub static CORRECTION_ANSWER: Column = Column {
    name: "corrections.answer",
    kept: Kept::For(Purpose::Corrections),
    spots: &[noted("corrections", "answer", &["correction_id"], CORRECTION_ROW)],
};
const CORRECTION_ROW: &str =
    "concat_ws(':', t.person_id, t.field, (extract(epoch from t.submitted_at) * 1000000)::bigint)";
/// The phone before it was put right.
pub static OLD_PHONE: Column = Column {
    name: "phone_corrections.old_phone",
    kept: Kept::For(Purpose::Corrections),
    spots: &[spot("phone_corrections", "old_phone", &["correction_id"], "t.person_id::text")],
};
/// … and after.
pub static NEW_PHONE: Column = Column {
    name: "phone_corrections.new_phone",
    kept: Kept::For(Purpose::Corrections),
    spots: &[spot("phone_corrections", "new_phone", &["correction_id"], "t.person_id::text")],
};
/// Why it was put right.
pub static PHONE_CORRECTION_REASON: Column = Column {
    name: "phone_corrections.reason",
    kept: Kept::For(Purpose::Corrections),
    spots: &[spot("phone_corrections", "reason", &["correction_id"], MADE_ROW)],
};
/// Announcements.
pub static ANNOUNCEMENT: Column = Column {
    name: "announcements.content",
    kept: Kept::For(Purpose::Announcements),
    spots: &[spot("announcements", "content", &["announcement_id"], "t.announcement_id::text")],
};
/// What a mailing says.
pub static MAILING: Column = Column {
    name: "mailing_contents.content",
    kept: Kept::For(Purpose::Messages),
    spots: &[spot(
        "mailing_contents",
        "content",
        &["mailing_id", "variant"],
        "format('%s %s', t.mailing_id, t.variant)",
    )],
};
/// What leaves, byte by byte.
pub static BATCH_BODY: Column = Column {
    name: "outbox_batches.body",
    kept: Kept::For(Purpose::Messages),
    spots: &[spot("outbox_batches", "body", &["batch_id"], "t.batch_id::text")],
};
/// How a card is changed.
pub static CARD_BODY: Column = Column {
    name: "card_updates.body",
    kept: Kept::For(Purpose::Messages),
    spots: &[spot("card_updates", "body", &["update_id"], "t.cause")],
};
/// What came in.
pub static INBOX_MESSAGE: Column = Column {
    name: "inbox.message",
    kept: Kept::For(Purpose::Inbox),
    spots: &[spot("inbox", "message", &["inbox_id"], "encode(t.digest, 'hex')")],
};
/// Exported files, piece by piece.
pub static EXPORT_CHUNK: Column = Column {
    name: "export_chunks.content",
    kept: Kept::For(Purpose::Exports),
    spots: &[spot(
        "export_chunks",
        "content",
        &["export_id", "chunk_no"],
        "concat_ws('/', t.export_id, t.chunk_no)",
    )],
};
/// Phones of visitors.
pub static VISITOR_PHONE: Column = Column {
    name: "visitors.phone",
    kept: Kept::For(Purpose::Visitors),
    spots: &[spot("visitors", "phone", &["visitor_id"], "concat_ws(':', t.host_id, t.request_key)")],
};
/// What they come for.
pub static VISITOR_ABOUT: Column = Column {
    name: "visitors.about",
    kept: Kept::For(Purpose::Visitors),
    spots: &[spot("visitors", "about", &["visitor_id"], "concat_ws(':', t.host_id, t.request_key)")],
};
/// What signs the codes of a day.
pub static GATE_SIGNING_KEY: Column = Column {
    name: "gate_keys.signing_key",
    kept: Kept::For(Purpose::Gate),
    spots: &[spot("gate_keys", "signing_key", &["kid"], "encode(t.kid, 'hex')")],
};
/// What gives people other names for a day.
pub static GATE_PSEUDONYM_KEY: Column = Column {
    name: "gate_keys.pseudonym_key",
    kept: Kept::For(Purpose::Gate),
    spots: &[spot("gate_keys", "pseudonym_key", &["kid"], "encode(t.kid, 'hex')")],
};
/// WeCom's tokens.
pub static TOKEN: Column = Column {
    name: "wecom_tokens.value",
    kept: Kept::For(Purpose::Tokens),
    spots: &[spot("wecom_tokens", "value", &["app", "kind"], "concat_ws(':', t.app, t.kind)")],
};
/// Who a session is, in Redis for a moment: it stands in no table, and is none of [`ALL`].
pub static REMEMBERED_VIEWER: Column =
    Column { name: "redis.viewer", kept: Kept::For(Purpose::Tokens), spots: &[] };
/// Where the next page of a list begins, in an address for as long as somebody reads on: none of [`ALL`] either.
pub static CURSOR: Column = Column { name: "address.cursor", kept: Kept::For(Purpose::Tokens), spots: &[] };
/// Records of the platform.
pub static PLATFORM_DETAIL: Column = Column {
    name: "platform_records.detail",
    kept: Kept::For(Purpose::Platform),
    spots: &[spot(
        "platform_records",
        "detail",
        &["record_id"],
        "concat_ws('/', t.log, floor(extract(epoch from t.at))::bigint, t.userid, t.kind, t.occurrence)",
    )],
};
/// What signs the audit record.
pub static AUDIT_SIGNING_KEY: Column = Column {
    name: "audit_keys.signing_key",
    kept: Kept::For(Purpose::Audit),
    spots: &[spot("audit_keys", "signing_key", &["kid"], "encode(t.kid, 'hex')")],
};
/// Why somebody need not answer.
pub static EXEMPTION_REASON: Column = Column {
    name: "exemptions.reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[noted("exemptions", "reason", &["exemption_id"], GRANTED_ROW)],
};
/// Why they must answer after all.
pub static EXEMPTION_REVOKE_REASON: Column = Column {
    name: "exemptions.revoke_reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[noted("exemptions", "revoke_reason", &["exemption_id"], GRANTED_ROW)],
};
const GRANTED_ROW: &str = "concat_ws('/', t.person_id, (extract(epoch from t.granted_at) * 1000000)::bigint)";
/// Why somebody's standing changed.
pub static STATUS_REASON: Column = Column {
    name: "status_changes.reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("status_changes", "reason", &["change_id"], MADE_ROW)],
};
/// Why that was taken back.
pub static STATUS_REVOKE_REASON: Column = Column {
    name: "status_changes.revoke_reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("status_changes", "revoke_reason", &["change_id"], MADE_ROW)],
};
const MADE_ROW: &str = "concat_ws('/', t.person_id, (extract(epoch from t.made_at) * 1000000)::bigint)";
/// Why somebody may pass.
pub static PERMIT_REASON: Column = Column {
    name: "gate_permits.reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("gate_permits", "reason", &["permit_id"], GRANTED_ROW)],
};
/// Why they may not any more.
pub static PERMIT_REVOKE_REASON: Column = Column {
    name: "gate_permits.revoke_reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("gate_permits", "revoke_reason", &["permit_id"], GRANTED_ROW)],
};
/// Why a grant was ended.
pub static GRANT_END_REASON: Column = Column {
    name: "grant_acts.reason",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("grant_acts", "reason", &["act_id"], MADE_ROW)],
};
/// Why somebody answered for another: it ends with the answers.
pub static BEHALF_REASON: Column = Column {
    name: "report_revisions.reason",
    kept: Kept::ByForm,
    spots: &[spot(
        "report_revisions",
        "reason",
        &["report_id", "revision"],
        "(select concat_ws('/', r.form_id, r.person_id, coalesce(to_char(r.day, 'YYYY-MM-DD'), '-'), r.slot, r.occurrence)
          from reports r where r.corp_id = t.corp_id and r.report_id = t.report_id)",
    )],
};
/// What somebody's data was looked at for.
pub static LOOK_PURPOSE: Column = Column {
    name: "access_log.purpose",
    kept: Kept::For(Purpose::Looks),
    spots: &[spot(
        "access_log",
        "purpose",
        &["access_id"],
        "concat_ws('/', t.viewer, t.person_id, (extract(epoch from t.at) * 1000000)::bigint)",
    )],
};
/// What an export was asked for.
pub static EXPORT_PURPOSE: Column = Column {
    name: "exports.purpose",
    kept: Kept::For(Purpose::Looks),
    spots: &[spot("exports", "purpose", &["export_id"], "concat_ws('/', t.made_by, t.request_key)")],
};
/// Why somebody may read more today.
pub static LIFT_REASON: Column = Column {
    name: "reading_lifts.reason",
    kept: Kept::For(Purpose::Looks),
    spots: &[spot(
        "reading_lifts",
        "reason",
        &["lift_id"],
        "concat_ws('/', t.member_id, t.kind, (extract(epoch from t.given_at) * 1000000)::bigint)",
    )],
};
/// What became of an alarm on reading.
pub static READING_ALARM_NOTE: Column = Column {
    name: "reading_alarms.note",
    kept: Kept::For(Purpose::Looks),
    spots: &[spot("reading_alarms", "note", &["alarm_id"], "t.alarm_id::text")],
};
/// What became of an alarm at a gate.
pub static GATE_ALARM_NOTE: Column = Column {
    name: "gate_alarms.note",
    kept: Kept::For(Purpose::Notes),
    spots: &[spot("gate_alarms", "note", &["alarm_id"], "t.alarm_id::text")],
};
/// The secret of a second factor.
pub static FACTOR_SECRET: Column = Column {
    name: "second_factors.secret",
    kept: Kept::For(Purpose::Factors),
    spots: &[spot("second_factors", "secret", &["member_id"], "t.member_id::text")],
};
/// The hash of a write that may be repeated.
pub static REQUEST_HASH: Column = Column {
    name: "idempotency_keys.request_hash",
    kept: Kept::For(Purpose::Inbox),
    spots: &[spot(
        "idempotency_keys",
        "request_hash",
        &["member_id", "key"],
        "concat_ws('/', t.member_id, t.key)",
    )],
};
/// What was answered to it.
pub static RESPONSE: Column = Column {
    name: "idempotency_keys.response",
    kept: Kept::For(Purpose::Inbox),
    spots: &[spot(
        "idempotency_keys",
        "response",
        &["member_id", "key"],
        "concat_ws('/', t.member_id, t.key)",
    )],
};
/// The hash of an export that may be asked for again.
pub static EXPORT_HASH: Column = Column {
    name: "exports.request_hash",
    kept: Kept::For(Purpose::Exports),
    spots: &[spot("exports", "request_hash", &["export_id"], "concat_ws('/', t.made_by, t.request_key)")],
};

/// Every sealed column of a table; a test compares them with fixtures/privacy.toml.
pub static ALL: [&Column; 46] = [
    &PERSON_PHONE,
    &FIELD_VALUE,
    &PICTURE,
    &PICTURE_SOURCE,
    &UPLOAD_CHUNK,
    &ANSWERS,
    &ATTACHMENT,
    &FOLLOW_UP_NOTE,
    &REVIEW_NOTE,
    &SIGN_OFF_NOTE,
    &CORRECTION_PROPOSED,
    &CORRECTION_NOTE,
    &CORRECTION_ANSWER,
    &OLD_PHONE,
    &NEW_PHONE,
    &PHONE_CORRECTION_REASON,
    &ANNOUNCEMENT,
    &MAILING,
    &BATCH_BODY,
    &CARD_BODY,
    &INBOX_MESSAGE,
    &EXPORT_CHUNK,
    &VISITOR_PHONE,
    &VISITOR_ABOUT,
    &GATE_SIGNING_KEY,
    &GATE_PSEUDONYM_KEY,
    &TOKEN,
    &PLATFORM_DETAIL,
    &AUDIT_SIGNING_KEY,
    &EXEMPTION_REASON,
    &EXEMPTION_REVOKE_REASON,
    &STATUS_REASON,
    &STATUS_REVOKE_REASON,
    &PERMIT_REASON,
    &PERMIT_REVOKE_REASON,
    &GRANT_END_REASON,
    &BEHALF_REASON,
    &LOOK_PURPOSE,
    &EXPORT_PURPOSE,
    &LIFT_REASON,
    &READING_ALARM_NOTE,
    &GATE_ALARM_NOTE,
    &FACTOR_SECRET,
    &REQUEST_HASH,
    &RESPONSE,
    &EXPORT_HASH,
];
