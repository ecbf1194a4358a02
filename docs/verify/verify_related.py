#!/usr/bin/env python3
"""Derives `related.json` and `prov.json` of an evidence bundle again, sharing no code with Contextrail.

verify.py imports it and compares. What the two files hold follows from the records alone: from the
entry hashes, and from the values that are shown (docs/evidence.md "Derived files").
Each record is {"id", "kind", "index", "entry_hash", "refs", "fields", "values"}: hashes in base64,
fields as in records/<id>.json, values by path.
"""

import hashlib
import json
import re

# Members that are cut into elements and members (docs/format.md "Fields").
LISTS = {"approved_by", "caused_by", "checks", "contexts", "entities", "features", "generations", "guardrails",
         "items", "owners", "parents", "rationale", "reasons", "results", "retrievals", "tool_calls", "tools",
         "violations", "warnings"}
MAPS = {"extra", "filters", "governed_by", "inputs", "kpis", "output", "slices", "variables"}
# The members of each kind that name other records.
NAMING = {"context": ["parents"], "generation": ["context"],
          "decision": ["contexts", "generations", "caused_by", "supersedes"],
          "review": ["decision", "new_decision"], "outcome": ["decision"],
          "hold": ["target/decision"], "release": ["hold"], "token": ["token_id"],
          "approval": ["record"], "retirement": ["record"], "deployment": ["rollback_of"], "kpi": ["decision"],
          "unfreeze": ["freeze"]}
VERBS = {"context": "assembling", "generation": "answering", "decision": "deciding", "review": "reviewing",
         "outcome": "observing", "import": "importing", "key": "changing_a_key",
         "succession": "beginning_an_epoch", "erasure": "erasing", "hold": "placing_a_hold", "release": "releasing_a_hold",
         "policy": "setting_a_policy", "retention": "expiring", "archive": "archiving",
         "token": "granting_access", "access": "looking",
         "artifact": "registering", "approval": "approving", "retirement": "retiring", "deployment": "deploying",
         "kpi": "measuring", "check": "checking", "freeze": "freezing", "unfreeze": "lifting_a_freeze"}
# Where it stands who did what was recorded, when it is not who recorded it.
DOERS = {"decision": "/decided_by", "hold": "/placed_by"}
TIMES = {"context": ("/created_at", "/sealed_at"), "decision": (None, "/decided_at"),
         "review": ("/presented_at", "/decided_at"), "outcome": (None, "/at"),
         "kpi": (None, "/at")}
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


class Underivable(Exception):
    """The fields cannot be put together to a record."""


class Elements(dict):
    """A list by index: elements that are hidden are missing."""


def of_value(value):
    if type(value) is list:
        return Elements((at, of_value(it)) for at, it in enumerate(value))
    if type(value) is dict:
        return {name: of_value(it) for name, it in value.items()}
    return (value,)


class Shown:
    """A record put together from the fields that are shown."""

    def __init__(self, record):
        self.record, self.tree = record, {}
        for field in record["fields"]:
            if "value" in field and field["path"] not in record["values"]:
                raise Underivable(field["path"])
            if "path" in field:
                self.place(field["path"], of_value(record["values"][field["path"]]) if "value" in field else None)

    def place(self, path, value):
        """Puts what stands at `path` into the tree; None for a value that is withheld."""
        if not path.startswith("/") or path.count("/") > 16:
            raise Underivable(path)
        parent, key, at, in_map, above = None, None, self.tree, False, ""
        for token in path.split("/")[1:]:
            if at is None:
                at = parent[key] = Elements() if not in_map and above in LISTS else {}
            is_list = not in_map and above in LISTS
            if type(at) is not (Elements if is_list else dict):
                raise Underivable(path)
            if is_list and not re.fullmatch("0|[1-9][0-9]{0,3}", token):
                raise Underivable(path)
            parent, key = at, int(token) if is_list else unescaped(token)
            at = parent.setdefault(key, None)
            in_map, above = not in_map and token in MAPS, token
        if at is None:
            parent[key] = value
        elif type(at) is dict and type(value) is dict and not at.keys() & value.keys():
            at.update(value)
        elif value is not None:
            raise Underivable(path)

    def at(self, pointer):
        at = self.tree
        for token in pointer.split("/")[1:]:
            if type(at) is Elements:
                at = at.get(int(token)) if token.isdecimal() else None
            else:
                at = at.get(unescaped(token)) if type(at) is dict else None
        return at

    def string(self, pointer):
        found = self.at(pointer)
        return found[0] if type(found) is tuple and type(found[0]) is str else None

    def elements(self, pointer):
        found = self.at(pointer)
        return [f"{pointer}/{at}" for at in range(max(found, default=-1) + 1)] if type(found) is Elements else []

    def named(self):
        """The members that name records, with the ids."""
        for part in NAMING.get(self.record["kind"], []):
            for place in [f"/{part}", *self.elements(f"/{part}")]:
                if self.string(place) is not None:
                    yield part, self.string(place)

    def artifacts(self):
        """The versioned things that the record used: kind, name, version."""
        found, kind = set(), self.record["kind"]

        def add(what, name, version=None):
            if name is not None:
                found.add((what, name, version))

        def versioned(what, pointer):
            add(what, self.string(f"{pointer}/name"), self.string(f"{pointer}/version"))

        def by_text(what, pointer):
            text = self.string(pointer)
            name, at, version = (text or "").rpartition("@")
            add(what, name if at else text, version if at else None)

        if kind in ("context", "generation"):
            served = self.string("/model/served")
            add("model", self.string("/model/name") if served is None else served)
            for guardrail in self.elements("/guardrails"):
                versioned("guardrail", guardrail)
                versioned("policy", f"{guardrail}/policy")
        if kind == "context":
            versioned("template", "/template")
            for feature in self.elements("/features"):
                versioned("feature", feature)
            for retrieval in self.elements("/retrievals"):
                versioned("index", f"{retrieval}/index")
                for result in self.elements(f"{retrieval}/results"):
                    document, chunk = self.string(f"{result}/document"), self.string(f"{result}/chunk")
                    if document is not None:
                        add("document", document if chunk is None else f"{document}#{chunk}",
                            self.string(f"{result}/version"))
        if kind == "decision":
            governed = self.at("/governed_by")
            for part in governed if type(governed) is dict else []:
                pointer = "/governed_by/" + part.replace("~", "~0").replace("/", "~1")
                for place in [pointer, *self.elements(pointer)]:
                    by_text(part, place)
        if kind == "review":
            by_text("policy", "/policy")
        return sorted(found, key=lambda it: (it[0], it[1], it[2] is not None, it[2] or ""))


def unescaped(token):
    return token.replace("~1", "/").replace("~0", "~")


def shown(records):
    return [Shown(record) for record in sorted(records, key=lambda it: it["index"])]


def related(records):
    """What related.json holds."""
    here = {record["id"]: record["entry_hash"] for record in records}
    hashes, used, members = set(here.values()), {}, []
    for it in shown(records):
        record = it.record
        names = [{"as": part, "id": id_, **({"entry_hash": here[id_]} if id_ in here else {})}
                 for part, id_ in it.named()]
        members.append({"id": record["id"], "kind": record["kind"], "index": record["index"],
                        "entry_hash": record["entry_hash"], "names": names,
                        "refs_elsewhere": [ref for ref in record["refs"] if ref not in hashes]})
        for artifact in it.artifacts():
            used.setdefault(artifact, []).append(record["entry_hash"])
    order = sorted(used, key=lambda it: (it[0], it[1], it[2] is not None, it[2] or ""))
    artifacts = [{"kind": kind, "name": name, **({} if version is None else {"version": version}),
                  "used_by": used[kind, name, version]} for kind, name, version in order]
    return {"schema": "contextrail.related/1", "records": members, "artifacts": artifacts}


class Prov:
    """What prov.json holds: W3C PROV-JSON, member submission of 24 April 2013."""

    def __init__(self, records):
        self.document = {"prefix": {"ct": "urn:contextrail:"}}
        self.here = {record["id"]: record["kind"] for record in records}
        for it in shown(records):
            self.add(it)

    def put(self, statement, name, members):
        self.document.setdefault(statement, {}).setdefault(name, members)

    def relate(self, statement, **members):
        known = self.document.setdefault(statement, {})
        known[f"_:{statement}{len(known) + 1:05}"] = {f"prov:{name}": it for name, it in members.items()}

    def add(self, it):
        record = it.record
        entity, activity = entity_name(record["id"]), activity_name(record["kind"], record["id"])
        self.put("entity", entity, {"prov:type": qualified(f"ct:{record['kind']}"), "ct:index": record["index"],
                                    "ct:entryHash": record["entry_hash"]})
        made = {"prov:type": qualified(f"ct:{VERBS[record['kind']]}")}
        begun, ended = TIMES.get(record["kind"], (None, "/recorded_at"))
        for name, pointer in [("prov:startTime", begun), ("prov:endTime", ended)]:
            time = it.string(pointer) if pointer else None
            if time is not None and re.fullmatch(TIME, time):
                made[name] = time
        self.put("activity", activity, made)
        self.relate("wasGeneratedBy", entity=entity, activity=activity)
        for kind, name, version in it.artifacts():
            used = "ct:used-" + digest(kind, name, version or "")
            self.put("entity", used, {"prov:type": qualified("ct:artifact"), "ct:kind": kind, "prov:label": name,
                                      **({} if version is None else {"ct:version": version})})
            self.relate("used", activity=activity, entity=used)
        recorder = self.agent(it, "/actor")
        if recorder:
            self.relate("wasAttributedTo", entity=entity, agent=recorder)
        doer = self.agent(it, DOERS.get(record["kind"], "/actor"))
        if doer:
            self.relate("wasAssociatedWith", activity=activity, agent=doer)
        for part, other in it.named():
            self.name(entity, activity, part, other)

    def agent(self, it, pointer):
        label = it.string(f"{pointer}/id")
        if label is None:
            return None
        kind = "Person" if it.string(f"{pointer}/kind") == "human" else "SoftwareAgent"
        name = "ct:agent-" + digest(kind, label)
        self.put("agent", name, {"prov:type": qualified(f"prov:{kind}"), "prov:label": label})
        return name

    def name(self, entity, activity, part, other):
        """What it means that a record names the record `other` as its `part`."""
        there = entity_name(other)
        if other not in self.here:
            self.put("entity", there, {"ct:inBundle": False})
        if part == "new_decision":
            self.relate("wasDerivedFrom", generatedEntity=there, usedEntity=entity)
        elif part == "supersedes":
            self.relate("wasDerivedFrom", generatedEntity=entity, usedEntity=there,
                        type=qualified("prov:Revision"))
        else:
            self.relate("used", activity=activity, entity=there)
            self.relate("wasDerivedFrom", generatedEntity=entity, usedEntity=there)
        if part in ("parents", "caused_by") and other in self.here:
            before = activity_name(self.here[other], other)
            self.relate("wasInformedBy", informed=activity, informant=before)


def entity_name(id_):
    return f"ct:record-{id_ if re.fullmatch(UUID7, id_) else digest(id_)}"


def activity_name(kind, id_):
    return f"ct:{VERBS[kind]}-{id_}"


def qualified(name):
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def digest(*parts):
    return hashlib.sha256(b"".join(part.encode() + b"\0" for part in parts)).hexdigest()[:32]


def differing(records, files):
    """The names of those of related.json and prov.json, by name in `files` as parsed JSON, that do not
    say what the records say."""
    derived = {"related.json": related(records), "prov.json": Prov(records).document}

    def text(value):
        return json.dumps(value, sort_keys=True)
    return [name for name, found in files.items() if text(found) != text(derived[name])]
