DROP INDEX place_searches_tenant_id_created_at_idx;
ALTER TABLE place_searches
    ALTER COLUMN id DROP DEFAULT,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC';

DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_status_search_time_idx,
    places_staging_tenant_id_search_job_id_idx;
-- The old shape holds a place once in the world: of several tenants' rows the oldest stays.
SELECT scrapersky_internal.set_aside_rows('scope_places', 'down', 'places_staging', $$
    SELECT id::text AS key, CASE WHEN row_number() OVER (PARTITION BY place_id ORDER BY id) > 1 THEN 'another tenant has this place' END AS reason
    FROM places_staging$$);
ALTER TABLE places_staging
    DROP CONSTRAINT places_staging_tenant_id_place_id_key,
    ALTER COLUMN tenant_id DROP NOT NULL,
    ADD CONSTRAINT places_staging_place_id_key UNIQUE (place_id);
CREATE INDEX idx_places_staging_status ON places_staging (status);
CREATE INDEX ix_places_staging_status ON places_staging (status);
CREATE INDEX idx_places_staging_tenant ON places_staging (tenant_id);
SELECT scrapersky_internal.put_back('scope_places', 'up', '{places_staging}');
