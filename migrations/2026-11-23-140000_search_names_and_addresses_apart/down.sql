DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_search_name_idx,
    places_staging_tenant_id_business_type_idx, places_staging_tenant_id_rating_idx, places_staging_tenant_id_priority_idx,
    places_staging_tenant_id_latitude_longitude_idx;
ALTER TABLE places_staging DROP COLUMN search_name, DROP COLUMN search_address;
ALTER TABLE places_staging ADD COLUMN search_text bytea NOT NULL GENERATED ALWAYS AS (replace(lower(
    left(name, 120) || chr(31) || left(coalesce(formatted_address, ''), 160) || chr(10) || left(coalesce(vicinity, ''), 60) || chr(10) ||
    CASE WHEN strpos(lower(left(formatted_address, 160)), lower(left(search_location, 60))) > 0 THEN ''
         ELSE left(coalesce(search_location, ''), 60) END), '\', '\\')::bytea) STORED;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, priority, business_type, search_text);
CREATE INDEX places_staging_tenant_id_search_text_idx ON places_staging (tenant_id, search_text, id);
CREATE INDEX places_staging_tenant_id_business_type_idx
    ON places_staging (tenant_id, business_type, search_time DESC NULLS LAST, id DESC) INCLUDE (status, rating);
CREATE INDEX places_staging_tenant_id_rating_idx ON places_staging (tenant_id, rating DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_priority_idx ON places_staging (tenant_id, priority DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_latitude_longitude_idx ON places_staging (tenant_id, latitude, longitude);
