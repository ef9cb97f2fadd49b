DROP INDEX contacts_tenant_id_page_id_idx, contacts_tenant_id_source_job_id_idx, contacts_tenant_id_created_at_idx,
    contacts_tenant_id_email_type_idx;
ALTER TABLE contacts
    DROP CONSTRAINT contacts_tenant_id_domain_id_email_key,
    DROP CONSTRAINT contacts_domain_fkey,
    DROP CONSTRAINT contacts_page_fkey,
    DROP CONSTRAINT contacts_source_job_fkey,
    DROP COLUMN tenant_id,
    ADD CONSTRAINT contacts_domain_id_email_key UNIQUE (domain_id, email),
    ADD CONSTRAINT contacts_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_page_id_fkey FOREIGN KEY (page_id) REFERENCES pages (id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_source_job_id_fkey FOREIGN KEY (source_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL;
CREATE INDEX idx_contacts_domain_email ON contacts (domain_id, email);
CREATE INDEX idx_contacts_page_id ON contacts (page_id);
SELECT scrapersky_internal.put_back('scope_contacts', 'up', '{contacts}');
