//! Keys behind HTTP: what is asked, and what is made of wrong answers.

use std::sync::Arc;
use std::time::Duration;

use contextrail::privacy::keys::{HttpKeys, KeyError, KeyProvider, Secret, Vault, Wrapped};
use serde_json::json;
use tokio::net::TcpListener;

use super::service::{Service, base64};
use crate::sample::{entity, tenant, time};

fn keys(url: &str) -> HttpKeys {
    HttpKeys::new(url, "a-very-secret-token").unwrap()
}

fn secret() -> Secret {
    Secret::from_bytes([7; 32])
}

fn wrapped() -> Wrapped {
    Wrapped {
        key: "projects/x/keys/0".to_owned(),
        bytes: b"sealed".to_vec(),
    }
}

#[tokio::test]
async fn a_key_is_wrapped_and_unwrapped_as_the_protocol_says() {
    let service = Service::start().await;
    let keys = keys(&format!("{}/", service.url));
    let wrapped = keys.wrap("here", &secret()).await.unwrap();
    assert_eq!(wrapped.key, "projects/x/keys/0");
    let opened = keys.unwrap("here", &wrapped).await.unwrap();
    assert_eq!(opened.as_bytes(), secret().as_bytes());
    let plaintext = base64(secret().as_bytes());
    let asked = [
        (
            "/kms/wrap".to_owned(),
            json!({"context": "here", "plaintext": plaintext}),
        ),
        (
            "/kms/unwrap".to_owned(),
            json!({"context": "here", "ciphertext": base64(&wrapped.bytes),
                   "key": "projects/x/keys/0"}),
        ),
    ];
    assert_eq!(service.asked(), asked);
    let error = keys.unwrap("there", &wrapped).await.unwrap_err();
    assert!(matches!(error, KeyError::WrongKey { .. }), "{error}");
}

#[tokio::test]
async fn a_vault_is_kept_by_it_and_survives_a_new_key_of_the_service() {
    let service = Service::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    let open = || {
        let keys = Arc::new(keys(&service.url));
        let path = path.clone();
        async move { Vault::open(Some(&path), keys, &tenant("t"), Some(time(0))).await }
    };
    let vault = open().await.unwrap();
    let handle = vault.handle(Some(&entity("person:1"))).unwrap();
    let made = vault.create(handle).unwrap();
    service.rotates();
    vault.rotate_provider().await.unwrap();
    for key in vault.status() {
        assert_eq!(key.encrypted_under.as_deref(), Some("projects/x/keys/1"));
    }
    let again = open().await.unwrap();
    let opened = again.unwrap(&made.new.unwrap().row).unwrap();
    assert_eq!(opened.as_bytes(), made.secret.as_bytes());
    assert_eq!(
        again.provider(),
        Some(&*format!("the key service {}", service.url))
    );
}

#[tokio::test]
async fn a_refusal_is_told_and_holds_neither_token_nor_key() {
    let service = Service::start().await;
    let stranger = HttpKeys::new(&service.url, "another-secret-token").unwrap();
    let refused = [
        stranger
            .wrap("here", &secret())
            .await
            .map(|_| ())
            .unwrap_err(),
        stranger
            .unwrap("here", &wrapped())
            .await
            .map(|_| ())
            .unwrap_err(),
    ];
    for error in refused {
        assert!(
            matches!(error, KeyError::Denied { status: 403, .. }),
            "{error}"
        );
        let said = format!("{error} {error:?}");
        assert!(
            !said.contains("another-secret-token") && !said.contains("who are you"),
            "{said}"
        );
    }
    service.answers(500, base64(secret().as_bytes()));
    let error = keys(&service.url)
        .wrap("here", &secret())
        .await
        .unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(
        said.contains("500") && !said.contains(&base64(secret().as_bytes())),
        "{said}"
    );
    for status in [404, 422] {
        service.answers(status, "");
        let error = keys(&service.url)
            .unwrap("here", &wrapped())
            .await
            .unwrap_err();
        assert!(matches!(error, KeyError::WrongKey { .. }), "{error}");
    }
}

#[tokio::test]
async fn wrong_answers_are_no_keys() {
    let service = Service::start().await;
    let keys = keys(&service.url);
    let short = base64(&[1; 31]);
    let long = "x".repeat(100_000);
    for answer in [
        String::new(),
        "not json".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({"plaintext": 7}).to_string(),
        json!({"plaintext": "%"}).to_string(),
        json!({"plaintext": short}).to_string(),
        json!({"plaintext": long}).to_string(),
    ] {
        service.answers(200, answer.as_str());
        let error = keys.unwrap("here", &wrapped()).await.unwrap_err();
        assert!(
            matches!(error, KeyError::Answer { .. }),
            "{answer:.40}: {error}"
        );
        assert!(!error.to_string().contains(&short), "{error}");
    }
    for answer in [
        json!({"key": "k"}),
        json!({"ciphertext": "AAAA"}),
        json!({"key": "", "ciphertext": "AAAA"}),
        json!({"key": "two\nlines", "ciphertext": "AAAA"}),
        json!({"key": "k", "ciphertext": ""}),
        json!({"key": "k", "ciphertext": "%"}),
    ] {
        service.answers(200, answer.to_string());
        let error = keys.wrap("here", &secret()).await.unwrap_err();
        assert!(
            matches!(error, KeyError::Answer { .. }),
            "{answer}: {error}"
        );
    }
    service.answers(301, "");
    let error = keys.wrap("here", &secret()).await.unwrap_err();
    assert!(matches!(error, KeyError::Provider { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_the_service_does_not_open_again_is_never_used() {
    let service = Service::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    // The same answer to both questions: it opens to another key than was given.
    let other = json!({"key": "k", "ciphertext": "AAAA", "plaintext": base64(&[9; 32])});
    service.answers(200, other.to_string());
    let provider = Arc::new(keys(&service.url));
    let opened = Vault::open(Some(&path), provider, &tenant("t"), Some(time(0))).await;
    let error = opened.unwrap_err();
    assert!(matches!(error, KeyError::Answer { .. }), "{error}");
    assert!(!path.exists());
    service.recovers();
    let provider = Arc::new(keys(&service.url));
    Vault::open(Some(&path), provider, &tenant("t"), Some(time(0)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_service_that_is_away_or_silent_is_not_waited_for() {
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let keys = keys(&format!("http://{address}"));
    let keys = keys.with_patience(Duration::from_millis(200)).unwrap();
    let error = keys.wrap("here", &secret()).await.unwrap_err();
    assert!(matches!(error, KeyError::Away { .. }), "{error}");
    assert!(
        error.to_string().contains("did not answer in time"),
        "{error}"
    );
    drop(silent);
    let error = keys.wrap("here", &secret()).await.unwrap_err();
    assert!(matches!(error, KeyError::Away { .. }), "{error}");
}

#[test]
fn an_address_that_would_show_keys_or_passwords_is_refused() {
    for (url, why) in [
        ("http://kms.example", "in the clear"),
        ("http://10.0.0.1:80/x", "in the clear"),
        ("https://user:hunter2@kms.example", "password"),
        ("https://kms.example/?a=b", "behind the path"),
        ("ftp://kms.example", "no https://"),
        ("kms.example", "no https://"),
    ] {
        let error = HttpKeys::new(url, "a").unwrap_err().to_string();
        assert!(
            error.contains(why) && !error.contains("hunter2"),
            "{url}: {error}"
        );
    }
    for url in [
        "https://kms.example/v1",
        "http://localhost:1",
        "http://[::1]:1",
        "http://127.8.8.8",
    ] {
        HttpKeys::new(url, "a").unwrap();
    }
    for token in ["", " ", "two\nlines"] {
        assert!(HttpKeys::new("https://kms.example", token).is_err());
    }
}

#[test]
fn a_token_is_not_shown() {
    let keys = HttpKeys::new("https://kms.example/v1", "a-very-secret-token").unwrap();
    let shown = format!("{keys:?} {keys:#?} {}", keys.describe());
    assert!(shown.contains("https://kms.example/v1"));
    assert!(!shown.contains("secret"), "{shown}");
}
