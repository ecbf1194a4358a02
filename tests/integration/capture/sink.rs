//! A sink that keeps what it is given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contextrail::assembly::CountCache;
use contextrail::capture::{Pending, Sink, SinkError};
use contextrail::record::{
    Acknowledged, Body, Clock, Context, Draft, IdSource, Kind, ManualClock, Receipt, SequentialIds,
    Tenant,
};

use super::{NOW, at};

#[derive(Debug)]
pub(super) struct KeptDrafts {
    clock: ManualClock,
    ids: SequentialIds,
    counts: Arc<CountCache>,
    kept: Mutex<Vec<Draft>>,
    is_closed: bool,
}

impl KeptDrafts {
    pub(super) fn open() -> Arc<Self> {
        Arc::new(Self::new(false))
    }

    /// A sink that takes nothing any more.
    pub(super) fn closed() -> Arc<Self> {
        Arc::new(Self::new(true))
    }

    fn new(is_closed: bool) -> Self {
        Self {
            clock: ManualClock::new(at(NOW)),
            ids: SequentialIds::default(),
            counts: Arc::default(),
            kept: Mutex::default(),
            is_closed,
        }
    }

    pub(super) fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    pub(super) fn drafts(&self) -> Vec<Draft> {
        self.kept.lock().unwrap().clone()
    }

    pub(super) fn contexts(&self) -> Vec<Context> {
        let context = |draft: Draft| match draft.body {
            Body::Context(context) => *context,
            other => panic!("a {} is no context", other.kind()),
        };
        self.drafts().into_iter().map(context).collect()
    }

    fn keep(&self, draft: Draft) -> Result<Receipt, SinkError> {
        if self.is_closed {
            return Err(SinkError::Closed);
        }
        let mut kept = self.kept.lock().unwrap();
        let receipt = Receipt {
            id: draft.id,
            kind: Kind::Context,
            tenant: Tenant::default(),
            log_index: Some(u64::try_from(kept.len()).unwrap()),
            entry_hash: None,
            acknowledged: Acknowledged::Durable,
        };
        kept.push(draft);
        Ok(receipt)
    }
}

#[async_trait]
impl Sink for KeptDrafts {
    fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    fn ids(&self) -> &dyn IdSource {
        &self.ids
    }

    fn counts(&self) -> &Arc<CountCache> {
        &self.counts
    }

    async fn write(&self, draft: Draft) -> Result<Receipt, SinkError> {
        self.keep(draft)
    }

    fn submit(&self, draft: Draft) -> Pending {
        let (sender, pending) = Pending::channel();
        sender.complete(self.keep(draft));
        pending
    }
}
