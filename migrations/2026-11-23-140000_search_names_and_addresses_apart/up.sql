-- Names and addresses are searched apart: each row then has a third less to be looked through for one of them. With both the
-- table has 33 columns; Diesel counts to 32 and does not see these two (schema/hidden.patch).
DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_search_text_idx,
    places_staging_tenant_id_business_type_idx, places_staging_tenant_id_rating_idx, places_staging_tenant_id_priority_idx,
    places_staging_tenant_id_latitude_longitude_idx;
ALTER TABLE places_staging DROP COLUMN search_text;
ALTER TABLE places_staging
    ADD COLUMN search_name bytea NOT NULL GENERATED ALWAYS AS (replace(lower(left(name, 120)), '\', '\\')::bytea) STORED,
    ADD COLUMN search_address bytea NOT NULL GENERATED ALWAYS AS (replace(lower(
        left(coalesce(formatted_address, ''), 160) || chr(10) || left(coalesce(vicinity, ''), 60) || chr(10) ||
        CASE WHEN strpos(lower(left(formatted_address, 160)), lower(left(search_location, 60))) > 0 THEN ''
             ELSE left(coalesce(search_location, ''), 60) END), '\', '\\')::bytea) STORED;

-- To take a row's entry apart takes as long as to look for a text in it, so each order has an index of its own that holds the
-- texts, and little else, instead of one that holds what all orders sort by. That of ratings also serves lists of the best in
-- other orders.
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, search_name, search_address);
CREATE INDEX places_staging_tenant_id_rating_idx ON places_staging (tenant_id, rating DESC NULLS LAST, id DESC)
    INCLUDE (status, search_time, search_name, search_address);
CREATE INDEX places_staging_tenant_id_priority_idx ON places_staging (tenant_id, priority DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, search_name, search_address);
CREATE INDEX places_staging_tenant_id_search_name_idx ON places_staging (tenant_id, search_name, id);
CREATE INDEX places_staging_tenant_id_business_type_idx
    ON places_staging (tenant_id, business_type, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, priority, search_name, search_address);
-- The smallest that knows a status: by it rows of a status are counted.
CREATE INDEX places_staging_tenant_id_latitude_longitude_idx ON places_staging (tenant_id, latitude, longitude) INCLUDE (status);
