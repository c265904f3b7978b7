// @generated automatically by Diesel CLI.

diesel::table! {
    use diesel::sql_types::*;

    access_log (corp_id, access_id) {
        corp_id -> Int4,
        access_id -> Int8,
        at -> Timestamptz,
        viewer -> Int8,
        person_id -> Int8,
        field -> Text,
        purpose -> Bytea,
        day -> Nullable<Date>,
        export_id -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    announcement_recalls (corp_id, batch_id) {
        corp_id -> Int4,
        batch_id -> Int8,
        announcement_id -> Int8,
        state -> Text,
        error -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    announcements (corp_id, announcement_id) {
        corp_id -> Int4,
        announcement_id -> Int8,
        content -> Bytea,
        departments -> Array<Nullable<Int4>>,
        tags -> Array<Nullable<Int4>>,
        people -> Array<Nullable<Int8>>,
        state -> Text,
        revision -> Int4,
        send_at -> Timestamptz,
        urgent -> Bool,
        by_member -> Int8,
        changed_at -> Timestamptz,
        mailing_id -> Nullable<Int8>,
        sent_at -> Nullable<Timestamptz>,
        cancelled_by -> Nullable<Int8>,
        recall_asked_at -> Nullable<Timestamptz>,
        recall_asked_by -> Nullable<Int8>,
        recall_ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    approvals (corp_id, approval_no) {
        corp_id -> Int4,
        approval_no -> Text,
        status -> Int2,
        outcome -> Text,
        read_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    attachments (corp_id, attachment_id) {
        corp_id -> Int4,
        attachment_id -> Text,
        form_id -> Int8,
        person_id -> Int8,
        uploaded_by -> Int8,
        content -> Bytea,
        bytes -> Int4,
        made_at -> Timestamptz,
        report_id -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_chain (corp_id, seq) {
        corp_id -> Int4,
        seq -> Int8,
        event_id -> Int8,
        hash -> Bytea,
        sealed_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_cuts (corp_id, seq) {
        corp_id -> Int4,
        seq -> Int8,
        hash -> Bytea,
        after_seq -> Int8,
        after_hash -> Bytea,
        day -> Date,
        removed -> Int8,
        policy -> Text,
        kid -> Bytea,
        signature -> Bytea,
        cut_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_events (corp_id, event_id) {
        corp_id -> Int4,
        event_id -> Int8,
        at -> Timestamptz,
        actor -> Nullable<Int8>,
        action -> Text,
        subject -> Nullable<Int8>,
        object -> Text,
        detail -> Jsonb,
        nonce -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_heads (corp_id, seq) {
        corp_id -> Int4,
        seq -> Int8,
        day -> Date,
        hash -> Bytea,
        kid -> Bytea,
        signature -> Bytea,
        signed_at -> Timestamptz,
        anchored -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_keys (corp_id, kid) {
        corp_id -> Int4,
        kid -> Bytea,
        signing_key -> Bytea,
        public_key -> Bytea,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    audit_unsealed (corp_id, event_id) {
        corp_id -> Int4,
        event_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    beds (corp_id, bed_id) {
        corp_id -> Int4,
        bed_id -> Int8,
        campus -> Text,
        building -> Text,
        floor -> Text,
        room -> Text,
        bed -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    card_updates (corp_id, update_id) {
        corp_id -> Int4,
        update_id -> Int8,
        cause -> Text,
        batch_id -> Nullable<Int8>,
        member_id -> Nullable<Int8>,
        settled -> Bool,
        body -> Nullable<Bytea>,
        state -> Text,
        attempts -> Int4,
        not_before -> Timestamptz,
        useful_until -> Timestamptz,
        at -> Timestamptz,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    change_sets (corp_id, change_set_id) {
        corp_id -> Int4,
        change_set_id -> Int8,
        kind -> Text,
        run_id -> Nullable<Int8>,
        title -> Text,
        rows_changed -> Int8,
        made_by -> Nullable<Int8>,
        made_at -> Timestamptz,
        undone_by -> Nullable<Int8>,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    changes (corp_id, change_set_id, change_id) {
        corp_id -> Int4,
        change_set_id -> Int8,
        change_id -> Int8,
        table_name -> Text,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    consents (corp_id, consent_id) {
        corp_id -> Int4,
        consent_id -> Int8,
        person_id -> Int8,
        member_id -> Int8,
        fields -> Array<Nullable<Text>>,
        given_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    corp_hosts (host) {
        host -> Text,
        corp_id -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    corps (corp_id) {
        corp_id -> Int4,
        name -> Text,
        wecom_corpid -> Text,
        time_zone -> Text,
        records_begin_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    corrections (corp_id, correction_id) {
        corp_id -> Int4,
        correction_id -> Int8,
        person_id -> Int8,
        field -> Text,
        state -> Text,
        proposed -> Bytea,
        note -> Nullable<Bytea>,
        submitted_by -> Int8,
        submitted_at -> Timestamptz,
        checked_by -> Nullable<Int8>,
        checked_at -> Nullable<Timestamptz>,
        settled_by -> Nullable<Int8>,
        settled_at -> Nullable<Timestamptz>,
        answer -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    data_copies (corp_id, copy_id) {
        corp_id -> Int4,
        copy_id -> Int8,
        member_id -> Int8,
        format -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    department_versions (corp_id, department_id, from_date) {
        corp_id -> Int4,
        department_id -> Int4,
        from_date -> Date,
        until_date -> Nullable<Date>,
        name -> Text,
        parent_id -> Nullable<Int4>,
        sort_order -> Int8,
        kind -> Text,
        college_id -> Nullable<Int4>,
        grade_id -> Nullable<Int4>,
        class_id -> Nullable<Int4>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    departments (corp_id, department_id) {
        corp_id -> Int4,
        department_id -> Int4,
        name -> Text,
        parent_id -> Nullable<Int4>,
        sort_order -> Int8,
        kind -> Text,
        college_id -> Nullable<Int4>,
        grade_id -> Nullable<Int4>,
        class_id -> Nullable<Int4>,
        closed_on -> Nullable<Date>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    digest_rules (corp_id, rule_id) {
        corp_id -> Int4,
        rule_id -> Int8,
        about -> Text,
        form_id -> Nullable<Int8>,
        roles -> Array<Nullable<Text>>,
        at_times -> Array<Nullable<Time>>,
        when_done -> Bool,
        enabled -> Bool,
        changed_by -> Nullable<Int8>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    download_tickets (corp_id, ticket_hash) {
        corp_id -> Int4,
        ticket_hash -> Bytea,
        session_hash -> Bytea,
        what -> Text,
        subject -> Int8,
        at -> Timestamptz,
        uses -> Int2,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    exemptions (corp_id, exemption_id) {
        corp_id -> Int4,
        exemption_id -> Int8,
        person_id -> Int8,
        kind -> Text,
        from_date -> Date,
        until_date -> Nullable<Date>,
        reason -> Bytea,
        source -> Text,
        approval_no -> Nullable<Text>,
        granted_by -> Nullable<Int8>,
        granted_at -> Timestamptz,
        revoked_by -> Nullable<Int8>,
        revoked_at -> Nullable<Timestamptz>,
        revoke_reason -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    export_chunks (corp_id, export_id, chunk_no) {
        corp_id -> Int4,
        export_id -> Int8,
        chunk_no -> Int4,
        content -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    export_downloads (corp_id, download_id) {
        corp_id -> Int4,
        download_id -> Int8,
        export_id -> Int8,
        member_id -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    export_templates (corp_id, template_id) {
        corp_id -> Int4,
        template_id -> Int8,
        name -> Text,
        definition -> Jsonb,
        made_by -> Int8,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    exports (corp_id, export_id) {
        corp_id -> Int4,
        export_id -> Int8,
        request_key -> Text,
        request_hash -> Bytea,
        name -> Text,
        definition -> Jsonb,
        purpose -> Bytea,
        phones -> Text,
        state -> Text,
        attempts -> Int4,
        rows_done -> Int8,
        rows_total -> Nullable<Int8>,
        people -> Int8,
        full_phones -> Int8,
        size_bytes -> Nullable<Int8>,
        chunks -> Int4,
        message -> Nullable<Text>,
        made_by -> Int8,
        made_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        rights -> Nullable<Jsonb>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    follow_ups (corp_id, follow_up_id) {
        corp_id -> Int4,
        follow_up_id -> Int8,
        form_id -> Int8,
        person_id -> Int8,
        day -> Nullable<Date>,
        slot -> Int2,
        reason -> Text,
        note -> Nullable<Bytea>,
        by_member -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    form_acts (corp_id, act_id) {
        corp_id -> Int4,
        act_id -> Int8,
        form_id -> Int8,
        code -> Text,
        act -> Text,
        version -> Nullable<Int4>,
        starts_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
        by_member -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    form_versions (corp_id, form_version_id) {
        corp_id -> Int4,
        form_version_id -> Int8,
        form_id -> Int8,
        version -> Int4,
        title -> Text,
        definition -> Jsonb,
        schema -> Jsonb,
        published_at -> Timestamptz,
        published_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    forms (corp_id, form_id) {
        corp_id -> Int4,
        form_id -> Int8,
        code -> Text,
        starts_on -> Date,
        ends_on -> Date,
        owner -> Nullable<Int8>,
        department_id -> Nullable<Int4>,
        draft -> Nullable<Jsonb>,
        draft_at -> Nullable<Timestamptz>,
        draft_by -> Nullable<Int8>,
        purged_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_alarms (corp_id, alarm_id) {
        corp_id -> Int4,
        alarm_id -> Int8,
        kind -> Text,
        key -> Text,
        gate_id -> Int8,
        device_id -> Int8,
        passage_id -> Nullable<Int8>,
        at -> Timestamptz,
        told_at -> Nullable<Timestamptz>,
        settled_by -> Nullable<Int8>,
        settled_at -> Nullable<Timestamptz>,
        note -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_devices (corp_id, device_id) {
        corp_id -> Int4,
        device_id -> Int8,
        gate_id -> Int8,
        name -> Text,
        token_hash -> Bytea,
        paired_by -> Int8,
        paired_at -> Timestamptz,
        seen_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
        withdrawn_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_keys (corp_id, kid) {
        corp_id -> Int4,
        kid -> Bytea,
        day -> Date,
        signing_key -> Bytea,
        public_key -> Bytea,
        pseudonym_key -> Bytea,
        made_at -> Timestamptz,
        killed_at -> Nullable<Timestamptz>,
        killed_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_pairings (corp_id, code_hash) {
        corp_id -> Int4,
        code_hash -> Bytea,
        gate_id -> Int8,
        name -> Text,
        made_by -> Int8,
        made_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_permits (corp_id, permit_id) {
        corp_id -> Int4,
        permit_id -> Int8,
        person_id -> Int8,
        kind -> Text,
        from_time -> Timestamptz,
        until_time -> Timestamptz,
        zones -> Array<Nullable<Int8>>,
        reason -> Bytea,
        granted_by -> Nullable<Int8>,
        approval_no -> Nullable<Text>,
        granted_at -> Timestamptz,
        revoked_by -> Nullable<Int8>,
        revoked_at -> Nullable<Timestamptz>,
        revoke_reason -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_presence (corp_id, zone_id, person_id) {
        corp_id -> Int4,
        zone_id -> Int8,
        person_id -> Int8,
        inside -> Bool,
        since -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_pseudonyms (corp_id, kid, pseudonym) {
        corp_id -> Int4,
        kid -> Bytea,
        pseudonym -> Bytea,
        person_id -> Nullable<Int8>,
        visitor_id -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gate_zones (corp_id, zone_id) {
        corp_id -> Int4,
        zone_id -> Int8,
        name -> Text,
        kind -> Text,
        hard_from -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    gates (corp_id, gate_id) {
        corp_id -> Int4,
        gate_id -> Int8,
        zone_id -> Int8,
        name -> Text,
        directions -> Text,
        failure -> Text,
        rules -> Jsonb,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    grant_acts (corp_id, act_id) {
        corp_id -> Int4,
        act_id -> Int8,
        act -> Text,
        person_id -> Int8,
        role -> Text,
        department_id -> Int4,
        purpose -> Text,
        until_date -> Date,
        reason -> Nullable<Bytea>,
        made_by -> Int8,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    grants (corp_id, grant_id) {
        corp_id -> Int4,
        grant_id -> Int8,
        person_id -> Int8,
        role -> Text,
        department_id -> Int4,
        purpose -> Text,
        source -> Text,
        from_date -> Date,
        until_date -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    heartbeats (corp_id) {
        corp_id -> Int4,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    idempotency_keys (corp_id, member_id, key) {
        corp_id -> Int4,
        member_id -> Int8,
        key -> Text,
        operation -> Text,
        request_hash -> Bytea,
        response -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    inbox (corp_id, inbox_id) {
        corp_id -> Int4,
        inbox_id -> Int8,
        app -> Text,
        digest -> Bytea,
        event -> Text,
        message -> Bytea,
        received_at -> Timestamptz,
        handled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    invitation_rounds (corp_id, round_id) {
        corp_id -> Int4,
        round_id -> Int8,
        request_key -> Text,
        made_by -> Int8,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    invitations (corp_id, round_id, person_id) {
        corp_id -> Int4,
        round_id -> Int8,
        person_id -> Int8,
        member_id -> Nullable<Int8>,
        day -> Date,
        state -> Text,
        message -> Nullable<Text>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    jobs (job_id) {
        job_id -> Int8,
        corp_id -> Int4,
        kind -> Text,
        payload -> Jsonb,
        unique_key -> Nullable<Text>,
        state -> Text,
        run_at -> Timestamptz,
        attempts -> Int4,
        max_attempts -> Int4,
        lease_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        settled_as -> Nullable<Text>,
        settled_by -> Nullable<Int8>,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    kind_persons (corp_id, person_id) {
        corp_id -> Int4,
        person_id -> Int8,
        made_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    kind_pins (corp_id, department_id) {
        corp_id -> Int4,
        department_id -> Int4,
        kind -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    kind_rules (corp_id, part, position) {
        corp_id -> Int4,
        part -> Text,
        position -> Int4,
        kind -> Text,
        conditions -> Jsonb,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    mailing_contents (corp_id, mailing_id, variant) {
        corp_id -> Int4,
        mailing_id -> Int8,
        variant -> Text,
        content -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    mailings (corp_id, mailing_id) {
        corp_id -> Int4,
        mailing_id -> Int8,
        kind -> Text,
        occasion -> Nullable<Text>,
        form_id -> Nullable<Int8>,
        day -> Nullable<Date>,
        period_day -> Nullable<Date>,
        slot -> Int2,
        rule_id -> Nullable<Int8>,
        by_member -> Nullable<Int8>,
        urgent -> Bool,
        planned_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    member_departments (corp_id, member_id, department_id, from_date) {
        corp_id -> Int4,
        member_id -> Int8,
        department_id -> Int4,
        from_date -> Date,
        until_date -> Nullable<Date>,
        is_leader -> Bool,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    member_versions (corp_id, member_id, from_date) {
        corp_id -> Int4,
        member_id -> Int8,
        from_date -> Date,
        until_date -> Nullable<Date>,
        name -> Nullable<Text>,
        position -> Nullable<Text>,
        status -> Nullable<Int2>,
        main_department_id -> Nullable<Int4>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    members (corp_id, member_id) {
        corp_id -> Int4,
        member_id -> Int8,
        userid -> Text,
        userid_key -> Text,
        name -> Nullable<Text>,
        position -> Nullable<Text>,
        status -> Nullable<Int2>,
        main_department_id -> Nullable<Int4>,
        person_id -> Nullable<Int8>,
        joined_on -> Date,
        left_on -> Nullable<Date>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    memberships (corp_id, membership_id) {
        corp_id -> Int4,
        membership_id -> Int8,
        person_id -> Int8,
        department_id -> Int4,
        is_main -> Bool,
        from_date -> Date,
        until_date -> Nullable<Date>,
        source -> Text,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    movement_sign_offs (corp_id, sign_off_id) {
        corp_id -> Int4,
        sign_off_id -> Int8,
        day -> Date,
        department_id -> Int4,
        staff -> Int4,
        away -> Int4,
        returned -> Int4,
        on_leave -> Int4,
        note -> Nullable<Text>,
        by_member -> Int8,
        at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    notice_agreements (corp_id, agreement_id) {
        corp_id -> Int4,
        agreement_id -> Int8,
        person_id -> Int8,
        version -> Int4,
        locale -> Text,
        agreed_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
        erased_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    outages (corp_id, outage_id) {
        corp_id -> Int4,
        outage_id -> Int8,
        from_time -> Timestamptz,
        until_time -> Timestamptz,
        cause -> Text,
        note -> Nullable<Text>,
        by_member -> Nullable<Int8>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    outbox (corp_id, outbox_id) {
        corp_id -> Int4,
        outbox_id -> Int8,
        mailing_id -> Int8,
        variant -> Text,
        person_id -> Nullable<Int8>,
        member_id -> Nullable<Int8>,
        state -> Text,
        batch_id -> Nullable<Int8>,
        not_before -> Timestamptz,
        useful_until -> Timestamptz,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    outbox_batches (corp_id, batch_id) {
        corp_id -> Int4,
        batch_id -> Int8,
        app -> Text,
        recipients -> Int4,
        body -> Bytea,
        repeatable -> Bool,
        state -> Text,
        attempts -> Int4,
        frozen_at -> Timestamptz,
        useful_until -> Timestamptz,
        first_try_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        msgid -> Nullable<Text>,
        response_code -> Nullable<Text>,
        error -> Nullable<Text>,
        failing_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    passages (corp_id, passage_id) {
        corp_id -> Int4,
        passage_id -> Int8,
        gate_id -> Int8,
        zone_id -> Int8,
        device_id -> Int8,
        scan_id -> Text,
        person_id -> Nullable<Int8>,
        kid -> Nullable<Bytea>,
        jti -> Nullable<Bytea>,
        direction -> Text,
        at -> Timestamptz,
        received_at -> Timestamptz,
        offline -> Bool,
        decision -> Text,
        reason -> Nullable<Text>,
        flags -> Array<Nullable<Text>>,
        permit_id -> Nullable<Int8>,
        visitor_id -> Nullable<Int8>,
        by_visitor -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    person_fields (corp_id, person_id, field, source) {
        corp_id -> Int4,
        person_id -> Int8,
        field -> Text,
        source -> Text,
        value -> Bytea,
        since -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    persons (corp_id, person_id) {
        corp_id -> Int4,
        person_id -> Int8,
        number -> Text,
        name -> Text,
        kind -> Text,
        staff_kind -> Nullable<Text>,
        major -> Nullable<Text>,
        grade -> Nullable<Int2>,
        phone -> Nullable<Bytea>,
        from_date -> Date,
        until_date -> Nullable<Date>,
        roster_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    phone_corrections (corp_id, correction_id) {
        corp_id -> Int4,
        correction_id -> Int8,
        person_id -> Int8,
        old_phone -> Nullable<Bytea>,
        new_phone -> Bytea,
        reason -> Bytea,
        change_set_id -> Int8,
        plan_id -> Nullable<Int8>,
        made_by -> Int8,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    photo_chunks (corp_id, upload_id, chunk_no) {
        corp_id -> Int4,
        upload_id -> Int8,
        chunk_no -> Int4,
        content -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    photo_results (corp_id, upload_id, entry_no) {
        corp_id -> Int4,
        upload_id -> Int8,
        entry_no -> Int4,
        file -> Text,
        outcome -> Text,
        person_id -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    photo_uploads (corp_id, upload_id) {
        corp_id -> Int4,
        upload_id -> Int8,
        state -> Text,
        bytes -> Int8,
        chunks -> Int4,
        files -> Nullable<Int4>,
        message -> Nullable<Text>,
        made_by -> Int8,
        made_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    photos (corp_id, person_id) {
        corp_id -> Int4,
        person_id -> Int8,
        picture -> Bytea,
        source -> Bytea,
        stored_by -> Int8,
        stored_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    platform_collections (corp_id, collector) {
        corp_id -> Int4,
        collector -> Text,
        tried_at -> Timestamptz,
        collected_at -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    platform_figures (corp_id, metric, part, day, source) {
        corp_id -> Int4,
        metric -> Text,
        part -> Text,
        day -> Date,
        source -> Text,
        value -> Int8,
        as_of -> Timestamptz,
        note -> Nullable<Text>,
        entered_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    platform_livings (corp_id, livingid) {
        corp_id -> Int4,
        livingid -> Text,
        started_at -> Timestamptz,
        status -> Nullable<Int2>,
        viewers -> Int8,
        read_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    platform_records (corp_id, record_id) {
        corp_id -> Int4,
        record_id -> Int8,
        log -> Text,
        at -> Timestamptz,
        userid -> Text,
        kind -> Int4,
        occurrence -> Int4,
        detail -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_entries (corp_id, entry_id) {
        corp_id -> Int4,
        entry_id -> Int8,
        title -> Text,
        note -> Text,
        icon -> Text,
        address -> Text,
        position -> Int4,
        kinds -> Array<Nullable<Text>>,
        departments -> Nullable<Array<Nullable<Int4>>>,
        form_id -> Nullable<Int8>,
        from_date -> Date,
        until_date -> Nullable<Date>,
        revision -> Int4,
        by_member -> Int8,
        changed_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_listed (corp_id, entry_id, day, person_id) {
        corp_id -> Int4,
        entry_id -> Int8,
        day -> Date,
        person_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_lists (corp_id, entry_id, day) {
        corp_id -> Int4,
        entry_id -> Int8,
        day -> Date,
        list_no -> Int4,
        names -> Text,
        unknown -> Int4,
        by_member -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_passes (corp_id, entry_id, day, member_id) {
        corp_id -> Int4,
        entry_id -> Int8,
        day -> Date,
        member_id -> Int8,
        first_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_reminders (corp_id, entry_id, day, list_no, person_id) {
        corp_id -> Int4,
        entry_id -> Int8,
        day -> Date,
        list_no -> Int4,
        person_id -> Int8,
        mailing_id -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    portal_totals (corp_id, entry_id, day) {
        corp_id -> Int4,
        entry_id -> Int8,
        day -> Date,
        people -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    privacy_notices (corp_id, version) {
        corp_id -> Int4,
        version -> Int4,
        text -> Text,
        legal_basis -> Text,
        rests_on_consent -> Bool,
        by_member -> Int8,
        published_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    readers (role_name) {
        role_name -> Text,
        corp_id -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reading_alarms (corp_id, alarm_id) {
        corp_id -> Int4,
        alarm_id -> Int8,
        member_id -> Int8,
        day -> Date,
        kind -> Text,
        reading -> Text,
        people -> Int8,
        usual -> Nullable<Int8>,
        at -> Timestamptz,
        told_at -> Nullable<Timestamptz>,
        settled_by -> Nullable<Int8>,
        settled_at -> Nullable<Timestamptz>,
        note -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reading_budgets (corp_id, member_id, day, kind) {
        corp_id -> Int4,
        member_id -> Int8,
        day -> Date,
        kind -> Text,
        people -> Int8,
        at_night -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reading_lifts (corp_id, lift_id) {
        corp_id -> Int4,
        lift_id -> Int8,
        member_id -> Int8,
        day -> Date,
        kind -> Text,
        people -> Int8,
        reason -> Bytea,
        given_by -> Int8,
        given_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reminder_rule_acts (corp_id, act_id) {
        corp_id -> Int4,
        act_id -> Int8,
        rule_id -> Int8,
        act -> Text,
        name -> Text,
        definition -> Jsonb,
        by_member -> Nullable<Int8>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reminder_rules (corp_id, rule_id) {
        corp_id -> Int4,
        rule_id -> Int8,
        form_id -> Int8,
        name -> Text,
        definition -> Jsonb,
        state -> Text,
        revision -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reminder_settings (corp_id) {
        corp_id -> Int4,
        quiet -> Nullable<Jsonb>,
        most_a_day -> Int4,
        by_member -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    report_answers (corp_id, retention, month, report_id, revision) {
        corp_id -> Int4,
        retention -> Text,
        month -> Date,
        report_id -> Int8,
        revision -> Int4,
        answers -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    report_revisions (corp_id, report_id, revision) {
        corp_id -> Int4,
        report_id -> Int8,
        revision -> Int4,
        form_version_id -> Int8,
        state -> Text,
        facts -> Jsonb,
        flags -> Array<Nullable<Text>>,
        carried -> Array<Nullable<Text>>,
        source -> Text,
        reason -> Nullable<Bytea>,
        by_member -> Nullable<Int8>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reports (corp_id, report_id) {
        corp_id -> Int4,
        report_id -> Int8,
        form_id -> Int8,
        person_id -> Int8,
        day -> Nullable<Date>,
        slot -> Int2,
        occurrence -> Int4,
        form_version_id -> Int8,
        revision -> Int4,
        receipt -> Text,
        state -> Text,
        facts -> Jsonb,
        flags -> Array<Nullable<Text>>,
        late -> Bool,
        source -> Text,
        retention -> Text,
        month -> Date,
        submitted_at -> Timestamptz,
        revised_at -> Timestamptz,
        changed_in -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    residences (corp_id, residence_id) {
        corp_id -> Int4,
        residence_id -> Int8,
        person_id -> Int8,
        bed_id -> Int8,
        from_date -> Date,
        until_date -> Nullable<Date>,
        source -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    retention_holds (corp_id, hold_id) {
        corp_id -> Int4,
        hold_id -> Int8,
        form_id -> Int8,
        reason -> Text,
        until_date -> Date,
        set_by -> Int8,
        set_at -> Timestamptz,
        lifted_by -> Nullable<Int8>,
        lifted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    retention_purges (corp_id, purge_id) {
        corp_id -> Int4,
        purge_id -> Int8,
        form_id -> Int8,
        policy -> Text,
        days -> Int4,
        ends_on -> Date,
        operator -> Nullable<Text>,
        began_at -> Timestamptz,
        months -> Array<Nullable<Date>>,
        data_keys -> Array<Nullable<Text>>,
        keys_at -> Nullable<Timestamptz>,
        step -> Int2,
        months_done -> Int4,
        after_report -> Int8,
        after_revision -> Int4,
        counts -> Array<Nullable<Int8>>,
        rows_hash -> Bytea,
        ended_at -> Nullable<Timestamptz>,
        certificate -> Nullable<Text>,
        certified_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    retention_runs (corp_id, class) {
        corp_id -> Int4,
        class -> Text,
        ran_at -> Timestamptz,
        removed_at -> Nullable<Timestamptz>,
        removed -> Int8,
        unrecorded -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    review_acts (corp_id, act_id) {
        corp_id -> Int4,
        act_id -> Int8,
        report_id -> Int8,
        act -> Text,
        revision -> Int4,
        note -> Nullable<Bytea>,
        by_member -> Nullable<Int8>,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    review_warnings (corp_id, report_id, member_id) {
        corp_id -> Int4,
        report_id -> Int8,
        member_id -> Int8,
        planned_at -> Timestamptz,
        told_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    reviews (corp_id, report_id) {
        corp_id -> Int4,
        report_id -> Int8,
        state -> Text,
        flags -> Array<Nullable<Text>>,
        opened_at -> Timestamptz,
        changed_at -> Timestamptz,
        warned_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    roster_changes (corp_id, changed_in) {
        corp_id -> Int4,
        changed_in -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    school_days (corp_id, day) {
        corp_id -> Int4,
        day -> Date,
        kind -> Text,
        name -> Text,
        by_member -> Int8,
        at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    second_factor_recoveries (corp_id, member_id, hash) {
        corp_id -> Int4,
        member_id -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    second_factors (corp_id, member_id) {
        corp_id -> Int4,
        member_id -> Int8,
        secret -> Bytea,
        begun_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        used_step -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    security_events (corp_id, event_id) {
        corp_id -> Int4,
        event_id -> Int8,
        at -> Timestamptz,
        kind -> Text,
        member_id -> Nullable<Int8>,
        reason -> Text,
        channel -> Text,
        network -> Text,
        operation -> Text,
        times -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sessions (session_hash) {
        session_hash -> Bytea,
        corp_id -> Int4,
        member_id -> Int8,
        signed_in_at -> Timestamptz,
        seen_at -> Timestamptz,
        idle_until -> Timestamptz,
        ends_at -> Timestamptz,
        session_id -> Int8,
        channel -> Text,
        system -> Text,
        browser -> Text,
        proven_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sign_in_flows (state_hash) {
        state_hash -> Bytea,
        binding_hash -> Bytea,
        corp_id -> Int4,
        return_to -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        session_hash -> Nullable<Bytea>,
        consent_of -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sign_offs (corp_id, sign_off_id) {
        corp_id -> Int4,
        sign_off_id -> Int8,
        form_id -> Int8,
        day -> Nullable<Date>,
        slot -> Int2,
        department_id -> Int4,
        expected -> Int4,
        reported -> Int4,
        abnormal -> Int4,
        note -> Nullable<Bytea>,
        by_member -> Int8,
        at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    staging_departments (corp_id, run_id, department_id) {
        corp_id -> Int4,
        run_id -> Int8,
        department_id -> Int4,
        name -> Text,
        parent_id -> Int4,
        sort_order -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    staging_member_departments (corp_id, run_id, userid_key, department_id) {
        corp_id -> Int4,
        run_id -> Int8,
        userid_key -> Text,
        department_id -> Int4,
        is_leader -> Nullable<Bool>,
        sort_order -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    staging_members (corp_id, run_id, userid_key) {
        corp_id -> Int4,
        run_id -> Int8,
        userid -> Text,
        userid_key -> Text,
        name -> Nullable<Text>,
        position -> Nullable<Text>,
        status -> Nullable<Int2>,
        main_department_id -> Nullable<Int4>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    status_changes (corp_id, change_id) {
        corp_id -> Int4,
        change_id -> Int8,
        person_id -> Int8,
        kind -> Text,
        from_date -> Date,
        department_before -> Nullable<Int4>,
        department_id -> Nullable<Int4>,
        before -> Jsonb,
        after -> Jsonb,
        reason -> Bytea,
        source -> Text,
        change_set_id -> Nullable<Int8>,
        made_by -> Nullable<Int8>,
        made_at -> Timestamptz,
        revoked_by -> Nullable<Int8>,
        revoked_at -> Nullable<Timestamptz>,
        revoke_reason -> Nullable<Bytea>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sync_held (corp_id, run_id, kind, subject) {
        corp_id -> Int4,
        run_id -> Int8,
        kind -> Text,
        subject -> Text,
        name -> Text,
        place -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sync_runs (corp_id, run_id) {
        corp_id -> Int4,
        run_id -> Int8,
        trigger -> Text,
        state -> Text,
        started_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        departments_seen -> Int4,
        members_seen -> Int4,
        members_not_visible -> Int4,
        rows_added -> Int4,
        rows_changed -> Int4,
        rows_closed -> Int4,
        members_closed -> Int4,
        reverted_at -> Nullable<Timestamptz>,
        rows_held -> Int4,
        held_digest -> Nullable<Bytea>,
        reason -> Nullable<Text>,
        tags_seen -> Int4,
        tag_gaps -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    tag_departments (corp_id, tag_id, department_id, from_date) {
        corp_id -> Int4,
        tag_id -> Int4,
        department_id -> Int4,
        from_date -> Date,
        until_date -> Nullable<Date>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    tag_members (corp_id, tag_id, member_id, from_date) {
        corp_id -> Int4,
        tag_id -> Int4,
        member_id -> Int8,
        from_date -> Date,
        until_date -> Nullable<Date>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    tags (corp_id, tag_id) {
        corp_id -> Int4,
        tag_id -> Int4,
        name -> Text,
        closed_on -> Nullable<Date>,
        run_id -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    tiles (corp_id, member_id) {
        corp_id -> Int4,
        member_id -> Int8,
        wanted -> Text,
        shown -> Nullable<Text>,
        not_before -> Timestamptz,
        at -> Timestamptz,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    trips (corp_id, report_id) {
        corp_id -> Int4,
        report_id -> Int8,
        person_id -> Int8,
        left_on -> Date,
        returned_on -> Nullable<Date>,
        region -> Text,
        transport -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    usage_records (corp_id, record_id) {
        corp_id -> Int4,
        record_id -> Int8,
        recorded_on -> Date,
        account -> Text,
        name -> Text,
        place -> Nullable<Text>,
        state -> Text,
        last_used_on -> Nullable<Date>,
        client -> Nullable<Text>,
        as_of -> Timestamptz,
        entered_by -> Int8,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    used_codes (corp_id, code_hash) {
        corp_id -> Int4,
        code_hash -> Bytea,
        used_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    visitors (corp_id, visitor_id) {
        corp_id -> Int4,
        visitor_id -> Int8,
        host_id -> Int8,
        request_key -> Text,
        name -> Text,
        phone -> Bytea,
        about -> Bytea,
        zones -> Array<Nullable<Int8>>,
        from_time -> Timestamptz,
        until_time -> Timestamptz,
        token_hash -> Bytea,
        invited_by -> Int8,
        invited_at -> Timestamptz,
        cancelled_at -> Nullable<Timestamptz>,
        cancelled_by -> Nullable<Int8>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    visits (corp_id, day, member_id, module) {
        corp_id -> Int4,
        day -> Date,
        member_id -> Int8,
        module -> Text,
        client -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    wecom_budgets (corp_id, api) {
        corp_id -> Int4,
        api -> Text,
        minute_begins -> Timestamptz,
        minute_calls -> Int8,
        hour_begins -> Timestamptz,
        hour_calls -> Int8,
        paused_until -> Nullable<Timestamptz>,
        paused_code -> Nullable<Int8>,
        strikes -> Int4,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    wecom_tokens (corp_id, app, kind) {
        corp_id -> Int4,
        app -> Text,
        kind -> Text,
        value -> Nullable<Bytea>,
        digest -> Nullable<Bytea>,
        obtained_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        refreshing_until -> Nullable<Timestamptz>,
        refused_code -> Nullable<Int8>,
        refused_hint -> Nullable<Text>,
        refused_since -> Nullable<Timestamptz>,
        refused_until -> Nullable<Timestamptz>,
        refused_credentials -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    workbenches (corp_id) {
        corp_id -> Int4,
        template_at -> Nullable<Timestamptz>,
        menu -> Nullable<Text>,
        counted_at -> Nullable<Timestamptz>,
        last_report -> Nullable<Int8>,
        pause_until -> Nullable<Timestamptz>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    write_plans (corp_id, plan_id) {
        corp_id -> Int4,
        plan_id -> Int8,
        state -> Text,
        steps -> Int4,
        digest -> Bytea,
        made_by -> Int8,
        made_at -> Timestamptz,
        approved_by -> Nullable<Int8>,
        approved_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    write_steps (corp_id, plan_id, step_no) {
        corp_id -> Int4,
        plan_id -> Int8,
        step_no -> Int4,
        kind -> Text,
        subject -> Text,
        name -> Text,
        before -> Text,
        after -> Text,
        departments -> Array<Nullable<Int4>>,
        before_departments -> Array<Nullable<Int4>>,
        before_name -> Nullable<Text>,
        needs_step -> Nullable<Int4>,
        phone -> Nullable<Bytea>,
        state -> Text,
        attempts -> Int4,
        result_id -> Nullable<Int4>,
        code -> Nullable<Int8>,
        message -> Nullable<Text>,
        at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(announcements -> corps (corp_id));
diesel::joinable!(approvals -> corps (corp_id));
diesel::joinable!(audit_chain -> corps (corp_id));
diesel::joinable!(audit_cuts -> corps (corp_id));
diesel::joinable!(audit_events -> corps (corp_id));
diesel::joinable!(audit_heads -> corps (corp_id));
diesel::joinable!(audit_keys -> corps (corp_id));
diesel::joinable!(audit_unsealed -> corps (corp_id));
diesel::joinable!(beds -> corps (corp_id));
diesel::joinable!(card_updates -> corps (corp_id));
diesel::joinable!(change_sets -> corps (corp_id));
diesel::joinable!(changes -> corps (corp_id));
diesel::joinable!(corp_hosts -> corps (corp_id));
diesel::joinable!(departments -> corps (corp_id));
diesel::joinable!(digest_rules -> corps (corp_id));
diesel::joinable!(download_tickets -> corps (corp_id));
diesel::joinable!(export_templates -> corps (corp_id));
diesel::joinable!(exports -> corps (corp_id));
diesel::joinable!(forms -> corps (corp_id));
diesel::joinable!(gate_keys -> corps (corp_id));
diesel::joinable!(gate_zones -> corps (corp_id));
diesel::joinable!(heartbeats -> corps (corp_id));
diesel::joinable!(inbox -> corps (corp_id));
diesel::joinable!(invitation_rounds -> corps (corp_id));
diesel::joinable!(jobs -> corps (corp_id));
diesel::joinable!(kind_rules -> corps (corp_id));
diesel::joinable!(mailings -> corps (corp_id));
diesel::joinable!(members -> corps (corp_id));
diesel::joinable!(outages -> corps (corp_id));
diesel::joinable!(outbox_batches -> corps (corp_id));
diesel::joinable!(persons -> corps (corp_id));
diesel::joinable!(platform_collections -> corps (corp_id));
diesel::joinable!(platform_figures -> corps (corp_id));
diesel::joinable!(platform_livings -> corps (corp_id));
diesel::joinable!(platform_records -> corps (corp_id));
diesel::joinable!(portal_entries -> corps (corp_id));
diesel::joinable!(privacy_notices -> corps (corp_id));
diesel::joinable!(readers -> corps (corp_id));
diesel::joinable!(reminder_rule_acts -> corps (corp_id));
diesel::joinable!(reminder_settings -> corps (corp_id));
diesel::joinable!(retention_runs -> corps (corp_id));
diesel::joinable!(roster_changes -> corps (corp_id));
diesel::joinable!(school_days -> corps (corp_id));
diesel::joinable!(security_events -> corps (corp_id));
diesel::joinable!(sessions -> corps (corp_id));
diesel::joinable!(sign_in_flows -> corps (corp_id));
diesel::joinable!(sync_runs -> corps (corp_id));
diesel::joinable!(tags -> corps (corp_id));
diesel::joinable!(usage_records -> corps (corp_id));
diesel::joinable!(used_codes -> corps (corp_id));
diesel::joinable!(visitors -> corps (corp_id));
diesel::joinable!(visits -> corps (corp_id));
diesel::joinable!(wecom_budgets -> corps (corp_id));
diesel::joinable!(wecom_tokens -> corps (corp_id));
diesel::joinable!(workbenches -> corps (corp_id));
diesel::joinable!(write_plans -> corps (corp_id));

diesel::allow_tables_to_appear_in_same_query!(
    access_log,
    announcement_recalls,
    announcements,
    approvals,
    attachments,
    audit_chain,
    audit_cuts,
    audit_events,
    audit_heads,
    audit_keys,
    audit_unsealed,
    beds,
    card_updates,
    change_sets,
    changes,
    consents,
    corp_hosts,
    corps,
    corrections,
    data_copies,
    department_versions,
    departments,
    digest_rules,
    download_tickets,
    exemptions,
    export_chunks,
    export_downloads,
    export_templates,
    exports,
    follow_ups,
    form_acts,
    form_versions,
    forms,
    gate_alarms,
    gate_devices,
    gate_keys,
    gate_pairings,
    gate_permits,
    gate_presence,
    gate_pseudonyms,
    gate_zones,
    gates,
    grant_acts,
    grants,
    heartbeats,
    idempotency_keys,
    inbox,
    invitation_rounds,
    invitations,
    jobs,
    kind_persons,
    kind_pins,
    kind_rules,
    mailing_contents,
    mailings,
    member_departments,
    member_versions,
    members,
    memberships,
    movement_sign_offs,
    notice_agreements,
    outages,
    outbox,
    outbox_batches,
    passages,
    person_fields,
    persons,
    phone_corrections,
    photo_chunks,
    photo_results,
    photo_uploads,
    photos,
    platform_collections,
    platform_figures,
    platform_livings,
    platform_records,
    portal_entries,
    portal_listed,
    portal_lists,
    portal_passes,
    portal_reminders,
    portal_totals,
    privacy_notices,
    readers,
    reading_alarms,
    reading_budgets,
    reading_lifts,
    reminder_rule_acts,
    reminder_rules,
    reminder_settings,
    report_answers,
    report_revisions,
    reports,
    residences,
    retention_holds,
    retention_purges,
    retention_runs,
    review_acts,
    review_warnings,
    reviews,
    roster_changes,
    school_days,
    second_factor_recoveries,
    second_factors,
    security_events,
    sessions,
    sign_in_flows,
    sign_offs,
    staging_departments,
    staging_member_departments,
    staging_members,
    status_changes,
    sync_held,
    sync_runs,
    tag_departments,
    tag_members,
    tags,
    tiles,
    trips,
    usage_records,
    used_codes,
    visitors,
    visits,
    wecom_budgets,
    wecom_tokens,
    workbenches,
    write_plans,
    write_steps,
);
