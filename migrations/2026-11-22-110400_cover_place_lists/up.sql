-- Behind row level security only leakproof operators find their way by an index, and the equality of enums is not one.
-- So filters are decided on the index that the tenant's places are listed by, which holds what they ask for: no row is
-- read that is not wanted.
DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_status_search_time_idx;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, business_type, rating, priority, latitude, longitude);
-- Few places have labels.
CREATE INDEX places_staging_tagged_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC) WHERE tags IS NOT NULL;
