ALTER TABLE places_staging RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_scale_factor);
DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_rating_idx, places_staging_tenant_id_priority_idx,
    places_staging_tenant_id_search_text_idx, places_staging_tenant_id_latitude_longitude_idx;
ALTER TABLE places_staging DROP COLUMN search_text;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, business_type, rating, priority, latitude, longitude);
