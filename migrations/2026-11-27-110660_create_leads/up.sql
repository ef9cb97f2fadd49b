-- Leads: what an agency works on. A place is a lead, with the domain that it was handed over to; so is a domain that has no
-- place. Branches are leads that share a domain.
SET LOCAL row_security = off;

-- A lead repeats what its lists filter and sort by, so that they read one table; triggers on the tables that say it keep it so,
-- in the transaction that changes them. The rest of a lead is read for the rows of a page.
CREATE TABLE leads (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    place_id text,
    domain_id uuid,
    -- What people decided. For a lead with a place that stands in places_staging and is repeated here; one without has it here
    -- alone. As text: the equality of enums is not leakproof, and behind row level security no index would serve it.
    status text NOT NULL DEFAULT 'New' CHECK (status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived')),
    notes text,
    tags text[],
    priority integer DEFAULT 0,
    revisit_date date,
    -- Of the place, or else of the domain.
    name text NOT NULL,
    -- Of the place.
    business_type text,
    latitude double precision,
    longitude double precision,
    rating double precision,
    search_address bytea NOT NULL DEFAULT '',
    -- Of the domain.
    domain text,
    -- Whether an address may be written to: one that is neither suppressed nor marked as bounced or wrong.
    has_email boolean NOT NULL DEFAULT false,
    -- Whether the place or the site has a telephone number.
    has_phone boolean NOT NULL DEFAULT false,
    is_contacted boolean NOT NULL DEFAULT false,
    has_bounced boolean NOT NULL DEFAULT false,
    has_wrong boolean NOT NULL DEFAULT false,
    has_ssl boolean,
    certificate_expires_at timestamptz,
    -- Names in lower case, each between line feeds; see search_name in create_places. Cut off so that an index entry has room.
    search_technologies bytea NOT NULL DEFAULT '',
    last_scan_at timestamptz,
    -- The points by the rules of the score, and the rules that gave them; written by the program.
    score smallint CHECK (score BETWEEN 0 AND 100),
    score_reasons jsonb,
    -- When the score has to be looked at again; -infinity where what it is made from changed.
    score_due_at timestamptz NOT NULL DEFAULT '-infinity',
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When what the lead says last changed; a scan that finds the same changes nothing.
    updated_at timestamptz NOT NULL DEFAULT now(),
    search_name bytea NOT NULL GENERATED ALWAYS AS (replace(lower(
        left(name, 120) || chr(10) || left(coalesce(domain, ''), 120)), '\', '\\')::bytea) STORED,
    PRIMARY KEY (tenant_id, id),
    -- follow_places, follow_place_details.
    CONSTRAINT leads_tenant_id_place_id_key UNIQUE (tenant_id, place_id),
    CONSTRAINT leads_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES places_staging (tenant_id, place_id) ON DELETE CASCADE,
    CONSTRAINT leads_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(place_id, domain_id) > 0)
);
-- A domain without a place has one lead.
CREATE UNIQUE INDEX leads_tenant_id_domain_id_key ON leads (tenant_id, domain_id) WHERE place_id IS NULL;
-- leads_domain_fkey; leads of a domain.
CREATE INDEX leads_tenant_id_domain_id_idx ON leads (tenant_id, domain_id);
-- leads::list, newest first, and every filter: as in create_places, an index alone decides. At most 2.4 kB.
CREATE INDEX leads_tenant_id_created_at_idx ON leads (tenant_id, created_at, id)
    INCLUDE (status, priority, rating, score, last_scan_at, updated_at, has_email, has_phone, is_contacted, has_bounced, has_wrong, has_ssl,
        certificate_expires_at, latitude, longitude, domain_id, search_name, search_address, search_technologies);
-- leads::list and ::count of a status.
CREATE INDEX leads_tenant_id_status_idx ON leads (tenant_id, status, created_at, id);
-- leads::list of a type of business.
CREATE INDEX leads_tenant_id_business_type_idx ON leads (tenant_id, business_type, created_at, id);
-- leads::list in the other orders, and of what changed since a time.
CREATE INDEX leads_tenant_id_updated_at_idx ON leads (tenant_id, updated_at, id);
CREATE INDEX leads_tenant_id_search_name_idx ON leads (tenant_id, search_name, id);
CREATE INDEX leads_tenant_id_priority_idx ON leads (tenant_id, priority DESC NULLS LAST, id DESC);
CREATE INDEX leads_tenant_id_rating_idx ON leads (tenant_id, rating DESC NULLS LAST, id DESC);
CREATE INDEX leads_tenant_id_last_scan_at_idx ON leads (tenant_id, last_scan_at DESC NULLS LAST, id DESC);
CREATE INDEX leads_tenant_id_score_idx ON leads (tenant_id, score DESC NULLS LAST, id DESC);
-- lead_scores::list_tenants_due and ::lock_due.
CREATE INDEX leads_tenant_id_score_due_at_idx ON leads (tenant_id, score_due_at);
-- leads::list of a tag: few leads have one.
CREATE INDEX leads_tagged_idx ON leads (tenant_id, created_at, id) WHERE tags IS NOT NULL;
ALTER TABLE leads SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);

-- What people decided about leads without a place, as place_changes is for places: a change of both has one id.
CREATE TABLE lead_changes (
    tenant_id uuid NOT NULL,
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    change_id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('update', 'bulk', 'import', 'undo')),
    -- The lead may have joined a place's since.
    lead_id uuid NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    undone_at timestamptz,
    -- lead_changes::find_last.
    PRIMARY KEY (tenant_id, id)
);
-- lead_changes::list of a lead.
CREATE INDEX lead_changes_tenant_id_lead_id_idx ON lead_changes (tenant_id, lead_id, id);
-- lead_changes::change and ::restore.
CREATE INDEX lead_changes_tenant_id_change_id_idx ON lead_changes (tenant_id, change_id);

-- The points that a tenant chose for rules of the score.
CREATE TABLE score_points (
    tenant_id uuid PRIMARY KEY,
    -- By the names of the rules; others have their own.
    points jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- The rules by which all leads were scored; null where the points changed since.
    scored_by text
);

SELECT scrapersky_internal.put_back('create_leads', 'down', '{leads,lead_changes,score_points}');

-- Looks up what leads repeat of their domains, its site and contacts, and their places' telephone numbers. Leads are locked in
-- the order of their ids, so that transactions that change several do not deadlock.
CREATE FUNCTION refresh_leads(owners uuid[], ids uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF ids IS NULL THEN
        RETURN;
    END IF;
    WITH meant AS MATERIALIZED (
        SELECT l.tenant_id, l.id, l.place_id, l.domain_id
        FROM unnest(owners, ids) AS m (tenant_id, id) JOIN leads l ON l.tenant_id = m.tenant_id AND l.id = m.id
        ORDER BY l.tenant_id, l.id
        FOR NO KEY UPDATE OF l
    ),
    found AS MATERIALIZED (
        SELECT
            m.tenant_id, m.id, CASE WHEN m.place_id IS NULL THEN d.domain END AS name, d.domain, h.has_ssl,
            h.ssl_expiry_date AS certificate_expires_at,
            CASE WHEN num_nonnulls(h.domain_id, s.domain_id) > 0 THEN d.last_scan END AS last_scan_at,
            (p.phone IS NOT NULL AND p.phone <> '') OR coalesce(cardinality(array_remove(s.phone_numbers, '')) > 0, false) AS has_phone,
            coalesce(t.technologies, '') AS technologies, coalesce(c.has_email, false) AS has_email, coalesce(c.is_contacted, false) AS is_contacted,
            coalesce(c.has_bounced, false) AS has_bounced, coalesce(c.has_wrong, false) AS has_wrong
        FROM meant m
        LEFT JOIN place_details p ON p.tenant_id = m.tenant_id AND p.place_id = m.place_id
        LEFT JOIN domains d ON d.tenant_id = m.tenant_id AND d.id = m.domain_id
        LEFT JOIN domain_hosting h ON h.tenant_id = m.tenant_id AND h.domain_id = m.domain_id
        LEFT JOIN domain_profiles s ON s.tenant_id = m.tenant_id AND s.domain_id = m.domain_id
        LEFT JOIN LATERAL (
            -- Lists of names, or of objects with a name.
            SELECT substring(convert_to(chr(10) || string_agg(DISTINCT lower(n.name), chr(10)) || chr(10), 'UTF8') FROM 1 FOR 400) AS technologies
            FROM domain_technologies o
            CROSS JOIN LATERAL jsonb_path_query(o.tech_stack, '$.*[*]') AS f (found)
            CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(f.found) WHEN 'string' THEN f.found #>> '{}' ELSE f.found ->> 'name' END AS name) n
            WHERE o.tenant_id = m.tenant_id AND o.domain_id = m.domain_id AND jsonb_typeof(o.tech_stack) = 'object' AND n.name IS NOT NULL) t ON true
        LEFT JOIN LATERAL (
            SELECT
                bool_or(o.mark = 'contacted') AS is_contacted, bool_or(o.mark = 'bounced') AS has_bounced, bool_or(o.mark = 'wrong') AS has_wrong,
                bool_or(coalesce(o.mark, 'contacted') = 'contacted' AND NOT EXISTS (
                    SELECT FROM suppressions n
                    WHERE n.tenant_id = m.tenant_id AND n.hash = ANY (suppression_hashes(o.email) || suppression_hashes('@' || d.domain)))) AS has_email
            FROM contacts o WHERE o.tenant_id = m.tenant_id AND o.domain_id = m.domain_id) c ON true
    ),
    stale AS MATERIALIZED (
        SELECT f.tenant_id, f.id, coalesce(f.name, l.name) AS name, f.domain, f.has_ssl, f.certificate_expires_at, f.last_scan_at,
            f.has_phone, f.technologies, f.has_email, f.is_contacted, f.has_bounced, f.has_wrong,
            (l.domain, l.has_ssl, l.certificate_expires_at, l.has_phone, l.search_technologies, l.has_email,
             l.is_contacted, l.has_bounced, l.has_wrong)
            IS DISTINCT FROM (f.domain, f.has_ssl, f.certificate_expires_at, f.has_phone, f.technologies, f.has_email,
             f.is_contacted, f.has_bounced, f.has_wrong) AS is_news,
            l.last_scan_at IS DISTINCT FROM f.last_scan_at AS is_scanned,
            -- Scores are made from more than leads repeat.
            l.score_due_at > '-infinity' AS was_scored
        FROM found f JOIN leads l ON l.tenant_id = f.tenant_id AND l.id = f.id
    )
    UPDATE leads l SET
        name = s.name, domain = s.domain, has_ssl = s.has_ssl, certificate_expires_at = s.certificate_expires_at,
        last_scan_at = s.last_scan_at, has_phone = s.has_phone, search_technologies = s.technologies, has_email = s.has_email,
        is_contacted = s.is_contacted, has_bounced = s.has_bounced, has_wrong = s.has_wrong, score_due_at = '-infinity',
        updated_at = CASE WHEN s.is_news THEN now() ELSE l.updated_at END
    FROM stale s
    WHERE l.tenant_id = s.tenant_id AND l.id = s.id AND (s.is_news OR s.is_scanned OR s.was_scored);
END
$$;

-- What is there before. Rows that were put back keep their ids and decisions.
INSERT INTO leads (tenant_id, place_id, domain_id, status, notes, tags, priority, revisit_date, name, business_type, latitude, longitude,
                   rating, search_address)
    SELECT p.tenant_id, p.place_id, d.domain_id, p.status::text, p.notes, p.tags, p.priority, p.revisit_date, p.name, p.business_type,
           p.latitude, p.longitude, p.rating, p.search_address
    FROM places_staging p LEFT JOIN place_details d ON d.tenant_id = p.tenant_id AND d.place_id = p.place_id
    ON CONFLICT DO NOTHING;
INSERT INTO leads (tenant_id, domain_id, name, domain)
    SELECT d.tenant_id, d.id, d.domain, d.domain FROM domains d
    WHERE NOT EXISTS (SELECT FROM place_details p WHERE p.tenant_id = d.tenant_id AND p.domain_id = d.id)
    ON CONFLICT DO NOTHING;
ANALYZE leads;
SELECT refresh_leads(array_agg(tenant_id), array_agg(id)) FROM leads;

-- A place is a lead, which repeats what the place says.
CREATE FUNCTION scrapersky_internal.follow_places() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO leads (tenant_id, place_id, status, notes, tags, priority, revisit_date, name, business_type, latitude, longitude,
                           rating, search_address)
            SELECT tenant_id, place_id, status::text, notes, tags, priority, revisit_date, name, business_type, latitude, longitude,
                   rating, search_address
            FROM changed
            ON CONFLICT DO NOTHING;
        RETURN NULL;
    END IF;
    WITH stale AS MATERIALIZED (
        SELECT l.id AS lead_id, l.rating IS DISTINCT FROM c.rating AS is_rated_anew, c.*
        FROM changed c
        JOIN leads l ON l.tenant_id = c.tenant_id AND l.place_id = c.place_id
        WHERE (l.status, l.notes, l.tags, l.priority, l.revisit_date, l.name, l.business_type, l.latitude, l.longitude, l.rating, l.search_address)
            IS DISTINCT FROM (c.status::text, c.notes, c.tags, c.priority, c.revisit_date, c.name, c.business_type, c.latitude, c.longitude,
                              c.rating, c.search_address)
        ORDER BY l.tenant_id, l.id
        FOR NO KEY UPDATE OF l
    )
    UPDATE leads l SET
        status = s.status::text, notes = s.notes, tags = s.tags, priority = s.priority, revisit_date = s.revisit_date, name = s.name,
        business_type = s.business_type, latitude = s.latitude, longitude = s.longitude, rating = s.rating,
        search_address = s.search_address,
        score_due_at = CASE WHEN s.is_rated_anew THEN '-infinity' ELSE l.score_due_at END, updated_at = now()
    FROM stale s WHERE l.tenant_id = s.tenant_id AND l.id = s.lead_id;
    -- Not by a join of both tables, which a plan made for few rows would do row by row.
    WITH counted AS MATERIALIZED (
        SELECT l.tenant_id, l.id
        FROM (
            SELECT tenant_id, place_id, user_ratings_total FROM changed
            EXCEPT SELECT tenant_id, place_id, user_ratings_total FROM gone
        ) c JOIN leads l ON l.tenant_id = c.tenant_id AND l.place_id = c.place_id
        ORDER BY l.tenant_id, l.id
        FOR NO KEY UPDATE OF l
    )
    UPDATE leads l SET score_due_at = '-infinity', updated_at = now()
    FROM counted c WHERE l.tenant_id = c.tenant_id AND l.id = c.id;
    RETURN NULL;
END
$$;

-- A domain that a place was handed over to joins the lead of the place, and is a lead by itself where no place is left.
CREATE FUNCTION scrapersky_internal.follow_place_details() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    owners uuid[];
    ids uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE leads l SET domain_id = NULL, updated_at = now()
        FROM gone g WHERE l.tenant_id = g.tenant_id AND l.place_id = g.place_id AND l.domain_id IS NOT NULL;
        SELECT array_agg(l.tenant_id), array_agg(l.id) INTO owners, ids
            FROM gone g JOIN leads l ON l.tenant_id = g.tenant_id AND l.place_id = g.place_id;
    ELSE
        WITH moved AS MATERIALIZED (
            SELECT l.tenant_id, l.id, c.domain_id
            FROM come c JOIN leads l ON l.tenant_id = c.tenant_id AND l.place_id = c.place_id
            WHERE l.domain_id IS DISTINCT FROM c.domain_id
            ORDER BY l.tenant_id, l.id
            FOR NO KEY UPDATE OF l
        )
        UPDATE leads l SET domain_id = m.domain_id, updated_at = now()
        FROM moved m WHERE l.tenant_id = m.tenant_id AND l.id = m.id;
        DELETE FROM leads l USING come c
        WHERE l.tenant_id = c.tenant_id AND l.domain_id = c.domain_id AND l.place_id IS NULL;
        SELECT array_agg(l.tenant_id), array_agg(l.id) INTO owners, ids
            FROM come c JOIN leads l ON l.tenant_id = c.tenant_id AND l.place_id = c.place_id;
    END IF;
    PERFORM refresh_leads(owners, ids);
    IF TG_OP <> 'INSERT' THEN
        WITH alone AS (
            INSERT INTO leads (tenant_id, domain_id, name, domain)
            SELECT DISTINCT d.tenant_id, d.id, d.domain, d.domain
            FROM gone g JOIN domains d ON d.tenant_id = g.tenant_id AND d.id = g.domain_id
            WHERE NOT EXISTS (SELECT FROM place_details p WHERE p.tenant_id = d.tenant_id AND p.domain_id = d.id)
            ON CONFLICT DO NOTHING
            RETURNING tenant_id, id
        )
        SELECT array_agg(tenant_id), array_agg(id) INTO owners, ids FROM alone;
        PERFORM refresh_leads(owners, ids);
    END IF;
    RETURN NULL;
END
$$;

-- A new domain is a lead until a place is handed over to it.
CREATE FUNCTION scrapersky_internal.follow_new_domains() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO leads (tenant_id, domain_id, name, domain) SELECT tenant_id, id, domain, domain FROM changed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- Domains were scanned.
CREATE FUNCTION scrapersky_internal.follow_domains() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_leads(array_agg(l.tenant_id), array_agg(l.id))
    FROM (
        SELECT tenant_id, id, domain, last_scan FROM come
        EXCEPT SELECT tenant_id, id, domain, last_scan FROM gone
    ) c JOIN leads l ON l.tenant_id = c.tenant_id AND l.domain_id = c.id;
    RETURN NULL;
END
$$;

-- Facts about sites were found, or contacts were found, marked or removed.
CREATE FUNCTION scrapersky_internal.follow_sites() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_leads(array_agg(l.tenant_id), array_agg(l.id))
    FROM (SELECT DISTINCT tenant_id, domain_id FROM changed) c JOIN leads l ON l.tenant_id = c.tenant_id AND l.domain_id = c.domain_id;
    RETURN NULL;
END
$$;

-- Addresses were suppressed, or are no longer.
CREATE FUNCTION scrapersky_internal.follow_suppressions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_leads(array_agg(l.tenant_id), array_agg(l.id))
    FROM (
        SELECT DISTINCT c.tenant_id, c.domain_id
        FROM contacts c JOIN domains d ON d.tenant_id = c.tenant_id AND d.id = c.domain_id
        -- Hashes of domains are made for suppressions of domains only: they take most of the time.
        CROSS JOIN LATERAL (
            SELECT sha256(convert_to(lower(c.email), 'UTF8')) AS hash WHERE EXISTS (SELECT FROM changed WHERE kind = 'address')
            UNION ALL
            SELECT unnest(suppression_hashes(c.email) || suppression_hashes('@' || d.domain)) WHERE EXISTS (SELECT FROM changed WHERE kind = 'domain')
        ) h
        JOIN changed s ON s.tenant_id = c.tenant_id AND s.hash = h.hash
        WHERE c.tenant_id IN (SELECT tenant_id FROM changed)
    ) c
    JOIN leads l ON l.tenant_id = c.tenant_id AND l.domain_id = c.domain_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_inserted AFTER INSERT ON places_staging REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_places();
CREATE TRIGGER follow_updated AFTER UPDATE ON places_staging REFERENCING OLD TABLE AS gone NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_places();
CREATE TRIGGER follow_inserted AFTER INSERT ON place_details REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_place_details();
CREATE TRIGGER follow_updated AFTER UPDATE ON place_details REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_place_details();
CREATE TRIGGER follow_deleted AFTER DELETE ON place_details REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_place_details();
CREATE TRIGGER follow_inserted AFTER INSERT ON domains REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_new_domains();
CREATE TRIGGER follow_updated AFTER UPDATE ON domains REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_domains();
CREATE TRIGGER follow_inserted AFTER INSERT ON domain_profiles REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_updated AFTER UPDATE ON domain_profiles REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_inserted AFTER INSERT ON domain_hosting REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_updated AFTER UPDATE ON domain_hosting REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_inserted AFTER INSERT ON domain_technologies REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_updated AFTER UPDATE ON domain_technologies REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_inserted AFTER INSERT ON contacts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_updated AFTER UPDATE ON contacts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_deleted AFTER DELETE ON contacts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_sites();
CREATE TRIGGER follow_inserted AFTER INSERT ON suppressions REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_suppressions();
CREATE TRIGGER follow_deleted AFTER DELETE ON suppressions REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.follow_suppressions();
