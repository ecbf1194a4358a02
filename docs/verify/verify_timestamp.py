#!/usr/bin/env python3
"""Verifies an RFC 3161 timestamp token, sharing no code with Contextrail.

    verify_timestamp.py TOKEN.der SHA256_HEX ROOTS.pem

prints what the token states as JSON and exits with 0, says why it is refused and exits with 1, or
exits with 2 when it could not be asked.
With --lines, each line of standard input is {"token", "imprint", "roots"} (hexadecimal,
hexadecimal, PEM) and gets one line of output: {"statement": …} or {"refused": …}.

The standard library and the package `cryptography` are needed. The token is read by the DER reader
below; `cryptography` reads the certificates and checks the signatures. Revocation is not checked.
A certificate with name constraints is refused here: this program does not evaluate them.
"""

import datetime
import hashlib
import json
import sys
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

warnings.simplefilter("ignore", CryptographyDeprecationWarning)

MAX_BYTES = 64 * 1024
MAX_CERTIFICATES = 16
MAX_BETWEEN = 6

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SHA1 = {"1.3.14.3.2.26", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"}
DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
# Which kind of key, and which digest, an algorithm of signatures is for; None: any of the three.
SIGNATURES = {
    "1.2.840.113549.1.1.1": ("rsa", None),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.3.2": ("ec", "sha256"),
    "1.2.840.10045.4.3.3": ("ec", "sha384"),
    "1.3.101.112": ("ed25519", "sha512"),
}
SHORT_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
# Extensions whose meaning is checked below, or which restrict nothing that is checked.
UNDERSTOOD = {"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.31", "2.5.29.37"}

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
BOOLEAN, SEQUENCE, SET, GENERALIZED_TIME = 0x01, 0x30, 0x31, 0x18


class Refused(ValueError):
    """Why a token is not believed."""


def require(condition, reason):
    if not condition:
        raise Refused(reason)


class Der:
    """The DER values that follow one another in some bytes."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def done(self):
        return self.at == len(self.data)

    def end(self):
        require(self.done(), "bytes are left over that nothing explains")

    def tag(self):
        return None if self.done() else self.data[self.at]

    def _head(self):
        data, at = self.data, self.at
        require(at + 2 <= len(data), "the bytes end early")
        tag, length, start = data[at], data[at + 1], at + 2
        require(tag & 0x1F != 0x1F, "a tag of more than one byte")
        if tag < 0x40:
            constructed, expected = bool(tag & 0x20), tag & 0x1F in (0x10, 0x11)
            require(tag and constructed == expected, f"the tag {tag:02x}, which DER does not have")
        if length >= 0x80:
            count = length & 0x7F
            require(1 <= count <= 4, "a length that is no DER")
            require(start + count <= len(data), "the bytes end early")
            length = int.from_bytes(data[start : start + count], "big")
            require(length >= 0x80 and length >> (8 * (count - 1)), "a length that is not the shortest")
            start += count
        require(start + length <= len(data), "the bytes end early")
        return tag, start, start + length

    def raw(self):
        """The next value with its tag and length."""
        start = self.at
        _, _, self.at = self._head()
        return self.data[start : self.at]

    def take(self, tag):
        """The content of the next value, which must have this tag."""
        found, start, end = self._head()
        require(found == tag, f"tag {found:02x} where {tag:02x} should be")
        self.at = end
        return self.data[start:end]

    def inside(self, tag):
        return Der(self.take(tag))

    def maybe(self, tag):
        return self.take(tag) if self.tag() == tag else None

    def integer(self):
        return read_integer(self.take(INTEGER))

    def oid(self):
        return read_oid(self.take(OID))

    def boolean(self):
        value = self.take(BOOLEAN)
        require(value in (b"\x00", b"\xff"), "a BOOLEAN that is no DER")
        return value == b"\xff"

    def algorithm(self):
        """The object identifier of an algorithm and its parameters as they stand, or None."""
        members = self.inside(SEQUENCE)
        oid = members.oid()
        parameters = None if members.done() else members.raw()
        members.end()
        return oid, parameters


def whole(data, tag=SEQUENCE):
    """What is inside the one value that `data` is."""
    outer = Der(data)
    inner = outer.inside(tag)
    outer.end()
    return inner


def read_integer(content):
    require(content, "an INTEGER without bytes")
    padded = len(content) > 1 and (
        (content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)
    )
    require(not padded, "an INTEGER that is not the shortest")
    return int.from_bytes(content, "big", signed=True)


def read_oid(content):
    require(content and content[-1] < 0x80, "an object identifier that ends early")
    arcs, value, fresh = [], 0, True
    for byte in content:
        require(not (fresh and byte == 0x80), "an object identifier that is not the shortest")
        value = value << 7 | byte & 0x7F
        fresh = byte < 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def digest_of(oid, parameters, place):
    require(oid not in SHA1, f"{place} uses SHA-1")
    require(oid in DIGESTS, f"{place} uses the digest {oid}, which is not supported")
    require(parameters in (None, b"\x05\x00"), f"{place} has parameters")
    return DIGESTS[oid]


def read_token(data):
    """Takes a token apart: its content, its certificates, its signer."""
    outer = whole(data)
    require(outer.oid() == SIGNED_DATA, "it is not signed data")
    wrapped = outer.inside(0xA0)
    outer.end()
    body = wrapped.inside(SEQUENCE)
    wrapped.end()
    require(body.integer() == 3, "the signed data is not of version 3")
    digests, listed = body.inside(SET), []
    while not digests.done():
        oid, parameters = digests.algorithm()
        require(parameters in (None, b"\x05\x00"), "a digest has parameters")
        listed.append(oid)
    content = body.inside(SEQUENCE)
    require(content.oid() == TST_INFO, "the content is not id-ct-TSTInfo")
    explicit = content.inside(0xA0)
    content.end()
    statement = explicit.take(OCTET_STRING)
    explicit.end()
    certificates = read_certificates(body.maybe(0xA0))
    body.maybe(0xA1)
    signers = body.inside(SET)
    body.end()
    signer = read_signer(signers.inside(SEQUENCE))
    signers.end()
    require(signer["digest"][0] in listed, "the digest of the signer is not among those listed")
    return statement, certificates, signer


def read_certificates(content):
    certificates = []
    choices = Der(content or b"")
    while not choices.done():
        is_certificate = choices.tag() == SEQUENCE
        value = choices.raw()
        if is_certificate:
            certificates.append(value)
        require(len(certificates) <= MAX_CERTIFICATES, "more than 16 certificates")
    return certificates


def read_signer(members):
    version = members.integer()
    key_identifier = members.maybe(0x80)
    issuer = serial = None
    if key_identifier is None:
        name = members.inside(SEQUENCE)
        issuer, serial = name.raw(), name.take(INTEGER)
        name.end()
    require(version == (1 if key_identifier is None else 3), "the signer's version does not fit")
    digest = members.algorithm()
    attributes = members.maybe(0xA0)
    require(attributes is not None, "there are no signed attributes")
    algorithm = members.algorithm()
    signature = members.take(OCTET_STRING)
    members.maybe(0xA1)
    members.end()
    return {
        "key_identifier": key_identifier,
        "issuer": issuer,
        "serial": serial,
        "digest": digest,
        "attributes": attributes,
        "algorithm": algorithm,
        "signature": signature,
    }


def read_attributes(content):
    """The values of the signed attributes by name; each name once."""
    attributes, items = {}, Der(content)
    while not items.done():
        members = items.inside(SEQUENCE)
        name = members.oid()
        values = members.inside(SET)
        members.end()
        require(name not in attributes, f"the attribute {name} is there twice")
        attributes[name] = values
    return attributes


def read_references(attributes):
    """(digest, hash, issuer, serial) from each form of the reference to the certificate."""
    references = []
    for name, digest in ((SIGNING_CERTIFICATE, "sha1"), (SIGNING_CERTIFICATE_V2, "sha256")):
        if name not in attributes:
            continue
        values = attributes[name]
        first = values.inside(SEQUENCE).inside(SEQUENCE).inside(SEQUENCE)
        values.end()
        if digest != "sha1" and first.tag() == SEQUENCE:
            digest = digest_of(*first.algorithm(), "the reference to the certificate")
        value, issuer, serial = first.take(OCTET_STRING), None, None
        if not first.done():
            both = first.inside(SEQUENCE)
            names = both.inside(SEQUENCE)
            issuer = names.take(0xA4)
            names.end()
            serial = both.take(INTEGER)
            both.end()
        first.end()
        references.append((digest, value, issuer, serial))
    require(references, "the signing certificate is not named")
    return references


def read_statement(data):
    """Takes a TSTInfo apart."""
    body = whole(data)
    require(body.integer() == 1, "the statement is not of version 1")
    policy = body.oid()
    imprint = body.inside(SEQUENCE)
    digest = digest_of(*imprint.algorithm(), "the digest in the token")
    require(digest == "sha256", f"the digest in the token is {digest}, not sha256")
    hashed = imprint.take(OCTET_STRING)
    imprint.end()
    serial = body.integer()
    require(serial >= 0, "a negative serial number")
    time_us = read_time(body.take(GENERALIZED_TIME))
    accuracy = body.maybe(SEQUENCE)
    accuracy_us = None if accuracy is None else read_accuracy(Der(accuracy))
    if body.tag() == BOOLEAN:
        body.boolean()
    if body.tag() == INTEGER:
        require(body.integer() >= 0, "a negative nonce")
    name = body.maybe(0xA0)
    authority = None if name is None else read_general_name(Der(name))
    extensions = Der(body.maybe(0xA1) or b"")
    while not extensions.done():
        members = extensions.inside(SEQUENCE)
        oid = members.oid()
        critical = members.tag() == BOOLEAN and members.boolean()
        require(not critical, f"the critical extension {oid} is not known")
        members.take(OCTET_STRING)
        members.end()
    body.end()
    size = max(1, (serial.bit_length() + 7) // 8)
    return hashed, {
        "time_us": time_us,
        "accuracy_us": accuracy_us,
        "serial": serial.to_bytes(size, "big").hex(),
        "policy": policy,
        "authority": authority,
    }


def read_time(text):
    moment, rest = text[:14], text[14:]
    require(len(moment) == 14 and moment.isdigit(), "a time that is none")
    require(rest.endswith(b"Z"), "a time that is not UTC")
    fraction = rest[:-1]
    if fraction:
        digits = fraction[1:]
        require(fraction[:1] == b"." and digits.isdigit() and len(digits) <= 18, "a time that is none")
    else:
        digits = b""
    year, month, day, hour, minute, second = (
        int(moment[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
    )
    require(year >= 1970, "a time before 1970")
    try:
        at = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise Refused(f"a time that is none: {error}") from error
    since = at - datetime.datetime(1970, 1, 1)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + int((digits + b"000000")[:6])


def read_accuracy(members):
    seconds = members.integer() if members.tag() == INTEGER else 0
    require(0 <= seconds < 1 << 32, "an accuracy that is none")
    parts = []
    for tag in (0x80, 0x81):
        content = members.maybe(tag)
        value = 0 if content is None else read_integer(content)
        require(0 <= value <= 999, "a part of the accuracy is not from 0 to 999")
        parts.append(value)
    members.end()
    return seconds * 1_000_000 + parts[0] * 1_000 + parts[1]


def read_general_name(members):
    if members.tag() == 0xA4:
        name = name_text(members.take(0xA4))
    elif members.tag() in (0x81, 0x82, 0x86):
        name = escaped(members.take(members.tag()).decode("latin-1"))
    else:
        members.raw()
        name = None
    members.end()
    return name


def name_text(data):
    """A distinguished name as RFC 4514 writes it, the most specific part first."""
    try:
        parts, sequence = [], whole(data)
        while not sequence.done():
            attributes, part = [], sequence.inside(SET)
            while not part.done():
                members = part.inside(SEQUENCE)
                oid, value = members.oid(), members.raw()
                members.end()
                attributes.append(f"{SHORT_NAMES.get(oid, oid)}={value_text(value)}")
            parts.append("+".join(attributes))
    except Refused:
        return "#" + data.hex()
    return ",".join(reversed(parts))


def value_text(value):
    encodings = {0x0C: "utf-8", 0x13: "utf-8", 0x16: "utf-8", 0x12: "utf-8", 0x14: "latin-1"}
    tag = value[0]
    content = Der(value).take(tag)
    try:
        if tag in encodings:
            return escaped(content.decode(encodings[tag]))
        if tag == 0x1E:
            return escaped(content.decode("utf-16-be"))
    except UnicodeDecodeError:
        pass
    return "#" + value.hex()


def escaped(text):
    shown = []
    for position, character in enumerate(text):
        at_edge = (position == 0 and character in "# ") or (
            position == len(text) - 1 and character == " "
        )
        if at_edge or character in '"+,;<>\\':
            shown.append("\\" + character)
        elif ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0:
            shown.append("".join(f"\\{byte:02X}" for byte in character.encode()))
        else:
            shown.append(character)
    return "".join(shown)


class Certificate:
    """A certificate: its bytes, and what `cryptography` reads in them."""

    def __init__(self, data):
        self.data = data
        body = whole(data).inside(SEQUENCE)
        body.maybe(0xA0)
        self.serial = body.take(INTEGER)
        body.take(SEQUENCE)
        self.issuer = body.raw()
        body.take(SEQUENCE)
        self.subject = body.raw()
        try:
            self.x509 = x509.load_der_x509_certificate(data)
            self.extensions = {item.oid.dotted_string: item for item in self.x509.extensions}
            require(self.x509.version is x509.Version.v3, "a certificate that is not of version 3")
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"a certificate cannot be read: {error}") from error

    def name(self):
        return {"subject": name_text(self.subject), "sha256": hashlib.sha256(self.data).hexdigest()}

    def extension(self, oid):
        found = self.extensions.get(oid)
        return None if found is None else found.value

    def check_key(self):
        try:
            key = self.x509.public_key()
        except Exception as error:
            raise Refused(f"a public key cannot be read: {error}") from error
        if isinstance(key, rsa.RSAPublicKey):
            require(2048 <= key.key_size <= 4096, f"an RSA key of {key.key_size} bits")
        elif isinstance(key, ec.EllipticCurvePublicKey):
            require(key.curve.name in ("secp256r1", "secp384r1"), f"a key on {key.curve.name}")
        else:
            require(isinstance(key, ed25519.Ed25519PublicKey), "a key of a kind not supported")
        return key

    def check_time(self, at_s):
        at = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=at_s)
        valid = self.x509.not_valid_before_utc <= at <= self.x509.not_valid_after_utc
        require(valid, "a certificate was not valid at the time of the token")

    def check_authority(self):
        usage = self.extensions.get("2.5.29.37")
        require(usage is not None, "the certificate has no extended key usage")
        require(usage.critical, "the extended key usage is not critical")
        names = [oid.dotted_string for oid in usage.value]
        require(names == ["1.3.6.1.5.5.7.3.8"], "the extended key usage is not timeStamping alone")
        allowed = self.extension("2.5.29.15")
        if allowed is not None:
            signing = allowed.digital_signature or allowed.content_commitment
            others = (
                allowed.key_encipherment
                or allowed.data_encipherment
                or allowed.key_agreement
                or allowed.key_cert_sign
                or allowed.crl_sign
            )
            require(signing and not others, "the key usage is not signing alone")
        constraints = self.extension("2.5.29.19")
        require(constraints is None or not constraints.ca, "an authority signed the token itself")
        self.check_critical()

    def check_issuer(self, below):
        constraints = self.extension("2.5.29.19")
        require(constraints is not None and constraints.ca, "an issuer is no authority")
        length = constraints.path_length
        require(length is None or length >= below, "more authorities than one allows")
        allowed = self.extension("2.5.29.15")
        require(allowed is None or allowed.key_cert_sign, "a key usage forbids issuing")
        usage = self.extension("2.5.29.37")
        names = [] if usage is None else [oid.dotted_string for oid in usage]
        fits = usage is None or "1.3.6.1.5.5.7.3.8" in names
        require(fits, "the extended key usage of an issuer does not allow timestamps")
        require("2.5.29.30" not in self.extensions, "name constraints are not evaluated here")

    def check_critical(self):
        for oid, item in self.extensions.items():
            require(not item.critical or oid in UNDERSTOOD, f"the critical extension {oid}")

    def check_issued_by(self, issuer):
        require(self.issuer == issuer.subject, "the issuer has another name")
        algorithm = self.x509.signature_algorithm_oid.dotted_string
        require(algorithm not in SHA1, "a certificate is signed with SHA-1")
        kind = SIGNATURES.get(algorithm, (None, None))
        require(algorithm in SIGNATURES and kind != ("rsa", None), f"a signature with {algorithm}")
        try:
            self.x509.verify_directly_issued_by(issuer.x509)
        except Exception as error:
            raise Refused("a certificate is not signed by its issuer") from error


def read_certificates_of(pem):
    roots = x509.load_pem_x509_certificates(pem)
    certificates = [Certificate(root.public_bytes(Encoding.DER)) for root in roots]
    for certificate in certificates:
        certificate.check_issuer(0)
    return certificates


def find_root(certificate, others, roots, at_s, below=0):
    """The root that issued `certificate`, over as many of the others as are needed."""
    refusal = Refused("the certificate leads to no trusted root")
    for root in roots:
        if root.subject != certificate.issuer:
            continue
        try:
            certificate.check_issued_by(root)
            root.check_key()
            root.check_time(at_s)
            root.check_issuer(below)
            return root
        except Refused as error:
            refusal = error
    for other in others if below < MAX_BETWEEN else ():
        if other.subject != certificate.issuer or other.data == certificate.data:
            continue
        try:
            certificate.check_issued_by(other)
            other.check_key()
            other.check_time(at_s)
            other.check_issuer(below)
            other.check_critical()
            return find_root(other, others, roots, at_s, below + 1)
        except Refused as error:
            refusal = error
    raise refusal


def find_signer(certificates, signer, references):
    require(certificates, "the token holds no certificate")
    for data in certificates:
        try:
            certificate = Certificate(data)
        except Refused:
            continue
        named = all(
            hashlib.new(digest, data).digest() == value
            and (issuer is None or (issuer, serial) == (certificate.issuer, certificate.serial))
            for digest, value, issuer, serial in references
        )
        if named:
            break
    else:
        raise Refused("none of the certificates is the one in the signed attributes")
    if signer["key_identifier"] is None:
        same = (signer["issuer"], signer["serial"]) == (certificate.issuer, certificate.serial)
    else:
        identifier = certificate.extension("2.5.29.14")
        same = identifier is not None and identifier.digest == signer["key_identifier"]
    require(same, "the signer is named differently from the signed attributes")
    return certificate


def check_signature(certificate, signer, statement, attributes):
    digest = digest_of(*signer["digest"], "the signer")
    oid, parameters = signer["algorithm"]
    require(oid not in SHA1, "the signature uses SHA-1")
    require(oid in SIGNATURES, f"the signature uses {oid}, which is not supported")
    kind, fixed = SIGNATURES[oid]
    require(fixed in (None, digest), f"{oid} with {digest} is not supported")
    allowed = (None, b"\x05\x00") if kind == "rsa" else (None,)
    require(parameters in allowed, "the signature algorithm has parameters")
    require(MESSAGE_DIGEST in attributes, "the message digest is missing")
    values = attributes[MESSAGE_DIGEST]
    stated = values.take(OCTET_STRING)
    values.end()
    require(hashlib.new(digest, statement).digest() == stated, "the statement was changed")

    content = signer["attributes"]
    size = len(content)
    count = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 0x80 else bytes([0x80 | count]) + size.to_bytes(count, "big")
    message = bytes([SET]) + length + content
    key, signature = certificate.check_key(), signer["signature"]
    try:
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), HASHES[digest])
        elif kind == "ec" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(HASHES[digest]))
        elif kind == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            raise Refused(f"{oid} does not fit to the key")
    except InvalidSignature as error:
        raise Refused("the signature does not hold") from error


def verify(token, imprint, roots_pem=None):
    """What `token` states about the SHA-256 digest `imprint`, to who trusts the roots. Without roots:
    what it says itself, signed by a certificate of which nothing is known.

    Takes bytes, 32 bytes, and the bytes of a PEM file; gives a dictionary with `time_us`
    (microseconds since 1970), `accuracy_us`, `serial`, `policy`, `authority`, `certificate` and
    `root`. Raises Refused, with the reason, when anything does not hold.
    """
    require(len(token) <= MAX_BYTES, "the token has more than 64 KiB")
    statement, certificates, signer = read_token(token)
    hashed, stated = read_statement(statement)
    require(hashed == imprint, f"the token is about {hashed.hex()}")
    attributes = read_attributes(signer["attributes"])
    require(CONTENT_TYPE in attributes, "the content type is missing")
    values = attributes[CONTENT_TYPE]
    require(values.oid() == TST_INFO, "the content type is not id-ct-TSTInfo")
    values.end()

    certificate = find_signer(certificates, signer, read_references(attributes))
    check_signature(certificate, signer, statement, attributes)
    certificate.check_authority()
    at_s = stated["time_us"] // 1_000_000
    certificate.check_time(at_s)
    if roots_pem is None:
        return {**stated, "certificate": certificate.name()}
    try:
        roots = read_certificates_of(roots_pem)
    except ValueError as error:
        raise Refused(f"the roots cannot be read: {error}") from error
    others = []
    for data in certificates:
        try:
            others.append(Certificate(data))
        except Refused:
            # What is not needed need not be readable.
            continue
    root = find_root(certificate, others, roots, at_s)
    return {**stated, "certificate": certificate.name(), "root": root.name()}


def answer_lines():
    for line in sys.stdin:
        case = json.loads(line)
        token, imprint = bytes.fromhex(case["token"]), bytes.fromhex(case["imprint"])
        try:
            answer = {"statement": verify(token, imprint, case["roots"].encode())}
        except Refused as refusal:
            answer = {"refused": str(refusal)}
        print(json.dumps(answer, sort_keys=True), flush=True)


def main(arguments):
    if arguments == ["--lines"]:
        answer_lines()
        return 0
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    token, imprint, roots = arguments
    try:
        with open(token, "rb") as file, open(roots, "rb") as pem:
            statement = verify(file.read(MAX_BYTES + 1), bytes.fromhex(imprint), pem.read())
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    print(json.dumps(statement, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
