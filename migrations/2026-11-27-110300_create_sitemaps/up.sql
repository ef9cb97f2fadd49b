-- Sitemaps: the files of a domain as a tree, the URLs that they list, and each analysis with what it found to be different.
SET LOCAL row_security = off;

ALTER TABLE sitemap_files
    ADD COLUMN depth smallint,
    ADD COLUMN parent_id uuid;
COMMENT ON COLUMN sitemap_files.depth IS 'How many sitemap indexes lead to it.';
COMMENT ON COLUMN sitemap_files.parent_id IS 'The sitemap index that lists it.';
ALTER TABLE sitemap_urls ADD COLUMN alternates jsonb;
COMMENT ON COLUMN sitemap_urls.alternates IS 'The same page in other languages: [{"hreflang", "href"}].';

-- Files that a deleted index listed have no parent. ON DELETE SET NULL with a list of columns would do the same, but cannot be
-- had where rows are spread over machines. The trigger's name sorts before those of foreign keys (RI_ConstraintTrigger...),
-- since triggers fire by name and the foreign key would refuse the deletion otherwise.
CREATE FUNCTION scrapersky_internal.clear_parent() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sitemap_files SET parent_id = NULL WHERE tenant_id = OLD.tenant_id AND parent_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A_clear_parent" AFTER DELETE ON sitemap_files FOR EACH ROW EXECUTE FUNCTION scrapersky_internal.clear_parent();
ALTER TABLE sitemap_files
    ADD CONSTRAINT sitemap_files_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES sitemap_files (tenant_id, id);

CREATE TABLE sitemap_runs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    -- Jobs are deleted sooner than their runs.
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
    PRIMARY KEY (tenant_id, id),
    -- sitemap_runs::begin, follow_job.
    CONSTRAINT sitemap_runs_job_key UNIQUE (tenant_id, job_id),
    CONSTRAINT sitemap_runs_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
-- sitemap_runs::list, newest first; sitemap_runs::delete_old; sitemap_runs_domain_fkey.
CREATE INDEX sitemap_runs_domain_idx ON sitemap_runs (tenant_id, domain_id, started_at, id);

CREATE TABLE sitemap_url_changes (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    change text NOT NULL CHECK (change IN ('added', 'removed', 'changed')),
    url text NOT NULL,
    old_lastmod timestamptz,
    new_lastmod timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT sitemap_url_changes_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES sitemap_runs (tenant_id, id) ON DELETE CASCADE
);
-- sitemap_url_changes::list and ::settle; sitemap_url_changes_run_fkey.
CREATE INDEX sitemap_url_changes_run_idx ON sitemap_url_changes (tenant_id, run_id, id);

SELECT scrapersky_internal.put_back('create_sitemaps', 'down', '{sitemap_runs,sitemap_url_changes}');

-- sitemap_files::upsert, ::find_by_url and ::list_pending. A URL may be longer than an index entry can be: its hash stands for it.
CREATE UNIQUE INDEX sitemap_files_url_key ON sitemap_files (tenant_id, domain_id, md5(url));
-- sitemap_files::list of a domain, newest first.
CREATE INDEX sitemap_files_tenant_id_domain_id_created_at_idx ON sitemap_files (tenant_id, domain_id, created_at, id);
-- sitemap_files::list of a status.
CREATE INDEX sitemap_files_tenant_id_status_idx ON sitemap_files (tenant_id, status);
-- sitemap_files::list_unmet, clear_parent.
CREATE INDEX sitemap_files_parent_idx ON sitemap_files (tenant_id, parent_id);
-- sitemap_urls::list_of_file, ::upsert_many and ::delete_unlisted; sitemap_url_changes::settle.
CREATE UNIQUE INDEX sitemap_urls_url_key ON sitemap_urls (tenant_id, sitemap_id, md5(url));
-- sitemap_urls::list_of_domain; sitemap_urls_domain_fkey.
CREATE INDEX sitemap_urls_tenant_id_domain_id_idx ON sitemap_urls (tenant_id, domain_id, id);
