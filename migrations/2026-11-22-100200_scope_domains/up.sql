-- A domain belongs to its tenant: unique per tenant instead of once in the world (one tenant's scan used to
-- overwrite another's row), named in its standard form, and with times that know their zone.

-- What has a value but no place in the tables that follow: the old value of a standardised `domain` here,
-- columns that no code read or wrote later on. Each value is the text PostgreSQL writes for it.
ALTER TABLE domains ADD COLUMN legacy jsonb;

ALTER TABLE domains
    DROP CONSTRAINT domains_domain_key,
    DROP CONSTRAINT uq_domains_domain,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';

-- The same rule as the program's: trim, lower-case, drop scheme, user, `www.`, port, path, query and trailing dot.
CREATE FUNCTION scrapersky_internal.standard_domain(spelled text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    lower(btrim(spelled, E' \t\r\n')),
    '^[a-z][a-z0-9+.-]*://', ''), '[/?#].*$', ''), '^.*@', ''), '^(www\.)?(.*?)(:[0-9]*)?\.?$', '\2');

-- Only the first row of each standard form takes it, and none where the tenant has that row already. The others
-- keep their spelling, which is unique as it is, and are reported.
CREATE TEMP TABLE renamed ON COMMIT DROP AS
    SELECT d.id, s.name,
           row_number() OVER (PARTITION BY d.tenant_id, s.name ORDER BY d.domain <> s.name, d.created_at, d.id) = 1 AS is_first
    FROM domains d, LATERAL (SELECT scrapersky_internal.standard_domain(d.domain) AS name) s
    -- A name that has a shorter form still ("www.www.x.com") is odd enough to stay as it is.
    WHERE s.name <> '' AND scrapersky_internal.standard_domain(s.name) = s.name;
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'up', 'domains', '{domain}',
    $$SELECT id::text AS key, 'the tenant has another row for ' || name || ': this one keeps its spelling' AS reason
      FROM renamed WHERE NOT is_first$$);
UPDATE domains d SET legacy = jsonb_build_object('domain', d.domain), domain = r.name
    FROM renamed r WHERE r.id = d.id AND r.is_first AND r.name <> d.domain;
DROP TABLE renamed;

ALTER TABLE domains
    ADD CONSTRAINT domains_tenant_id_domain_key UNIQUE (tenant_id, domain),
    ADD CONSTRAINT domains_tenant_id_id_key UNIQUE (tenant_id, id);

DROP INDEX IF EXISTS
    idx_domains_domain, ix_domains_domain, idx_domains_tenant_id, ix_domains_tenant_id, ix_domains_batch_id,
    idx_domains_status, idx_domains_content_scrape_status, idx_domains_page_scrape_status, idx_domains_local_business_id,
    idx_domains_sitemap_analysis_status, idx_domains_sitemap_curation_status, idx_domains_sitemap_monitor_status;

-- Rows that a revert could not keep apart, with all that hangs on them.
SELECT scrapersky_internal.put_back('scope_domains', 'down', '{domains,sitemap_files,sitemap_urls,pages,contacts}');

CREATE INDEX domains_tenant_id_created_at_idx ON domains (tenant_id, created_at, id);
CREATE INDEX domains_tenant_id_last_scan_idx ON domains (tenant_id, last_scan, id);
CREATE INDEX domains_tenant_id_status_idx ON domains (tenant_id, status);
CREATE INDEX domains_tenant_id_content_scrape_status_idx ON domains (tenant_id, content_scrape_status);
CREATE INDEX domains_tenant_id_page_scrape_status_idx ON domains (tenant_id, page_scrape_status);
CREATE INDEX domains_tenant_id_sitemap_analysis_status_idx ON domains (tenant_id, sitemap_analysis_status);
CREATE INDEX domains_tenant_id_sitemap_curation_status_idx ON domains (tenant_id, sitemap_curation_status);
CREATE INDEX domains_tenant_id_sitemap_monitor_status_idx ON domains (tenant_id, sitemap_monitor_status);
-- Production has a foreign key here, to a table that is not ours.
CREATE INDEX domains_local_business_id_idx ON domains (local_business_id);
