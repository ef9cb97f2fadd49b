-- What a domain says of its scan, and of the analysis of its sitemaps, follows the job, however that ends: cancelled before
-- it began, or while a worker had it; given up when workers went silent; queued again. So does the row of the analysis.
--
-- That it is under way, and that it ended well, the job writes itself, with what it found.
CREATE FUNCTION scrapersky_internal.follow_job() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    reason text := CASE NEW.status WHEN 'cancelled' THEN 'it was cancelled' WHEN 'failed' THEN NEW.error END;
BEGIN
    IF NEW.kind = 'sitemap_scan' AND NEW.status <> 'pending' THEN
        UPDATE sitemap_runs SET state = 'failed', completed_at = now(), note = reason
        WHERE tenant_id = NEW.tenant_id AND job_id = NEW.job_id AND state = 'running';
    END IF;
    -- Another one that waits or runs has the word.
    IF NEW.status <> 'pending' AND EXISTS (
        SELECT FROM jobs WHERE tenant_id = NEW.tenant_id AND domain_id = NEW.domain_id AND kind = NEW.kind
            AND job_id <> NEW.job_id AND status IN ('pending', 'running')) THEN
        RETURN NULL;
    END IF;
    -- The domain is never waited for: who has it locked now is a job that begins or ends, and may wait for this row.
    PERFORM FROM domains WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NEW.kind = 'sitemap_scan' THEN
        UPDATE domains SET
            sitemap_analysis_status = CASE NEW.status WHEN 'pending' THEN 'Queued' ELSE 'Error' END::"SitemapAnalysisStatusEnum",
            sitemap_analysis_error = coalesce(reason, sitemap_analysis_error),
            updated_at = now()
        WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id;
    ELSE
        UPDATE domains SET
            content_scrape_status = CASE NEW.status WHEN 'pending' THEN 'Queued' WHEN 'cancelled' THEN 'Cancelled' ELSE 'Error' END::task_status,
            content_scrape_error = coalesce(reason, content_scrape_error),
            updated_at = now()
        WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_job AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.status IN ('pending', 'failed', 'cancelled') AND NEW.status <> OLD.status
          AND NEW.kind IN ('domain_scan', 'sitemap_scan') AND NEW.domain_id IS NOT NULL)
    EXECUTE FUNCTION scrapersky_internal.follow_job();
