"""The only place where a Redis key is spelled. Each line tells type, content and life."""

from __future__ import annotations

PREFIX = "trucewatch"


# --- the store


def is_passing(key: str) -> bool:
    """Tell whether a key says only what processes do at this moment: leases, claims, signs of life."""
    if key in {in_hand(), feeds_leased(), lanes_leased()} or key.startswith(lease("")):
        return True
    return key.startswith(PREFIX) and key.rpartition(":")[2] in {"lease", "claim", "alive", "probe", "running", "pause"}


def store() -> str:
    """Hash: format (int), epoch, born_at (ISO). No TTL; written once."""
    return f"{PREFIX}:store"


def actors_added() -> str:
    """Hash: actor_id to the time (ISO) since when it is watched. No TTL; one field per catalogue actor."""
    return f"{PREFIX}:actors_added"


def migrations() -> str:
    """Hash: name of a migration's step to its cursor, or "done". No TTL; one field per step."""
    return f"{PREFIX}:migrations"


def tallies() -> str:
    """Hash: "name|label" to a count: what /metrics shows (`tallies.py`). No TTL; some hundred fields."""
    return f"{PREFIX}:tallies"


def lease(name: str) -> str:
    """String: token of the holder. Lives as long as the lease."""
    return f"{PREFIX}:lease:{name}"


def probe() -> str:
    """String: "1". Lives ten seconds: written to see whether the store takes writes."""
    return f"{PREFIX}:probe"


# --- feeds


def feeds() -> str:
    """Hash: feed_id to JSON Feed. No TTL; the feeds that are polled now."""
    return f"{PREFIX}:feeds"


def feeds_due() -> str:
    """Sorted set: feed_id by due time (Unix seconds). One member per polled feed; claimed ones at their lease's end."""
    return f"{PREFIX}:feeds:due"


def feeds_leased() -> str:
    """Sorted set: feed_id by the end of its lease (Unix seconds). One member per poll under way, or cut short."""
    return f"{PREFIX}:feeds:leased"


def feeds_added() -> str:
    """Hash: feed_id to JSON Feed that people added. No TTL; emptied by people."""
    return f"{PREFIX}:feeds:added"


def feeds_removed() -> str:
    """Set: feed_id of listed feeds that people took out. No TTL; emptied by people."""
    return f"{PREFIX}:feeds:removed"


def feed_hosts() -> str:
    """Hash: feed_id to the host that it is polled at. No TTL; one field per polled feed."""
    return f"{PREFIX}:feeds:hosts"


def host(name: str) -> str:
    """Hash: next_at, paused_until (Unix seconds), refusals. TTL HOST_KEPT_S after the last claim or pause."""
    return f"{PREFIX}:host:{name}"


def host_running(name: str) -> str:
    """Sorted set: feed_id by the end of its lease (Unix seconds). Lives as long as polls at the host are under way."""
    return f"{PREFIX}:host:{name}:running"


def poll_counts() -> str:
    """Hash: claims, leases_run_out to a count; `claims` is the last fence drawn. No TTL; two fields."""
    return f"{PREFIX}:polls:counts"


def feed_state(feed_id: str) -> str:
    """String: JSON FeedState (validators, health). Lives with the feed, and FORGOTTEN_AFTER longer."""
    return f"{PREFIX}:feed:{feed_id}:state"


def feed_claim(feed_id: str) -> str:
    """String: fence of the poll under way. Lives as long as its lease."""
    return f"{PREFIX}:feed:{feed_id}:claim"


def feed_seen(feed_id: str) -> str:
    """Hash: article_id to "hash revision". Bounded: the feed's present entries and the latest before them."""
    return f"{PREFIX}:feed:{feed_id}:seen"


def feed_marks(feed_id: str) -> str:
    """Hash: hash of a GUID to "article_id title date" (hashes). Bounded like `feed_seen`."""
    return f"{PREFIX}:feed:{feed_id}:marks"


def feed_pages(feed_id: str) -> str:
    """Hash: kind ("page", "paywall", "robots", …) to a count of the pages of its articles. TTL COUNTS_KEPT."""
    return f"{PREFIX}:feed:{feed_id}:pages"


# --- articles


def page(article_id: str) -> str:
    """String: JSON ReadPage: what its page gave. TTL PAGE_KEPT."""
    return f"{PREFIX}:article:{article_id}:page"


def host_turn(name: str) -> str:
    """String: when a page of the host may be asked for next (Unix seconds). Lives until a minute after it."""
    return f"{PREFIX}:host:{name}:turn"


def article(article_id: str) -> str:
    """String: JSON Article. No TTL while pending, then ARTICLE_KEPT."""
    return f"{PREFIX}:article:{article_id}"


def article_token(article_id: str) -> str:
    """String: the revision that waits to be read. No TTL; gone when that revision is settled."""
    return f"{PREFIX}:article:{article_id}:token"


def article_tries(article_id: str) -> str:
    """String: how often reading the pending revision was begun. A day, or until settled."""
    return f"{PREFIX}:article:{article_id}:tries"


def article_pause(article_id: str) -> str:
    """String: "1". Lives as long as the article is left alone before its next try."""
    return f"{PREFIX}:article:{article_id}:pause"


def article_end(article_id: str) -> str:
    """String: JSON ArticleEnd: how it ended. TTL ARTICLE_KEPT."""
    return f"{PREFIX}:article:{article_id}:end"


def pending() -> str:
    """Sorted set: article_id by when it is to be enqueued again (Unix seconds). Emptied by reading."""
    return f"{PREFIX}:pending"


def pending_since() -> str:
    """Sorted set: article_id by when it became pending (Unix seconds). To be looked at only; emptied with `pending`."""
    return f"{PREFIX}:pending:since"


def in_hand() -> str:
    """Hash: worker name to the article_id or lane it works on. One field per busy worker."""
    return f"{PREFIX}:in_hand"


def worker_alive(worker: str) -> str:
    """String: "1". Lives a few heartbeats."""
    return f"{PREFIX}:worker:{worker}:alive"


def article_counts() -> str:
    """Hash: "outcome:reason" to a count. No TTL; some ten fields."""
    return f"{PREFIX}:articles:counts"


def articles_ended(outcome: str) -> str:
    """Sorted set: article_id by when it ended (Unix seconds). Trimmed to ARTICLES_LISTED."""
    return f"{PREFIX}:articles:{outcome}"


# --- the ledger


def conflicts() -> str:
    """Set: the ids of the conflicts that have history. No TTL; one member per conflict."""
    return f"{PREFIX}:conflicts"


def version(conflict_id: str) -> str:
    """String: integer, one more at every commit. No TTL."""
    return f"{PREFIX}:version:{conflict_id}"


def statements(conflict_id: str) -> str:
    """Hash: statement_id to JSON Spoken. One field per statement."""
    return f"{PREFIX}:statements:{conflict_id}"


def stances(conflict_id: str, actor_id: str) -> str:
    """Hash: article_id to JSON Stance. One field per article that shows the actor's stance."""
    return f"{PREFIX}:stances:{conflict_id}:{actor_id}"


def corrections(article_id: str) -> str:
    """List: JSON Correction, the oldest first. No TTL, only ever appended to: what people said of its statements."""
    return f"{PREFIX}:corrections:{article_id}"


def corrected_articles() -> str:
    """Sorted set: article_id by when it was corrected first (Unix seconds). No TTL; one member per such article."""
    return f"{PREFIX}:corrections"


def touched(article_id: str) -> str:
    """String: JSON Touched: which stances and statements the article's latest revision made. Lives with them."""
    return f"{PREFIX}:touched:{article_id}"


def positions(conflict_id: str) -> str:
    """Hash: actor_id to JSON Position held now. One field per actor heard."""
    return f"{PREFIX}:positions:{conflict_id}"


def changes(conflict_id: str) -> str:
    """Hash: actor_id to a JSON array of its PositionChanges in order. One field per actor heard."""
    return f"{PREFIX}:changes:{conflict_id}"


def snapshots(conflict_id: str) -> str:
    """Hash: actor_id to JSON Snapshot: what its forgotten stances came to. One field per actor with any."""
    return f"{PREFIX}:snapshots:{conflict_id}"


def told(conflict_id: str) -> str:
    """Hash: statement_id to JSON Told. One field per alerted statement."""
    return f"{PREFIX}:told:{conflict_id}"


def sequence(lane: str) -> str:
    """String: the last sequence number given in the lane. No TTL."""
    return f"{PREFIX}:sequence:{lane}"


def alerts() -> str:
    """Hash: alert_id to JSON Alert: the append-only log of what was told. No TTL."""
    return f"{PREFIX}:alerts"


def alerts_held() -> str:
    """Sorted set: alert_id by when it was committed (Unix seconds). Emptied by people who approve or drop."""
    return f"{PREFIX}:alerts:held"


def alerts_judged() -> str:
    """Hash: alert_id to JSON Judgement: who let a held alert go, or dropped it. Lives with the alert."""
    return f"{PREFIX}:alerts:judged"


def alert_order() -> str:
    """Sorted set: alert_id by when it was committed (Unix seconds). One member per alert."""
    return f"{PREFIX}:alerts:order"


# --- outbox


def delivery(delivery_id: str) -> str:
    """Hash: `frozen` (JSON Delivery as staged), attempts, failures, state, last_error, ended_at.

    No TTL while it waits, then DELIVERY_KEPT.
    """
    return f"{PREFIX}:delivery:{delivery_id}"


def lane(lane_id: str) -> str:
    """List: delivery_id in the order of sending. Emptied by delivery."""
    return f"{PREFIX}:lane:{lane_id}"


def lane_lease(lane_id: str) -> str:
    """String: token of the job that drains the lane. Lives as long as its lease."""
    return f"{PREFIX}:lane:{lane_id}:lease"


def lanes_due() -> str:
    """Sorted set: lane by when its first delivery is due (Unix seconds). One member per lane that is not empty."""
    return f"{PREFIX}:lanes:due"


def lanes_leased() -> str:
    """Set: the lanes that a job drains now, or drained when it was killed. A few members, each until its job ends."""
    return f"{PREFIX}:lanes:leased"


def deliveries_ended(state: str) -> str:
    """Sorted set: delivery_id by when it ended in this state (Unix seconds). Trimmed to DELIVERY_KEPT."""
    return f"{PREFIX}:deliveries:{state}"


def delivery_counts() -> str:
    """Hash: "endpoint~what" to a count. No TTL; some seven fields per endpoint."""
    return f"{PREFIX}:deliveries:counts"


def endpoints_disabled() -> str:
    """Hash: endpoint name to JSON Disabled. One field per endpoint that answered 410, until it is enabled again."""
    return f"{PREFIX}:endpoints:disabled"


def endpoint_trouble(endpoint: str) -> str:
    """Hash: failures, opened_at, until, probes (times in Unix seconds). Gone at its next answer, or after a month."""
    return f"{PREFIX}:endpoint:{endpoint}:trouble"


def endpoint_rest(endpoint: str) -> str:
    """String: until when an endpoint is sent nothing (Unix seconds), as it or its service asks. Lives until then."""
    return f"{PREFIX}:endpoint:{endpoint}:rest"


def endpoint_probe(endpoint: str) -> str:
    """String: token of the job that asks an endpoint that is away. Lives as long as its lease."""
    return f"{PREFIX}:endpoint:{endpoint}:probe"


def silences() -> str:
    """Hash: silence_id to JSON Silence. Ended ones are taken out after SILENCE_KEPT."""
    return f"{PREFIX}:silences"


def silence_held(silence_id: str) -> str:
    """List: delivery_id held back by the silence, in order. Emptied by its summary."""
    return f"{PREFIX}:silence:{silence_id}:held"


def heartbeat() -> str:
    """String: when the last sign of life was made (ISO). No TTL."""
    return f"{PREFIX}:heartbeat"


def feeds_told_gone() -> str:
    """Hash: feed_id to the time (ISO) at which it was told that it is gone. One field per feed that is."""
    return f"{PREFIX}:feeds:told_gone"
