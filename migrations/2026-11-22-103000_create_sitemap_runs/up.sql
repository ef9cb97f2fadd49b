-- An analysis of a domain's sitemaps, and what it found to be different from the one before.

ALTER TABLE sitemap_files
    ADD COLUMN depth smallint,
    ADD COLUMN parent_id uuid,
    ADD CONSTRAINT sitemap_files_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES sitemap_files (tenant_id, id)
        ON DELETE SET NULL (parent_id);
CREATE INDEX sitemap_files_parent_idx ON sitemap_files (tenant_id, parent_id);
COMMENT ON COLUMN sitemap_files.depth IS 'How many indexes lead to it.';
COMMENT ON COLUMN sitemap_files.parent_id IS 'The index that lists it.';

ALTER TABLE sitemap_urls ADD COLUMN alternates jsonb;
COMMENT ON COLUMN sitemap_urls.alternates IS 'The same page in other languages: [{"hreflang", "href"}].';

CREATE TABLE sitemap_runs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    -- Jobs age out before their runs do.
    job_id uuid NOT NULL,
    is_whole_domain boolean NOT NULL,
    has_previous boolean NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'partial', 'failed')),
    started_at timestamptz NOT NULL DEFAULT now(),
    discovered_at timestamptz,
    completed_at timestamptz,
    files integer NOT NULL DEFAULT 0,
    failed_files integer NOT NULL DEFAULT 0,
    urls bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    added bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    note text,
    CONSTRAINT sitemap_runs_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT sitemap_runs_job_key UNIQUE (tenant_id, job_id),
    CONSTRAINT sitemap_runs_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sitemap_runs_domain_idx ON sitemap_runs (tenant_id, domain_id, started_at, id);

CREATE TABLE sitemap_url_changes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    change text NOT NULL CHECK (change IN ('added', 'removed', 'changed')),
    url text NOT NULL,
    old_lastmod timestamptz,
    new_lastmod timestamptz,
    CONSTRAINT sitemap_url_changes_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES sitemap_runs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sitemap_url_changes_run_idx ON sitemap_url_changes (tenant_id, run_id, id);

SELECT scrapersky_internal.isolate_tenants('sitemap_runs'), scrapersky_internal.isolate_tenants('sitemap_url_changes');
SELECT scrapersky_internal.put_back('create_sitemap_runs', 'down', '{sitemap_runs,sitemap_url_changes}');
