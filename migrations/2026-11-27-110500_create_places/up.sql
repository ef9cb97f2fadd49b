-- Places: their lists, the details that are bought for them, what people decided about them, and what it cost.
SET LOCAL row_security = off;

-- Texts that are searched, folded once: ILIKE would fold each row's text anew, and behind row level security no index of
-- trigrams can be used, since its operators are not leakproof. As bytes: PostgreSQL looks for bytes in a third less time than
-- for characters, and in UTF-8 no character is contained in another's bytes. The doubled backslash makes a text its own bytes
-- where functions have to be immutable, which convert_to is not. Names and addresses apart: each row then has a third less to
-- be looked through. Cut off so that an index entry, of at most 2.7 kB, has room for them. The place that was searched is
-- mostly in the address already. Diesel counts to 32 columns and does not see these two (schema/hidden.patch).
ALTER TABLE places_staging
    ADD COLUMN search_name bytea NOT NULL GENERATED ALWAYS AS (replace(lower(left(name, 120)), '\', '\\')::bytea) STORED,
    ADD COLUMN search_address bytea NOT NULL GENERATED ALWAYS AS (replace(lower(
        left(coalesce(formatted_address, ''), 160) || chr(10) || left(coalesce(vicinity, ''), 60) || chr(10) ||
        CASE WHEN strpos(lower(left(formatted_address, 160)), lower(left(search_location, 60))) > 0 THEN ''
             ELSE left(coalesce(search_location, ''), 60) END), '\', '\\')::bytea) STORED;

-- Every list and count of a tenant's 100,000 places takes less than 20 ms: it is decided on an index alone. Taking an index
-- entry apart takes as long as looking for a text in it, so each order has an index of its own that holds the texts and little
-- else, instead of one index that holds everything.

-- places::list, ::list_after and ::count: newest first, and by a text.
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, search_name, search_address);
-- The same, best rated first; places of a rating or better in other orders.
CREATE INDEX places_staging_tenant_id_rating_idx ON places_staging (tenant_id, rating DESC NULLS LAST, id DESC)
    INCLUDE (status, search_time, search_name, search_address);
-- The same by priority.
CREATE INDEX places_staging_tenant_id_priority_idx ON places_staging (tenant_id, priority DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, search_name, search_address);
-- The same by name.
CREATE INDEX places_staging_tenant_id_search_name_idx ON places_staging (tenant_id, search_name, id);
-- Places of a type of business, which are a fifth of the rows or less.
CREATE INDEX places_staging_tenant_id_business_type_idx
    ON places_staging (tenant_id, business_type, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, priority, search_name, search_address);
-- Places in a circle; as the smallest index with a status, also places::count of a status.
CREATE INDEX places_staging_tenant_id_latitude_longitude_idx ON places_staging (tenant_id, latitude, longitude) INCLUDE (status);
-- Places with a label: few have one.
CREATE INDEX places_staging_tagged_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC) WHERE tags IS NOT NULL;
-- Places of a search. places::get, ::upsert_many and ::list_ids read places_staging_tenant_id_place_id_key.
CREATE INDEX places_staging_tenant_id_search_job_id_idx ON places_staging (tenant_id, search_job_id);
-- An index alone is enough where vacuum has found all of a page visible: by default it looks again when a fifth of all tenants'
-- rows is new.
ALTER TABLE places_staging SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);

-- Jobs are deleted, the list of searches stays: a search keeps its job's id, by which its places and its calls are found, and
-- how the job ended.
ALTER TABLE place_searches
    ADD COLUMN job_id uuid,
    ADD COLUMN outcome text;
SELECT scrapersky_internal.put_back('create_places', 'down', '{place_searches}');
-- place_searches::list, newest first.
CREATE INDEX place_searches_tenant_id_created_at_idx ON place_searches (tenant_id, created_at, id);

-- A search says what its job says.
CREATE FUNCTION scrapersky_internal.follow_search() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place_searches SET
        job_id = NEW.job_id, status = NEW.status, updated_at = now(),
        outcome = CASE WHEN NEW.status IN ('completed', 'failed', 'cancelled') THEN NEW.outcome END
    WHERE tenant_id = NEW.tenant_id AND id = (NEW.payload->>'search_id')::uuid;
    RETURN NULL;
END
$$;
CREATE TRIGGER follow_search AFTER INSERT OR UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.kind = 'place_search')
    EXECUTE FUNCTION scrapersky_internal.follow_search();

-- What a place's details say, beside its row in places_staging, and what became of it when it was handed over. Google's content
-- may be kept for a limited time: content_at says from when it is where that is later than the place's search_time, cleared_at
-- that it was removed since. Place ids may be kept forever.
CREATE TABLE place_details (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    place_id text NOT NULL,
    website text,
    phone text,
    opening_hours jsonb,
    raw_data jsonb,
    content_at timestamptz,
    cleared_at timestamptz,
    domain_id uuid,
    handed_over_at timestamptz,
    hand_over_error text,
    PRIMARY KEY (tenant_id, id),
    -- place_details::find, ::list, ::upsert_many and ::list_candidates.
    CONSTRAINT place_details_tenant_id_place_id_key UNIQUE (tenant_id, place_id),
    CONSTRAINT place_details_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES places_staging (tenant_id, place_id) ON DELETE CASCADE,
    CONSTRAINT place_details_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id)
);
-- clear_handed_over_domain.
CREATE INDEX place_details_tenant_id_domain_id_idx ON place_details (tenant_id, domain_id);

-- A place that was handed over to a domain that is deleted names none; see clear_parent in create_sitemaps.
CREATE FUNCTION scrapersky_internal.clear_handed_over_domain() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place_details SET domain_id = NULL WHERE tenant_id = OLD.tenant_id AND domain_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A_clear_handed_over_domain" AFTER DELETE ON domains
    FOR EACH ROW EXECUTE FUNCTION scrapersky_internal.clear_handed_over_domain();

-- Which searches found a place: places_staging knows only the last one. Jobs are deleted, what they found stays.
CREATE TABLE place_finds (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    tenant_id uuid NOT NULL,
    search_job_id uuid NOT NULL,
    place_id text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    -- place_finds::insert_many, ::list_of_job and ::count_of_job; places of a search.
    CONSTRAINT place_finds_tenant_id_search_job_id_place_id_key UNIQUE (tenant_id, search_job_id, place_id),
    CONSTRAINT place_finds_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES places_staging (tenant_id, place_id) ON DELETE CASCADE
);
-- place_finds::list_of_place; place_finds_place_fkey.
CREATE INDEX place_finds_tenant_id_place_id_idx ON place_finds (tenant_id, place_id, id);

-- What people decided about places: a row for each place that a change touched, with the values before and after it.
CREATE TABLE place_changes (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    tenant_id uuid NOT NULL,
    change_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('update', 'bulk', 'import', 'undo')),
    place_id text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    undone_at timestamptz,
    -- place_changes::list, newest first; place_changes::undo_last.
    PRIMARY KEY (tenant_id, id)
);
-- place_changes::list of a place.
CREATE INDEX place_changes_tenant_id_place_id_idx ON place_changes (tenant_id, place_id, id);
-- place_changes::change and ::undo_last.
CREATE INDEX place_changes_tenant_id_change_id_idx ON place_changes (tenant_id, change_id);

-- The ledger of calls that cost money: written before the call is made, so that a cap holds whatever happens. A call that was
-- begun and has no end may have been billed. Jobs are deleted, what was spent is not, so nothing refers to them.
CREATE TABLE api_calls (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    tenant_id uuid NOT NULL,
    job_id uuid,
    service text NOT NULL,
    sku text NOT NULL,
    -- The list price in millionths of a US dollar.
    price_micros integer NOT NULL CHECK (price_micros >= 0),
    -- Which part of the job's work it is: a part that is done is not paid again when the job begins again.
    step text NOT NULL,
    is_billed boolean NOT NULL DEFAULT true,
    called_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    -- The part of the answer that the job needs to continue after it.
    answer jsonb,
    -- Why there is no answer.
    error text,
    PRIMARY KEY (tenant_id, id)
);
-- api_calls::reserve, for the month's cap; api_calls::list_costs.
CREATE INDEX api_calls_tenant_id_called_at_idx ON api_calls (tenant_id, called_at);
-- api_calls::count_recent.
CREATE INDEX api_calls_called_at_idx ON api_calls (called_at);
-- api_calls::list_of_job; api_calls::reserve, for the job's cap.
CREATE INDEX api_calls_tenant_id_job_id_idx ON api_calls (tenant_id, job_id, id);

SELECT scrapersky_internal.put_back('create_places', 'down', '{place_details,place_finds,place_changes,api_calls}');
