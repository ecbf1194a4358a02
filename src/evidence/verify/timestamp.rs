//! Timestamps (RFC 3161) of the head of the log.

use super::super::contents::Contents;
use super::super::file_name::FileName;
use super::super::report::{Proven, Report};
use crate::log::SignedCheckpoint;
use crate::record::Timestamp;
use crate::timestamp::{TimestampError, Token, TrustAnchors};

/// Every token is one of the checkpoint. Who made it is said for those under a trusted root.
pub(super) fn check(contents: &Contents, trusted: Option<&TrustAnchors>, report: &mut Report) {
    for ((size, number), der) in &contents.tokens {
        let file = FileName::Token {
            size: *size,
            number: *number,
        };
        match contents.checkpoint() {
            None => report.not_checked.push(format!(
                "{file}: the timestamp, as there is no checkpoint to compare it with"
            )),
            Some(signed) if signed.checkpoint().size() != *size => {
                let what = format!(
                    "it is to be of a head of {size} entries, and the bundle has none of that size"
                );
                report.find(file, "", what);
            }
            Some(signed) => check_token(file, der, signed, trusted, report),
        }
    }
    if trusted.is_some() && report.timestamps.is_empty() {
        let what = "no timestamp of the head of the log stands under the roots that you trust";
        report.find("", "tsa-root", what);
    }
}

fn check_token(
    file: FileName,
    der: &[u8],
    signed: &SignedCheckpoint,
    trusted: Option<&TrustAnchors>,
    report: &mut Report,
) {
    let imprint = signed.text_digest();
    let token = match Token::parse(der) {
        Ok(token) => token,
        Err(error) => return refuse(file, &error, report),
    };
    // What holds under no root at all is wrong, whoever is trusted.
    let unanchored = match token.verify_unanchored(&imprint) {
        Ok(unanchored) => unanchored,
        Err(error) => return refuse(file, &error, report),
    };
    let Some(trusted) = trusted else {
        report.not_checked.push(format!(
            "{file}: who made the timestamp: no roots of timestamp authorities were given; {unanchored}"
        ));
        return;
    };
    let verified = match token.verify(&imprint, trusted) {
        Ok(verified) => verified,
        Err(error) => {
            report.not_checked.push(format!(
                "{file}: the timestamp, which does not stand under the roots given: {error}"
            ));
            return;
        }
    };
    let statement = verified.statement;
    let Ok(at) = Timestamp::from_micros(statement.time_us) else {
        return report.find(file, "", "the timestamp states a time that no log can have");
    };
    report.checked.timestamps += 1;
    report.timestamps.push(Proven {
        file: file.to_string(),
        at,
        accuracy_us: statement.accuracy_us,
        by: statement.certificate.subject,
        root: verified.root.subject,
    });
}

fn refuse(file: FileName, error: &TimestampError, report: &mut Report) {
    let what = format!("the timestamp is not one of the head of the log: {error}");
    report.find(file, "", what);
}
