//! The server over loopback, as programs of any language meet it.

mod access;
mod away;
mod client;
mod configured;
mod crash;
mod document;
mod faulty;
mod governance;
mod issuer;
mod limit;
mod look;
mod oidc;
mod post;
mod running;
mod several;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use contextrail::record::{AccessRole, Actor, ActorKind, ActorMethod, Tenant};
use contextrail::server::{Oidc, OidcOptions, ServeError, ServeOptions, serve};
use contextrail::trail::{TokenGrant, Trail};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::home::Home;

/// Makes each case two tests: of a server whose trail is in a file, and on PostgreSQL.
macro_rules! on_both {
    ([$($case:ident),+ $(,)?]) => {
        mod sqlite {
            $(
                #[test]
                fn $case() {
                    super::$case(crate::home::Home::on_file());
                }
            )+
        }
        mod postgres {
            $(
                #[test]
                #[ignore = "needs PostgreSQL"]
                fn $case() {
                    super::$case(crate::server::on_postgres());
                }
            )+
        }
    };
}
use on_both;

/// A folder with a trail on PostgreSQL.
fn on_postgres() -> Home {
    Runtime::new().unwrap().block_on(Home::on_server())
}

/// A server with a trail on disk, and a token for each role.
struct Server {
    address: SocketAddr,
    trail: Trail,
    tokens: BTreeMap<String, String>,
    /// The issuer whose tokens it takes besides.
    oidc: Option<OidcOptions>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<Result<(), ServeError>>>,
    runtime: Runtime,
    home: Home,
}

/// What came back.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn actor(id: &str, kind: ActorKind) -> Actor {
    Actor {
        id: id.parse().unwrap(),
        kind,
        method: ActorMethod::Asserted,
    }
}

fn grant(role: AccessRole, holder: &str) -> TokenGrant {
    let person = |id| actor(id, ActorKind::Human);
    let kind = match role {
        AccessRole::Ingest => ActorKind::Service,
        _ => ActorKind::Human,
    };
    TokenGrant {
        holder: actor(holder, kind),
        role,
        expires_at: None,
        approved_by: vec![person("anna"), person("ben")],
    }
}

impl Server {
    /// A server for which nobody has a token, of a trail in a file.
    fn open() -> Self {
        Self::open_in(Home::on_file())
    }

    fn open_in(home: Home) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let trail = runtime.block_on(Self::opened(&home));
        Self::of(home, runtime, trail, BTreeMap::new())
    }

    async fn opened(home: &Home) -> Trail {
        let options = home.options().actor(actor("server", ActorKind::Service));
        options.open(&home.url()).await.unwrap()
    }

    /// One for which there is a token of each role, and of some a second one: `privacy2`.
    fn start() -> Self {
        Self::start_in(Home::on_file())
    }

    fn start_in(home: Home) -> Self {
        let mut server = Self::open_in(home);
        server.halt();
        let mut tokens = BTreeMap::new();
        for role in AccessRole::ALL {
            for (name, holder) in [
                (role.to_string(), format!("{role}_1")),
                (format!("{role}2"), format!("{role}_2")),
            ] {
                let granted = server.trail.grant_token(grant(role, &holder));
                let (token, _) = server.runtime.block_on(granted).unwrap();
                tokens.insert(name, token.to_string());
            }
        }
        server.serve();
        server.tokens = tokens;
        server
    }

    fn of(home: Home, runtime: Runtime, trail: Trail, tokens: BTreeMap<String, String>) -> Self {
        let address = "127.0.0.1:0".parse().unwrap();
        let mut server = Self {
            address,
            trail,
            tokens,
            oidc: None,
            stop: None,
            served: None,
            runtime,
            home,
        };
        server.serve();
        server
    }

    fn serve(&mut self) {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        self.address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let trail = self.trail.clone();
        let oidc = self.oidc.clone().map(|it| Oidc::new(it).unwrap());
        let options = ServeOptions::default().with_oidc(oidc);
        self.served = Some(self.runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            serve(listener, trail, options, async move {
                drop(stopped.await);
            })
            .await
        }));
        self.stop = Some(stop);
    }

    /// Ends the serving, and waits for what is under way.
    fn halt(&mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            self.runtime.block_on(served).unwrap().unwrap();
        }
    }

    fn path(&self) -> PathBuf {
        self.home.base()
    }

    /// Sends a request as whoever has the token of that name; as nobody for an empty name.
    fn send(&self, who: &str, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let token = self.tokens.get(who).map(|it| format!("Bearer {it}"));
        let mut all: Vec<(&str, &str)> = headers.to_vec();
        if let Some(token) = &token {
            all.push(("Authorization", token));
        }
        send(self.address, request, &all, body)
    }

    fn get(&self, who: &str, path: &str) -> Reply {
        self.send(who, &format!("GET {path}"), PURPOSE, b"")
    }

    fn post(&self, who: &str, path: &str, body: &Value) -> Reply {
        let body = body.to_string();
        self.send(who, &format!("POST {path}"), JSON, body.as_bytes())
    }

    /// Assembles a context about `entity` with a text of theirs, and gives its id.
    fn context(&self, entity: &str, text: &str) -> String {
        let reply = self.post("ingest", "/v1/contexts:assemble", &request(entity, text));
        reply.created()["id"].as_str().unwrap().to_owned()
    }

    fn decision(&self, context: &str, key: &str) -> String {
        let reply = self.post("ingest", "/v1/decisions", &decision(context, key));
        reply.created()["id"].as_str().unwrap().to_owned()
    }

    /// The looks that are on record, newest first.
    fn looks(&self) -> Vec<Value> {
        let found = self
            .trail
            .accesses(contextrail::trail::AccessFilter::default(), 1_000);
        let found = self.runtime.block_on(found).unwrap();
        found
            .iter()
            .map(|it| serde_json::to_value(it.record()).unwrap())
            .collect()
    }

    /// Verifies everything; the trail is closed afterwards.
    fn verified(mut self) {
        self.halt();
        let report = self
            .runtime
            .block_on(self.trail.verify(0, std::sync::Arc::new(|_| {})));
        let report = report.unwrap();
        assert!(report.ok, "{report:?}");
        self.runtime.block_on(self.trail.close());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

fn send(address: SocketAddr, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    // A server that has seen enough answers, and reads no more.
    drop(stream.write_all(body));
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert!(!bytes.is_empty(), "{request}: {error}");
    }
    Reply::of(&bytes)
}

impl Reply {
    fn of(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|it| it == b"\r\n\r\n")
            .expect("a head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    #[track_caller]
    fn created(self) -> Value {
        let reply = self.is(201);
        assert!(reply.headers.contains_key("contextrail-receipt"));
        reply.json()
    }

    /// Asserts that it is a problem with this status and code, and gives it.
    #[track_caller]
    fn problem(self, status: u16, code: &str) -> Value {
        let reply = self.is(status);
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        let problem = reply.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(
            problem["request_id"],
            reply.headers["x-request-id"].as_str()
        );
        problem
    }
}

fn request(entity: &str, text: &str) -> Value {
    json!({
        "schema": "contextrail.request/1", "name": "loan_decision",
        "entities": [{"type": "applicant", "id": entity}],
        "inputs": {"amount": 1200, "secret_input": format!("input of {entity}")},
        "budget": {"limit": 400, "tokenizer": "o200k_base"},
        "features": [{"name": "income", "entity": format!("applicant:{entity}"), "value": 4100,
                      "source": "compute", "as_of": "2026-11-22T18:42:25Z"}],
        "retrievals": [{"retriever": "policy_docs", "class": "shared", "query": "eligibility",
            "results": [{"document": "doc_456", "text": "A score of 700 is enough.", "score": 0.9}]}],
        "items": [{"kind": "text", "text": text, "required": true},
                  {"kind": "document", "ref": "doc_456"}],
    })
}

fn decision(context: &str, key: &str) -> Value {
    json!({
        "subject": {"type": "loan_application", "id": key}, "contexts": [context],
        "outcome": "approved", "decided_by": {"kind": "system", "id": "loan-api"},
        "reasons": [{"code": "R01", "text": "score above threshold"}],
    })
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const PURPOSE: &[(&str, &str)] = &[("Contextrail-Purpose", "complaint 7")];
const PATIENCE: Duration = Duration::from_secs(60);

/// A tenant of its own in the same file.
fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}
