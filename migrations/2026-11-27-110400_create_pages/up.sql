-- Pages and contacts: what became of each page that was fetched, and on which pages each address stands.
SET LOCAL row_security = off;

ALTER TABLE pages
    ADD COLUMN status_code integer,
    ADD COLUMN disposition text,
    ADD COLUMN disposition_reason text,
    ADD COLUMN content_hash text;
COMMENT ON COLUMN pages.disposition IS 'What became of the page when it was last fetched, in one word.';

ALTER TABLE contacts
    ADD COLUMN name text,
    ADD COLUMN role text,
    ADD COLUMN notes text,
    ADD COLUMN confidence smallint CHECK (confidence BETWEEN 0 AND 100),
    ADD COLUMN mx_status text CHECK (mx_status IN ('ok', 'none', 'unknown')),
    ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN mark text CHECK (mark IN ('contacted', 'bounced', 'wrong')),
    ADD COLUMN marked_at timestamptz;
COMMENT ON COLUMN contacts.mx_status IS 'Whether the domain of the address accepts mail, by DNS.';
COMMENT ON COLUMN contacts.mark IS 'What came of writing to the address.';
-- In the old system a contact changed when it was seen.
UPDATE contacts SET last_seen_at = updated_at;

CREATE TABLE contact_sources (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    page_id uuid NOT NULL,
    context text,
    -- How the page spells the address.
    spelling text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    -- contacts::upsert_many, contacts::list_sources.
    CONSTRAINT contact_sources_page_key UNIQUE (tenant_id, contact_id, page_id),
    CONSTRAINT contact_sources_contact_fkey FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT contact_sources_page_fkey FOREIGN KEY (tenant_id, page_id) REFERENCES pages (tenant_id, id) ON DELETE CASCADE
);
SELECT scrapersky_internal.put_back('create_pages', 'down', '{contact_sources}');
-- contact_sources_page_fkey; erasures::hide.
CREATE INDEX contact_sources_tenant_id_page_id_idx ON contact_sources (tenant_id, page_id);

-- pages::upsert, ::find_by_url and ::list of a domain. A URL may be longer than an index entry can be: its hash stands for it.
CREATE UNIQUE INDEX pages_url_key ON pages (tenant_id, domain_id, md5(url));
-- pages::list of a sitemap file; clear_sitemap_file.
CREATE INDEX pages_tenant_id_sitemap_file_id_idx ON pages (tenant_id, sitemap_file_id);
-- pages::list of a domain, newest first; email_scans::list_domains.
CREATE INDEX pages_tenant_id_domain_id_created_at_idx ON pages (tenant_id, domain_id, created_at, id);

-- contacts::list, newest first; contacts::upsert_many reads contacts_tenant_id_domain_id_email_key.
CREATE INDEX contacts_tenant_id_created_at_idx ON contacts (tenant_id, created_at, id);
-- contacts::list of those seen since a time.
CREATE INDEX contacts_tenant_id_last_seen_at_idx ON contacts (tenant_id, last_seen_at);
-- contacts::count of a scan; contacts::forget_jobs.
CREATE INDEX contacts_tenant_id_source_job_id_idx ON contacts (tenant_id, source_job_id);
-- contacts_page_fkey.
CREATE INDEX contacts_tenant_id_page_id_idx ON contacts (tenant_id, page_id);

-- Pages that a deleted sitemap file listed name no file; see clear_parent in create_sitemaps.
CREATE FUNCTION scrapersky_internal.clear_sitemap_file() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pages SET sitemap_file_id = NULL WHERE tenant_id = OLD.tenant_id AND sitemap_file_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER "A_clear_sitemap_file" AFTER DELETE ON sitemap_files FOR EACH ROW EXECUTE FUNCTION scrapersky_internal.clear_sitemap_file();
ALTER TABLE pages
    ADD CONSTRAINT pages_sitemap_file_fkey FOREIGN KEY (tenant_id, sitemap_file_id) REFERENCES sitemap_files (tenant_id, id);
