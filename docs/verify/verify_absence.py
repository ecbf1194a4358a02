#!/usr/bin/env python3
"""Works out again what an evidence bundle says of things that were asked about, sharing no code with Contextrail.

verify.py imports it and compares. The formula stands in docs/evidence.md "Absence". Each record is
{"id", "kind", "index", "fields", "values"}: fields as in records/<id>.json, values by path.
"""

import re

KINDS = ["feature", "document", "index", "template", "model", "guardrail", "policy"]
SECTIONS = {"feature": "features", "document": "retrievals", "index": "retrievals", "template": "template",
            "model": "model", "guardrail": "guardrails", "policy": "guardrails"}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"

YES, NO = "yes", "no"  # a list of reasons where it cannot be said
NOTHING = object()


class Withheld:
    """A value that is not shown: `path` is the field redacted by name it is or is part of, "" if unknown."""

    def __init__(self, path):
        self.path = path


class Record:
    """One record by its paths. A value is found in the field it is part of."""

    def __init__(self, record):
        self.id, self.kind, self.index = record["id"], record["kind"], record["index"]
        self.values = record["values"]
        self.named = {field["path"] for field in record["fields"] if "vc" in field}
        self.hidden = sum("leaf" in field for field in record["fields"])
        shown = [field["path"] for field in record["fields"] if "value" in field]
        self.readable = all(path in self.values for path in shown)
        self.within = {}  # of each place that has fields below it, the steps below
        for path in [*self.values, *self.named]:
            steps = path.split("/")
            for cut in range(1, len(steps)):
                self.within.setdefault("/".join(steps[:cut]), set()).add(steps[cut])

    def at(self, pointer):
        """The value, Withheld, or NOTHING. An object that was cut into fields is {} with what is its own."""
        if pointer in self.values:
            return self.values[pointer]
        if pointer in self.within:
            return {}
        steps = pointer.split("/")
        for cut in range(len(steps), 0, -1):
            above = "/".join(steps[:cut])
            if above in self.named:
                return Withheld(above)
            if above in self.values:
                value = self.values[above]
                for step in steps[cut:]:
                    if type(value) is list:
                        value = value[int(step)] if step.isdecimal() and int(step) < len(value) else NOTHING
                    else:
                        value = value.get(unescaped(step), NOTHING) if type(value) is dict else NOTHING
                    if value is NOTHING:
                        break
                if value is not NOTHING:
                    return value
                # The value lacks it: it is nowhere, unless a field further above is withheld.
        return Withheld("") if self.hidden else NOTHING

    def elements(self, pointer):
        value = self.at(pointer)
        count = len(value) if type(value) is list else 0
        numbers = [int(step) for step in self.within.get(pointer, ()) if step.isdecimal()]
        return [f"{pointer}/{at}" for at in range(max([count, *(it + 1 for it in numbers)]))]


def unescaped(step):
    return step.replace("~1", "/").replace("~0", "~")


def why(reason, path=""):
    return {"reason": reason, **({"path": path} if path else {})}


def parse(text):
    """KIND:REF[@VERSION]; None for what is none."""
    kind, colon, rest = text.partition(":")
    name, at, version = rest.rpartition("@")
    name, version = (name, version) if at else (rest, None)
    parts = [name] if version is None else [name, version]
    if not colon or kind not in KINDS or not all(is_name(part) for part in parts):
        return None
    document, mark, chunk = name.partition("#")
    in_chunk = kind == "document" and mark and is_name(document) and is_name(chunk)
    return {"text": text, "kind": kind, "name": name, "version": version,
            "chunk": (document, chunk) if in_chunk else None}


def is_name(text):
    return 0 < len(text.encode()) <= 512 and "\0" not in text


# --- Uses: {"path", "name", "chunk", "version"}; each part a string, NOTHING, or a list of reasons ----------

def part(record, pointer, required=False):
    value = record.at(pointer)
    if isinstance(value, Withheld):
        return [why("not_shown", value.path or pointer)]
    if type(value) is str:
        return value
    if value is NOTHING and not required:
        return NOTHING
    return [why("unreadable", pointer)]


def versioned(record, path):
    if record.at(path) is NOTHING:
        return []
    return [{"path": path, "name": part(record, f"{path}/name", True), "chunk": NOTHING,
             "version": part(record, f"{path}/version")}]


def uses_of(kind, record, unsaid):
    """Where a context names what it used (docs/evidence.md "Absence")."""
    if kind in ("feature", "guardrail", "policy", "index"):
        below = {"policy": "/policy", "index": "/index"}.get(kind, "")
        return [use for it in record.elements("/" + SECTIONS[kind]) for use in versioned(record, it + below)]
    if kind in ("template", "model"):
        found = versioned(record, "/" + kind)
        return [{**use, "version": NOTHING} for use in found] if kind == "model" else found
    found = []
    for call in record.elements("/retrievals"):
        retriever = part(record, f"{call}/retriever")
        unsaid += retriever if type(retriever) is list else []
        for result in record.elements(f"{call}/results"):
            found.append({"path": result, "name": part(record, f"{result}/document", True),
                          "chunk": part(record, f"{result}/chunk"), "version": part(record, f"{result}/version")})
    return found


def governing(kind, record):
    """What is said to have governed a decision."""
    pointer, found = f"/governed_by/{kind}", []
    for path in [pointer, *record.elements(pointer)]:
        text = part(record, path)
        if text is NOTHING or (type(text) is list and record.elements(path)):
            continue
        use = {"path": path, "name": text, "chunk": NOTHING, "version": NOTHING}
        if type(text) is str and "@" in text:
            use["name"], _, use["version"] = text.rpartition("@")
        found.append(use)
    return found


def equals(found, wanted, missing=None):
    """Whether a part is the one wanted; `missing` is what is said where none was recorded."""
    if found is NOTHING:
        return NO if missing is None else [missing]
    return found if type(found) is list else YES if found == wanted else NO


def both(first, second):
    if NO in (first, second):
        return NO
    if YES in (first, second):
        return second if first == YES else first
    return first + [it for it in second if it not in first]


def is_named(use, asked):
    whole = equals(use["name"], asked["name"])
    if not asked["chunk"] or whole == YES:
        return whole
    document, chunk = asked["chunk"]
    return both(equals(use["name"], document), equals(use["chunk"], chunk, why("chunk_not_recorded", use["path"])))


def is_version(use, asked):
    if asked["version"] is None:
        return YES
    return equals(use["version"], asked["version"], why("version_not_recorded", use["path"]))


def judged(uses, asked):
    paths, unsaid = [], []
    for use in uses:
        fit = both(is_named(use, asked), is_version(use, asked))
        paths += [use["path"]] if fit == YES else []
        unsaid += fit if type(fit) is list else []
    return paths, unsaid


def elsewhere(asked, record, uses):
    """Where something that is no use names it, or may."""
    name, kind, found = asked["name"], asked["kind"], []
    if any(is_named(use, asked) == YES for use in uses):
        return []
    if kind == "model" and record.at("/model/served") == name:
        return [why("named_elsewhere", "/model/served")]
    if kind not in ("feature", "document", "template"):
        return []
    for item in record.elements("/assembly/items"):
        item_kind = part(record, f"{item}/kind", True)
        if type(item_kind) is list:
            found += item_kind
        if item_kind != kind:
            continue
        ref, mark = part(record, f"{item}/ref"), "#" if kind == "document" else "@"
        if type(ref) is list:
            found += ref
        elif ref is not NOTHING and (ref == name or ref.startswith(name + mark)
                                     or (asked["chunk"] and ref == asked["chunk"][0])):
            found.append(why("named_elsewhere", item))
    return found


# --- What can be said of one record, and of all ---------------------------------------------------------------

def usage(id_, paths, reasons):
    if paths:
        return {"id": id_, "outcome": "present", "paths": paths}
    if reasons:
        return {"id": id_, "outcome": "cannot_be_said", "why": reasons}
    return {"id": id_, "outcome": "absent"}


def of_context(asked, record):
    if not record.readable:
        return usage(record.id, [], [why("unreadable")])
    section, reasons, unsaid = SECTIONS[asked["kind"]], [], []
    uses = uses_of(asked["kind"], record, unsaid)
    paths, more = judged(uses, asked)
    unsaid += more + elsewhere(asked, record, uses)
    if record.hidden:  # anything may be among them
        return usage(record.id, paths, [why("hidden_fields")])
    word = record.at(f"/capture/sections/{section}")
    if isinstance(word, Withheld):
        reasons.append(why("section_not_shown", f"/capture/sections/{section}"))
    elif word != "complete":
        reasons.append(why("section_not_complete", f"/capture/sections/{section}"))
    for trace in record.elements("/capture/redactions"):
        path = record.at(f"{trace}/path")
        if type(path) is not str:
            reasons.append(why("unreadable", trace))
        elif path.split("/")[1:2] == [section]:
            reasons.append(why("redacted_when_recorded", path))
    return usage(record.id, paths, reasons + unsaid)


def of_decision(asked, record):
    """None where a decision has nothing to do with it."""
    if not record.readable:
        return usage(record.id, [], [why("unreadable")])
    reasons, contexts, paths = [], record.at("/contexts"), []
    if contexts is NOTHING or isinstance(contexts, Withheld):
        reasons.append(why("contexts_not_shown", "/contexts"))
    else:
        reasons += [why("contexts_not_shown", it) for it in record.elements("/contexts") if not is_id(record.at(it))]
    if asked["kind"] in ("model", "policy"):
        paths, unsaid = judged(governing(asked["kind"], record), asked)
        reasons += unsaid + [why("governance_not_complete", "/governed_by")]
    if record.hidden:  # anything may be among them
        reasons = [why("hidden_fields")]
    return usage(record.id, paths, reasons) if paths or reasons else None


def is_id(value):
    return type(value) is str and re.fullmatch(UUID, value) is not None


def claims(asked, records):
    """What the records say of each thing in `asked`, as parsed; in the form of absence.json."""
    records = [Record(it) for it in sorted(records, key=lambda it: (it["index"], it["id"]))
               if it["kind"] in ("context", "decision")]
    carried = {it.id for it in records if it.kind == "context"}
    missing = []
    for decision in records:
        if decision.kind == "decision" and decision.readable:
            for element in decision.elements("/contexts"):
                id_ = decision.at(element)
                if is_id(id_) and id_ not in carried and id_ not in missing:
                    missing.append(id_)
    found = []
    for it in asked:
        said = [of_context(it, record) if record.kind == "context" else of_decision(it, record) for record in records]
        said = [one for one in said if one] + [usage(id_, [], [why("not_carried")]) for id_ in missing]
        outcomes = {one["outcome"] for one in said}
        outcome = ("present" if "present" in outcomes else
                   "cannot_be_said" if outcomes != {"absent"} else "absent")
        found.append({"outcome": outcome, "records": said, "ref": it["text"]})
    return found
