// @generated automatically by Diesel CLI.

pub mod sql_types {
    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "contact_email_type_enum"))]
    pub struct ContactEmailTypeEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "gcp_api_deep_scan_status_enum"))]
    pub struct GcpApiDeepScanStatusEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "pagecurationstatus"))]
    pub struct Pagecurationstatus;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "pageprocessingstatus"))]
    pub struct Pageprocessingstatus;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "place_status_enum"))]
    pub struct PlaceStatusEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "SitemapAnalysisStatusEnum"))]
    pub struct SitemapAnalysisStatusEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "SitemapCurationStatusEnum"))]
    pub struct SitemapCurationStatusEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "sitemap_import_status_enum"))]
    pub struct SitemapImportStatusEnum;

    #[derive(diesel::query_builder::QueryId, Clone, Copy, Debug, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "task_status"))]
    pub struct TaskStatus;
}

diesel::table! {
    api_calls (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        job_id -> Nullable<Uuid>,
        service -> Text,
        sku -> Text,
        price_micros -> Int4,
        step -> Text,
        is_billed -> Bool,
        called_at -> Timestamptz,
        answered_at -> Nullable<Timestamptz>,
        answer -> Nullable<Jsonb>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    api_keys (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        name -> Text,
        prefix -> Text,
        hash -> Bytea,
        scopes -> Array<Nullable<Text>>,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_log (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        at -> Timestamptz,
        actor -> Text,
        action -> Text,
        subject -> Nullable<Text>,
        details -> Nullable<Jsonb>,
        request_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    batch_jobs (tenant_id, batch_id) {
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        tenant_id -> Uuid,
        processor_type -> Varchar,
        status -> Text,
        created_by -> Nullable<Uuid>,
        total_domains -> Nullable<Int4>,
        completed_domains -> Nullable<Int4>,
        failed_domains -> Nullable<Int4>,
        progress -> Nullable<Float8>,
        metadata -> Nullable<Jsonb>,
        options -> Nullable<Jsonb>,
        started_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        processing_time -> Nullable<Float8>,
        error -> Nullable<Text>,
        batch_id -> Uuid,
        legacy -> Nullable<Jsonb>,
        /// Jobs outside of the batch that do work of it.
        joined -> Array<Nullable<Uuid>>,
    }
}

diesel::table! {
    contact_sources (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        contact_id -> Uuid,
        page_id -> Uuid,
        context -> Nullable<Text>,
        spelling -> Text,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::ContactEmailTypeEnum;

    contacts (tenant_id, id) {
        id -> Uuid,
        domain_id -> Uuid,
        page_id -> Uuid,
        email -> Text,
        email_type -> Nullable<ContactEmailTypeEnum>,
        has_gmail -> Nullable<Bool>,
        context -> Nullable<Text>,
        source_url -> Nullable<Text>,
        source_job_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        tenant_id -> Uuid,
        name -> Nullable<Text>,
        role -> Nullable<Text>,
        notes -> Nullable<Text>,
        confidence -> Nullable<Int2>,
        /// Whether the domain of the address accepts mail, by DNS.
        mx_status -> Nullable<Text>,
        last_seen_at -> Timestamptz,
        /// What came of writing to the address.
        mark -> Nullable<Text>,
        marked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    domain_changes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Int8,
        domain_id -> Uuid,
        job_id -> Uuid,
        kind -> Text,
        subject -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    domain_evidence (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Int8,
        domain_id -> Uuid,
        column_name -> Text,
        value -> Text,
        url -> Nullable<Text>,
        rule -> Nullable<Text>,
        snippet -> Nullable<Text>,
        claim -> Nullable<Text>,
        confidence -> Int2,
        first_seen -> Timestamptz,
        last_seen -> Timestamptz,
    }
}

diesel::table! {
    domain_hosting (tenant_id, domain_id) {
        tenant_id -> Uuid,
        domain_id -> Uuid,
        has_ssl -> Nullable<Bool>,
        ssl_expiry_date -> Nullable<Timestamptz>,
        ssl_issuer -> Nullable<Text>,
        ssl_version -> Nullable<Text>,
        security_headers -> Nullable<Jsonb>,
        server_type -> Nullable<Text>,
        ip_address -> Nullable<Text>,
        hosting_provider -> Nullable<Text>,
        hosting_location -> Nullable<Text>,
        country_code -> Nullable<Text>,
        cdn_provider -> Nullable<Text>,
        dns_records -> Nullable<Jsonb>,
        server_response_time -> Nullable<Int4>,
        average_response_time -> Nullable<Int4>,
        uptime_percentage -> Nullable<Numeric>,
        last_modified -> Nullable<Timestamptz>,
        robots_txt -> Nullable<Text>,
        average_page_size -> Nullable<Int4>,
        total_images_count -> Nullable<Int4>,
        performance_metrics -> Nullable<Jsonb>,
        crawler_hints -> Nullable<Jsonb>,
        last_error -> Nullable<Text>,
        error_count -> Nullable<Int4>,
        last_successful_scan -> Nullable<Timestamptz>,
        /// What is wrong with TLS where the site is not served over it, such as expired or self_signed.
        ssl_fault -> Nullable<Text>,
        /// Why the site is not served over TLS.
        ssl_error -> Nullable<Text>,
        /// The names of the hosts that the certificate is for.
        ssl_names -> Nullable<Array<Nullable<Text>>>,
        /// Where the addresses of the site lead: by http, and with or without www.
        redirects -> Nullable<Jsonb>,
    }
}

diesel::table! {
    domain_profiles (tenant_id, domain_id) {
        tenant_id -> Uuid,
        domain_id -> Uuid,
        title -> Nullable<Text>,
        description -> Nullable<Text>,
        language -> Nullable<Text>,
        content_language -> Nullable<Array<Nullable<Text>>>,
        primary_language -> Nullable<Text>,
        favicon_url -> Nullable<Text>,
        logo_url -> Nullable<Text>,
        copyright_year -> Nullable<Text>,
        has_cookie_notice -> Nullable<Bool>,
        has_privacy_policy -> Nullable<Bool>,
        phone_numbers -> Nullable<Array<Nullable<Text>>>,
        email_addresses -> Nullable<Array<Nullable<Text>>>,
        physical_addresses -> Nullable<Array<Nullable<Text>>>,
        facebook_url -> Nullable<Text>,
        twitter_url -> Nullable<Text>,
        linkedin_url -> Nullable<Text>,
        instagram_url -> Nullable<Text>,
        youtube_url -> Nullable<Text>,
        business_category -> Nullable<Text>,
        business_type -> Nullable<Text>,
        industry_vertical -> Nullable<Text>,
        business_hours -> Nullable<Jsonb>,
        payment_methods -> Nullable<Array<Nullable<Text>>>,
        has_ecommerce -> Nullable<Bool>,
        feed_urls -> Nullable<Jsonb>,
        meta_json -> Nullable<Jsonb>,
        /// The name of the business, as its structured data says it.
        business_name -> Nullable<Text>,
        /// Whether the home page has a viewport for phones.
        has_viewport -> Nullable<Bool>,
    }
}

diesel::table! {
    domain_technologies (tenant_id, domain_id) {
        tenant_id -> Uuid,
        domain_id -> Uuid,
        tech_stack -> Nullable<Jsonb>,
        is_wordpress -> Nullable<Bool>,
        wordpress_version -> Nullable<Text>,
        wordpress_theme -> Nullable<Text>,
        has_elementor -> Nullable<Bool>,
        elementor_version -> Nullable<Text>,
        has_divi -> Nullable<Bool>,
        has_woocommerce -> Nullable<Bool>,
        has_contact_form7 -> Nullable<Bool>,
        has_yoast_seo -> Nullable<Bool>,
        has_wpforms -> Nullable<Bool>,
        google_analytics_id -> Nullable<Text>,
        google_tag_manager_id -> Nullable<Text>,
        /// Each technology with its category, version, confidence and evidence.
        claims -> Nullable<Jsonb>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::TaskStatus;
    use super::sql_types::SitemapCurationStatusEnum;
    use super::sql_types::SitemapAnalysisStatusEnum;

    domains (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain -> Varchar,
        lead_source -> Nullable<Text>,
        is_active -> Nullable<Bool>,
        status -> Varchar,
        content_scrape_status -> Nullable<TaskStatus>,
        content_scrape_at -> Nullable<Timestamptz>,
        content_scrape_error -> Nullable<Text>,
        page_scrape_status -> Nullable<TaskStatus>,
        page_scrape_at -> Nullable<Timestamptz>,
        page_scrape_error -> Nullable<Text>,
        sitemap_monitor_status -> Nullable<TaskStatus>,
        sitemap_monitor_at -> Nullable<Timestamptz>,
        sitemap_monitor_error -> Nullable<Text>,
        has_sitemap -> Nullable<Bool>,
        page_count -> Nullable<Int4>,
        sitemap_url -> Nullable<Text>,
        first_scan -> Timestamptz,
        last_scan -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        notes -> Nullable<Text>,
        sitemap_urls -> Nullable<Int4>,
        total_sitemaps -> Nullable<Int4>,
        local_business_id -> Nullable<Uuid>,
        sitemap_curation_status -> Nullable<SitemapCurationStatusEnum>,
        sitemap_analysis_status -> Nullable<SitemapAnalysisStatusEnum>,
        sitemap_analysis_error -> Nullable<Text>,
        legacy -> Nullable<Jsonb>,
    }
}

diesel::table! {
    email_scan_urls (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        scan_id -> Uuid,
        position -> Int4,
        url -> Text,
        rank -> Int2,
        depth -> Int2,
        state -> Text,
        fetches -> Int2,
        disposition -> Nullable<Text>,
        reason -> Nullable<Text>,
        content_hash -> Nullable<Text>,
    }
}

diesel::table! {
    email_scans (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain_id -> Uuid,
        job_id -> Uuid,
        total_pages -> Int4,
        pages_scanned -> Int4,
        contacts_found -> Int4,
        created_at -> Timestamptz,
        entry_url -> Nullable<Text>,
        sitemap_links -> Array<Nullable<Text>>,
        seeded_at -> Nullable<Timestamptz>,
        busy_ms -> Int8,
        completed_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    /// What happened, in the order in which readers see it.
    events (tenant_id, clock, id) {
        tenant_id -> Uuid,
        clock -> Int8,
        id -> Int8,
        kind -> Text,
        happened_at -> Timestamptz,
        job_id -> Nullable<Uuid>,
        batch_id -> Nullable<Uuid>,
        data -> Jsonb,
    }
}

diesel::table! {
    idempotency_keys (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        key -> Text,
        request_hash -> Bytea,
        status -> Nullable<Int2>,
        response -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (tenant_id, job_id) {
        job_id -> Uuid,
        tenant_id -> Uuid,
        status -> Text,
        kind -> Text,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        progress -> Nullable<Float8>,
        error -> Nullable<Text>,
        result -> Nullable<Jsonb>,
        metadata -> Nullable<Jsonb>,
        created_by -> Nullable<Uuid>,
        domain_id -> Nullable<Uuid>,
        updated_at -> Timestamptz,
        legacy -> Nullable<Jsonb>,
        batch_id -> Nullable<Uuid>,
        payload -> Jsonb,
        priority -> Int2,
        run_at -> Timestamptz,
        attempts -> Int4,
        max_attempts -> Int4,
        lease_token -> Nullable<Uuid>,
        lease_expires_at -> Nullable<Timestamptz>,
        worker -> Nullable<Text>,
        cancel_requested_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        dedup_key -> Nullable<Text>,
        progress_step -> Nullable<Text>,
        progress_message -> Nullable<Text>,
        /// The job that queued it, which may have been deleted since.
        parent_id -> Nullable<Uuid>,
        /// The trace of the request that queued it, as W3C Trace Context has it.
        traceparent -> Nullable<Text>,
    }
}

diesel::table! {
    lead_changes (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Int8,
        change_id -> Uuid,
        action -> Text,
        lead_id -> Uuid,
        changed_by -> Text,
        changed_at -> Timestamptz,
        before -> Jsonb,
        after -> Jsonb,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    leads (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        place_id -> Nullable<Text>,
        domain_id -> Nullable<Uuid>,
        status -> Text,
        notes -> Nullable<Text>,
        tags -> Nullable<Array<Nullable<Text>>>,
        priority -> Nullable<Int4>,
        revisit_date -> Nullable<Date>,
        name -> Text,
        business_type -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        rating -> Nullable<Float8>,
        search_address -> Bytea,
        domain -> Nullable<Text>,
        has_email -> Bool,
        has_phone -> Bool,
        is_contacted -> Bool,
        has_bounced -> Bool,
        has_wrong -> Bool,
        has_ssl -> Nullable<Bool>,
        certificate_expires_at -> Nullable<Timestamptz>,
        search_technologies -> Bytea,
        last_scan_at -> Nullable<Timestamptz>,
        score -> Nullable<Int2>,
        score_reasons -> Nullable<Jsonb>,
        score_due_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        search_name -> Bytea,
    }
}

diesel::table! {
    mail_domains (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        domain -> Text,
        mx_status -> Text,
        checked_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::Pagecurationstatus;
    use super::sql_types::Pageprocessingstatus;

    pages (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain_id -> Uuid,
        url -> Text,
        title -> Nullable<Text>,
        description -> Nullable<Text>,
        h1 -> Nullable<Text>,
        canonical_url -> Nullable<Text>,
        meta_robots -> Nullable<Text>,
        has_schema_markup -> Nullable<Bool>,
        schema_types -> Nullable<Array<Nullable<Text>>>,
        has_contact_form -> Nullable<Bool>,
        has_comments -> Nullable<Bool>,
        word_count -> Nullable<Int4>,
        inbound_links -> Nullable<Array<Nullable<Text>>>,
        outbound_links -> Nullable<Array<Nullable<Text>>>,
        last_modified -> Nullable<Timestamptz>,
        last_scan -> Nullable<Timestamptz>,
        page_type -> Nullable<Text>,
        lead_source -> Nullable<Text>,
        additional_json -> Nullable<Jsonb>,
        created_at -> Nullable<Timestamptz>,
        updated_at -> Nullable<Timestamptz>,
        sitemap_file_id -> Nullable<Uuid>,
        page_curation_status -> Pagecurationstatus,
        page_processing_status -> Nullable<Pageprocessingstatus>,
        page_processing_error -> Nullable<Text>,
        status_code -> Nullable<Int4>,
        /// What became of the page when it was last fetched, in one word.
        disposition -> Nullable<Text>,
        disposition_reason -> Nullable<Text>,
        content_hash -> Nullable<Text>,
    }
}

diesel::table! {
    place_changes (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        change_id -> Uuid,
        action -> Text,
        place_id -> Text,
        changed_by -> Text,
        changed_at -> Timestamptz,
        before -> Jsonb,
        after -> Jsonb,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    place_details (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        place_id -> Text,
        website -> Nullable<Text>,
        phone -> Nullable<Text>,
        opening_hours -> Nullable<Jsonb>,
        raw_data -> Nullable<Jsonb>,
        content_at -> Nullable<Timestamptz>,
        cleared_at -> Nullable<Timestamptz>,
        domain_id -> Nullable<Uuid>,
        handed_over_at -> Nullable<Timestamptz>,
        hand_over_error -> Nullable<Text>,
    }
}

diesel::table! {
    place_finds (tenant_id, id) {
        id -> Int8,
        tenant_id -> Uuid,
        search_job_id -> Uuid,
        place_id -> Text,
        found_at -> Timestamptz,
    }
}

diesel::table! {
    place_searches (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        user_id -> Nullable<Uuid>,
        #[max_length = 255]
        location -> Varchar,
        #[max_length = 100]
        business_type -> Varchar,
        params -> Nullable<Jsonb>,
        created_at -> Nullable<Timestamptz>,
        #[max_length = 50]
        status -> Nullable<Varchar>,
        updated_at -> Nullable<Timestamptz>,
        job_id -> Nullable<Uuid>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::PlaceStatusEnum;
    use super::sql_types::GcpApiDeepScanStatusEnum;

    places_staging (tenant_id, id) {
        id -> Int4,
        place_id -> Text,
        name -> Text,
        formatted_address -> Nullable<Text>,
        business_type -> Nullable<Text>,
        latitude -> Nullable<Float8>,
        longitude -> Nullable<Float8>,
        vicinity -> Nullable<Text>,
        rating -> Nullable<Float8>,
        user_ratings_total -> Nullable<Int4>,
        price_level -> Nullable<Int4>,
        tenant_id -> Uuid,
        created_by -> Uuid,
        search_job_id -> Nullable<Uuid>,
        search_query -> Nullable<Text>,
        search_location -> Nullable<Text>,
        search_time -> Nullable<Timestamptz>,
        status -> PlaceStatusEnum,
        notes -> Nullable<Text>,
        priority -> Nullable<Int4>,
        tags -> Nullable<Array<Nullable<Text>>>,
        revisit_date -> Nullable<Date>,
        processed -> Nullable<Bool>,
        processed_time -> Nullable<Timestamptz>,
        raw_data -> Nullable<Jsonb>,
        user_id -> Nullable<Uuid>,
        user_name -> Nullable<Text>,
        updated_by -> Nullable<Text>,
        updated_at -> Nullable<Timestamptz>,
        deep_scan_error -> Nullable<Text>,
        deep_scan_status -> Nullable<GcpApiDeepScanStatusEnum>,
    }
}

diesel::table! {
    profiles (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        bio -> Nullable<Text>,
        created_at -> Nullable<Timestamptz>,
        updated_at -> Nullable<Timestamptz>,
        active -> Nullable<Bool>,
        role -> Nullable<Text>,
        role_id -> Nullable<Int4>,
    }
}

diesel::table! {
    rate_windows (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        kind -> Text,
        caller -> Uuid,
        started_at -> Timestamptz,
        used -> Int4,
    }
}

diesel::table! {
    saved_views (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        /// The query of the address of the list.
        query -> Text,
        saved_by -> Nullable<Uuid>,
        saved_at -> Timestamptz,
    }
}

diesel::table! {
    scan_days (tenant_id) {
        tenant_id -> Uuid,
        day -> Date,
        scans -> Int8,
    }
}

diesel::table! {
    schedule_runs (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        schedule_id -> Uuid,
        due_at -> Nullable<Timestamptz>,
        started_at -> Timestamptz,
        outcome -> Text,
        error -> Nullable<Text>,
        job_id -> Nullable<Uuid>,
        batch_id -> Nullable<Uuid>,
        jobs -> Int8,
    }
}

diesel::table! {
    schedules (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        name -> Text,
        /// What is started, as requests say it.
        work -> Jsonb,
        cron -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        every -> Nullable<Text>,
        missed -> Text,
        run_by -> Nullable<Uuid>,
        next_run_at -> Timestamptz,
        paused_at -> Nullable<Timestamptz>,
        paused_because -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    score_points (tenant_id) {
        tenant_id -> Uuid,
        points -> Jsonb,
        updated_at -> Timestamptz,
        scored_by -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        hash -> Bytea,
        key_id -> Nullable<Uuid>,
        user_id -> Nullable<Uuid>,
        is_link -> Bool,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    sitemap_file_curations (tenant_id, sitemap_file_id) {
        tenant_id -> Uuid,
        sitemap_file_id -> Uuid,
        priority -> Nullable<Int4>,
        lead_source -> Nullable<Text>,
        user_name -> Nullable<Text>,
        notes -> Nullable<Text>,
        tags -> Nullable<Array<Nullable<Text>>>,
        is_active -> Nullable<Bool>,
        process_after -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::SitemapCurationStatusEnum;
    use super::sql_types::SitemapImportStatusEnum;

    sitemap_files (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain_id -> Uuid,
        url -> Text,
        sitemap_type -> Text,
        discovery_method -> Nullable<Text>,
        page_count -> Nullable<Int4>,
        size_bytes -> Nullable<Int4>,
        response_time_ms -> Nullable<Int4>,
        status -> Text,
        status_code -> Nullable<Int4>,
        error_message -> Nullable<Text>,
        last_modified -> Nullable<Timestamptz>,
        is_gzipped -> Nullable<Bool>,
        has_lastmod -> Nullable<Bool>,
        has_priority -> Nullable<Bool>,
        has_changefreq -> Nullable<Bool>,
        generator -> Nullable<Text>,
        user_id -> Nullable<Uuid>,
        last_processed_at -> Nullable<Timestamptz>,
        created_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        updated_at -> Nullable<Timestamptz>,
        updated_by -> Nullable<Uuid>,
        job_id -> Nullable<Uuid>,
        url_count -> Nullable<Int4>,
        deep_scrape_curation_status -> Nullable<SitemapCurationStatusEnum>,
        sitemap_import_error -> Nullable<Text>,
        sitemap_import_status -> Nullable<SitemapImportStatusEnum>,
        /// How many sitemap indexes lead to it.
        depth -> Nullable<Int2>,
        /// The sitemap index that lists it.
        parent_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    sitemap_runs (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain_id -> Uuid,
        job_id -> Uuid,
        is_whole_domain -> Bool,
        has_previous -> Bool,
        state -> Text,
        started_at -> Timestamptz,
        discovered_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        files -> Int4,
        failed_files -> Int4,
        urls -> Int8,
        bytes -> Int8,
        added -> Int8,
        removed -> Int8,
        changed -> Int8,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    sitemap_url_changes (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        run_id -> Uuid,
        change -> Text,
        url -> Text,
        old_lastmod -> Nullable<Timestamptz>,
        new_lastmod -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sitemap_urls (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        domain_id -> Uuid,
        sitemap_id -> Uuid,
        url -> Text,
        loc_text -> Text,
        page_type -> Nullable<Text>,
        status -> Text,
        priority -> Nullable<Int4>,
        status_code -> Nullable<Int4>,
        error_message -> Nullable<Text>,
        lastmod -> Nullable<Timestamptz>,
        changefreq -> Nullable<Text>,
        priority_value -> Nullable<Numeric>,
        image_count -> Nullable<Int4>,
        video_count -> Nullable<Int4>,
        news_count -> Nullable<Int4>,
        size_bytes -> Nullable<Int4>,
        lead_source -> Nullable<Text>,
        user_id -> Nullable<Uuid>,
        user_name -> Nullable<Text>,
        notes -> Nullable<Text>,
        tags -> Nullable<Array<Nullable<Text>>>,
        is_active -> Nullable<Bool>,
        process_after -> Nullable<Timestamptz>,
        discovered_at -> Nullable<Timestamptz>,
        last_checked_at -> Nullable<Timestamptz>,
        created_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        updated_at -> Nullable<Timestamptz>,
        updated_by -> Nullable<Uuid>,
        /// The same page in other languages: [{"hreflang", "href"}].
        alternates -> Nullable<Jsonb>,
    }
}

diesel::table! {
    stored_rows (tenant_id, table_name, id) {
        tenant_id -> Uuid,
        table_name -> Text,
        id -> Uuid,
        rows -> Int8,
    }
}

diesel::table! {
    suppressions (tenant_id, id) {
        id -> Uuid,
        tenant_id -> Uuid,
        kind -> Text,
        hash -> Bytea,
        value -> Nullable<Text>,
        reason -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    tenant_limits (tenant_id) {
        tenant_id -> Uuid,
        requests_per_minute -> Nullable<Int4>,
        batches_per_minute -> Nullable<Int4>,
        caller_requests_per_minute -> Nullable<Int4>,
        caller_batches_per_minute -> Nullable<Int4>,
        scans_per_day -> Nullable<Int4>,
        rows_stored -> Nullable<Int8>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tenants (id) {
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        is_active -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        webhook_id -> Uuid,
        clock -> Int8,
        event_id -> Int8,
        kind -> Text,
        happened_at -> Timestamptz,
        job_id -> Nullable<Uuid>,
        batch_id -> Nullable<Uuid>,
        data -> Jsonb,
        status -> Text,
        attempts -> Int4,
        due_at -> Timestamptz,
        /// Each try: when it began, how long it took, and its answer.
        tries -> Jsonb,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_secrets (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        webhook_id -> Nullable<Uuid>,
        secret -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Of which jobs and batches the webhooks of requests get the ends.
    webhook_subjects (tenant_id, subject_id, webhook_id) {
        tenant_id -> Uuid,
        subject_id -> Uuid,
        webhook_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhooks (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        url -> Text,
        for_requests -> Bool,
        description -> Nullable<Text>,
        /// Only events of these kinds are posted.
        kinds -> Array<Nullable<Text>>,
        /// Only events of jobs of these kinds are posted; all where it is empty.
        job_kinds -> Array<Nullable<Text>>,
        clock -> Int8,
        event_id -> Int8,
        enabled_at -> Timestamptz,
        turn -> Nullable<Uuid>,
        turn_ends_at -> Nullable<Timestamptz>,
        paused_until -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        disabled_at -> Nullable<Timestamptz>,
        disabled_because -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::joinable!(api_keys -> tenants (tenant_id));
diesel::joinable!(audit_log -> tenants (tenant_id));
diesel::joinable!(idempotency_keys -> tenants (tenant_id));
diesel::joinable!(profiles -> tenants (tenant_id));
diesel::joinable!(rate_windows -> tenants (tenant_id));
diesel::joinable!(saved_views -> tenants (tenant_id));
diesel::joinable!(scan_days -> tenants (tenant_id));
diesel::joinable!(schedules -> tenants (tenant_id));
diesel::joinable!(sessions -> tenants (tenant_id));
diesel::joinable!(tenant_limits -> tenants (tenant_id));
diesel::joinable!(webhooks -> tenants (tenant_id));

diesel::allow_tables_to_appear_in_same_query!(
    api_calls,
    api_keys,
    audit_log,
    batch_jobs,
    contact_sources,
    contacts,
    domain_changes,
    domain_evidence,
    domain_hosting,
    domain_profiles,
    domain_technologies,
    domains,
    email_scan_urls,
    email_scans,
    events,
    idempotency_keys,
    jobs,
    lead_changes,
    leads,
    mail_domains,
    pages,
    place_changes,
    place_details,
    place_finds,
    place_searches,
    places_staging,
    profiles,
    rate_windows,
    saved_views,
    scan_days,
    schedule_runs,
    schedules,
    score_points,
    sessions,
    sitemap_file_curations,
    sitemap_files,
    sitemap_runs,
    sitemap_url_changes,
    sitemap_urls,
    stored_rows,
    suppressions,
    tenant_limits,
    tenants,
    webhook_deliveries,
    webhook_secrets,
    webhook_subjects,
    webhooks,
);
