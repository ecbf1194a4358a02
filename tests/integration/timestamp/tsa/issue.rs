//! The certificates of an authority, and its configuration.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Kind, run};

/// Writes the root, what stands between, the certificate of the authority and its configuration.
pub(super) fn certificates(folder: &Path, kind: Kind) {
    fs::write(folder.join("tsa.cnf"), configuration(kind)).unwrap();
    fs::write(folder.join("index.txt"), "").unwrap();
    fs::write(folder.join("index.txt.attr"), "unique_subject = no\n").unwrap();
    fs::write(folder.join("serial"), "01\n").unwrap();
    root(folder, kind);
    let issuer = match kind {
        Kind::Intermediate | Kind::ShallowRoot => between(folder, P256, "middle"),
        Kind::LongIntermediate => between(folder, "rsa:4608", "middle"),
        Kind::MutedIntermediate => between(folder, P256, "muted"),
        Kind::FalseIntermediate => between(folder, P256, "end"),
        _ => "ca",
    };
    authority(folder, kind, issuer);
}

fn root(folder: &Path, kind: Kind) {
    let key = match kind {
        Kind::OtherCurve => "ec -pkeyopt ec_paramgen_curve:P-521",
        _ if kind.signs_with_rsa() => RSA,
        _ => P256,
    };
    let end = match kind {
        Kind::ExpiredRoot => PAST,
        _ => FUTURE,
    };
    let extensions = match kind {
        Kind::ShallowRoot => "shallow_root",
        _ => "root",
    };
    new_request(folder, "ca", key, "/O=Contextrail test/CN=Root");
    run(
        folder,
        &format!(
            "ca -batch -notext -config tsa.cnf -selfsign -keyfile ca.key -in ca.csr -out ca.pem \
             -extensions {extensions} -startdate {START} -enddate {end}"
        ),
    );
}

/// Makes what stands between, with this key and these extensions; gives the name of its files.
fn between(folder: &Path, key: &str, extensions: &str) -> &'static str {
    new_request(folder, "middle", key, "/O=Contextrail test/CN=Middle");
    issue(folder, "middle", "ca", extensions, FUTURE);
    "middle"
}

fn authority(folder: &Path, kind: Kind, issuer: &str) {
    let key = match kind {
        Kind::P384 => "ec -pkeyopt ec_paramgen_curve:P-384",
        Kind::Ed25519 => "ed25519",
        Kind::ShortKey => "rsa:1024",
        _ if kind.signs_with_rsa() => RSA,
        _ => P256,
    };
    let subject = format!("/C=CH/O=Contextrail test/CN=Authority {kind:?}");
    new_request(folder, "tsa", key, &subject);
    let extensions = match kind {
        Kind::NoUsage => "no_usage",
        Kind::UncriticalUsage => "uncritical_usage",
        Kind::SecondUsage => "second_usage",
        Kind::OtherKeyUsage => "other_key_usage",
        _ => "tsa",
    };
    let end = match kind {
        Kind::Expired => PAST,
        _ => FUTURE,
    };
    issue(folder, "tsa", issuer, extensions, end);
}

fn new_request(folder: &Path, name: &str, key: &str, subject: &str) {
    // The subject stands last and by itself: it holds spaces.
    let output = Command::new("openssl")
        .args("req -new -nodes -config tsa.cnf -newkey".split(' '))
        .args(key.split(' '))
        .args(["-keyout", &format!("{name}.key")])
        .args(["-out", &format!("{name}.csr"), "-subj", subject])
        .current_dir(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl req: {error}");
}

fn issue(folder: &Path, name: &str, issuer: &str, extensions: &str, end: &str) {
    run(
        folder,
        &format!(
            "ca -batch -notext -config tsa.cnf -cert {issuer}.pem -keyfile {issuer}.key \
             -in {name}.csr -out {name}.pem -extensions {extensions} -startdate {START} \
             -enddate {end}"
        ),
    );
}

fn configuration(kind: Kind) -> String {
    let certificate_digest = if kind == Kind::Sha1Certificate {
        "sha1"
    } else {
        "sha256"
    };
    let digests = if kind == Kind::Refusing {
        "sha512"
    } else {
        "sha256,sha384,sha512"
    };
    let signer_digest = if kind == Kind::P384 {
        "sha384"
    } else {
        "sha256"
    };
    let reference = if kind == Kind::FirstReference {
        "sha1"
    } else {
        "sha256"
    };
    let certs = match kind {
        Kind::Intermediate | Kind::FalseIntermediate => "certs = middle.pem\n",
        Kind::WithRoot => "certs = ca.pem\n",
        _ => "",
    };
    format!(
        "[ issuing ]\ndefault_md = {certificate_digest}\n{CERTIFICATES}\n[ tsa_config ]\ndigests = {digests}\nsigner_digest = {signer_digest}\n\
         ess_cert_id_alg = {reference}\n{certs}{TOKENS}"
    )
}

const RSA: &str = "rsa:2048";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

const START: &str = "20200101000000Z";
const PAST: &str = "20210101000000Z";
const FUTURE: &str = "20981231235959Z";

const TOKENS: &str = "\
default_policy = 1.3.6.1.4.1.13762.3
serial = serial.ts
signer_cert = tsa.pem
signer_key = tsa.key
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 6
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
";

const CERTIFICATES: &str = "\
[ req ]
distinguished_name = name
[ name ]
[ ca ]
default_ca = issuing
[ issuing ]
database = index.txt
new_certs_dir = .
serial = serial
policy = any
[ any ]
countryName = optional
organizationName = optional
commonName = supplied
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ shallow_root ]
basicConstraints = critical, CA:TRUE, pathlen:0
[ muted ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature
[ middle ]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ end ]
basicConstraints = critical, CA:FALSE
[ tsa ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ no_usage ]
basicConstraints = critical, CA:FALSE
[ uncritical_usage ]
extendedKeyUsage = timeStamping
[ second_usage ]
extendedKeyUsage = critical, timeStamping, serverAuth
[ other_key_usage ]
keyUsage = critical, keyAgreement
extendedKeyUsage = critical, timeStamping
";
