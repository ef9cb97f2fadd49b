"""A day's work of an agency, by a client that is generated from the API's description, in at most 40 requests.

It searches for dentists, selects 13, hands them over, follows their scans, curates, suppresses, undoes, scans again and
takes the exports. API and KEY are those that `scrapersky demo --keep` prints.
"""

import os
import re

from scrapersky_client import AuthenticatedClient
from scrapersky_client.api.accounts import get_me, list_audit, list_costs
from scrapersky_client.api.contacts import export_contacts_csv, list_contacts
from scrapersky_client.api.domains import get_domain, list_domains, scan_domains
from scrapersky_client.api.jobs import get_batch, list_batches, list_jobs
from scrapersky_client.api.places import (
    export_places_csv,
    get_search_status,
    hand_over_places,
    list_place_changes,
    list_places,
    list_searches,
    search_places,
    undo_named_change,
    update_places,
)
from scrapersky_client.api.suppressions import import_suppressions
from scrapersky_client.models import (
    BulkUpdate,
    DomainWords,
    HandOverRequest,
    RescanRequest,
    SearchRequest,
    SuppressionImport,
    SuppressionItem,
)

MOST_REQUESTS = 40
SELECTED = 13
PATIENCE = 30

requests = 0


def count(request):
    global requests
    requests += 1


client = AuthenticatedClient(
    base_url=os.environ["API"],
    token=os.environ["KEY"],
    raise_on_unexpected_status=True,
    timeout=60,
    httpx_args={"event_hooks": {"request": [count]}, "trust_env": False},
)


def ask(route, *ids, **more):
    """Sends a request and returns its answer; any failure ends the day."""
    response = route.sync_detailed(*ids, client=client, **more)
    assert 200 <= response.status_code < 300, response.content
    return response.parsed if response.parsed is not None else response.content


def follow(batch):
    """Waits for the end of a batch, one request for each half minute."""
    while (found := ask(get_batch, str(batch), wait=PATIENCE)).status in ("pending", "running"):
        pass
    return found


me = ask(get_me)
assert "scan" in me.scopes, me

wanted = dict(business_type="dentist", location="Houston, TX", max_results=60)
price = ask(search_places, body=SearchRequest(dry_run=True, **wanted))
search = ask(search_places, body=SearchRequest(**wanted))
while (searched := ask(get_search_status, str(search.job_id), wait=PATIENCE)).status in ("pending", "running"):
    pass
assert searched.status == "completed" and searched.stored_places == 60, searched
assert price.usd_at_least <= searched.usd <= price.usd_at_most, (price, searched)
assert ask(list_searches).items[0].business_type == "dentist"

best = ask(list_places, sort="-rating", min_rating=4.0, limit=SELECTED).places
ids = [place.place_id for place in best]
assert len(set(ids)) == SELECTED, ids
selected = ask(update_places, body=BulkUpdate(place_ids=ids, status="selected", add_tags=["today"]))
assert selected.changed == SELECTED, selected
handed = ask(hand_over_places, body=HandOverRequest(place_ids=ids, scan=True, emails=True, look_up=True))
batch = follow(handed.batch_id)
assert batch.status == "completed" and batch.jobs.failed == 0, batch
jobs = ask(list_jobs, batch_id=str(handed.batch_id), limit=1000).items
# The hand-over, and a scan of each kind for every place with a website.
kinds = sorted(job.kind for job in jobs)
sites = kinds.count("domain_scan")
assert sites >= 8 and kinds.count("email_scan") == sites and len(kinds) == 2 * sites + 1, kinds

contacts = ask(list_contacts, q="office@business-", limit=1000)
assert contacts.total == sites, contacts
shown = ask(get_domain, contacts.items[0].domain_id)
assert shown.profile.title.startswith("Business"), shown
new = ask(list_contacts, first_seen_since=batch.created_at)
assert new.total == sites, new

report = ask(
    import_suppressions,
    body=SuppressionImport(items=[SuppressionItem(email=contacts.items[0].email), SuppressionItem(domain="example.com")]),
)
assert (report.inserted, report.failed) == (2, 0), report
left = ask(list_contacts, q="office@business-")
assert left.total == sites - 1, left

mistake = ask(update_places, body=BulkUpdate(place_ids=ids, status="archived"))
undone = ask(undo_named_change, mistake.change_id)
assert undone.restored == SELECTED, undone
who = ask(list_place_changes, limit=1).items[0].changed_by
assert who.name == me.caller.name, who

again = ask(scan_domains, body=RescanRequest(filter_=DomainWords(q="demo.test")))
assert follow(again.batch_id).total == again.job_count > sites
assert [item.id for item in ask(list_batches, limit=2).items] == [again.batch_id, handed.batch_id]
assert ask(list_domains, q="demo.test").total >= sites

places = ask(export_places_csv, status="selected")
assert str(places).count("ChIJdemo") == SELECTED, places
exported = re.findall(r"office@business-\d+-demo\.com", str(ask(export_contacts_csv)))
assert len(set(exported)) == sites - 1, exported
assert ask(list_costs).usd_this_month > 0
assert ask(list_audit, limit=1).items

print(f"{requests} requests, {SELECTED} places, {sites} sites, {left.total} contacts")
assert requests <= MOST_REQUESTS, f"{requests} requests: at most {MOST_REQUESTS}"
