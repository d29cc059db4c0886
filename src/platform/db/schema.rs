//! The tables as Diesel sees them. Kept in step with `migrations/` by hand; the schema test compares both.

diesel::table! {
    import_column (practice_id, header) {
        practice_id -> Binary,
        header -> Text,
        column_name -> Nullable<Text>,
    }
}

diesel::table! {
    import_file (practice_id, import_id) {
        practice_id -> Binary,
        import_id -> Binary,
        staff_id -> Binary,
        name -> Text,
        body -> Binary,
        created_at -> BigInt,
        rows_done -> BigInt,
        created -> BigInt,
        updated -> BigInt,
    }
}

diesel::table! {
    practice (practice_id) {
        practice_id -> Binary,
        slug -> Text,
        name -> Text,
        time_zone -> Text,
        language -> Text,
        accent -> Text,
        phone -> Text,
        text_phone -> Text,
        email -> Text,
        website -> Text,
        postal_address -> Text,
        policy -> Text,
        suspended_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        private_path -> Text,
    }
}

diesel::table! {
    staff_member (practice_id, staff_id) {
        practice_id -> Binary,
        staff_id -> Binary,
        email -> Text,
        email_key -> Text,
        name -> Text,
        role -> Text,
        state -> Text,
        password_hash -> Nullable<Text>,
        last_sign_in_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    one_time_link (practice_id, link_id) {
        practice_id -> Binary,
        link_id -> Binary,
        purpose -> Text,
        subject_id -> Text,
        token_hash -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session (practice_id, token_hash) {
        practice_id -> Binary,
        token_hash -> Text,
        audience -> Text,
        subject_id -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        source -> Text,
        agent -> Text,
        in_view -> Nullable<Binary>,
        locked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    known_device (practice_id, token_hash, subject_id) {
        practice_id -> Binary,
        token_hash -> Text,
        subject_id -> Text,
        audience -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    person (practice_id, person_id) {
        practice_id -> Binary,
        person_id -> Binary,
        first_name -> Text,
        middle_name -> Text,
        last_name -> Text,
        suffix -> Text,
        former_last_names -> Text,
        preferred_name -> Text,
        pronouns -> Text,
        language -> Text,
        time_zone -> Text,
        birth_date -> Nullable<Text>,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        emancipated_on -> Nullable<Text>,
        deceased_on -> Nullable<Text>,
        contact_mode -> Text,
        safe_address -> Nullable<Text>,
        mail_wishes -> Text,
        postal_address -> Text,
        pharmacy -> Text,
        sex -> Text,
    }
}

diesel::table! {
    person_address (practice_id, address_id) {
        practice_id -> Binary,
        address_id -> Binary,
        person_id -> Binary,
        kind -> Text,
        label -> Text,
        value -> Text,
        value_key -> Text,
        may_mail -> Bool,
        position -> Integer,
        undeliverable_at -> Nullable<BigInt>,
        undeliverable_reason -> Nullable<Text>,
        retried_at -> Nullable<BigInt>,
        refused_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    chart (practice_id, chart_id) {
        practice_id -> Binary,
        chart_id -> Binary,
        chart_number -> Text,
        chart_number_key -> Text,
        person_id -> Binary,
        owner_person_id -> Binary,
        state -> Text,
        sort_key -> Text,
        search_text -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        undo_until -> Nullable<BigInt>,
        client_view_until -> Nullable<Text>,
        jurisdiction -> Text,
        note_count -> Integer,
        frozen_at -> Nullable<BigInt>,
        emergency_count -> Integer,
    }
}

diesel::table! {
    emergency_contact (practice_id, contact_id) {
        practice_id -> Binary,
        contact_id -> Binary,
        chart_id -> Binary,
        account_id -> Nullable<Binary>,
        position -> Integer,
        name -> Text,
        relation -> Text,
        phone -> Text,
        by_name -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    related_contact (practice_id, chart_id, person_id) {
        practice_id -> Binary,
        chart_id -> Binary,
        person_id -> Binary,
        relation -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    portal_account (practice_id, account_id) {
        practice_id -> Binary,
        account_id -> Binary,
        sign_in_name -> Text,
        sign_in_key -> Text,
        email -> Text,
        language -> Text,
        password_hash -> Text,
        last_sign_in_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    portal_access (practice_id, access_id) {
        practice_id -> Binary,
        access_id -> Binary,
        chart_id -> Binary,
        person_id -> Binary,
        role -> Text,
        rights -> Text,
        ends_on -> Nullable<Text>,
        state -> Text,
        generation -> Integer,
        expires_at -> Nullable<BigInt>,
        mismatches -> Integer,
        invited_address -> Nullable<Text>,
        asked_at -> Nullable<BigInt>,
        account_practice_id -> Nullable<Binary>,
        account_id -> Nullable<Binary>,
        since_at -> BigInt,
        by_name -> Text,
        reason -> Text,
        ended_by -> Nullable<Text>,
        registered_at -> Nullable<BigInt>,
        not_now_at -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> BigInt,
        basis -> Text,
        starts_on -> Nullable<Text>,
        paused_at -> Nullable<BigInt>,
        paused_by_name -> Text,
        paused_reason -> Text,
        assent_at -> Nullable<BigInt>,
        assent_by_name -> Text,
    }
}

diesel::table! {
    part2_consent (practice_id, consent_id) {
        practice_id -> Binary,
        consent_id -> Binary,
        access_id -> Binary,
        purpose -> Text,
        until_on -> Nullable<Text>,
        by_name -> Text,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        revoked_by_name -> Text,
    }
}

diesel::table! {
    withheld (practice_id, withheld_id) {
        practice_id -> Binary,
        withheld_id -> Binary,
        access_id -> Binary,
        kept_right -> Nullable<Text>,
        item_kind -> Nullable<Text>,
        item_id -> Nullable<Binary>,
        reason -> Text,
        until_on -> Nullable<Text>,
        by_name -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by_name -> Text,
        from_on -> Nullable<Text>,
        note_id -> Nullable<Binary>,
    }
}

diesel::table! {
    staff_note (practice_id, note_id) {
        practice_id -> Binary,
        note_id -> Binary,
        chart_id -> Binary,
        access_id -> Nullable<Binary>,
        kind -> Text,
        effect -> Text,
        kept_rights -> Text,
        body -> Text,
        from_on -> Nullable<Text>,
        until_on -> Nullable<Text>,
        reason -> Text,
        by_name -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by_name -> Text,
        ended_reason -> Text,
        document_id -> Nullable<Binary>,
    }
}

diesel::table! {
    reminder (practice_id, invitation_id, hours) {
        practice_id -> Binary,
        invitation_id -> Binary,
        hours -> BigInt,
        sent_at -> BigInt,
    }
}

diesel::table! {
    invitation (practice_id, invitation_id) {
        practice_id -> Binary,
        invitation_id -> Binary,
        access_id -> Binary,
        generation -> Integer,
        channel -> Text,
        state -> Text,
        token_hash -> Text,
        code_hash -> Nullable<Text>,
        address -> Nullable<Text>,
        sent_at -> BigInt,
        expires_at -> BigInt,
        sent_by_name -> Text,
        opened_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        sealed_token -> Nullable<Binary>,
        differed -> Text,
    }
}

diesel::table! {
    outbox (practice_id, mail_id) {
        practice_id -> Binary,
        mail_id -> Binary,
        kind -> Text,
        dedupe_key -> Text,
        chart_id -> Nullable<Binary>,
        access_id -> Nullable<Binary>,
        subject_kind -> Nullable<Text>,
        subject_id -> Nullable<Binary>,
        recipient -> Text,
        payload -> Nullable<Binary>,
        state -> Text,
        due_at -> BigInt,
        lease_until -> Nullable<BigInt>,
        attempt -> Integer,
        tries -> Integer,
        message_id -> Text,
        last_code -> Nullable<Text>,
        last_reason -> Nullable<Text>,
        created_at -> BigInt,
        first_try_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        bounced_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    due_job (practice_id, job_id) {
        practice_id -> Binary,
        job_id -> Binary,
        kind -> Text,
        subject -> Binary,
        due_at -> BigInt,
        state -> Text,
        attempt -> Integer,
        tries -> Integer,
        crashes -> Integer,
        lease_until -> Nullable<BigInt>,
        leased_by -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> BigInt,
    }
}

diesel::table! {
    audit_event (practice_id, event_id) {
        practice_id -> Binary,
        event_id -> Binary,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Text,
        actor_name -> Text,
        chart_id -> Nullable<Binary>,
        access_id -> Nullable<Binary>,
        action -> Text,
        old_state -> Text,
        new_state -> Text,
        source -> Text,
        details -> Text,
        mac -> Text,
    }
}

diesel::table! {
    audit_seal (practice_id, seq) {
        practice_id -> Binary,
        seq -> BigInt,
        event_id -> Binary,
        hash -> Text,
    }
}

diesel::table! {
    audit_unsealed (practice_id, event_id) {
        practice_id -> Binary,
        event_id -> Binary,
    }
}

diesel::table! {
    audit_head (practice_id) {
        practice_id -> Binary,
        seq -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    document (practice_id, document_id) {
        practice_id -> Binary,
        document_id -> Binary,
        chart_id -> Binary,
        title -> Text,
        kind -> Text,
        created_at -> BigInt,
        created_by_name -> Text,
        withdrawn_at -> Nullable<BigInt>,
        label -> Nullable<Text>,
        state -> Text,
        current_version -> Integer,
        withdrawn_by_name -> Text,
        withdrawn_reason -> Text,
        version -> BigInt,
        expires_on -> Nullable<Text>,
        revoked_at -> Nullable<BigInt>,
        revoked_by_name -> Text,
        revocation_seen_at -> Nullable<BigInt>,
        revocation_day -> Nullable<Text>,
        revocation_way -> Nullable<Text>,
        revocation_note -> Text,
        revocation_recorded_by_name -> Text,
    }
}

diesel::table! {
    document_version (practice_id, document_id, number) {
        practice_id -> Binary,
        document_id -> Binary,
        number -> Integer,
        body -> Nullable<Text>,
        blob_id -> Nullable<Binary>,
        file_name -> Text,
        created_at -> BigInt,
        by_name -> Text,
        template_id -> Nullable<Binary>,
        template_number -> Nullable<Integer>,
        language -> Nullable<Text>,
        merged -> Nullable<Text>,
    }
}

diesel::table! {
    held_upload (practice_id, upload_id) {
        practice_id -> Binary,
        upload_id -> Binary,
        purpose -> Text,
        title -> Text,
        kind -> Nullable<Text>,
        label -> Nullable<Text>,
        document_id -> Nullable<Binary>,
        access_id -> Nullable<Binary>,
        account_id -> Nullable<Binary>,
        by_name -> Text,
        source -> Text,
        tries -> Integer,
        held_at -> BigInt,
    }
}

diesel::table! {
    document_request (practice_id, request_id) {
        practice_id -> Binary,
        request_id -> Binary,
        chart_id -> Binary,
        access_id -> Binary,
        account_id -> Binary,
        kind -> Text,
        wanted -> Text,
        blob_id -> Nullable<Binary>,
        file_name -> Text,
        state -> Text,
        document_id -> Nullable<Binary>,
        answer -> Text,
        asked_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by_name -> Text,
        notice -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    template (practice_id, template_id) {
        practice_id -> Binary,
        template_id -> Binary,
        name -> Text,
        newest_number -> Integer,
        published_number -> Nullable<Integer>,
        retired_at -> Nullable<BigInt>,
        changed_at -> BigInt,
        changed_by_name -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    template_version (practice_id, template_id, number) {
        practice_id -> Binary,
        template_id -> Binary,
        number -> Integer,
        kind -> Text,
        label -> Nullable<Text>,
        published_at -> Nullable<BigInt>,
        published_by_name -> Text,
    }
}

diesel::table! {
    template_text (practice_id, template_id, number, language) {
        practice_id -> Binary,
        template_id -> Binary,
        number -> Integer,
        language -> Text,
        title -> Text,
        body -> Text,
    }
}

diesel::table! {
    packet_template (practice_id, packet_template_id) {
        practice_id -> Binary,
        packet_template_id -> Binary,
        name -> Text,
        sign_days -> Integer,
        retired_at -> Nullable<BigInt>,
        changed_at -> BigInt,
        changed_by_name -> Text,
        version -> BigInt,
        in_order -> Bool,
    }
}

diesel::table! {
    packet_template_item (practice_id, packet_template_id, position) {
        practice_id -> Binary,
        packet_template_id -> Binary,
        position -> Integer,
        template_id -> Binary,
        task -> Text,
    }
}

diesel::table! {
    packet (practice_id, packet_id) {
        practice_id -> Binary,
        packet_id -> Binary,
        packet_template_id -> Binary,
        name -> Text,
        chart_id -> Binary,
        access_id -> Binary,
        sent_at -> BigInt,
        sent_by_name -> Text,
        withdrawn_at -> Nullable<BigInt>,
        withdrawn_by_name -> Text,
        in_order -> Bool,
    }
}

diesel::table! {
    packet_item (practice_id, packet_id, position) {
        practice_id -> Binary,
        packet_id -> Binary,
        position -> Integer,
        document_id -> Binary,
        task -> Text,
    }
}

diesel::table! {
    packet_sending (practice_id, sending_id) {
        practice_id -> Binary,
        sending_id -> Binary,
        packet_template_id -> Binary,
        name -> Text,
        by_kind -> Text,
        by_id -> Text,
        by_name -> Text,
        begun_at -> BigInt,
        done_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    packet_sending_chart (practice_id, sending_id, position) {
        practice_id -> Binary,
        sending_id -> Binary,
        position -> Integer,
        asked -> Text,
        chart_id -> Nullable<Binary>,
        result -> Nullable<Text>,
        detail -> Text,
        packet_id -> Nullable<Binary>,
    }
}

diesel::table! {
    document_share (practice_id, document_id, access_id) {
        practice_id -> Binary,
        document_id -> Binary,
        access_id -> Binary,
        since_at -> BigInt,
        by_name -> Text,
        ended_at -> Nullable<BigInt>,
        opened_version -> Nullable<Integer>,
        notice -> Text,
        notice_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    document_reading (practice_id, document_id, access_id, number) {
        practice_id -> Binary,
        document_id -> Binary,
        access_id -> Binary,
        number -> Integer,
        opened_at -> Nullable<BigInt>,
        downloaded_at -> Nullable<BigInt>,
        last_page_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    practice_key (practice_id, purpose, generation) {
        practice_id -> Binary,
        purpose -> Text,
        generation -> Integer,
        sealed_key -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    blob (practice_id, blob_id) {
        practice_id -> Binary,
        blob_id -> Binary,
        sha256 -> Text,
        size -> BigInt,
        media_type -> Text,
        key_generation -> Integer,
        state -> Text,
        created_at -> BigInt,
        pages -> Nullable<Integer>,
    }
}

diesel::table! {
    upload (practice_id, upload_id) {
        practice_id -> Binary,
        upload_id -> Binary,
        chart_id -> Binary,
        by_kind -> Text,
        by_id -> Text,
        file_name -> Text,
        blob_id -> Binary,
        reserved -> BigInt,
        state -> Text,
        reason -> Text,
        lease_until -> BigInt,
        created_at -> BigInt,
        declared_size -> Nullable<BigInt>,
        key_generation -> Nullable<Integer>,
    }
}

diesel::table! {
    upload_part (practice_id, upload_id, number) {
        practice_id -> Binary,
        upload_id -> Binary,
        number -> Integer,
        sha256 -> Text,
    }
}

diesel::table! {
    appointment_request (practice_id, request_id) {
        practice_id -> Binary,
        request_id -> Binary,
        chart_id -> Binary,
        account_id -> Binary,
        kind -> Text,
        place -> Text,
        preferred -> Text,
        note -> Text,
        state -> Text,
        created_at -> BigInt,
        decided_at -> Nullable<BigInt>,
        decided_by -> Text,
        answer -> Text,
        version -> BigInt,
        type_id -> Nullable<Binary>,
        answer_by -> Nullable<BigInt>,
        hold_until -> Nullable<BigInt>,
        lapses_at -> Nullable<BigInt>,
        times_seq -> Integer,
        last_seq -> Integer,
    }
}

diesel::table! {
    request_step (practice_id, request_id, seq) {
        practice_id -> Binary,
        request_id -> Binary,
        seq -> Integer,
        act -> Text,
        at -> BigInt,
        account_id -> Nullable<Binary>,
        by_name -> Text,
        message -> Text,
    }
}

diesel::table! {
    request_time (practice_id, request_id, seq, position) {
        practice_id -> Binary,
        request_id -> Binary,
        seq -> Integer,
        position -> Integer,
        starts_at -> BigInt,
        ends_at -> BigInt,
        staff_id -> Binary,
        place_id -> Binary,
        struck_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    calendar_feed (practice_id, feed_id) {
        practice_id -> Binary,
        feed_id -> Binary,
        account_id -> Nullable<Binary>,
        token_hash -> Text,
        made_at -> BigInt,
        last_read_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        staff_id -> Nullable<Binary>,
        shows -> Nullable<Text>,
    }
}

diesel::table! {
    video_link (practice_id, owner_id) {
        practice_id -> Binary,
        owner_id -> Binary,
        kind -> Text,
        sealed -> Binary,
        set_at -> BigInt,
        set_by_name -> Text,
    }
}

diesel::table! {
    calendar_hold (practice_id, resource_id, starts_at, owner_id) {
        practice_id -> Binary,
        resource_id -> Binary,
        starts_at -> BigInt,
        owner_id -> Binary,
        ends_at -> BigInt,
        chart_id -> Binary,
        hold_until -> BigInt,
    }
}

diesel::table! {
    appointment (practice_id, appointment_id) {
        practice_id -> Binary,
        appointment_id -> Binary,
        request_id -> Nullable<Binary>,
        staff_id -> Binary,
        place_id -> Binary,
        kind -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        state -> Text,
        ics_sequence -> Integer,
        changed_at -> BigInt,
        created_at -> BigInt,
        version -> BigInt,
        seats -> Integer,
        seats_taken -> Integer,
        one_cancels -> Text,
        asks_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    appointment_party (practice_id, appointment_id, party_id) {
        practice_id -> Binary,
        appointment_id -> Binary,
        party_id -> Binary,
        chart_id -> Binary,
        state -> Text,
        decided_by -> Text,
        decided_at -> Nullable<BigInt>,
        reason_code -> Text,
        words -> Text,
        own_changes -> Integer,
        joined_at -> Nullable<BigInt>,
        left_starts_at -> Nullable<BigInt>,
        left_ends_at -> Nullable<BigInt>,
        left_sequence -> Nullable<Integer>,
    }
}

diesel::table! {
    series (practice_id, series_id) {
        practice_id -> Binary,
        series_id -> Binary,
        chart_id -> Binary,
        staff_id -> Binary,
        place_id -> Binary,
        kind -> Text,
        minutes -> Integer,
        rrule -> Text,
        local_time -> Text,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
        made_until -> Text,
        split_from -> Nullable<Binary>,
        state -> Text,
        version -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    series_date (practice_id, series_id, on_date) {
        practice_id -> Binary,
        series_id -> Binary,
        on_date -> Text,
        effect -> Text,
        appointment_id -> Nullable<Binary>,
        why -> Text,
    }
}

diesel::table! {
    place (practice_id, place_id) {
        practice_id -> Binary,
        place_id -> Binary,
        kind -> Text,
        name -> Text,
        time_zone -> Text,
        address -> Text,
        phone -> Text,
        directions -> Text,
        closed_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    calendar_resource (practice_id, resource_id) {
        practice_id -> Binary,
        resource_id -> Binary,
        kind -> Text,
        version -> BigInt,
        keeps_months -> Bool,
    }
}

diesel::table! {
    busy (practice_id, resource_id, starts_at, owner_id) {
        practice_id -> Binary,
        resource_id -> Binary,
        starts_at -> BigInt,
        owner_id -> Binary,
        ends_at -> BigInt,
        kind -> Text,
        exclusive -> Bool,
    }
}

diesel::table! {
    busy_month (practice_id, resource_id, month) {
        practice_id -> Binary,
        resource_id -> Binary,
        month -> Integer,
        runs -> Binary,
    }
}

diesel::table! {
    appointment_type (practice_id, type_id) {
        practice_id -> Binary,
        type_id -> Binary,
        kind -> Text,
        name -> Text,
        minutes -> Integer,
        before_minutes -> Integer,
        after_minutes -> Integer,
        grid_minutes -> Integer,
        notice_hours -> Integer,
        horizon_days -> Integer,
        who_may_ask -> Text,
        closed_at -> Nullable<BigInt>,
        version -> BigInt,
        max_parties -> Integer,
        one_cancels -> Text,
    }
}

diesel::table! {
    availability (practice_id, availability_id) {
        practice_id -> Binary,
        availability_id -> Binary,
        staff_id -> Binary,
        place_id -> Binary,
        weekday -> Integer,
        from_minute -> Integer,
        until_minute -> Integer,
        every_weeks -> Integer,
        starts_on -> Text,
        ends_on -> Nullable<Text>,
    }
}

diesel::table! {
    availability_day (practice_id, availability_id) {
        practice_id -> Binary,
        availability_id -> Binary,
        staff_id -> Binary,
        place_id -> Nullable<Binary>,
        on_date -> Text,
        effect -> Text,
        from_minute -> Integer,
        until_minute -> Integer,
    }
}

diesel::table! {
    time_off (practice_id, time_off_id) {
        practice_id -> Binary,
        time_off_id -> Binary,
        staff_id -> Nullable<Binary>,
        place_id -> Nullable<Binary>,
        from_local -> Text,
        until_local -> Text,
        note -> Text,
    }
}

diesel::table! {
    party (practice_id, party_id) {
        practice_id -> Binary,
        party_id -> Binary,
        person_id -> Binary,
        created_at -> BigInt,
        purpose -> Text,
    }
}

diesel::table! {
    charge (practice_id, charge_id) {
        practice_id -> Binary,
        charge_id -> Binary,
        chart_id -> Binary,
        on_date -> Text,
        description -> Text,
        amount -> BigInt,
        currency -> Text,
        state -> Text,
        created_by_name -> Text,
        created_at -> BigInt,
        version -> BigInt,
        encounter_id -> Nullable<Binary>,
        service_id -> Nullable<Binary>,
        code -> Text,
        modifiers -> Text,
        units -> Integer,
        insurance_id -> Nullable<Binary>,
        payer -> Text,
    }
}

diesel::table! {
    service (practice_id, service_id) {
        practice_id -> Binary,
        service_id -> Binary,
        code -> Text,
        label -> Text,
        label_es -> Text,
        units -> Integer,
        modifiers -> Text,
        state -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    service_price (practice_id, service_id, staff_id, from_on) {
        practice_id -> Binary,
        service_id -> Binary,
        staff_id -> Binary,
        from_on -> Text,
        amount -> BigInt,
        currency -> Text,
        by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    fee_agreement (practice_id, chart_id, from_on) {
        practice_id -> Binary,
        chart_id -> Binary,
        from_on -> Text,
        to_on -> Nullable<Text>,
        basis_points -> Integer,
        reason -> Text,
        by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    responsibility (practice_id, chart_id, from_on, position) {
        practice_id -> Binary,
        chart_id -> Binary,
        from_on -> Text,
        position -> Integer,
        party_id -> Binary,
        basis_points -> Integer,
        reason -> Text,
        by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    insurer (practice_id, insurer_id) {
        practice_id -> Binary,
        insurer_id -> Binary,
        name -> Text,
        name_key -> Text,
        payer_code -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    billing_insurance (practice_id, insurance_id) {
        practice_id -> Binary,
        insurance_id -> Binary,
        chart_id -> Binary,
        insurer_id -> Binary,
        member_number -> Text,
        group_number -> Text,
        subscriber -> Text,
        from_on -> Text,
        to_on -> Nullable<Text>,
        by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    encounter (practice_id, encounter_id) {
        practice_id -> Binary,
        encounter_id -> Binary,
        chart_id -> Binary,
        appointment_id -> Nullable<Binary>,
        on_date -> Text,
        staff_id -> Nullable<Binary>,
        place_of_service -> Text,
        diagnoses -> Text,
        label -> Text,
        by_name -> Text,
        created_at -> BigInt,
        supervisor_id -> Nullable<Binary>,
    }
}

diesel::table! {
    remittance (practice_id, remittance_id) {
        practice_id -> Binary,
        remittance_id -> Binary,
        insurer_id -> Binary,
        reference -> Text,
        paid_on -> Text,
        total -> BigInt,
        currency -> Text,
        by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    remittance_line (practice_id, remittance_id, n) {
        practice_id -> Binary,
        remittance_id -> Binary,
        n -> Integer,
        charge_id -> Binary,
        paid -> BigInt,
        contractual -> BigInt,
        client -> BigInt,
    }
}

diesel::table! {
    invoice (practice_id, invoice_id) {
        practice_id -> Binary,
        invoice_id -> Binary,
        number -> Text,
        chart_id -> Binary,
        party_id -> Binary,
        state -> Text,
        due_on -> Text,
        charges -> Text,
        data -> Text,
        sha256 -> Text,
        reason -> Text,
        issued_by_name -> Text,
        issued_at -> BigInt,
    }
}

diesel::table! {
    superbill (practice_id, superbill_id) {
        practice_id -> Binary,
        superbill_id -> Binary,
        number -> Text,
        chart_id -> Binary,
        party_id -> Binary,
        data -> Text,
        sha256 -> Text,
        issued_by_name -> Text,
        issued_at -> BigInt,
    }
}

diesel::table! {
    billing_identity (practice_id, staff_id) {
        practice_id -> Binary,
        staff_id -> Binary,
        npi -> Text,
        tax_id -> Text,
        credentials -> Text,
        license -> Text,
        taxonomy -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    diagnosis_words (practice_id, code) {
        practice_id -> Binary,
        code -> Text,
        words -> Text,
        by_name -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    dispute (practice_id, dispute_id) {
        practice_id -> Binary,
        dispute_id -> Binary,
        provider_id -> Text,
        payment_id -> Binary,
        chart_id -> Binary,
        amount -> BigInt,
        currency -> Text,
        state -> Text,
        withdrawn -> BigInt,
        fee -> BigInt,
        due_at -> Nullable<BigInt>,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    payment (practice_id, payment_id) {
        practice_id -> Binary,
        payment_id -> Binary,
        method -> Text,
        source -> Text,
        amount -> BigInt,
        currency -> Text,
        state -> Text,
        received_on -> Text,
        reference -> Text,
        recorded_by_name -> Text,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    payment_part (practice_id, payment_id, chart_id, party_id) {
        practice_id -> Binary,
        payment_id -> Binary,
        chart_id -> Binary,
        party_id -> Binary,
        amount -> BigInt,
    }
}

diesel::table! {
    refund (practice_id, refund_id) {
        practice_id -> Binary,
        refund_id -> Binary,
        payment_id -> Binary,
        chart_id -> Binary,
        amount -> BigInt,
        currency -> Text,
        way -> Text,
        state -> Text,
        reason -> Text,
        made_on -> Text,
        made_by_name -> Text,
        created_at -> BigInt,
        version -> BigInt,
        provider_id -> Nullable<Text>,
    }
}

diesel::table! {
    journal_head (practice_id) {
        practice_id -> Binary,
        currency -> Text,
        seq -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    journal_entry (practice_id, seq) {
        practice_id -> Binary,
        seq -> BigInt,
        entry_id -> Binary,
        kind -> Text,
        effective_on -> Text,
        recorded_at -> BigInt,
        by_name -> Text,
        chart_id -> Nullable<Binary>,
        subject -> Nullable<Binary>,
        source_key -> Text,
        reverses -> Nullable<BigInt>,
        reason -> Text,
        currency -> Text,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    posting (practice_id, seq, n) {
        practice_id -> Binary,
        seq -> BigInt,
        n -> Integer,
        account -> Text,
        chart_id -> Nullable<Binary>,
        party_id -> Nullable<Binary>,
        item_kind -> Text,
        item_id -> Nullable<Binary>,
        amount -> BigInt,
        currency -> Text,
    }
}

diesel::table! {
    balance (practice_id, chart_id, account, party_id, item_id, currency) {
        practice_id -> Binary,
        chart_id -> Binary,
        account -> Text,
        party_id -> Binary,
        item_kind -> Text,
        item_id -> Binary,
        currency -> Text,
        amount -> BigInt,
        since_on -> Text,
    }
}

diesel::table! {
    statement (practice_id, statement_id) {
        practice_id -> Binary,
        statement_id -> Binary,
        number -> Text,
        chart_id -> Binary,
        party_id -> Binary,
        kind -> Text,
        from_seq -> BigInt,
        through_seq -> BigInt,
        data -> Text,
        sha256 -> Text,
        issued_by_name -> Text,
        issued_at -> BigInt,
        period -> Nullable<Text>,
    }
}

diesel::table! {
    number_series (practice_id, kind) {
        practice_id -> Binary,
        kind -> Text,
        next -> BigInt,
    }
}

diesel::table! {
    provider_account (practice_id) {
        practice_id -> Binary,
        mode -> Text,
        state -> Text,
        sealed_key -> Binary,
        sealed_secret -> Binary,
        sealed_next -> Nullable<Binary>,
        last_event_at -> Nullable<BigInt>,
        last_check_at -> Nullable<BigInt>,
        clock_off_at -> Nullable<BigInt>,
        changed_by_name -> Text,
        changed_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    checkout (practice_id, payment_id) {
        practice_id -> Binary,
        payment_id -> Binary,
        chart_id -> Binary,
        party_id -> Binary,
        access_id -> Binary,
        amount -> BigInt,
        currency -> Text,
        charges -> Text,
        state -> Text,
        session_id -> Nullable<Text>,
        intent_id -> Nullable<Text>,
        url -> Nullable<Text>,
        card -> Text,
        received -> Nullable<BigInt>,
        created_at -> BigInt,
        looked_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        version -> BigInt,
        returned_beyond -> BigInt,
    }
}

diesel::table! {
    provider_event (practice_id, event_id) {
        practice_id -> Binary,
        event_id -> Text,
        kind -> Text,
        object_id -> Text,
        created_at -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    provider_task (practice_id, task_id) {
        practice_id -> Binary,
        task_id -> Binary,
        kind -> Text,
        subject -> Binary,
        object_id -> Text,
        call -> Nullable<Text>,
        state -> Text,
        attempt -> Integer,
        tries -> Integer,
        next_at -> BigInt,
        last_error -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    receipt (practice_id, payment_id) {
        practice_id -> Binary,
        payment_id -> Binary,
        number -> Text,
        issued_at -> BigInt,
    }
}

diesel::table! {
    frequent_question (practice_id, question_id) {
        practice_id -> Binary,
        question_id -> Binary,
        language -> Text,
        position -> Integer,
        question -> Text,
        answer -> Text,
    }
}

diesel::table! {
    api_key (practice_id, key_id) {
        practice_id -> Binary,
        key_id -> Binary,
        name -> Text,
        key_hash -> Text,
        scopes -> Text,
        created_by -> Nullable<Binary>,
        created_by_name -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    handled_request (practice_id, request_key) {
        practice_id -> Binary,
        request_key -> Text,
        request_hash -> Text,
        answer -> Text,
        keep_until -> BigInt,
    }
}

diesel::table! {
    form_draft (practice_id, draft_hash) {
        practice_id -> Binary,
        draft_hash -> Text,
        owner_hash -> Text,
        sealed -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    attempt_counter (practice_id, bucket, window_start) {
        practice_id -> Binary,
        bucket -> Text,
        window_start -> BigInt,
        tries -> Integer,
    }
}

diesel::table! {
    jurisdiction (practice_id, code) {
        practice_id -> Binary,
        code -> Text,
        majority_age -> Integer,
        leap_day -> Text,
        age_rules -> Integer,
        name -> Text,
        source -> Text,
        confirmed_by_name -> Text,
    }
}

diesel::table! {
    message_thread (practice_id, thread_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        chart_id -> Binary,
        subject -> Text,
        audience -> Text,
        staff_id -> Nullable<Binary>,
        state -> Text,
        waiting -> Text,
        asked_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
        last_seq -> Integer,
        last_at -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
        read_from_seq -> Integer,
    }
}

diesel::table! {
    staff_away (practice_id, away_id) {
        practice_id -> Binary,
        away_id -> Binary,
        staff_id -> Binary,
        cover_staff_id -> Nullable<Binary>,
        from_at -> BigInt,
        until_at -> BigInt,
        set_by_name -> Text,
        set_at -> BigInt,
    }
}

diesel::table! {
    thread_party (practice_id, thread_id, party_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        party_id -> Binary,
        person_id -> Nullable<Binary>,
        staff_id -> Nullable<Binary>,
        from_seq -> Integer,
        until_seq -> Nullable<Integer>,
        added_by_name -> Text,
        added_at -> BigInt,
    }
}

diesel::table! {
    message (practice_id, thread_id, seq) {
        practice_id -> Binary,
        thread_id -> Binary,
        seq -> Integer,
        message_id -> Binary,
        side -> Text,
        author_kind -> Text,
        author_id -> Binary,
        author_name -> Text,
        body -> Text,
        sent_at -> BigInt,
        search_text -> Text,
        kind -> Text,
        withdrawn_at -> Nullable<BigInt>,
        ended_asked_at -> Nullable<BigInt>,
        ended_due_at -> Nullable<BigInt>,
        left_audience -> Nullable<Text>,
        left_staff_id -> Nullable<Binary>,
        left_from_seq -> Nullable<Integer>,
    }
}

diesel::table! {
    message_withdrawn (practice_id, thread_id, seq) {
        practice_id -> Binary,
        thread_id -> Binary,
        seq -> Integer,
        body -> Text,
        files -> Text,
        by_name -> Text,
    }
}

diesel::table! {
    thread_gap (practice_id, thread_id, person_id, seq) {
        practice_id -> Binary,
        thread_id -> Binary,
        person_id -> Binary,
        seq -> Integer,
    }
}

diesel::table! {
    thread_note (practice_id, thread_id, note_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        note_id -> Binary,
        seq -> Integer,
        staff_id -> Binary,
        author_name -> Text,
        body -> Text,
        written_at -> BigInt,
    }
}

diesel::table! {
    thread_opening (practice_id, thread_id, staff_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        staff_id -> Binary,
        until_at -> BigInt,
    }
}

diesel::table! {
    message_attachment (practice_id, thread_id, seq, position) {
        practice_id -> Binary,
        thread_id -> Binary,
        seq -> Integer,
        position -> Integer,
        blob_id -> Binary,
        file_name -> Text,
    }
}

diesel::table! {
    message_draft (practice_id, writer_kind, writer_id, chart_id, thread_id) {
        practice_id -> Binary,
        writer_kind -> Text,
        writer_id -> Binary,
        chart_id -> Binary,
        thread_id -> Binary,
        addressee -> Text,
        sender -> Text,
        subject -> Text,
        body -> Text,
        files -> Text,
        revision -> Integer,
        updated_at -> BigInt,
    }
}

diesel::table! {
    thread_read (practice_id, thread_id, reader_kind, reader_id) {
        practice_id -> Binary,
        thread_id -> Binary,
        reader_kind -> Text,
        reader_id -> Binary,
        seq -> Integer,
        at -> BigInt,
    }
}

diesel::table! {
    notice (practice_id, reader_kind, reader_id) {
        practice_id -> Binary,
        reader_kind -> Text,
        reader_id -> Binary,
        last_sent_at -> Nullable<BigInt>,
        version -> BigInt,
    }
}

diesel::table! {
    chart_change (practice_id, change_id) {
        practice_id -> Binary,
        change_id -> Binary,
        chart_id -> Binary,
        from_person_id -> Binary,
        to_person_id -> Binary,
        by_name -> Text,
        changed_at -> BigInt,
        undo_until -> BigInt,
        undone_at -> Nullable<BigInt>,
        undone_by_name -> Text,
    }
}

diesel::table! {
    chart_change_grant (practice_id, change_id, access_id) {
        practice_id -> Binary,
        change_id -> Binary,
        access_id -> Binary,
        role -> Text,
        rights -> Text,
        rights_then -> Text,
        standing -> Text,
    }
}

diesel::table! {
    age_rule (practice_id, rule_id) {
        practice_id -> Binary,
        rule_id -> Binary,
        jurisdiction -> Text,
        from_age -> Integer,
        bases -> Text,
        caps -> Text,
        assent -> Text,
        effective_from -> Text,
        effective_until -> Nullable<Text>,
        source -> Text,
        confirmed_by_name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    access_notice (practice_id, access_id) {
        practice_id -> Binary,
        access_id -> Binary,
        on_day -> Text,
        days -> Integer,
        mailed_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    signing (practice_id, signing_id) {
        practice_id -> Binary,
        signing_id -> Binary,
        document_id -> Binary,
        round -> Integer,
        number -> Integer,
        sha256 -> Text,
        state -> Text,
        deadline -> BigInt,
        created_at -> BigInt,
        created_by_name -> Text,
        ended_at -> Nullable<BigInt>,
        ended_by_name -> Text,
        reason -> Text,
        seen_at -> Nullable<BigInt>,
        events -> Integer,
        chain_head -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    signer (practice_id, signer_id) {
        practice_id -> Binary,
        signer_id -> Binary,
        signing_id -> Binary,
        position -> Integer,
        role -> Text,
        access_id -> Nullable<Binary>,
        staff_id -> Nullable<Binary>,
        printed_name -> Text,
        state -> Text,
        opened_at -> Nullable<BigInt>,
        settled_at -> Nullable<BigInt>,
        mark_kind -> Nullable<Text>,
        mark -> Nullable<Text>,
        mails -> Integer,
        mailed_at -> Nullable<BigInt>,
        hosted_by_name -> Nullable<Text>,
    }
}

diesel::table! {
    in_person (practice_id, in_person_id) {
        practice_id -> Binary,
        in_person_id -> Binary,
        signer_id -> Binary,
        staff_id -> Binary,
        staff_name -> Text,
        session_hash -> Text,
        started_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        consented_at -> Nullable<BigInt>,
        consent_version -> Nullable<Integer>,
        consent_sha256 -> Nullable<Text>,
        last_page_at -> Nullable<BigInt>,
        read_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        ending -> Nullable<Text>,
    }
}

diesel::table! {
    signing_event (practice_id, signing_id, seq) {
        practice_id -> Binary,
        signing_id -> Binary,
        seq -> Integer,
        kind -> Text,
        at -> BigInt,
        signer_id -> Nullable<Binary>,
        evidence -> Text,
        hash -> Text,
        prev -> Text,
    }
}

diesel::table! {
    seal_key (practice_id, generation) {
        practice_id -> Binary,
        generation -> Integer,
        sealed_key -> Binary,
        certificate -> Binary,
        not_before -> BigInt,
        not_after -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    signed_file (practice_id, signing_id) {
        practice_id -> Binary,
        signing_id -> Binary,
        blob_id -> Binary,
        sealed_at -> BigInt,
    }
}

diesel::table! {
    econsent (practice_id, consent_id) {
        practice_id -> Binary,
        consent_id -> Binary,
        seq -> Integer,
        account_practice_id -> Binary,
        account_id -> Binary,
        act -> Text,
        text_version -> Integer,
        text_sha256 -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    concern (practice_id, concern_id) {
        practice_id -> Binary,
        concern_id -> Binary,
        chart_id -> Binary,
        access_id -> Binary,
        text -> Text,
        raised_at -> BigInt,
        answer -> Nullable<Text>,
        answered_at -> Nullable<BigInt>,
        answered_by_name -> Text,
    }
}

diesel::table! {
    log_suspension (practice_id, suspension_id) {
        practice_id -> Binary,
        suspension_id -> Binary,
        chart_id -> Binary,
        actor_kind -> Text,
        actor_id -> Text,
        actor_name -> Text,
        until_on -> Text,
        statement -> Text,
        reason -> Text,
        by_name -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        ended_by_name -> Text,
    }
}

diesel::table! {
    email_change (practice_id, change_id) {
        practice_id -> Binary,
        change_id -> Binary,
        account_id -> Binary,
        old_email -> Text,
        old_name -> Text,
        new_email -> Text,
        state -> Text,
        asked_by_name -> Text,
        requested_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    info_change (practice_id, change_id) {
        practice_id -> Binary,
        change_id -> Binary,
        chart_id -> Binary,
        person_id -> Binary,
        access_id -> Binary,
        account_practice_id -> Binary,
        account_id -> Binary,
        by_name -> Text,
        relation -> Text,
        submitted_at -> BigInt,
    }
}

diesel::table! {
    info_change_field (practice_id, change_id, path) {
        practice_id -> Binary,
        change_id -> Binary,
        path -> Text,
        chart_id -> Binary,
        person_id -> Binary,
        seen_value -> Text,
        new_value -> Text,
        state -> Text,
        waits_at -> Nullable<BigInt>,
        reason -> Text,
        decided_by_name -> Text,
        decided_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    coverage (practice_id, coverage_id) {
        practice_id -> Binary,
        coverage_id -> Binary,
        chart_id -> Binary,
        position -> Text,
        payer -> Text,
        member_id -> Text,
        group_number -> Text,
        subscriber -> Text,
        subscriber_name -> Text,
        subscriber_born -> Text,
        subscriber_relation -> Text,
        valid_from -> Text,
        valid_until -> Text,
        front_blob -> Nullable<Binary>,
        back_blob -> Nullable<Binary>,
        by_name -> Text,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    insurance_card (practice_id, blob_id) {
        practice_id -> Binary,
        blob_id -> Binary,
        chart_id -> Binary,
        change_id -> Binary,
        side -> Text,
    }
}

diesel::table! {
    field_policy (practice_id, path) {
        practice_id -> Binary,
        path -> Text,
        apply -> Text,
    }
}

/// Any two of these tables may stand in one statement.
///
/// `diesel::allow_tables_to_appear_in_same_query!` says the same and writes eight more implementations
/// for each pair, for `ONLY` and `TABLESAMPLE`, which no statement uses. With 80 tables they were
/// 25,000, and the compiler took a tenth of its time for them.
macro_rules! pairs_of_tables {
    ($left:ident, $($right:ident),+) => {
        $(
            impl diesel::query_source::TableNotEqual<$left::table> for $right::table {}
            impl diesel::query_source::TableNotEqual<$right::table> for $left::table {}
        )+
        pairs_of_tables!($($right),+);
    };
    ($last:ident) => {};
}

/// Every table here belongs to practices.
macro_rules! practice_tables {
    ($($table:ident),+ $(,)?) => {
        pairs_of_tables!($($table),+);
        $(
            impl crate::platform::db::PracticeTable for $table::table {
                type Practice = $table::practice_id;
                const PRACTICE: Self::Practice = $table::practice_id;
            }
        )+
    };
}

practice_tables!(
    access_notice,
    age_rule,
    api_key,
    appointment,
    appointment_party,
    appointment_request,
    appointment_type,
    attempt_counter,
    audit_event,
    audit_head,
    audit_seal,
    audit_unsealed,
    availability,
    availability_day,
    balance,
    billing_identity,
    diagnosis_words,
    billing_insurance,
    blob,
    busy,
    busy_month,
    calendar_feed,
    calendar_hold,
    calendar_resource,
    charge,
    chart,
    chart_change,
    chart_change_grant,
    checkout,
    concern,
    coverage,
    dispute,
    document,
    document_reading,
    document_share,
    document_version,
    document_request,
    due_job,
    econsent,
    email_change,
    emergency_contact,
    encounter,
    fee_agreement,
    field_policy,
    form_draft,
    frequent_question,
    held_upload,
    handled_request,
    import_column,
    import_file,
    info_change,
    info_change_field,
    insurance_card,
    insurer,
    invitation,
    invoice,
    journal_entry,
    journal_head,
    jurisdiction,
    known_device,
    log_suspension,
    message,
    message_attachment,
    message_draft,
    message_thread,
    message_withdrawn,
    notice,
    number_series,
    one_time_link,
    outbox,
    part2_consent,
    party,
    payment,
    payment_part,
    person,
    person_address,
    packet,
    packet_item,
    packet_sending,
    packet_sending_chart,
    packet_template,
    packet_template_item,
    place,
    portal_access,
    portal_account,
    posting,
    practice,
    practice_key,
    provider_account,
    provider_event,
    provider_task,
    receipt,
    refund,
    related_contact,
    reminder,
    request_step,
    request_time,
    remittance,
    remittance_line,
    responsibility,
    seal_key,
    series,
    series_date,
    service,
    service_price,
    session,
    signed_file,
    signer,
    in_person,
    signing,
    signing_event,
    staff_away,
    staff_member,
    staff_note,
    statement,
    superbill,
    template,
    template_text,
    template_version,
    thread_gap,
    thread_note,
    thread_opening,
    thread_party,
    thread_read,
    time_off,
    upload,
    upload_part,
    video_link,
    withheld,
);
