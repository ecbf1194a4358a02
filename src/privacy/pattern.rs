//! The forms of each kind, and what a match has to hold besides.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use iban::IbanLike as _;
use regex::Regex;

use super::check_digit::{brazilian_cpf, french_nir, german_tax_id, luhn, spanish_id};
use super::kind::Kind;

/// A form of one kind.
pub(super) struct Pattern {
    pub(super) kind: Kind,
    form: LazyLock<Regex>,
    /// The part of a candidate that is one, from its start.
    check: fn(&str) -> Option<usize>,
}

impl Pattern {
    /// Where this form stands in `text`.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for captures in self.form.captures_iter(text) {
            // A group names the value where the form needs words around it.
            let Some(candidate) = captures.get(1).or_else(|| captures.get(0)) else {
                continue;
            };
            if let Some(length) = (self.check)(candidate.as_str()) {
                found.push(candidate.start()..candidate.start() + length);
            }
        }
        found
    }
}

macro_rules! pattern {
    ($kind:ident, $form:literal, $check:expr) => {
        Pattern {
            kind: Kind::$kind,
            form: LazyLock::new(|| Regex::new($form).expect("a test compiles every form")),
            check: $check,
        }
    };
}

/// All forms.
pub(super) static PATTERNS: [Pattern; 23] = [
    pattern!(Secret, r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", whole),
    pattern!(
        Secret,
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
        whole
    ),
    pattern!(Secret, r"\bxox[abeprs]-[A-Za-z0-9-]{10,}", whole),
    pattern!(Secret, r"\b[sr]k[-_][A-Za-z0-9_-]{20,}", whole),
    pattern!(Secret, r"\bAIza[0-9A-Za-z_-]{35}", whole),
    pattern!(
        Secret,
        r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        whole
    ),
    pattern!(
        Secret,
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        whole
    ),
    pattern!(
        Secret,
        r#"(?i)\b(?:pass(?:word|wd|phrase)|api[_-]?key|secret|access[_-]?token|client[_-]?secret)["']?\s*[:=]\s*["']?([^\s"',;]{6,})"#,
        whole
    ),
    pattern!(Secret, r"(?i)\bbearer\s+([A-Za-z0-9._~+/-]{20,}=*)", whole),
    pattern!(Iban, r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}", iban),
    pattern!(
        Card,
        r"\b(?:[2-6][0-9]{12,18}|[2-6][0-9]{3}(?:[ -][0-9]{4}){3}|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{5})\b",
        card
    ),
    pattern!(
        NationalId,
        r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b",
        social_security_number
    ),
    pattern!(
        NationalId,
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\b",
        national_insurance_number
    ),
    pattern!(
        NationalId,
        r"\b[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}\b",
        |text| { german_tax_id(&digits(text)).then_some(text.len()) }
    ),
    pattern!(
        NationalId,
        r"\b(?:[0-9]{8}|[XYZ][0-9]{7})-?[A-Z]\b",
        |text| { spanish_id(&text.replace('-', "")).then_some(text.len()) }
    ),
    pattern!(NationalId, r"\b[12](?: ?[0-9]){14}\b", |text| {
        french_nir(&digits(text)).then_some(text.len())
    }),
    pattern!(
        NationalId,
        r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b",
        |text| { brazilian_cpf(&digits(text)).then_some(text.len()) }
    ),
    pattern!(
        Email,
        r"\b[\p{L}0-9._%+'-]+@(?:[\p{L}0-9](?:[\p{L}0-9-]*[\p{L}0-9])?\.)+\p{L}{2,24}\b",
        whole
    ),
    pattern!(IpAddress, r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", |text| {
        text.parse::<Ipv4Addr>().is_ok().then_some(text.len())
    }),
    pattern!(
        IpAddress,
        r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{0,3}(?:\.[0-9]{1,3}){3})?",
        |text| {
            let is_one = text.len() > 4 && text.parse::<Ipv6Addr>().is_ok();
            is_one.then_some(text.len())
        }
    ),
    pattern!(
        Phone,
        r"(?:\+|\b00)[1-9][0-9]{0,2}[ ./-]?(?:\([0-9]{1,5}\))?(?:[ ./-]?[0-9]+){1,6}\b",
        phone
    ),
    pattern!(
        Phone,
        r"(?:\(0[0-9]{1,4}\)[ ]?|\b0[1-9][0-9]{1,3}[ /-])[0-9]{3,}(?:[ -]?[0-9]{2,}){0,4}\b",
        phone
    ),
    pattern!(
        Phone,
        r"(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[-.])[0-9]{3}[-.][0-9]{4}\b",
        phone
    ),
];

#[expect(clippy::unnecessary_wraps, reason = "it is one of the checks")]
fn whole(text: &str) -> Option<usize> {
    Some(text.len())
}

fn digits(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    digits.map(|byte| byte - b'0').collect()
}

fn card(text: &str) -> Option<usize> {
    luhn(&digits(text)).then_some(text.len())
}

/// The longest beginning that is the number of an account: words may follow in capitals.
fn iban(text: &str) -> Option<usize> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let ends: Vec<usize> = ends.collect();
    ends.into_iter().rev().find(|end| {
        let candidate = text[..*end].replace(' ', "");
        let is_whole = !text[..*end].ends_with(' ');
        let goes_on = text[*end..].starts_with(|c: char| c.is_ascii_alphanumeric());
        is_whole
            && !goes_on
            && candidate
                .parse::<iban::Iban>()
                .is_ok_and(|account| account.country_code().len() == 2)
    })
}

/// Numbers that are never given out are none: areas 000, 666 and from 900 on, group 00, serial 0000.
fn social_security_number(text: &str) -> Option<usize> {
    let mut parts = text.split('-');
    let area = parts
        .next()
        .filter(|area| *area != "000" && *area != "666" && *area < "900");
    let group = parts.next().filter(|group| *group != "00");
    let serial = parts.next().filter(|serial| *serial != "0000");
    (area.is_some() && group.is_some() && serial.is_some()).then_some(text.len())
}

fn national_insurance_number(text: &str) -> Option<usize> {
    const NEVER: [&str; 7] = ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"];
    let prefix = text.get(..2)?;
    (!NEVER.contains(&prefix)).then_some(text.len())
}

/// Numbers have seven to fifteen digits (ITU-T E.164).
fn phone(text: &str) -> Option<usize> {
    (7..=15).contains(&digits(text).len()).then_some(text.len())
}
