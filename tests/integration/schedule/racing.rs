//! Two at once who want what one can have.

use std::sync::Arc;

use contextrail::codec::read_yaml;
use contextrail::govern::read_artifact;
use contextrail::record::{Actor, ActorKind, ActorMethod, Artifact};
use contextrail::trail::{GovernError, TrailError};

use super::disk::{Disk, SimStore, dawdle, some_disk};
use super::recording::options;
use super::seed::{Chance, each_seed};

fn person(name: &str) -> Actor {
    Actor {
        id: name.parse().unwrap(),
        kind: ActorKind::Human,
        method: ActorMethod::Asserted,
    }
}

/// A version of a model that says `content`.
fn version(content: u64) -> Artifact {
    let yaml = format!("kind: model\nname: m\nversion: '1'\ncontent: {{weights: {content}}}\n");
    let document = read_yaml(yaml.as_bytes()).unwrap();
    let file = read_artifact(&document, None, &person("anna"));
    file.unwrap().artifact
}

#[test]
fn of_two_contents_of_one_version_one_is_registered_and_the_other_is_told_so() {
    each_seed(150, |mut chance: Chance| async move {
        let store = SimStore::new(chance.fork(), Disk::default());
        let trail = options().open_on(Arc::clone(&store) as _, None).await;
        let trail = trail.unwrap();
        *store.disk() = Disk {
            fails_one_in: 0,
            ..some_disk(&mut chance)
        };
        let register = async |content: u64, mut chance: Chance| {
            dawdle(&mut chance).await;
            trail.register(version(content), None).await
        };
        let (one, two, three) = (chance.fork(), chance.fork(), chance.fork());
        let (one, two, three) =
            tokio::join!(register(1, one), register(2, two), register(1, three));
        let registry = trail.registry().await.unwrap();
        let known = registry.version(&version(1).id()).unwrap();
        let mut receipts = 0;
        for (content, result) in [(1, one), (2, two), (1, three)] {
            let is_it = known.artifact.digest == version(content).digest;
            match result {
                Ok(receipt) => {
                    assert!(is_it, "{content} was said to be registered");
                    receipts += usize::from(receipt.is_some());
                }
                Err(TrailError::Govern(error)) => {
                    assert!(matches!(*error, GovernError::OtherContent(_)), "{error}");
                    assert!(!is_it, "{content} is registered");
                }
                Err(error) => panic!("nothing gives {error}"),
            }
        }
        assert_eq!(receipts, 1, "one is the version");
        trail.close().await;
    });
}
