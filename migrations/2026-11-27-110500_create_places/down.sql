SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_places', 'api_calls', 'the older shape has no ledger');
SELECT scrapersky_internal.set_aside_table('create_places', 'place_changes', 'the older shape has no history');
SELECT scrapersky_internal.set_aside_table('create_places', 'place_finds', 'the older shape knows the last search only');
SELECT scrapersky_internal.set_aside_table('create_places', 'place_details', 'the older shape has no details of places');
DROP TRIGGER follow_search ON jobs;
DROP FUNCTION scrapersky_internal.follow_search();
SELECT scrapersky_internal.set_aside_columns('create_places', 'down', 'place_searches', '{job_id,outcome}',
    $$SELECT tenant_id || ',' || id AS key, 'the older shape does not say which job a search had' AS reason FROM place_searches
      WHERE num_nonnulls(job_id, outcome) > 0$$);
ALTER TABLE place_searches DROP COLUMN job_id, DROP COLUMN outcome;
DROP TRIGGER "A_clear_handed_over_domain" ON domains;
DROP FUNCTION scrapersky_internal.clear_handed_over_domain();
DROP INDEX place_searches_tenant_id_created_at_idx, places_staging_tenant_id_search_time_idx, places_staging_tenant_id_rating_idx,
    places_staging_tenant_id_priority_idx, places_staging_tenant_id_search_name_idx, places_staging_tenant_id_business_type_idx,
    places_staging_tenant_id_latitude_longitude_idx, places_staging_tagged_idx, places_staging_tenant_id_search_job_id_idx;
ALTER TABLE places_staging RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_scale_factor);
ALTER TABLE places_staging DROP COLUMN search_name, DROP COLUMN search_address;
