//! An issuer of OpenID Connect on loopback, which signs whatever a test wants signed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contextrail::record::{Clock as _, SystemClock};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

/// It answers until the test ends.
pub(super) struct Issuer {
    address: SocketAddr,
    told: Arc<Told>,
}

/// What it tells, and how often it was asked for its keys.
struct Told {
    keys: Mutex<Value>,
    name: Mutex<String>,
    is_away: AtomicBool,
    asked: AtomicUsize,
}

impl Issuer {
    pub(super) fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Told {
            keys: Mutex::default(),
            name: Mutex::new(format!("http://{address}/realm")),
            is_away: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        });
        let issuer = Self {
            address,
            told: Arc::clone(&told),
        };
        issuer.publish(keys);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), address, &told);
            }
        });
        issuer
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/realm", self.address)
    }

    pub(super) fn jwks_url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub(super) fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|it| it.public()).collect();
        *self.told.keys.lock().unwrap() = json!({ "keys": keys });
    }

    pub(super) fn call_itself(&self, name: &str) {
        *self.told.name.lock().unwrap() = name.to_owned();
    }

    pub(super) fn be_away(&self, is_away: bool) {
        self.told.is_away.store(is_away, Ordering::SeqCst);
    }

    /// How often it was asked for its keys.
    pub(super) fn asked(&self) -> usize {
        self.told.asked.load(Ordering::SeqCst)
    }

    /// Claims for `subject` that are good for an hour.
    pub(super) fn claims(&self, subject: &str, role: &str) -> Value {
        json!({
            "iss": self.url(), "aud": ["account", "contextrail"], "sub": subject, "roles": [role],
            "tenant": "default", "iat": now(), "nbf": now(), "exp": now() + 3_600,
        })
    }
}

fn answer(mut stream: &TcpStream, address: SocketAddr, told: &Told) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    // The head is read whole, so that closing does not cut the answer off.
    lines
        .take_while(|it| it.as_ref().is_ok_and(|it| !it.is_empty()))
        .for_each(drop);
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let body = match path.as_str() {
        _ if told.is_away.load(Ordering::SeqCst) => None,
        "/realm/.well-known/openid-configuration" => Some(json!({
            "issuer": *told.name.lock().unwrap(), "jwks_uri": format!("http://{address}/keys"),
            "token_endpoint": "unused",
        })),
        "/keys" => {
            told.asked.fetch_add(1, Ordering::SeqCst);
            Some(told.keys.lock().unwrap().clone())
        }
        _ => None,
    };
    let (status, body) = match body {
        Some(body) => ("200 OK", body.to_string()),
        None => ("503 Away", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    drop(stream.write_all(head.as_bytes()));
}

/// A key that signs tokens.
pub(super) struct Key {
    pub(super) id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    pub(super) fn rsa(id: &'static str) -> Self {
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-outform", "DER"])
            .args(["-pkeyopt", "rsa_keygen_bits:2048"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        // Versions of OpenSSL differ in the form that they give it.
        let pair = RsaKeyPair::from_der(&made.stdout);
        let pair = pair.or_else(|_| RsaKeyPair::from_pkcs8(&made.stdout));
        Self {
            id,
            pair: Pair::Rsa(pair.unwrap()),
        }
    }

    pub(super) fn p256(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).unwrap();
        Self {
            id,
            pair: Pair::P256(pair),
        }
    }

    pub(super) fn ed25519(id: &'static str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Pair::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap());
        Self { id, pair }
    }

    /// As a set of keys has it.
    pub(super) fn public(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } =
                    RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256", "n": encoded(&n), "e": encoded(&e)})
            }
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": self.id, "x": encoded(x), "y": encoded(y)})
            }
            Pair::Ed25519(pair) => {
                let x = pair.public_key().as_ref();
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": encoded(x)})
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// A token with these claims.
    pub(super) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": self.id, "typ": "at+jwt"});
        self.token_with(&header, claims)
    }

    /// One whose head says something else.
    pub(super) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let message = signed.as_bytes();
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        };
        format!("{signed}.{}", encoded(&signature))
    }
}

/// The two parts of a token that are signed.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn now() -> u64 {
    u64::try_from(SystemClock.now().as_micros() / 1_000_000).unwrap()
}
