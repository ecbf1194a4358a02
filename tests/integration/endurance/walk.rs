//! Every record of a log, one after the other, held against what was acknowledged.

use std::collections::{BTreeMap, HashMap, HashSet};

use contextrail::record::{Body, RecordId};
use contextrail::trail::{Stored, Trail};

use super::writer::Acknowledged;

/// What was acknowledged, by its place in the log. It is kept by the test, away from the trail.
#[derive(Default)]
pub(super) struct Ledger(BTreeMap<u64, Acknowledged>);

impl Ledger {
    pub(super) fn add(&mut self, all: Vec<Acknowledged>) {
        for one in all {
            let place = one.log_index;
            let before = self.0.insert(place, one);
            assert_eq!(before, None, "two were acknowledged at {place}");
        }
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap()
    }
}

/// What was seen in a log so far, from its beginning.
#[derive(Default)]
pub(super) struct Walk {
    next: u64,
    ids: HashSet<RecordId>,
    /// The contexts of loans, by number.
    contexts: HashMap<u64, RecordId>,
    /// The numbers of loans that were decided.
    decided: HashSet<u64>,
    /// Records that are what was acknowledged.
    kept: u64,
}

impl Walk {
    /// Looks at all that came since. Whatever has no place, two places or another place than was
    /// acknowledged stops the test.
    pub(super) async fn go(&mut self, trail: &Trail, ledger: &Ledger) {
        let size = trail.status().await.unwrap().size;
        assert!(size >= self.next, "{size} entries of {}", self.next);
        while self.next < size {
            let (middle, end) = (size.min(self.next + PART), size.min(self.next + 2 * PART));
            let parts = [(self.next, middle), (middle, end)].map(|(from, to)| {
                let trail = trail.clone();
                tokio::spawn(async move {
                    match to.checked_sub(1).filter(|last| *last >= from) {
                        Some(last) => trail.read_range(from, last).await,
                        None => Ok(Vec::new()),
                    }
                })
            });
            for part in parts {
                for stored in part.await.unwrap().unwrap() {
                    self.see(&stored, ledger);
                }
            }
        }
    }

    fn see(&mut self, stored: &Stored, ledger: &Ledger) {
        let id = stored.id();
        assert_eq!(stored.log_index(), self.next, "the log has a gap");
        self.next += 1;
        assert!(self.ids.insert(id), "{id} is there twice");
        let number = match &stored.record().body {
            Body::Context(context) => {
                let application = context.inputs["application_id"].as_str().unwrap();
                let number = application.strip_prefix("A-").unwrap().parse().unwrap();
                let before = self.contexts.insert(number, id);
                assert_eq!(before, None, "loan {number} was recorded twice");
                number
            }
            Body::Decision(decision) => {
                let number = decision.subject.id.as_str().parse().unwrap();
                assert!(self.decided.insert(number), "{number} was decided twice");
                let contexts: Vec<RecordId> =
                    decision.contexts.iter().map(|&it| it.into()).collect();
                assert_eq!(contexts, [self.contexts[&number]], "of loan {number}");
                number
            }
            other => panic!("nobody has recorded {other:?}"),
        };
        if let Some(acknowledged) = ledger.0.get(&stored.log_index()) {
            let found = Acknowledged::of(number, &stored.receipt());
            assert_eq!(found, *acknowledged, "another record than was acknowledged");
            self.kept += 1;
        }
    }

    /// How many of the records that were acknowledged are not in the log.
    pub(super) fn lost(&self, ledger: &Ledger) -> u64 {
        ledger.len() - self.kept
    }

    pub(super) fn records(&self) -> u64 {
        self.next
    }
}

/// Records that are read at once.
const PART: u64 = 256;
