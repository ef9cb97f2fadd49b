-- A contact belongs to the tenant of its domain, and says so itself.
SELECT scrapersky_internal.set_aside_rows('scope_contacts', 'up', 'contacts', $$
    SELECT c.id::text AS key, 'its page is another tenant''s' AS reason
    FROM contacts c JOIN domains d ON d.id = c.domain_id JOIN pages p ON p.id = c.page_id WHERE p.tenant_id <> d.tenant_id$$);
SELECT scrapersky_internal.set_aside_columns('scope_contacts', 'up', 'contacts', '{source_job_id}', $$
    SELECT c.id::text AS key, 'its job is another tenant''s' AS reason
    FROM contacts c JOIN domains d ON d.id = c.domain_id JOIN jobs j ON j.job_id = c.source_job_id WHERE j.tenant_id <> d.tenant_id$$);
UPDATE contacts c SET source_job_id = NULL
    FROM domains d, jobs j WHERE d.id = c.domain_id AND j.job_id = c.source_job_id AND j.tenant_id <> d.tenant_id;

ALTER TABLE contacts ADD COLUMN tenant_id uuid;
UPDATE contacts c SET tenant_id = d.tenant_id FROM domains d WHERE d.id = c.domain_id;
ALTER TABLE contacts
    DROP CONSTRAINT contacts_domain_id_email_key,
    DROP CONSTRAINT contacts_domain_id_fkey,
    DROP CONSTRAINT contacts_page_id_fkey,
    DROP CONSTRAINT contacts_source_job_id_fkey,
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT contacts_tenant_id_domain_id_email_key UNIQUE (tenant_id, domain_id, email),
    ADD CONSTRAINT contacts_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_page_fkey FOREIGN KEY (tenant_id, page_id) REFERENCES pages (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_source_job_fkey FOREIGN KEY (tenant_id, source_job_id)
        REFERENCES jobs (tenant_id, job_id) ON DELETE SET NULL (source_job_id);

DROP INDEX IF EXISTS idx_contacts_domain_email, idx_contacts_page_id;
CREATE INDEX contacts_tenant_id_page_id_idx ON contacts (tenant_id, page_id);
CREATE INDEX contacts_tenant_id_source_job_id_idx ON contacts (tenant_id, source_job_id);
CREATE INDEX contacts_tenant_id_created_at_idx ON contacts (tenant_id, created_at, id);
CREATE INDEX contacts_tenant_id_email_type_idx ON contacts (tenant_id, email_type);
