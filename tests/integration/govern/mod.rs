//! Governance: what is registered, approved, in force and deployed, and what is read out of it.

mod decision;
mod file;
mod kpi;
mod refusal;
mod registry;
mod story;

use std::sync::Arc;
use std::time::Duration;

use contextrail::capture::Sink as _;
use contextrail::codec::read_yaml;
use contextrail::govern::read_artifact;
use contextrail::record::{
    Actor, ActorKind, ActorMethod, Artifact, ArtifactRef, ManualClock, SequentialIds, Timestamp,
};
use contextrail::trail::{GovernError, Trail, TrailError};

use crate::home::Home;

/// A trail whose time is set by hand.
struct Governed {
    trail: Trail,
    clock: Arc<ManualClock>,
    home: Home,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

fn version(text: &str) -> ArtifactRef {
    text.parse().unwrap()
}

fn artifact(yaml: &str) -> Artifact {
    let document = read_yaml(yaml.as_bytes()).unwrap();
    read_artifact(&document, None, &person("anna"))
        .unwrap()
        .artifact
}

impl Governed {
    async fn new(home: Home) -> Self {
        let clock = Arc::new(ManualClock::new(at("2025-05-01T08:00:00Z")));
        let trail = home
            .options()
            .clock(Arc::clone(&clock) as Arc<_>)
            .ids(Arc::new(SequentialIds::default()))
            .open(&home.url())
            .await
            .unwrap();
        Self { trail, clock, home }
    }

    fn now(&self, text: &str) {
        let micros = at(text).as_micros() - self.trail.clock().now().as_micros();
        let span = Duration::from_micros(u64::try_from(micros).unwrap());
        self.clock.advance(span);
    }

    async fn register(&self, yaml: &str) -> Result<(), TrailError> {
        self.trail.register(artifact(yaml), None).await.map(drop)
    }

    async fn approve(&self, reference: &str, who: &str, role: &str) -> Result<(), TrailError> {
        let (version, role) = (version(reference), role.parse().unwrap());
        let approved = self
            .trail
            .approve_artifact(&version, role, None, Some(person(who)));
        approved.await.map(drop)
    }

    /// Registers a version of a model, and has it approved by one person.
    async fn model(&self, number: &str) {
        self.register(&format!(
            "kind: model\nname: m\nversion: '{number}'\ncontent: {{weights: {number:?}}}\n"
        ))
        .await
        .unwrap();
        self.approve(&format!("model:m@{number}"), "ben", "approver")
            .await
            .unwrap();
    }

    async fn state(&self, reference: &str, time: &str) -> String {
        let registry = self.trail.registry().await.unwrap();
        let found = registry.version(&version(reference)).unwrap();
        registry.state(found, at(time)).as_str().to_owned()
    }
}

/// What the registry refuses.
fn refused<T: std::fmt::Debug>(result: Result<T, TrailError>) -> GovernError {
    match result {
        Err(TrailError::Govern(error)) => *error,
        other => panic!("{other:?} is no refusal of the registry"),
    }
}
