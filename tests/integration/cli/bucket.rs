//! Signed heads in a bucket, from the command line, over HTTP to what answers as S3 does.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::runtime::Runtime;

use super::{Folder, Ran};

type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

/// Stands in for S3: signed requests alone, writing only what is not there, pages of three names.
struct Store {
    objects: Objects,
    address: std::net::SocketAddr,
    _runtime: Runtime,
}

impl Store {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let objects = Objects::default();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/{bucket}", get(list))
            .route("/{bucket}/{*key}", get(read).put(put))
            .with_state(Arc::clone(&objects));
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            objects,
            address,
            _runtime: runtime,
        }
    }

    fn run(&self, folder: &Folder, arguments: &[&str]) -> Ran {
        let url = format!("http://{}", self.address);
        let variables = [
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "evidence"),
            ("AWS_SECRET_ACCESS_KEY", "not a secret"),
        ];
        folder.run_in(&variables, arguments, b"")
    }

    fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }
}

fn is_signed(headers: &HeaderMap) -> bool {
    let signed = headers.get("authorization").and_then(|it| it.to_str().ok());
    signed.is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256 Credential=evidence/"))
}

async fn list(
    State(objects): State<Objects>,
    Path(bucket): Path<String>,
    RawQuery(asked): RawQuery,
    headers: HeaderMap,
) -> Response {
    if !is_signed(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    assert_eq!(bucket, "evidence");
    let asked = asked.unwrap_or_default().replace("%2F", "/");
    let asked: BTreeMap<&str, &str> = asked
        .split('&')
        .filter_map(|it| it.split_once('='))
        .collect();
    assert_eq!(asked["list-type"], "2");
    let prefix = asked.get("prefix").copied().unwrap_or_default();
    let behind = asked.get("continuation-token").copied().unwrap_or_default();
    let mut names = BTreeMap::new();
    for (key, bytes) in objects.lock().unwrap().iter() {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        match rest.split_once('/') {
            Some((folder, _)) => {
                let name = format!("{prefix}{folder}/");
                let row = format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>");
                names.insert(name, row);
            }
            None => {
                let row = format!(
                    "<Contents><Key>{key}</Key><LastModified>2026-11-26T00:00:00.000Z</LastModified>\
                     <ETag>&quot;e&quot;</ETag><Size>{}</Size></Contents>",
                    bytes.len()
                );
                names.insert(key.clone(), row);
            }
        }
    }
    let rest: Vec<_> = names
        .into_iter()
        .filter(|(name, _)| name.as_str() > behind)
        .collect();
    let page = &rest[..rest.len().min(3)];
    let rows: String = page.iter().map(|(_, row)| row.as_str()).collect();
    let more = match page.last().filter(|_| rest.len() > page.len()) {
        Some((last, _)) => format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        ),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    format!("<ListBucketResult>{more}{rows}</ListBucketResult>").into_response()
}

async fn read(
    State(objects): State<Objects>,
    Path((_, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !is_signed(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(bytes) = objects.lock().unwrap().get(&key).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let plain = [
        ("etag", "\"e\"".to_owned()),
        ("last-modified", "Thu, 26 Nov 2026 00:00:00 GMT".to_owned()),
    ];
    let Some(range) = headers.get("range") else {
        return (plain, bytes).into_response();
    };
    let range = range.to_str().unwrap().strip_prefix("bytes=").unwrap();
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let of = [(
        "content-range",
        format!("bytes {from}-{to}/{}", bytes.len()),
    )];
    let part = bytes.slice(from..=to);
    (StatusCode::PARTIAL_CONTENT, plain, of, part).into_response()
}

async fn put(
    State(objects): State<Objects>,
    Path((_, key)): Path<(String, String)>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    if !is_signed(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    assert_eq!(headers["if-none-match"], "*", "nothing is ever replaced");
    let mut objects = objects.lock().unwrap();
    if objects.contains_key(&key) {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    objects.insert(key, bytes);
    [("etag", "\"e\"")].into_response()
}

fn begun() -> Folder {
    let folder = Folder::new();
    folder.write(
        "contextrail.db.heads.place",
        "# what nobody here may replace\nbucket s3://evidence/trails/of-ours\n",
    );
    folder
}

fn kept(ran: &Ran) -> serde_json::Value {
    let status: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    status["kept"].clone()
}

#[test]
fn heads_go_to_a_bucket_and_an_older_copy_of_all_else_is_frozen_by_it() {
    let (store, folder) = (Store::start(), begun());
    store.run(&folder, &["demo"]).done();
    for end in ["", ".heads"] {
        let file = format!("contextrail.db{end}");
        fs::copy(folder.path(&file), folder.path(&format!("{file}.old"))).unwrap();
    }
    let before = store.keys();
    assert!(!before.is_empty());
    for key in &before {
        assert!(key.starts_with("trails/of-ours/heads/"), "{key}");
    }
    for number in 0..5 {
        folder.write(
            "request.json",
            super::request("applicant:1", &format!("text {number}")).to_string(),
        );
        store
            .run(&folder, &["context", "assemble", "request.json"])
            .done();
    }
    assert!(store.keys().len() >= before.len() + 5, "{:?}", store.keys());
    let status = store.run(&folder, &["log", "status", "-o", "json"]).done();
    let whole: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(whole["kept"]["size"], whole["size"]);
    assert_eq!(
        whole["kept"]["place"],
        "bucket s3://evidence/trails/of-ours"
    );

    for end in ["", ".heads"] {
        let file = format!("contextrail.db{end}");
        fs::copy(folder.path(&format!("{file}.old")), folder.path(&file)).unwrap();
    }
    let refused = store.run(&folder, &["context", "assemble", "request.json"]);
    refused.refused(4, "the trail is frozen");
    let status = store.run(&folder, &["log", "status", "-o", "json"]);
    assert_eq!(status.code, 4);
    assert_eq!(kept(&status)["size"], whole["size"]);
}

#[test]
fn a_bucket_that_is_away_is_said_and_records_are_taken() {
    let (store, folder) = (Store::start(), begun());
    store.run(&folder, &["demo"]).done();
    let keys = store.keys();
    // Without what says how to get at it, nothing is opened for writing.
    folder.write(
        "request.json",
        super::request("applicant:1", "text").to_string(),
    );
    let wrong = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "evidence"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let ran = folder.run_in(&wrong, &["context", "assemble", "request.json"], b"");
    ran.done();
    let ran = folder.run_in(&wrong, &["log", "checkpoint"], b"");
    ran.refused(
        6,
        "signed heads are kept in the bucket s3://evidence/trails/of-ours as well",
    );
    let status = folder
        .run_in(&wrong, &["log", "status", "-o", "json"], b"")
        .done();
    let kept = kept(&status);
    assert!(
        kept["why"].as_str().unwrap().contains("cannot be reached"),
        "{kept}"
    );
    assert_eq!(store.keys(), keys);
    // When it is back, everything is signed.
    store.run(&folder, &["log", "checkpoint"]).done();
    assert!(store.keys().len() > keys.len());
}
