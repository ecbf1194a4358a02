//! Answers that are not the ones asked for.

use contextrail::timestamp::{MAX_BYTES, Request, TimestampError, Token};

use crate::timestamp::forge::tlv;
use crate::timestamp::good::{IMPRINT, roots_of, token_of};
use crate::timestamp::tsa::{self, Kind};

#[test]
fn a_token_about_another_digest_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let asked = Request::new(IMPRINT, 7);
    let answer = tsa.ask(&asked.to_der());
    let other = Request::new([0x5d; 32], 7);
    let error = Token::from_response(&answer, &other).unwrap_err();
    assert!(matches!(error, TimestampError::Imprint { .. }), "{error}");

    let token = Token::from_response(&answer, &asked).unwrap();
    let error = token.verify(&[0x5d; 32], &roots_of(&tsa)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the token is about the SHA-256 digest {}, not {}",
            "5c".repeat(32),
            "5d".repeat(32)
        )
    );
}

#[test]
fn an_answer_to_an_earlier_request_is_refused() {
    let tsa = tsa::start(Kind::P256);
    for nonce in [0, 1, 0x80, 0xff00, u64::MAX] {
        let earlier = Request::new(IMPRINT, nonce);
        let answer = tsa.ask(&earlier.to_der());
        Token::from_response(&answer, &earlier).unwrap();
        let request = Request::new(IMPRINT, nonce ^ 0x100);
        let error = Token::from_response(&answer, &request).unwrap_err();
        assert!(matches!(error, TimestampError::Nonce), "{error}");
    }
}

#[test]
fn a_refusal_is_told_with_its_reasons() {
    let tsa = tsa::start(Kind::Refusing);
    let request = Request::new(IMPRINT, 7);
    let error = Token::from_response(&tsa.ask(&request.to_der()), &request).unwrap_err();
    let TimestampError::Refused(refusal) = &error else {
        panic!("{error}");
    };
    assert_eq!(refusal.status_name(), "rejection");
    assert_eq!(refusal.failures, ["badAlg"]);
    assert_eq!(
        error.to_string(),
        "the timestamp authority refused: status 2 (rejection), badAlg: \
         \"Message digest algorithm is not supported.\""
    );
}

#[test]
fn a_grant_without_a_token_is_refused() {
    let granted = tlv(0x30, &[tlv(0x30, &[tlv(0x02, &[vec![0]])])]);
    let error = Token::from_response(&granted, &Request::new(IMPRINT, 7)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("says granted and holds no token"),
        "{error}"
    );
}

#[test]
fn a_token_cut_short_or_with_more_behind_it_is_refused() {
    let tsa = tsa::start(Kind::P256);
    let request = Request::new(IMPRINT, 7);
    let answer = tsa.ask(&request.to_der());
    let token = Token::from_response(&answer, &request).unwrap();
    for length in 0..answer.len() {
        Token::from_response(&answer[..length], &request).unwrap_err();
    }
    for length in 0..token.as_der().len() {
        Token::parse(&token.as_der()[..length]).unwrap_err();
    }
    Token::parse(&[token.as_der(), &[0]].concat()).unwrap_err();
    Token::from_response(&[&answer[..], &[0]].concat(), &request).unwrap_err();
}

#[test]
fn more_than_64_kib_are_not_read() {
    let tsa = tsa::start(Kind::P256);
    let request = Request::new(IMPRINT, 7);
    let too_many = [token_of(&tsa).as_der(), &[0; MAX_BYTES]].concat();
    for error in [
        Token::parse(&too_many).unwrap_err(),
        Token::from_response(&too_many, &request).unwrap_err(),
    ] {
        assert!(matches!(error, TimestampError::TooLarge { .. }), "{error}");
    }
}

#[test]
fn what_is_no_answer_of_an_authority_is_refused() {
    let request = Request::new(IMPRINT, 7);
    for answer in [
        &b""[..],
        b"<html>502 Bad Gateway</html>",
        &[0x30, 0x80, 0, 0],
    ] {
        let error = Token::from_response(answer, &request).unwrap_err();
        assert!(matches!(error, TimestampError::Malformed { .. }), "{error}");
    }
}
