//! Timestamp tokens and answers of authorities: none of the bytes a fuzzer makes is believed.

use contextrail::timestamp::{Request, Token, TrustAnchors};

pub(super) fn run(data: &[u8]) {
    let _ = Token::from_response(data, &Request::new([0x5c; 32], 7));
    if let Ok(token) = Token::parse(data) {
        assert_eq!(token.as_der(), data);
        let _ = token.verify_unanchored(&[0x5c; 32]);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = TrustAnchors::from_pem(text);
    }
}
