DROP INDEX places_staging_tagged_idx, places_staging_tenant_id_search_time_idx;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_status_search_time_idx ON places_staging (tenant_id, status, search_time DESC NULLS LAST, id DESC);
