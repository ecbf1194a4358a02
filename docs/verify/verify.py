#!/usr/bin/env python3
"""Verifies Contextrail evidence bundles: a second implementation, to be read as well as run.

    verify.py BUNDLE... --key KEYFILE [--head FILE [--consistency FILE]] [--tsa-root PEM] [-o json]

It needs Python 3.9 (for timestamps 3.11) and the package `cryptography`, no network and none of Contextrail's own code.
Exit codes: 0 nothing is wrong, 4 something is wrong, 2 not a bundle or wrong usage.

The files for people, summary.html, summary.md, record/*.yaml and VERIFY.md, are not derived again here: a
bundle that has them is `records_verified` at best, and what they say may be anything. Read the records.

KEYFILE holds the keys *you* trust, one `name+hash+key` a line; those in the bundle are not used.
FILE after --head is a signed checkpoint you have from elsewhere, and after --consistency the lines
of the consistency proof between it and the head in the bundle. PEM after --tsa-root holds the roots
of the timestamp authorities you trust: one of them has to have stamped the head. Timestamps are checked
by verify_timestamp.py beside this file, related.json and prov.json derived again by verify_related.py, and what
absence.json says worked out again by verify_absence.py.

The formats are those of docs/evidence.md and docs/format.md. Where a formula comes from another
document, the document is named beside it. Every check adds to one list of findings: all that is
wrong is reported, not only the first thing.
"""

import argparse, base64, binascii, datetime, hashlib, hmac, json, re, struct, sys, zlib
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOT_PROVED = (
    "It is not proved that what was captured was true, nor that everything that happened was "
    "captured; it is proved that what is shown was recorded, in this form and at this place of the "
    "log, before the head of the log was signed. Nobody signs manifest.json, custody.json or the "
    "reasons for what is withheld: they are what the maker of the bundle says.")
NOT_PROVED_OF = {
    "decision": " That there are no further reviews or outcomes is not proved; a range bundle proves that "
                "nothing in between was held back.",
    "entity": " That there are no further records about the entity is not proved; a range bundle proves "
              "that nothing in between was held back.",
    "range": ""}
KINDS = ["context", "generation", "decision", "review", "outcome", "import", "key", "succession",
         "erasure", "hold", "release", "policy", "retention", "archive", "token", "access",
         "artifact", "approval", "retirement", "deployment", "kpi", "check", "freeze", "unfreeze"]
TAKE_AWAY = ["erasure", "retention"]  # the kinds that say, under /slots, which values are gone
CLASSES = ["plain", "confidential", "personal"]
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
NUMBER = r"(?:0|[1-9][0-9]*)"
FURTHER = r"(?:[2-9]|[1-9][0-9]+)"
SAFE = 2**53 - 1


class NotABundle(Exception):
    """The file is something else altogether."""


class Wrong(Exception):
    """Something in one file cannot be read or is not as it has to be."""


class Report:
    def __init__(self):
        self.findings, self.not_checked, self.signed_by, self.claim = [], [], [], None
        self.timestamps, self.successions, self.absences = [], [], []
        self.unread_pages = False  # whether there are derived files that were not compared
        self.checked = dict.fromkeys(
            "files records fields_shown fields_named fields_hidden proofs signatures cosignatures "
            "timestamps texts references gone pages".split(), 0)

    def find(self, file, where, what):
        self.findings.append({"file": file, "where": where, "what": what})

    def state(self):
        if self.findings:
            return "failed"
        if not self.checked["fields_shown"]:
            return "valid_but_empty"
        return "records_verified" if self.unread_pages else "verified"

    def not_proved(self):
        return NOT_PROVED + (NOT_PROVED_OF[self.claim["kind"]] if self.claim else "")

    def as_json(self):
        return {"schema": "contextrail.evidence-report/1", "state": self.state(),
                "claim": self.claim, "checked": self.checked, "signed_by": self.signed_by,
                "timestamps": self.timestamps, "successions": self.successions,
                "absences": [] if self.findings else self.absences,
                "findings": self.findings, "not_checked": self.not_checked,
                "not_proved": self.not_proved()}


# --- The container: a zip (PKWARE APPNOTE 6.3.10), read here because zip libraries are lenient ----

FILES, FILE_BYTES, TOTAL_BYTES, FREE_BYTES, RATIO = 24_000, 2**26, 2**29, 2**26, 100
FULL = 0xFFFFFFFF


def check_name(raw):
    """Names that mean the same file everywhere, and none outside the folder."""
    name = raw.decode("ascii", "replace")
    parts = name[:-1].split("/") if name.endswith("/") else name.split("/")
    if (not 0 < len(raw) <= 200 or not all(0x21 <= byte < 0x7F for byte in raw)
            or "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts)):
        raise Wrong(f"the file name {name[:80]!r} is refused")
    return name


def find_end(data):
    """The record at the end of a zip (APPNOTE 4.3.16), whose comment reaches the end of the file."""
    at = data.rfind(b"PK\5\6", max(0, len(data) - 22 - 0xFFFF))
    while at >= 0:
        if at + 22 <= len(data) and at + 22 + struct.unpack_from("<H", data, at + 20)[0] == len(data):
            return at
        at = data.rfind(b"PK\5\6", max(0, len(data) - 22 - 0xFFFF), at + 3) if at else -1
    if data[:4] == b"PK\3\4":
        raise Wrong("the zip file breaks off: the list of files at its end is missing")
    raise NotABundle("it is not a zip file")


def read_members(data):
    """What both headers say of each file (APPNOTE 4.3.7, 4.3.12); they have to say the same."""
    end = find_end(data)
    disks, here, count, length, start, _ = struct.unpack_from("<IHHIIH", data, end + 4)
    if count == 0xFFFF or FULL in (length, start) or (end >= 20 and data[end - 20:end - 16] == b"PK\6\7"):
        raise Wrong("the zip file uses zip64 headers, which no bundle needs")
    if disks or here != count or start + length != end:
        raise Wrong("the list of files in the zip file is damaged")
    if count > FILES:
        raise Wrong(f"too many files: {count}")
    members, at = [], start
    for _ in range(count):
        if at + 46 > end or data[at:at + 4] != b"PK\1\2":
            raise Wrong("a header in the list of files is broken")
        (flags, method, time, date, crc, packed, size, name_len, extra, comment, _, _, _,
         offset) = struct.unpack_from("<HHHHIIIHHHHHII", data, at + 8)
        following = at + 46 + name_len + extra + comment
        if following > end:
            raise Wrong("a header in the list of files is broken")
        raw = data[at + 46:at + 46 + name_len]
        name = check_name(raw)
        if FULL in (packed, size, offset):
            raise Wrong("the zip file uses zip64 headers, which no bundle needs")
        # Allowed flags: how hard the packer tried, sizes behind the bytes, UTF-8 names.
        if flags & ~0x080E or method not in (0, 8) or (name.endswith("/") and size):
            raise Wrong(f"the file {name} is encrypted, or packed in a way that is not read here")
        if offset + 30 > len(data) or data[offset:offset + 4] != b"PK\3\4":
            raise Wrong("there is no file where the list says")
        (flags2, method2, _, _, crc2, packed2, size2, name_len2,
         extra2) = struct.unpack_from("<HHHHIIIHH", data, offset + 6)
        body = offset + 30 + name_len2
        sizes_follow = flags & 8 and (crc2, packed2, size2) == (0, 0, 0)
        if (data[offset + 30:body] != raw or (flags2, method2) != (flags, method)
                or not ((crc2, packed2, size2) == (crc, packed, size) or sizes_follow)):
            raise Wrong(f"the two headers of the file {name} disagree")
        body += extra2
        if body + packed > start:
            raise Wrong("there is no file where the list says")
        members.append({"name": name, "method": method, "crc": crc, "size": size,
                        "offset": offset, "after": body + packed, "data": data[body:body + packed]})
        at = following
    if at != end:
        raise Wrong("the list of files has another length")
    return members, start


def check_members(members, start, container_bytes):
    names = [member["name"] for member in members]
    if len(set(names)) != len(names):
        raise Wrong("a file is there twice")
    placed = sorted(members, key=lambda member: member["offset"])
    for member, limit in zip(placed, [it["offset"] for it in placed[1:]] + [start]):
        if member["after"] > limit:
            raise Wrong(f"the file {member['name']} overlaps another part of the zip file")
    total = sum(member["size"] for member in members)
    if (any(member["size"] > FILE_BYTES for member in members) or total > TOTAL_BYTES
            or total > max(FREE_BYTES, RATIO * container_bytes)):
        raise Wrong(f"the files unpack to too many bytes: {total}")


def unpack(member):
    """The bytes of a file; never more than its header announces are unpacked."""
    content = member["data"]
    if member["method"] == 8:
        inflater = zlib.decompressobj(-15)
        try:
            content = inflater.decompress(content, member["size"] + 1)
        except zlib.error:
            raise Wrong("its packed bytes are broken")
        if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
            raise Wrong("its packed bytes do not end where they should")
    if len(content) != member["size"] or zlib.crc32(content) != member["crc"]:
        raise Wrong("its bytes are not those that were packed")
    return content


def uncompressed(content):
    """The one form that deflate has for bytes that are not compressed (RFC 1951 section 3.2.4)."""
    out, blocks = b"", [content[at:at + 0xFFFF] for at in range(0, len(content), 0xFFFF)] or [b""]
    for number, block in enumerate(blocks):
        last = number == len(blocks) - 1
        out += struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
    return out


def is_canonical(data, members, manifest):
    """Whether the container is the one form: sorted, deflated, 1980-01-01, nothing besides, and the
    manifest not compressed."""
    out, central = b"", b""
    for member in sorted(members, key=lambda member: member["name"]):
        name = member["name"].encode()
        common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, member["crc"],
                             len(member["data"]), member["size"], len(name), 0)
        central += b"PK\1\2" + struct.pack("<H", 20) + common + bytes(10)
        central += struct.pack("<I", len(out)) + name
        out += b"PK\3\4" + common + name + member["data"]
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(central), len(out), 0)
    return (all(member["method"] == 8 for member in members)
            and all(member["data"] == uncompressed(manifest) for member in members
                    if member["name"] == "manifest.json" and manifest is not None)
            and data == out + central + b"PK\5\6" + end)


# --- Strict JSON ----------------------------------------------------------------------------------

def no_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def finite(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is out of range")
    return number


def refuse(word):
    raise ValueError(f"{word} is not a number")


def parse_json(data):
    """JSON (RFC 8259) with one meaning."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates,
                           parse_float=finite, parse_constant=refuse)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # refuses lone surrogates
        return value
    except (ValueError, RecursionError) as error:
        raise Wrong(f"it is not JSON with one meaning: {error}")


def parse_document(data, members):
    """A JSON file of the bundle, in canonical form (RFC 8785). `members` has a check for each; a name
    with a question mark may be left out. None of them has fractions, so sorting is all there is."""
    value = parse_json(data)
    if json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != data:
        raise Wrong("the file is not in canonical form (RFC 8785)")
    check_members_of(value, members, "")
    return value


def check_members_of(value, members, where):
    if type(value) is not dict:
        raise Wrong(f"{where or 'it'} is not an object")
    known = {name.rstrip("?") for name in members}
    needed = {name for name in members if not name.endswith("?")}
    if not needed <= value.keys() <= known:
        raise Wrong(f"{where or 'it'} has not the members it should: {sorted(value.keys() ^ known)}")
    for name, check in members.items():
        name = name.rstrip("?")
        if name in value and not check(value[name]):
            raise Wrong(f"{where}{name} is not what it should be")


def is_text(value):
    return type(value) is str


def is_number(value):
    return type(value) is int and 0 <= value <= SAFE


def is_id(value):
    return is_text(value) and re.fullmatch(UUID7, value) is not None


def is_time(value):
    try:
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
        return len(value) == 27
    except (TypeError, ValueError):
        return False


def is_entity(value):
    return type(value) is dict and value.keys() == {"id", "type"} and all(
        is_text(it) and 0 < len(it.encode()) <= 512 for it in value.values())


def is_list(check):
    return lambda value: type(value) is list and all(check(it) for it in value)


def is_map(check):
    return lambda value: type(value) is dict and all(check(it) for it in value.values())


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Wrong("not padded base64")
    if base64.b64encode(data).decode() != text:
        raise Wrong("not padded base64")
    return data


def is_bytes(value):
    try:
        return is_text(value) and unbase64(value) is not None
    except Wrong:
        return False


def is_hash(value):
    return is_bytes(value) and len(unbase64(value)) == 32


# --- Hashes: RFC 6962 section 2.1, RFC 9162 section 2.1, docs/format.md "Commitments" ---------------

def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha256(b"\0" + data)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def included(index, size, leaf, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, reached = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            reached = node_hash(sibling, reached)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            reached = node_hash(reached, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and reached == root


def consistent(first, second, first_root, second_root, path):
    """RFC 9162 section 2.1.4.2, for 0 < first < second."""
    if not path or first == 0:
        return False
    if first & (first - 1) == 0:
        path = [first_root] + path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(sibling, fr), node_hash(sibling, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


def lp(part):
    return struct.pack(">I", len(part)) + part


def field_leaf(field):
    """The leaf of a field, from whatever of it is given."""
    if "leaf" in field:
        return unbase64(field["leaf"])
    if "vc" in field:
        commitment = unbase64(field["vc"])
    else:
        commitment = sha256(b"contextrail/value/v1\0" + lp(unbase64(field["salt"]))
                            + lp(unbase64(field["value"])))
    return leaf_hash(b"contextrail/field/v1\0" + lp(field["path"].encode())
                     + lp(field["class"].encode()) + lp(commitment))


# --- Signed notes, checkpoints, proofs (C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof)

def key_id(name, kind, public):
    return sha256(name.encode() + b"\n" + bytes([kind]) + public)[:4]


def is_key_name(name):
    return bool(name) and not any(c.isspace() or c < " " or c == "+" for c in name)


def parse_keys(text):
    """`name+hash+base64(kind ‖ key)` a line; kind 1 signs notes, kind 4 is a witness's."""
    keys = []
    for line in text.split("\n"):
        if not line.strip() or line.strip().startswith("#"):
            continue
        parts = line.strip().split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise Wrong(f"this is not a key: {line.strip()[:80]!r}")
        data = unbase64(parts[2])
        if len(data) != 33 or data[0] not in (1, 4):
            raise Wrong(f"the key of {parts[0]} is of an unknown algorithm")
        if key_id(parts[0], data[0], data[1:]).hex() != parts[1]:
            raise Wrong(f"the hash of the key of {parts[0]} is not its own")
        keys.append({"name": parts[0], "kind": data[0], "id": bytes.fromhex(parts[1]),
                     "key": Ed25519PublicKey.from_public_bytes(data[1:])})
    return keys


def utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("it is not UTF-8")


def parse_note(data):
    if len(data) > 1_000_000:
        raise Wrong("the note is too long")
    text = utf8(data)
    if any(c < " " and c != "\n" for c in text):
        raise Wrong("the note has control characters")
    cut = text.rfind("\n\n")
    if cut < 0 or not text.endswith("\n"):
        raise Wrong("the note breaks off")
    body, signatures = text[:cut + 1], []
    for line in text[cut + 2:-1].split("\n"):
        match = re.fullmatch(r"— ([^ ]+) ([A-Za-z0-9+/=]+)", line)
        if not match or not is_key_name(match[1]):
            raise Wrong("a signature line of the note is broken")
        raw = unbase64(match[2])
        if len(raw) < 5 or len(signatures) == 100:
            raise Wrong("a signature line of the note is broken, or there are too many")
        signatures.append({"name": match[1], "id": raw[:4], "bytes": raw[4:]})
    return body, signatures


def parse_checkpoint(data):
    body, signatures = parse_note(data)
    lines = body[:-1].split("\n")
    if (len(lines) < 3 or not all(lines) or not re.fullmatch(NUMBER, lines[1])
            or int(lines[1]) >= 2**64 or not is_hash(lines[2])):
        raise Wrong("the checkpoint has not the three lines origin, size and root")
    return {"origin": lines[0], "size": int(lines[1]), "root": unbase64(lines[2]),
            "body": body, "signatures": signatures, "note": data}


def holds(key, body, signature):
    message = body.encode()
    if key["kind"] == 4:  # cosignature/v1: eight bytes of time stand before the signature
        if len(signature) != 72:
            return False
        time, signature = struct.unpack(">Q", signature[:8])[0], signature[8:]
        if time >= 2**63:
            return False
        message = b"cosignature/v1\ntime %d\n" % time + message
    try:
        key["key"].verify(signature, message)
        return True
    except InvalidSignature:
        return False


def signers(checkpoint, keys):
    """The keys among `keys` that signed. One signature of a known key that does not hold is enough
    to reject the note (C2SP signed-note)."""
    found = []
    for signature in checkpoint["signatures"]:
        for key in keys:
            if (key["name"], key["id"]) == (signature["name"], signature["id"]):
                if not holds(key, checkpoint["body"], signature["bytes"]):
                    raise Wrong(f"the signature of {key['name']} does not hold")
                if key not in found:
                    found.append(key)
    return found


def parse_proof(data):
    head, blank, checkpoint = data.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not blank or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Wrong("it is not a tlog-proof")
    if len(lines) > 1 and lines[1].startswith("extra "):
        raise Wrong("it carries extra data, which nothing vouches for")
    match = re.fullmatch(f"index ({NUMBER})", lines[1]) if len(lines) > 1 else None
    if not match or len(lines) > 66 or not all(is_hash(line) for line in lines[2:]):
        raise Wrong("its index or path is broken")
    return {"index": int(match[1]), "path": [unbase64(line) for line in lines[2:]],
            "checkpoint": parse_checkpoint(checkpoint)}


# --- The files of a bundle (docs/evidence.md) -------------------------------------------------------

FILE_TYPES = {
    "manifest": ("manifest.json", "application/json"), "custody": ("custody.json", "application/json"),
    "keys": ("keys.txt", "text/plain"), "record": (f"records/({UUID7}).json", "application/json"),
    "text": (f"texts/({UUID7}).json", "application/json"),
    "entry": (f"entries/({NUMBER}).json", "application/json"),
    "proof": (f"proofs/({NUMBER}).tlog-proof", "text/plain"),
    "absence": ("absence.json", "application/json"),
    "token": (f"tokens/({NUMBER}(?:-{FURTHER})?).tsr", "application/timestamp-reply"),
    "summary.html": ("summary.html", "text/html"), "summary.md": ("summary.md", "text/markdown"),
    "related.json": ("related.json", "application/json"), "prov.json": ("prov.json", "application/json"),
    "VERIFY.md": ("VERIFY.md", "text/markdown"), "yaml": (f"record/({UUID7}).yaml", "application/yaml"),
}
PAGES = 3  # the newest version of the derived files that is known here
WHOLE_PAGES = ["summary.html", "summary.md", "related.json", "prov.json", "VERIFY.md"]


def file_type(name):
    for kind, (pattern, media_type) in FILE_TYPES.items():
        match = re.fullmatch(pattern.replace(".", r"\.") if "(" not in pattern else
                             pattern.replace(").", r")\."), name)
        if match:
            return kind, match[1] if match.groups() else None, media_type
    return None, None, None


def is_file_note(value):
    try:
        check_members_of(value, {"bytes": is_number, "media_type": is_text, "sha256": is_text}, "")
        return True
    except Wrong:
        return False


def parse_manifest(data):
    loose = parse_json(data)
    if type(loose) is not dict or loose.get("schema") != "contextrail.evidence/1":
        raise Wrong("schema: it is not contextrail.evidence/1, the one this verifier reads")
    manifest = parse_document(data, {
        "schema": is_text, "kind": is_text, "pages": is_number, "packed_sha256": is_text,
        "claim": lambda value: type(value) is dict, "files": is_map(is_file_note)})
    own = {"decision": {"decisions": is_list(is_id), "subject?": is_entity},
           "range": {"from": is_number, "to": is_number}, "entity": {"entity": is_entity}}
    if manifest["kind"] not in own:
        raise Wrong("kind: it is none of decision, range, entity")
    check_members_of(manifest["claim"], {
        "indexes": is_list(is_number), "origin": is_text, "root": is_hash, "tree_size": is_number,
        "tenant": lambda value: is_text(value) and re.fullmatch("[a-z0-9_-]{1,63}", value),
        "trail": is_id, **own[manifest["kind"]]}, "claim.")
    return manifest


def is_gone(value):
    return type(value) is dict and value.keys() == {"by", "slot"} and is_id(value["by"]) and (
        is_number(value["slot"]) and value["slot"] < 2**16)


def parse_record(data, name):
    record = parse_document(data, {"fields": is_list(lambda it: type(it) is dict), "id": is_id,
                                   "index": is_number, "kind": lambda it: it in KINDS})
    common = {"class": lambda it: it in CLASSES, "path": is_text}
    for at, field in enumerate(record["fields"]):
        if "value" in field:
            members = {**common, "salt": is_hash, "value": is_bytes}
        elif "vc" in field:
            members = {**common, "vc": is_hash, "why": is_text, "gone?": is_gone}
        else:
            members = {"leaf": is_hash, "why": is_text}
        check_members_of(field, members, f"fields[{at}].")
    if record["id"] != name:
        raise Wrong("the record in it is another one")
    return record


def parse_entry(data):
    if len(data) >= 4096:
        raise Wrong("it is 4 KiB or longer, which no entry is")
    entry = parse_document(data, {"at": is_time, "id": is_id, "kind": lambda it: it in KINDS,
                                  "n": is_number, "refs": is_list(is_hash), "root": is_hash,
                                  "schema": is_text, "v": lambda it: type(it) is int and it == 1})
    if entry["schema"] != f"contextrail.{entry['kind']}/1":
        raise Wrong("schema: it is not known to this verifier")
    if len(entry["refs"]) > 64:
        raise Wrong("refs: an entry refers to 64 records at most")
    return {**entry, "hash": leaf_hash(data)}


def is_digest(value):
    return is_text(value) and re.fullmatch("(hmac-)?sha256:[0-9a-f]{64}", value) is not None


def parse_text(data, name):
    text = parse_document(data, {"id": is_id, "items": is_map(is_text), "seeds": is_list(is_hash),
                                 "text?": is_text})
    if text["id"] != name:
        raise Wrong("the text in it is of another record")
    if not all(is_digest(digest) for digest in text["items"]):
        raise Wrong("items: a name is not a digest")
    return text


def parse_absence(data):
    """What a bundle says of things that were asked about. None of it is trusted."""
    outcomes = ("absent", "present", "cannot_be_said")

    def has(members):
        def check(value):
            try:
                check_members_of(value, members, "")
                return True
            except Wrong:
                return False
        return check
    reason = has({"reason": lambda it: it in REASONS, "path?": lambda it: is_text(it) and it != ""})
    said = has({"id": is_text, "outcome": lambda it: it in outcomes, "paths?": lambda it: is_list(is_text)(it) and it,
                "why?": lambda it: is_list(reason)(it) and it})
    claim = has({"ref": is_text, "outcome": lambda it: it in outcomes, "records": is_list(said)})
    found = parse_document(data, {"schema": is_text, "claims": is_list(claim)})
    if found["schema"] != "contextrail.absence/1":
        raise Wrong("schema: it is not contextrail.absence/1, the one this verifier reads")
    if not 0 < len(found["claims"]) <= 64 or len({it["ref"] for it in found["claims"]}) < len(found["claims"]):
        raise Wrong("claims: there is none, or more than 64, or one thing is asked about twice")
    return found["claims"]


REASONS = ["hidden_fields", "section_not_complete", "section_not_shown", "redacted_when_recorded", "not_shown",
           "version_not_recorded", "chunk_not_recorded", "named_elsewhere", "not_carried", "contexts_not_shown",
           "governance_not_complete", "unreadable"]


def item_digests(record):
    """The digests of the items that a record shows, each with the number of its item."""
    for path, value in record["values"].items():
        match = re.fullmatch("/assembly/items/([^/]*)(/digest)?", path)
        if match:
            yield match[1], value if match[2] else value.get("digest") if type(value) is dict else None


# The members that name one record, and those that list some, by kind.
NAMING = {"context": ((), ("parents",)), "generation": (("context",), ()),
          "decision": (("supersedes",), ("contexts", "generations", "caused_by")),
          "review": (("decision", "new_decision"), ()), "outcome": (("decision",), ()),
          "hold": (("target/decision",), ()), "release": (("hold",), ()),
          "token": (("token_id",), ()),
          "approval": (("record",), ()), "retirement": (("record",), ()), "deployment": (("rollback_of",), ()),
          "kpi": (("decision",), ()), "unfreeze": (("freeze",), ())}


# --- The checks -------------------------------------------------------------------------------------

def taken_out(record):
    """The rules of redaction that took something out before it was recorded, by the path of what they took."""
    capture = record["values"].get("/capture")
    traces = capture.get("redactions") if type(capture) is dict else None
    traces = record["values"].get("/redactions") if traces is None else traces
    traces = [it for it in traces if type(it) is dict] if type(traces) is list else []
    return {it["path"]: it["rule"] for it in traces if is_text(it.get("path")) and is_text(it.get("rule"))}


def withheld_text(field):
    """The text that is withheld with a field redacted by name, and whether for good; None for none."""
    if "vc" not in field:
        return None
    item = re.fullmatch("/assembly/items/([^/]*)(/digest)?", field["path"])
    name = {"/assembly/text_digest": "the text as it was sent", "/template/digest": "the template",
            "/text": "the answer", "/text_digest": "the answer"}.get(field["path"])
    # Of an item of personal text the digest is a field of its own.
    if item and (item[2] or field["class"] != "plain"):
        name = f"item {item[1]}"
    return name and f"{name} ({'erased' if 'gone' in field or field['why'] == 'erased' else 'withheld'})"


def slots_of(record):
    """The slots that a record says are gone, as [index, number]; None when it does not show them."""
    slots = record["values"].get("/slots")
    pairs = is_list(lambda it: is_list(is_number)(it) and len(it) == 2)
    return slots if pairs(slots) else None


class Bundle:
    """What could be read of a bundle, without regard to whether it is right."""

    def __init__(self, data, report):
        self.report, self.manifest, self.has_custody = report, None, False
        self.files, self.damaged = {}, {}
        self.records, self.entries, self.proofs, self.texts, self.tokens = {}, {}, {}, {}, {}
        self.claims = None  # of absence.json
        members, start = read_members(data)
        check_members(members, start, len(data))
        for member in members:
            if not member["name"].endswith("/"):
                try:
                    self.files[member["name"]] = unpack(member)
                except Wrong as why:
                    self.damaged[member["name"]] = str(why)
        self.canonical = is_canonical(data, members, self.files.get("manifest.json"))
        # Several deflate streams give the same bytes: this is how a changed bit shows all the same.
        self.packed = hashlib.sha256(b"".join(
            member["data"] for member in sorted(members, key=lambda member: member["name"])
            if member["name"] != "manifest.json")).hexdigest()

    def names(self):
        return [*self.files, *self.damaged]

    def check_files(self):
        """The manifest, and every file against it."""
        find, manifest = self.report.find, "manifest.json"
        if manifest not in self.files:
            if not any(file_type(name)[0] for name in self.names()):
                raise NotABundle("it is a zip file without a manifest.json")
            if manifest not in self.damaged:
                find(manifest, "", "the file is missing")
        else:
            try:
                self.manifest = parse_manifest(self.files[manifest])
                self.report.claim = {"kind": self.manifest["kind"], **self.manifest["claim"]}
            except Wrong as why:
                find(manifest, "", str(why))
        for name, why in self.damaged.items():
            find(name, "", f"the file cannot be unpacked: {why}")
        for name in self.files:
            if not file_type(name)[0]:
                find(name, "", "bundles have no file of this name")
        if not self.manifest:
            return
        notes = self.manifest["files"]
        for name in self.names():
            if name != manifest and name not in notes:
                find(name, "", "the file is not in the manifest: it was added")
        for name, note in notes.items():
            if name not in self.files:
                if name not in self.damaged:
                    find(name, "", "the file is missing")
                continue
            self.report.checked["files"] += 1
            content, (kind, _, media_type) = self.files[name], file_type(name)
            digest = hashlib.sha256(content).hexdigest()
            if kind and (digest, len(content)) != (note["sha256"], note["bytes"]):
                find(name, "", f"the file is not the one that was packed: its SHA-256 is {digest}")
            elif kind and note["media_type"] != media_type:
                find(manifest, f"files[{name}].media_type", "it is not the media type of this file")

    def read_files(self):
        find = self.report.find
        for name, data in self.files.items():
            kind, part, _ = file_type(name)
            try:
                if kind == "record":
                    self.records[part] = parse_record(data, part)
                elif kind == "entry":
                    self.entries[int(part)] = parse_entry(data)
                elif kind == "proof":
                    proof = parse_proof(data)
                    if proof["index"] != int(part):
                        raise Wrong("it is the proof of another index")
                    self.proofs[int(part)] = proof
                elif kind == "text":
                    self.texts[part] = parse_text(data, part)
                elif kind == "custody":
                    parse_document(data, {"at": is_time, "by?": is_text, "for?": is_text,
                                          "why?": is_text})
                    self.has_custody = True
                elif kind == "absence":
                    self.claims = parse_absence(data)
                elif kind == "keys":
                    parse_keys(utf8(data))
                elif kind == "token":
                    self.tokens[name] = (int(part.split("-")[0]), data)
            except Wrong as why:
                find(name, "", str(why))
        for name in ["custody.json", "keys.txt"]:
            if name not in self.names():
                find(name, "", "the file is missing")
        indexes = {record["index"] for record in self.records.values()}
        for found, pattern in [(self.entries, "entries/{}.json"), (self.proofs, "proofs/{}.tlog-proof")]:
            for index in sorted(indexes ^ found.keys()):
                find(pattern.format(index), "", "the record of this index, or this file, is not there")

    def check_records(self):
        """Fields in order, disjoint, and those that the entry commits to."""
        find, checked, seen = self.report.find, self.report.checked, set()
        for id_, record in sorted(self.records.items()):
            file, values, last = f"records/{id_}.json", {}, None
            if record["index"] in seen:
                find(file, "index", "another record of the bundle has it too")
            seen.add(record["index"])
            for at, field in enumerate(record["fields"]):
                checked["fields_shown" if "value" in field else
                        "fields_named" if "vc" in field else "fields_hidden"] += 1
                if "why" in field and not field["why"].strip():
                    find(file, f"fields[{at}]", "it does not say why it is withheld")
                if "path" not in field:
                    continue
                path = field["path"]
                if not re.fullmatch(r"/([^~]|~[01])*", path, re.S) or path.count("/") > 40:
                    find(file, path, "it is not a path of a record")
                if last is not None and last.encode() >= path.encode():
                    find(file, path, "the fields are not in order of path, or one is there twice")
                last = path
                if "value" in field:
                    try:
                        values[path] = parse_json(unbase64(field["value"]))
                    except Wrong:
                        find(file, path, "the value is not JSON with one meaning")
            record["values"] = values
            self.check_disjoint(record, file)
            entry = self.entries.get(record["index"])
            if entry is None:
                continue
            checked["records"] += 1
            if len(record["fields"]) != entry["n"]:
                find(file, "fields", f"there are {len(record['fields'])} fields, the entry has {entry['n']}")
            if tree_root([field_leaf(field) for field in record["fields"]]) != unbase64(entry["root"]):
                find(file, "fields", "the fields are not those that were recorded")
            for member in ["id", "kind"]:
                if record[member] != entry[member]:
                    find(file, member, f"the entry says {entry[member]}")
            for path, said in [("/id", entry["id"]), ("/schema", entry["schema"])]:
                if values.get(path, said) != said:
                    find(file, path, f"the entry says {said}")

    def check_disjoint(self, record, file):
        """No field lies within the value of another: the value above lacks the member cut out."""
        for field in record["fields"]:
            steps = field.get("path", "").split("/")[1:41]
            for cut in range(1, len(steps)):
                above = "/" + "/".join(steps[:cut])
                if above not in record["values"]:
                    continue
                value, room = record["values"][above], False
                for step in steps[cut:]:
                    step = step.replace("~1", "/").replace("~0", "~")
                    if type(value) is not dict:
                        break
                    if step not in value:
                        room = True
                        break
                    value = value[step]
                if not room:
                    self.report.find(file, field["path"], f"it lies within the value of {above}")

    def check_proofs(self, keys):
        """Inclusion in the log, and who signed its head."""
        find, checked, seen = self.report.find, self.report.checked, []
        for index, proof in sorted(self.proofs.items()):
            file, head = f"proofs/{index}.tlog-proof", proof["checkpoint"]
            if index in self.entries:
                checked["proofs"] += 1
                if not included(index, head["size"], self.entries[index]["hash"], proof["path"], head["root"]):
                    find(file, "", "the entry is not proved to be in the log")
            if head["note"] in seen:
                continue
            if seen:
                find(file, "", "it ends in another checkpoint than the proofs before it")
            if len(seen) < 16:
                seen.append(head["note"])
                self.check_signatures(head, keys, file)

    def check_signatures(self, head, keys, file):
        find, checked = self.report.find, self.report.checked
        # A key of one log says nothing about another: its name has to be the origin.
        of_log = [key for key in keys if key["kind"] == 1 and key["name"] == head["origin"]]
        witnesses = [key for key in keys if key["kind"] == 4]
        try:
            signed = signers(head, of_log)
            if not signed:
                find(file, "", f"no key that you trust signed the head of the log {head['origin']}")
        except Wrong as why:
            signed = []
            find(file, "", f"the head of the log {head['origin']} is not proved: {why}")
        try:
            cosigned = signers(head, witnesses)
            for witness in witnesses:
                if witness not in cosigned:
                    find(file, "", f"the witness {witness['name']} has not cosigned the head of the log")
        except Wrong as why:
            cosigned = []
            find(file, "", f"a cosignature is not the witness's: {why}")
        checked["signatures"] += len(signed)
        checked["cosignatures"] += len(cosigned)
        self.report.signed_by += [f"{key['name']}+{key['id'].hex()}" for key in signed + cosigned]
        known = [(key["name"], key["id"]) for key in keys]
        for signature in head["signatures"]:
            if (signature["name"], signature["id"]) not in known:
                self.report.not_checked.append(
                    f"{file}: the signature of {signature['name']}+{signature['id'].hex()}, whose key "
                    "was not given")

    def check_head(self, known, path, keys):
        """The head in the bundle and one known from elsewhere are heads of one log."""
        find, skip = self.report.find, self.report.not_checked.append
        heads = [proof["checkpoint"] for _, proof in sorted(self.proofs.items())]
        if not heads or any(head["note"] != heads[0]["note"] for head in heads):
            return skip("the known head: the bundle has no checkpoint to compare it with")
        here = heads[0]
        try:
            of_log = [key for key in keys if key["kind"] == 1 and key["name"] == known["origin"]]
            if not signers(known, of_log):
                raise Wrong("no key that you trust signed it")
        except Wrong as why:
            find("", "head", f"the known head is not the log's: {why}")
        if known["origin"] != here["origin"]:
            return find("", "head", f"the known head is of the log {known['origin']}")
        small, large = sorted([here, known], key=lambda head: head["size"])
        if small["size"] == large["size"]:
            if small["root"] != large["root"]:
                find("", "head", "the log shows two histories: both heads cannot be true")
        elif path is None:
            skip(f"that the heads of {small['size']} and {large['size']} entries continue each other: "
                 "give the consistency proof between them")
        elif small["size"] and not consistent(small["size"], large["size"], small["root"],
                                              large["root"], path):
            find("", "head", "the log shows two histories: both heads cannot be true")

    def check_timestamps(self, roots):
        """Every token is one of the head; who made it is said for those under a trusted root."""
        find, skip = self.report.find, self.report.not_checked.append
        heads = [proof["checkpoint"] for _, proof in sorted(self.proofs.items())]
        one_head = bool(heads) and all(head["note"] == heads[0]["note"] for head in heads)
        for name, (size, token) in sorted(self.tokens.items()):
            if not one_head:
                skip(f"{name}: the timestamp, as there is no checkpoint to compare it with")
            elif heads[0]["size"] != size:
                find(name, "", f"it is to be of a head of {size} entries, and the bundle has none of that size")
            else:
                self.check_token(name, token, sha256(heads[0]["body"].encode()), roots)
        if roots and not self.report.timestamps:
            find("", "tsa-root", "no timestamp of the head of the log stands under the roots that you trust")

    def check_token(self, name, token, imprint, roots):
        find, skip = self.report.find, self.report.not_checked.append
        try:
            import verify_timestamp
        except ImportError as missing:
            return skip(f"{name}: the timestamp: verify_timestamp.py cannot be loaded: {missing}")
        try:
            said = verify_timestamp.verify(token, imprint)
        except verify_timestamp.Refused as refused:
            return find(name, "", f"the timestamp is not one of the head of the log: {refused}")
        if not roots:
            return skip(f"{name}: who made the timestamp: no roots of timestamp authorities were given; "
                        f"it says {said['certificate']['subject']}")
        try:
            said = verify_timestamp.verify(token, imprint, roots)
        except verify_timestamp.Refused as refused:
            return skip(f"{name}: the timestamp, which does not stand under the roots given: {refused}")
        at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=said["time_us"])
        self.report.checked["timestamps"] += 1
        self.report.timestamps.append({
            "file": name, "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "accuracy_us": said["accuracy_us"],
            "by": said["certificate"]["subject"], "root": said["root"]["subject"]})

    def check_missing_texts(self):
        """Texts that nothing is compared with are named: those that are not carried though their digest is
        shown, those that are withheld, and that there may be more among hidden fields."""
        for id_, record in sorted(self.records.items()):
            withheld = [text for text in map(withheld_text, record["fields"]) if text]
            for what, texts in [
                    ("texts whose digests it shows and that are not in the bundle", self.texts_not_carried(record)),
                    ("texts that are withheld, or their digests are, so that nothing can be compared", withheld)]:
                if texts:
                    self.report.not_checked.append(f"records/{id_}.json: {what}: " + ", ".join(texts))
            if record["kind"] in ("context", "generation") and any("leaf" in field for field in record["fields"]):
                self.report.not_checked.append(f"records/{id_}.json: whether it has further texts: digests of them "
                                               "may be among its hidden fields")

    def texts_not_carried(self, record):
        carried, values, missing = self.texts.get(record["id"], {"items": {}}), record["values"], []
        rules = taken_out(record)

        def add(name, path):
            rule = f" (not stored: redaction rule {rules[path]})" if path in rules else ""
            missing.append(name + rule)
        if "/assembly/text_digest" in values and "text" not in carried:
            missing.append("the text as it was sent")
        for item, digest in item_digests(record):
            if is_digest(digest) and digest not in carried["items"]:
                add(f"item {item}", f"/assembly/items/{item}/text")
        if "/template/digest" in values:
            add("the template", "/template/text")
        if record["kind"] == "generation" and "/text_digest" in values:
            add("the answer", "/text")
        return missing

    def check_gone(self):
        """Values that are said to be gone are in a slot that a record of the bundle says is gone."""
        find, skip = self.report.find, self.report.not_checked.append
        for id_, record in sorted(self.records.items()):
            file, unnamed, unsaid = f"records/{id_}.json", [], {}
            for field in record["fields"]:
                gone = field.get("gone")
                if not gone:
                    if "vc" in field and field["why"] == "erased":
                        unnamed.append(field["path"])
                    continue
                by = self.records.get(gone["by"])
                if field["class"] != "personal":
                    find(file, field["path"], "it is said to be gone, and only values about people can go")
                elif by is None or by["kind"] not in TAKE_AWAY:
                    find(file, field["path"], "it is said to be gone, and the record that is to say so is not in "
                                              f"the bundle: {gone['by']}")
                elif slots_of(by) is None:
                    unsaid.setdefault(gone["by"], []).append(field["path"])
                elif [record["index"], gone["slot"]] not in slots_of(by):
                    find(file, field["path"], f"it is said to be gone, and the record {gone['by']} does not say that "
                                              f"of slot {gone['slot']}")
                else:
                    self.report.checked["gone"] += 1
            if unnamed:
                skip(f"{file}: values that are said to be erased, without the record of that: " + ", ".join(unnamed))
            for by, paths in sorted(unsaid.items()):
                skip(f"{file}: values that are said to be gone, of which {by} does not show what it took away: "
                     + ", ".join(paths))

    def stands_alone(self, record):
        """Whether a record belongs in a bundle that no reference ties it to. A succession is in every bundle of
        a later epoch: it says what the log lost. A hold may cover what it does not refer to: what an entity or a
        query stands for. Decisions name the versions that govern them by name. What took values away names their
        records by index, and has to name one that is here."""
        if record["kind"] in TAKE_AWAY:
            slots = slots_of(record)
            return slots is None or any(index in self.entries for index, _ in slots)
        return record["kind"] in ("succession", "hold", "release", "artifact", "approval", "retirement", "deployment",
                                  "check")

    def check_absence(self):
        """What is said of things that were asked about, worked out again. Records of which something is wrong
        prove nothing."""
        if self.claims is None:
            return
        skip = self.report.not_checked.append
        if self.report.findings:
            return skip("absence.json: whether it says what the records say: something is wrong with them")
        try:
            import verify_absence
        except ImportError as missing:
            return skip(f"absence.json: whether it says what the records say: verify_absence.py cannot be loaded: "
                        f"{missing}")
        asked = [verify_absence.parse(it["ref"]) for it in self.claims]
        if None in asked:
            return self.report.find("absence.json", "claims", "what is asked about is not KIND:REF[@VERSION]")
        self.report.absences = verify_absence.claims(asked, self.records.values())
        for at, (said, derived) in enumerate(zip(self.claims, self.report.absences)):
            if said != derived:
                self.report.find("absence.json", f"claims[{at}] {said['ref']}",
                                 f"it says {said['outcome']}, and what the records say is {derived['outcome']}"
                                 if said["outcome"] != derived["outcome"] else
                                 "it is not for the reasons, or of the records, that the records of the bundle give")

    def check_stated(self):
        """What whoever packed the bundle says in it, and nothing commits to."""
        skip = self.report.not_checked.append
        if self.has_custody:
            skip("custody.json: who made the bundle, when, for whom and why: that is what its maker says")
        withheld = sum("why" in field for record in self.records.values() for field in record["fields"])
        if withheld:
            skip(f"records/*.json: the reasons why {withheld} fields are withheld: they are what the maker of "
                 "the bundle says")

    def check_elsewhere(self):
        """Records that those of the bundle name by id, and that are not in it, are named."""
        for id_, record in sorted(self.records.items()):
            one, many = NAMING.get(record["kind"], ((), ()))
            missing = []
            for path, value in record["values"].items():
                root, *steps = path.split("/", 2)
                named = steps[0] in (many if len(steps) > 1 else one) if steps and not root else False
                if named and is_text(value) and value not in self.records:
                    missing.append(f"{path} {value}")
            if missing:
                self.report.not_checked.append(
                    f"records/{id_}.json: records that it names and that are not in the bundle: "
                    + ", ".join(missing))

    def check_successions(self):
        """What the log lost when it went on after a restore, as the records in the bundle say."""
        for record in sorted(self.records.values(), key=lambda it: it["index"]):
            if record["kind"] != "succession":
                continue
            values, approvers = record["values"], []
            while f"/approved_by/{len(approvers)}" in values:
                approvers.append(values[f"/approved_by/{len(approvers)}"])

            def shown(name, check):
                return values[f"/{name}"] if check(values.get(f"/{name}")) else None
            self.report.successions.append({
                "file": f"records/{record['id']}.json", "index": record["index"],
                **{name: shown(name, is_number) for name in ["epoch", "lost_from", "lost_to"]},
                "reason": shown("reason", is_text),
                "approved_by": [it["id"] for it in approvers if type(it) is dict and is_text(it.get("id"))]})
        claim = self.manifest["claim"]
        log = re.escape(f"contextrail/{claim['trail']}/{claim['tenant']}/")
        epoch = re.fullmatch(log + "([1-9][0-9]{0,9})", claim["origin"])
        known, missing, at = {it["epoch"] for it in self.report.successions}, [], 2
        while epoch and at <= int(epoch[1]) and len(missing) < 9:
            missing += [str(at)] if at not in known else []
            at += 1
        if missing:
            named = ", ".join(missing[:8] + ["and later"] * (len(missing) > 8))
            self.report.not_checked.append(
                f"what the log lost when it went on as epoch {named}: no succession in the bundle shows it")

    def check_texts(self):
        """Texts beside a record have the digests in it, and nothing they came from is withheld."""
        find, checked = self.report.find, self.report.checked
        for id_, text in sorted(self.texts.items()):
            file, record = f"texts/{id_}.json", self.records.get(id_)
            if record is None:
                find(file, "", "there is no readable record of this text")
                continue
            if any("leaf" in field or ("vc" in field and field["class"] != "plain")
                   for field in record["fields"]):
                find(file, "", "the text is given although fields it came from are withheld")

            def fits(content, digest):
                content = content.encode()
                if type(digest) is not str or digest.startswith("sha256:"):
                    return digest == "sha256:" + hashlib.sha256(content).hexdigest()
                # docs/format.md "Slots and seeds"
                return any(digest == "hmac-sha256:" + hmac.new(
                    unbase64(seed), b"digest\0" + content, "sha256").hexdigest() for seed in text["seeds"])

            if "text" in text:
                checked["texts"] += 1
                if not fits(text["text"], record["values"].get("/assembly/text_digest")):
                    find(file, "text", "it is not the text that the record commits to")
            committed = [digest for _, digest in item_digests(record)]
            for digest, content in text["items"].items():
                checked["texts"] += 1
                if digest not in committed or not fits(content, digest):
                    find(file, f"items[{digest}]", "it is not the text of an item of the record")

    def check_claim(self):
        """What the manifest claims, against what is there."""
        find, claim, kind = self.report.find, self.manifest["claim"], self.manifest["kind"]
        log = f"contextrail/{claim['trail']}/{claim['tenant']}"
        epoch = re.fullmatch(re.escape(log) + "(?:/([1-9][0-9]{0,9}))?", claim["origin"])
        if not epoch or (epoch[1] and not 1 < int(epoch[1]) < 2**32):
            find("manifest.json", "claim.origin", f"it is not the log {log} or a successor")
        for index, proof in sorted(self.proofs.items()):
            head = proof["checkpoint"]
            if (head["origin"], head["size"], head["root"]) != (
                    claim["origin"], claim["tree_size"], unbase64(claim["root"])):
                find(f"proofs/{index}.tlog-proof", "", "its checkpoint is not the one claimed")
        present, claimed = {it["index"] for it in self.records.values()}, claim["indexes"]
        if not claimed or any(a >= b for a, b in zip(claimed, claimed[1:])):
            find("manifest.json", "claim.indexes", "they are not rising, or there is none")
        for index in sorted(set(claimed) - present):
            find("manifest.json", "claim.indexes", f"the record of index {index} is missing")
        for id_, record in sorted(self.records.items()):
            if record["index"] not in claimed:
                find(f"records/{id_}.json", "", "the record is not among those claimed: it was added")
            if record["values"].get("/tenant", claim["tenant"]) != claim["tenant"]:
                find(f"records/{id_}.json", "/tenant", "it is not the tenant claimed")
        if kind == "range":
            self.check_range(claim["from"], claim["to"], present)
        if kind == "decision":
            self.check_decisions(claim)

    def check_range(self, first, last, present):
        """Nothing between the first and the last index was left out."""
        find = self.report.find
        if first > last:
            return find("manifest.json", "claim.from", "it is after claim.to")
        inside = sorted(index for index in present if first <= index <= last)
        for before, after in zip([first - 1] + inside, inside + [last + 1]):
            if after - before > 1:
                find("manifest.json", "claim", f"indexes {before + 1} to {after - 1} are missing from the range")
        for id_, record in sorted(self.records.items()):
            if not first <= record["index"] <= last and not self.stands_alone(record):
                find(f"records/{id_}.json", "index", "the record is outside the range")

    def check_decisions(self, claim):
        find = self.report.find
        if not claim["decisions"]:
            find("manifest.json", "claim.decisions", "there is none")
        for id_ in claim["decisions"]:
            record = self.records.get(id_)
            if record is None or record["kind"] != "decision":
                find("manifest.json", "claim.decisions", f"{id_} is no decision in this bundle")
            if record is None or "subject" not in claim:
                continue
            if "/subject" not in record["values"]:
                self.report.not_checked.append(f"records/{id_}.json: its subject, which it does not show")
            elif record["values"]["/subject"] != claim["subject"]:
                find(f"records/{id_}.json", "/subject", "it is not what the bundle is said to be about")

    def check_relations(self):
        """References between records: complete below a decision, and nothing that is not tied."""
        find, claim, kind = self.report.find, self.manifest["claim"], self.manifest["kind"]
        by_hash = {unhex: index for index, unhex in
                   ((index, entry["hash"]) for index, entry in self.entries.items())}
        edges = {index: [] for index in self.entries}
        targets = {}
        for index, entry in sorted(self.entries.items()):
            targets[index] = [by_hash.get(unbase64(ref)) for ref in entry["refs"]]
            for at, target in enumerate(targets[index]):
                if target is None:
                    continue
                self.report.checked["references"] += 1
                edges[index].append(target)
                edges[target].append(index)
                if target >= index:
                    find(f"entries/{index}.json", f"refs[{at}]", "it refers to a later record")

        def reach(roots, steps):
            seen, open_ = set(roots), list(roots)
            while open_:
                for step in steps.get(open_.pop(), []):
                    if step is not None and step not in seen:
                        seen.add(step)
                        open_.append(step)
            return seen

        def untied(tied):
            return [(id_, it) for id_, it in sorted(self.records.items())
                    if it["index"] not in tied and not self.stands_alone(it)]

        closed = set()
        if kind == "decision":
            roots = [self.records[id_]["index"] for id_ in claim["decisions"] if id_ in self.records]
            closed = reach(roots, targets)
            for index in sorted(closed):
                for at, target in enumerate(targets.get(index, [])):
                    if target is None:
                        find(f"entries/{index}.json", f"refs[{at}]",
                             "it refers to a record that is not in the bundle")
            for id_, _ in untied(reach(roots, edges)):
                find(f"records/{id_}.json", "", "it has nothing to do with the decisions claimed")
        for index, entry in sorted(self.entries.items()):
            missing = [f"refs[{at}]" for at, target in enumerate(targets[index]) if target is None]
            if missing and index not in closed:
                self.report.not_checked.append(
                    f"entries/{index}.json: records that it refers to and that are not in the bundle: "
                    + ", ".join(missing))
        if kind == "entity":
            about = {record["index"] for record in self.records.values() if any(
                value == claim["entity"] and (path == "/subject" or path.startswith("/entities/"))
                for path, value in record["values"].items())}
            self.check_entity(about, reach(about, edges), untied)

    def check_entity(self, about, tied, untied):
        """At least one record shows the entity, and all are tied to one that does."""
        find, skip = self.report.find, self.report.not_checked.append

        def may_withhold_it(record):
            return record["kind"] in ("context", "decision") and any(
                "leaf" in field or ("vc" in field and (
                    field["path"] == "/subject" or field["path"].startswith("/entities/")))
                for field in record["fields"])

        if not about:
            find("manifest.json", "claim.entity", "no record in the bundle shows it")
        for id_, record in untied(tied):
            if may_withhold_it(record):
                skip(f"records/{id_}.json: whether it is about the entity claimed, which it does not show")
            else:
                find(f"records/{id_}.json", "", "it has nothing to do with the entity claimed")
        for id_, record in sorted(self.records.items()):
            if record["kind"] in ("context", "decision") and record["index"] in tied - about:
                skip(f"records/{id_}.json: " + (
                    "whether it names the entity claimed, which it does not show" if may_withhold_it(record) else
                    "that it is about the entity claimed: it does not name it, records that do are tied to it"))

    def check_pages(self):
        """The readable files are all there or none. Those for programs are derived again; those for
        people are not, which is said."""
        expected, version = set(), self.manifest["pages"]
        if version:
            expected = {*WHOLE_PAGES, *(f"record/{id_}.yaml" for id_ in self.records)}
        if version > PAGES:
            # Whoever forges a page can write any number: nothing would be compared.
            self.report.find("manifest.json", "pages", f"{version} is no version of the derived files that is "
                             f"known here, which is at most {PAGES}: none of them can be compared with the records")
        elif version:
            self.report.unread_pages = True
            self.report.not_checked.append(
                "whether summary.html, summary.md, VERIFY.md and record/*.yaml say what the records say: this "
                "program does not derive them")
            self.compare_related()
        found = {name for name in self.names() if file_type(name)[0] in [*WHOLE_PAGES, "yaml"]}
        for name in sorted(expected ^ found):
            self.report.find(name, "", "the file is missing, or should not be there")

    def compare_related(self):
        """related.json and prov.json, derived again from the records."""
        files, names = {}, ["related.json", "prov.json"]
        try:
            import verify_related
            records = [{**record, "entry_hash": base64.b64encode(self.entries[record["index"]]["hash"]).decode(),
                        "refs": self.entries[record["index"]]["refs"]} for record in self.records.values()]
            for name in names:
                if name in self.files:
                    self.report.checked["pages"] += 1
                    try:
                        files[name] = parse_json(self.files[name])
                    except Wrong as why:
                        self.report.find(name, "", str(why))
            for name in verify_related.differing(records, files):
                self.report.find(name, "", "it does not say what the records say")
        except ImportError as missing:
            self.report.not_checked.append(
                f"whether related.json and prov.json say what the records say: verify_related.py cannot be "
                f"loaded: {missing}")
        except (KeyError, RecursionError, verify_related.Underivable):
            self.report.not_checked.append(
                "whether related.json and prov.json say what the records say: the files they are derived from "
                "cannot all be read")


def verify(data, keys, head=None, path=None, roots=None):
    """The report on a bundle. Raises NotABundle for bytes that are something else."""
    report = Report()
    try:
        bundle = Bundle(data, report)
    except Wrong as refused:
        report.find("", "", str(refused))
        return report
    bundle.check_files()
    bundle.read_files()
    bundle.check_records()
    bundle.check_proofs(keys)
    if head:
        bundle.check_head(head, path, keys)
    bundle.check_timestamps(roots)
    bundle.check_texts()
    bundle.check_missing_texts()
    if bundle.manifest:
        bundle.check_claim()
        bundle.check_relations()
        bundle.check_successions()
    bundle.check_gone()
    bundle.check_absence()
    if bundle.manifest:
        bundle.check_pages()
    bundle.check_elsewhere()
    bundle.check_stated()
    if not bundle.canonical or (
            bundle.manifest and bundle.manifest["packed_sha256"] != bundle.packed):
        report.find("", "", "this is not the container that was packed but another form of it")
    return report


def print_report(name, report):
    print(f"{name}: {report.state().replace('_', ' ')}")
    if report.state() == "records_verified":
        print("  the files for people in the bundle were not compared with the records: do not rely on them")
    for finding in report.findings:
        place = ": ".join(part for part in [finding["file"] or "the bundle", finding["where"]] if part)
        print(f"  WRONG {place}: {finding['what']}")
    print("  checked: " + ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in report.checked.items()))
    print("  signed by: " + (", ".join(report.signed_by) or "nobody that you trust"))
    for stamp in report.timestamps:
        print(f"  timestamp: {stamp['by']} saw the head at {stamp['at']}")
    for it in report.successions:
        said = {name: "not shown" if value in (None, []) else value for name, value in it.items()}
        approvers = ", ".join(it["approved_by"]) or "not shown"
        print("  succession: the log went on as epoch {epoch} at index {index}, after a restore; lost: from index "
              "{lost_from} to before {lost_to}; reason: {reason}; approved by: ".format(**said) + approvers)
    for it in report.as_json()["absences"]:
        print(f"  {it['ref']}: {it['outcome'].replace('_', ' ')}, by {len(it['records'])} records")
    for what in report.not_checked:
        print(f"  not checked: {what}")
    print(f"  {report.not_proved()}")


def main():
    options = argparse.ArgumentParser(description="Verifies Contextrail evidence bundles.")
    options.add_argument("bundle", nargs="+")
    options.add_argument("--key", required=True, help="file of the keys you trust")
    options.add_argument("--head", help="file of a signed checkpoint you have from elsewhere")
    options.add_argument("--consistency", help="file of the consistency proof between the two heads")
    options.add_argument("--tsa-root", help="PEM file of the roots of timestamp authorities you trust")
    options.add_argument("-o", choices=["text", "json"], default="text")
    options = options.parse_args()
    try:
        with open(options.key, encoding="utf-8") as file:
            keys = parse_keys(file.read())
        head = path = None
        if options.head:
            with open(options.head, "rb") as file:
                head = parse_checkpoint(file.read())
        roots = None
        if options.tsa_root:
            with open(options.tsa_root, "rb") as file:
                roots = file.read()
            import verify_timestamp
            verify_timestamp.read_certificates_of(roots)
        if options.consistency:
            with open(options.consistency, encoding="ascii") as file:
                path = [unbase64(line) for line in file.read().split()]
    except (OSError, ValueError, Wrong, ImportError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    code = 0
    for name in options.bundle:
        try:
            with open(name, "rb") as file:
                report = verify(file.read(), keys, head, path, roots)
        except (OSError, NotABundle) as error:
            print(f"{name}: this is not an evidence bundle: {error}", file=sys.stderr)
            if options.o == "json":
                print(json.dumps({"bundle": name, "state": "not_a_bundle", "findings": []}))
            code = 2 if code == 0 else code
            continue
        if options.o == "json":
            print(json.dumps({"bundle": name, **report.as_json()}, ensure_ascii=False))
        else:
            print_report(name, report)
        code = code if report.state() != "failed" else 4
    return code


if __name__ == "__main__":
    sys.exit(main())
