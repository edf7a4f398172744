"""Who may do what at which address: one row an address, read by `tests/test_access.py`.

A row names, for each method that the address knows, the roles that get in. A row of the API also says with
which status; a page may answer in several ways once somebody is in.

- `owner` marks what belongs to one expert or one organisation: to others of the same role it does not exist.
- `ids` names the object in the address, `foreign` one like it that is somebody else's, or of another project.
- `not_owner` says how the id of a foreign object in the body is refused, by method.
- `leads_on` marks pages that lead from a foreign or missing object to one's own, where others say 404: what
  was open may have become somebody else's.
- `no_role` is the answer to a log-in without a role, where it is not the one to nobody at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVERYBODY = "expert reader admin"
EVEN_STRANGERS = f"anonymous nobody {EVERYBODY}"


@dataclass(frozen=True)
class Row:
    """One address."""

    methods: Mapping[str, str]
    status: Mapping[str, int] = field(default_factory=dict)
    owner: bool = False
    ids: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    not_owner: Mapping[str, int] = field(default_factory=dict)
    no_role: int | None = None
    leads_on: bool = False

    @property
    def known(self) -> dict[str, str]:
        """The methods that the address knows; who may GET may also HEAD."""
        both = {"HEAD": self.methods["GET"]} if "GET" in self.methods else {}
        return {**both, **self.methods}


def get(roles: str, **more: Any) -> Row:
    """An address that is only read."""
    return Row({"GET": roles}, **more)


def post(roles: str, status: int = 200, **more: Any) -> Row:
    """An address that only takes something."""
    return Row({"POST": roles}, status={"POST": status}, **more)


def of(name: str, foreign: str | None = None, **more: Any) -> dict[str, Any]:
    """An object by its id in an address of the API."""
    return {"ids": {"pk": name}, "foreign": {"pk": foreign} if foreign else {}, **more}


def shown(name: str) -> dict[str, Any]:
    """What one expert is shown by its id in the address of a page, and may lose to another one."""
    ids, foreign = {f"{name}_id": name}, {f"{name}_id": f"foreign_{name}"}
    return {"owner": True, "leads_on": True, "ids": ids, "foreign": foreign}


API: dict[str, Row] = {
    # --- everybody
    "api:token": Row(
        {"POST": EVEN_STRANGERS, "DELETE": EVERYBODY},
        status={"POST": 200, "DELETE": 204},
        body={"username": "@reader", "password": "@password"},
    ),
    "api:me": Row({"GET": EVERYBODY, "PATCH": EVERYBODY}, body={"time_zone": "Europe/Berlin"}),
    "api:own_password": post(EVERYBODY, body={"password": "@password", "new_password": "of-my-own-choice"}),
    # --- readers
    "api:queries": get("reader admin"),
    "api:query": get("reader admin", owner=True, **of("query", "foreign_query")),
    "api:query_ranking": get("reader admin", owner=True, **of("query", "foreign_query")),
    "api:query_export": get("reader admin", owner=True, **of("query", "foreign_query")),
    "api:match": get("reader admin", owner=True, **of("match", "foreign_match")),
    "api:match_above": get(
        "reader admin",
        owner=True,
        ids={"pk": "match", "other": "second_match"},
        foreign={"pk": "foreign_match", "other": "foreign_match"},
    ),
    "api:match_movement": get("reader admin", owner=True, **of("match", "foreign_match")),
    "api:match_provenance": get("reader admin", owner=True, **of("match", "foreign_match")),
    "api:outcomes": Row(
        {"GET": "reader admin", "POST": "reader"},
        status={"POST": 201},
        not_owner={"POST": 400},
        body={"match": "@match", "kind": "shortlisted"},
    ),
    # --- experts
    "api:my_sessions": get("expert"),
    "api:my_session": get("expert", owner=True, **of("session", "foreign_session")),
    "api:slates": get("expert"),
    "api:slate": get("expert", owner=True, **of("slate", "foreign_slate")),
    "api:slate_draft": Row(
        {"GET": "expert", "PUT": "expert"},
        owner=True,
        body={"comment": "x"},
        headers={"If-Match": '"0"'},
        **of("slate", "foreign_slate"),
    ),
    "api:slate_moves": post(
        "expert",
        201,
        owner=True,
        body={"do": "comment", "text": "x"},
        headers={"If-Match": '"0"', "Idempotency-Key": "k"},
        **of("slate", "foreign_slate"),
    ),
    "api:slate_judgement": post(
        "expert",
        201,
        owner=True,
        body={"kind": "about_equal"},
        headers={"Idempotency-Key": "k"},
        **of("slate", "foreign_slate"),
    ),
    "api:practice": Row(
        {"GET": "expert", "POST": "expert"},
        status={"POST": 200},
        owner=True,
        body={"kind": "about_equal"},
        **of("session", "foreign_session"),
    ),
    "api:my_comparisons": get("expert"),
    "api:my_comparison": get("expert", owner=True, **of("comparison", "foreign_comparison")),
    "api:choices": get("expert"),
    "api:choice": get("expert", owner=True, **of("choice", "foreign_choice")),
    "api:choice_answer": post(
        "expert",
        201,
        owner=True,
        body={"kind": "left"},
        headers={"Idempotency-Key": "k"},
        **of("choice", "foreign_choice"),
    ),
    # --- admins
    "api:projects": get("admin"),
    "api:project": Row({"GET": "admin", "PATCH": "admin"}, ids={"slug": "slug"}),
    "api:monitoring": get("admin", ids={"slug": "slug"}),
    "api:drift": get("admin", ids={"slug": "slug"}),
    "api:exposure": get("admin", ids={"slug": "slug"}),
    "api:standing": get("admin", ids={"slug": "slug"}),
    "api:experts": get("admin", ids={"slug": "slug"}),
    "api:organisations": get("admin"),
    "api:training_sets": get("admin"),
    "api:training_set": get("admin", **of("training_set")),
    "api:jobs": Row(
        {"GET": "admin", "POST": "admin"},
        status={"POST": 202},
        body={"project": "advisers", "learn_from": "labels"},
    ),
    "api:job": get("admin", **of("job")),
    "api:job_cancel": post("admin", **of("queued_job")),
    "api:versions": get("admin"),
    "api:version": get("admin", **of("version")),
    "api:version_lessons": get("admin", **of("version")),
    "api:version_provenance": get("admin", **of("version")),
    "api:version_against": get(
        "admin", ids={"pk": "version", "other": "first_version"}, foreign={"other": "second_version"}
    ),
    "api:version_against_in_list": get(
        "admin",
        ids={"pk": "version", "other": "first_version", "query": "query"},
        foreign={"other": "second_version", "query": "second_query"},
    ),
    "api:evaluations": get("admin"),
    "api:evaluation": get("admin", **of("evaluation")),
    "api:promotions": Row(
        {"GET": "admin", "POST": "admin"},
        status={"POST": 201},
        body={"version": "@version", "expected_sha256": "@sha256", "reason": "better"},
    ),
    "api:roll_back": post(
        "admin", 201, body={"project": "advisers", "expected_champion": 1, "reason": "worse"}
    ),
    "api:members": Row(
        {"GET": "admin", "POST": "admin"}, status={"POST": 201}, body={"username": "new", "role": "expert"}
    ),
    "api:member": Row({"GET": "admin", "PATCH": "admin"}, body={"active": True}, **of("member")),
    "api:member_password": post("admin", **of("member")),
    "api:sessions": Row(
        {"GET": "admin", "POST": "admin"},
        status={"POST": 201},
        body={"project": "advisers", "title": "x", "experts": ["edda"], "slates_per_expert": 1},
    ),
    "api:session_preview": post("admin", body={"project": "advisers", "experts": ["edda"]}),
    "api:session": Row({"GET": "admin", "PATCH": "admin"}, body={"paused": False}, **of("session")),
    "api:session_export": get("admin", **of("session")),
    "api:sessions_export": get("admin", ids={"slug": "slug"}),
    "api:session_close": post("admin", **of("session")),
    "api:session_invitations": post("admin", 201, body={"expert": "edda"}, **of("session")),
    "api:session_more": post("admin", body={"expert": "edda", "slates": 1}, **of("session")),
    "api:session_hand_over": post("admin", body={"giver": "edda", "taker": "emil"}, **of("session")),
    "api:gaps": get("admin", ids={"slug": "slug"}),
    "api:gap_notes": post("admin", 201, body={"kind": "answered", "text": "0.4 %"}, **of("gap")),
    "api:comparisons": Row(
        {"GET": "admin", "POST": "admin"},
        status={"POST": 201},
        body={"challenger": "@version", "champion": "@first_version", "title": "x", "experts": ["edda"]},
    ),
    "api:comparison": get("admin", **of("comparison")),
    "api:comparison_close": post("admin", **of("comparison")),
    "api:comparison_invitations": post("admin", 201, body={"expert": "edda"}, **of("comparison")),
    "api:comparison_more": post("admin", body={"expert": "emil", "needs": 1}, **of("comparison")),
    "api:comparison_hand_over": post("admin", body={"giver": "edda", "taker": "emil"}, **of("comparison")),
    "api:comparison_export": get("admin", **of("comparison")),
    "api:comparisons_export": get("admin", ids={"slug": "slug"}),
    "api:gold_lists": Row(
        {"GET": "admin", "POST": "admin"},
        status={"POST": 201},
        body={"slate": "@judged_slate", "why": "x"},
    ),
    "api:gold_list": get("admin", **of("gold")),
    "api:gold_list_retire": post("admin", body={"reason": "x"}, **of("gold")),
    "api:judgements": get("admin"),
    "api:judgement": get("admin", **of("judgement")),
    "api:preferences": get("admin"),
}

OF_NEED = {"query_id": "query"}
FOREIGN_NEED = {"query_id": "foreign_query"}
PAGES: dict[str, Row] = {
    "feedback:home": get(EVERYBODY, no_role=403),
    # --- experts
    "feedback:my_sessions": get("expert"),
    "feedback:session_intro": get(
        "expert", owner=True, ids={"session_id": "session"}, foreign={"session_id": "foreign_session"}
    ),
    "feedback:session_done": get(
        "expert", owner=True, ids={"session_id": "session"}, foreign={"session_id": "foreign_session"}
    ),
    "feedback:practice": Row(
        {"GET": "expert", "POST": "expert"},
        owner=True,
        ids={"session_id": "session"},
        foreign={"session_id": "foreign_session"},
        body={"kind": "about_equal"},
    ),
    "feedback:slate": get("expert", **shown("slate")),
    "feedback:judgement": post("expert", body={"kind": "about_equal"}, **shown("slate")),
    **{
        f"feedback:comparison_{what}": get(
            "expert",
            owner=True,
            ids={"comparison_id": "comparison"},
            foreign={"comparison_id": "foreign_comparison"},
        )
        for what in ("intro", "done")
    },
    "feedback:choice": get("expert", **shown("choice")),
    "feedback:choice_answer": post("expert", body={"kind": "left"}, **shown("choice")),
    # --- readers
    "feedback:needs": get("reader admin"),
    "feedback:matches": get("reader admin", owner=True, ids=OF_NEED, foreign=FOREIGN_NEED),
    "feedback:rules": get("reader admin", owner=True, ids=OF_NEED, foreign=FOREIGN_NEED),
    "feedback:export_matches": get("reader admin", owner=True, ids=OF_NEED, foreign=FOREIGN_NEED),
    "feedback:why": get("reader admin", owner=True, ids={**OF_NEED, "rank": "one"}, foreign=FOREIGN_NEED),
    "feedback:why_above": get(
        "reader admin", owner=True, ids={**OF_NEED, "rank": "one", "other": "two"}, foreign=FOREIGN_NEED
    ),
    "feedback:why_moved": get(
        "reader admin", owner=True, ids={**OF_NEED, "rank": "one"}, foreign=FOREIGN_NEED
    ),
    "feedback:outcome": post(
        "reader",
        owner=True,
        ids={**OF_NEED, "rank": "one"},
        foreign=FOREIGN_NEED,
        body={"kind": "shortlisted"},
    ),
    "feedback:shortlist": get("reader admin"),
    # --- admins: people
    "feedback:people": get("admin"),
    "feedback:person_new": Row({"GET": "admin", "POST": "admin"}),
    "feedback:person": get("admin", ids={"member_id": "member"}),
    "feedback:person_password": post("admin", ids={"member_id": "member"}),
    "feedback:person_role": post("admin", 422, ids={"member_id": "member"}),
    "feedback:person_suspend": post("admin", ids={"member_id": "member"}),
    "feedback:person_readmit": post("admin", ids={"member_id": "member"}),
    # --- admins: sessions
    "feedback:manage_home": get("admin"),
    "feedback:dashboard": get("admin"),
    "feedback:retrain": post("admin"),
    "feedback:flags": get("admin"),
    "feedback:gaps": get("admin"),
    "feedback:gap_note": post("admin", ids={"judgement_id": "gap"}, foreign={"slug": "second_slug"}),
    "feedback:sessions": get("admin"),
    "feedback:session_new": Row({"GET": "admin", "POST": "admin"}),
    "feedback:session_preview": get("admin"),
    "feedback:session_cost": get("admin"),
    "feedback:session": get("admin", ids={"session_id": "session"}, foreign={"slug": "second_slug"}),
    "feedback:sessions_export": get("admin"),
    "feedback:session_export": get("admin", ids={"session_id": "session"}, foreign={"slug": "second_slug"}),
    "feedback:session_close": post("admin", ids={"session_id": "session"}, foreign={"slug": "second_slug"}),
    "feedback:session_deadline": post(
        "admin", ids={"session_id": "session"}, foreign={"slug": "second_slug"}
    ),
    "feedback:session_pause": post("admin", ids={"session_id": "session"}, foreign={"slug": "second_slug"}),
    **{
        f"feedback:participation{what}": Row(
            dict.fromkeys(methods.split(), "admin"),
            ids={"session_id": "session", "username": "expert_name"},
            foreign={"slug": "second_slug", "username": "reader"},
        )
        for what, methods in {"": "GET", "_link": "GET POST", "_extend": "POST", "_hand_over": "POST"}.items()
    },
    "feedback:slate_review": get(
        "admin",
        ids={"session_id": "closed_session", "slate_id": "judged_slate"},
        foreign={"slug": "second_slug", "session_id": "session"},
    ),
    "account": Row({"GET": EVERYBODY, "POST": EVERYBODY}),
    "feedback:gold": get("admin"),
    "feedback:gold_new": Row({"GET": "admin", "POST": "admin"}),
    "feedback:gold_list": get("admin", ids={"gold_id": "gold"}, foreign={"slug": "second_slug"}),
    "feedback:gold_retire": post("admin", ids={"gold_id": "gold"}, foreign={"slug": "second_slug"}),
    "feedback:comparisons": get(
        "admin", ids={"number": "one", "other": "zero"}, foreign={"slug": "second_slug"}
    ),
    "feedback:comparison_new": Row(
        {"GET": "admin", "POST": "admin"},
        ids={"number": "one", "other": "zero"},
        foreign={"slug": "second_slug"},
    ),
    "feedback:comparison": get("admin", ids={"comparison_id": "comparison"}, foreign={"slug": "second_slug"}),
    "feedback:comparison_close": post(
        "admin", ids={"comparison_id": "comparison"}, foreign={"slug": "second_slug"}
    ),
    "feedback:comparisons_export": get("admin"),
    "feedback:comparison_export": get(
        "admin", ids={"comparison_id": "comparison"}, foreign={"slug": "second_slug"}
    ),
    **{
        f"feedback:comparison_{what}": Row(
            dict.fromkeys(methods.split(), "admin"),
            ids={"comparison_id": "comparison", "username": "expert_name"},
            foreign={"slug": "second_slug", "username": "reader"},
        )
        for what, methods in {
            "expert": "GET",
            "link": "GET POST",
            "extend": "POST",
            "hand_over": "POST",
        }.items()
    },
    "feedback:experts": get("admin"),
    "feedback:expert": get("admin", ids={"username": "expert_name"}, foreign={"username": "reader"}),
    # --- admins: versions
    "ranking:versions": get("admin"),
    "ranking:version": get("admin", ids={"number": "one"}, foreign={"slug": "second_slug"}),
    "ranking:version_lessons": get("admin", ids={"number": "one"}, foreign={"slug": "second_slug"}),
    "ranking:version_provenance": get("admin", ids={"number": "one"}, foreign={"slug": "second_slug"}),
    "ranking:compare": get("admin", ids={"number": "one", "other": "zero"}, foreign={"slug": "second_slug"}),
    "ranking:compare_changes": get(
        "admin", ids={"number": "one", "other": "zero"}, foreign={"slug": "second_slug"}
    ),
    "ranking:compare_list": get(
        "admin",
        ids={"number": "one", "other": "zero", "query_id": "query"},
        foreign={"slug": "second_slug", "query_id": "second_query"},
    ),
    "ranking:promote": Row(
        {"GET": "admin", "POST": "admin"}, ids={"number": "two"}, foreign={"slug": "second_slug"}
    ),
    "ranking:promotions": get("admin"),
    "ranking:roll_back": post("admin"),
    "ranking:policy": post("admin"),
    "ranking:training_set": get("admin", ids={"set_id": "training_set"}, foreign={"slug": "second_slug"}),
    "ranking:jobs": get("admin"),
    "ranking:job": get("admin", ids={"job_id": "job"}, foreign={"job_id": "queued_job"}),
    "ranking:job_progress": get("admin", ids={"job_id": "job"}, foreign={"job_id": "queued_job"}),
    "ranking:job_cancel": post("admin", ids={"job_id": "job"}, foreign={"job_id": "queued_job"}),
    "ranking:monitoring": get("admin"),
    "ranking:drift": get("admin"),
    "ranking:exposure": get("admin"),
}

#: Open to all, or guarded by something else than roles: each has a test of its own beside its code.
OPEN = {
    "healthz",
    "readyz",
    "metrics",
    "schema",
    "login",
    "logout",
    "password_change",
    "feedback:invitation",
}
