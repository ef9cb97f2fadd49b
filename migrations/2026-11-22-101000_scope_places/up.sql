-- Two tenants may stage the same place. A place that names no tenant is nobody's to see.
SELECT scrapersky_internal.set_aside_rows('scope_places', 'up', 'places_staging',
    $$SELECT id::text AS key, 'no tenant' AS reason FROM places_staging WHERE tenant_id IS NULL$$);
ALTER TABLE places_staging
    DROP CONSTRAINT places_staging_place_id_key,
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT places_staging_tenant_id_place_id_key UNIQUE (tenant_id, place_id);
SELECT scrapersky_internal.put_back('scope_places', 'down', '{places_staging}');
DROP INDEX IF EXISTS idx_places_staging_status, ix_places_staging_status, idx_places_staging_tenant;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_status_search_time_idx ON places_staging (tenant_id, status, search_time DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_search_job_id_idx ON places_staging (tenant_id, search_job_id);

ALTER TABLE place_searches
    ALTER COLUMN id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';
CREATE INDEX place_searches_tenant_id_created_at_idx ON place_searches (tenant_id, created_at, id);
