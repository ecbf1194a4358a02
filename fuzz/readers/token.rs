//! Tokens of OpenID Connect: none that the issuer did not sign is taken, and of those that it did, only what is
//! for this server and this time.
//!
//! The first byte says whether what follows is a whole token, or the head and the claims of one, a line each,
//! that is signed here.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contextrail::server::{Oidc, OidcOptions};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::served::{Connection, start, visible};

pub(super) fn run(data: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    thread_local! {
        static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
    }
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let is_signed = *choice == b's';
    let token = if is_signed {
        signed(rest)
    } else {
        visible(rest)
    };
    let request = format!(
        "GET /v1/contexts HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let address = *SERVER.get_or_init(|| {
        let options = OidcOptions::new(ISSUER, "contextrail").with_jwks_url(Some(issuer()));
        start(Some(Oidc::new(options).expect("it is an issuer")))
    });
    let status = CONNECTION.with_borrow_mut(|connection| {
        let connection = connection.get_or_insert_with(|| Connection::to(address));
        connection.ask(request.as_bytes(), true)
    });
    match status {
        200 | 403 => assert!(is_signed && is_for_here(rest), "{status} to {token}"),
        400 | 401 | 431 => {}
        other => panic!("{other} to {token}"),
    }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("it is a seed")
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(rest: &[u8]) -> String {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (head, claims) = rest.split_at(end.unwrap_or(rest.len()));
    let claims = claims.get(1..).unwrap_or_default();
    let text = format!("{}.{}", encoded(head), encoded(claims));
    let signature = pair().sign(text.as_bytes());
    format!("{text}.{}", encoded(signature.as_ref()))
}

/// Whether the claims name this issuer, this audience and this tenant.
fn is_for_here(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let Ok(claims) = serde_json::from_slice::<Value>(&rest[end..]) else {
        return false;
    };
    let names = |claim: &str, text: &str| match &claims[claim] {
        Value::Array(all) => all.iter().any(|it| it == text),
        one => one == text,
    };
    claims["iss"] == ISSUER
        && names("aud", "contextrail")
        && names("tenant", "default")
        && claims["exp"].is_number()
        && claims["sub"].is_string()
}

/// Where the keys of the issuer are, until the process ends.
fn issuer() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("it is bound");
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k",
        "x": encoded(pair().public_key().as_ref())}]});
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines();
            lines
                .take_while(|it| it.as_ref().is_ok_and(|it| !it.is_empty()))
                .for_each(drop);
            let body = keys.to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let answer = stream.write_all((head + &body).as_bytes());
            answer.expect("the server waits for it");
        }
    });
    format!("http://{address}/keys")
}

const ISSUER: &str = "http://127.0.0.1:9/realm";
