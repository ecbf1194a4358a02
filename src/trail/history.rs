//! What is known of an entity, and of a decision.

use super::{Search, Stored, Trail, TrailError};
use crate::record::{
    Body, DecisionId, EntityRef, KeyAction, KeyLevel, Kind, RecordId, ReviewVerdict, Timestamp,
    TokenAction,
};
use crate::store::Handle;

/// One record in the history of an entity.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// The record.
    pub stored: Stored,
}

impl From<Stored> for Event {
    fn from(stored: Stored) -> Self {
        Self {
            at: stored.record().at(),
            stored,
        }
    }
}

impl Event {
    /// What happened, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        summary(&self.stored.record().body)
    }
}

/// A decision, and what was recorded about it later.
#[derive(Clone, Debug)]
pub struct DecisionView {
    /// The decision.
    pub decision: Stored,
    /// The decision that took its place.
    pub superseded_by: Option<DecisionId>,
    /// Its reviews, oldest first.
    pub reviews: Vec<Stored>,
    /// What became of it, oldest first.
    pub outcomes: Vec<Stored>,
    /// The generations it names, in that order, those that are in this trail.
    pub generations: Vec<Stored>,
}

impl Trail {
    /// Everything about an entity in the order of time: contexts, generations, decisions, reviews
    /// and outcome events, also where it appears in a feature alone.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn history(&self, entity: &EntityRef) -> Result<Vec<Event>, TrailError> {
        let search = Search {
            handles: vec![Handle::Entity(entity.clone())],
            ..Search::default()
        };
        let found = self.search(search).await?.all().await?;
        let mut events: Vec<Event> = found.into_iter().map(Event::from).collect();
        events.sort_by_key(|event| (event.at, event.stored.log_index()));
        Ok(events)
    }

    /// The first `limit` events of [`Trail::history`] behind the record `after`, in the order in which
    /// they were recorded; and the record to go on behind, when there are more. What it costs grows with
    /// the page, and not with the history.
    ///
    /// # Errors
    ///
    /// Those of [`Trail::history`], and [`TrailError::NotFound`] when `after` is not in the trail.
    pub async fn history_page(
        &self,
        entity: &EntityRef,
        after: Option<RecordId>,
        limit: usize,
    ) -> Result<(Vec<Event>, Option<RecordId>), TrailError> {
        let behind = self.place_of_id(after).await?;
        let search = Search {
            handles: vec![Handle::Entity(entity.clone())],
            ..Search::default()
        };
        let places = self.pages(search.clone(), None).places().await?;
        let first = places.partition_point(|place| behind.is_some_and(|it| *place <= it));
        let mut events: Vec<Event> = Vec::new();
        for page in places[first..].chunks(limit.clamp(1, MOST_AT_ONCE) + 1) {
            let mut found = self.read_indexes(page).await?;
            found.retain(|stored| search.fits(stored));
            events.extend(found.into_iter().map(Event::from));
            if events.len() > limit {
                events.truncate(limit);
                let next = events.last().map(|it| it.stored.id());
                return Ok((events, next));
            }
        }
        Ok((events, None))
    }

    /// The records of one kind that refer to `id`, newest first.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn referring(
        &self,
        id: impl Into<RecordId>,
        kind: Kind,
    ) -> Result<Vec<Stored>, TrailError> {
        let search = Search {
            kind: Some(kind),
            handles: vec![Handle::Refers(id.into())],
            ..Search::default()
        };
        self.search(search).await?.all().await
    }

    /// The decisions on a business key, newest first.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn decisions_on(&self, subject: &EntityRef) -> Result<Vec<DecisionView>, TrailError> {
        let search = Search {
            kind: Some(Kind::Decision),
            handles: vec![Handle::Subject(subject.clone())],
            ..Search::default()
        };
        let mut views = Vec::new();
        for decision in self.search(search).await?.all().await? {
            views.push(self.view(decision).await?);
        }
        Ok(views)
    }

    /// A decision with what was recorded about it later.
    ///
    /// # Errors
    ///
    /// [`TrailError::Store`] when the store cannot be read or a record is damaged.
    pub async fn view(&self, decision: Stored) -> Result<DecisionView, TrailError> {
        let id = DecisionId::from(decision.id());
        let later = self.referring(id, Kind::Decision).await?;
        // The newest of several that claim to take its place.
        let superseded_by = later
            .iter()
            .find(|later| later.decision().is_some_and(|it| it.supersedes == Some(id)))
            .map(|later| later.id().into());
        let mut reviews = self.referring(id, Kind::Review).await?;
        reviews.retain(
            |review| matches!(&review.record().body, Body::Review(it) if it.decision == id),
        );
        reviews.reverse();
        let mut outcomes = self.referring(id, Kind::Outcome).await?;
        outcomes.reverse();
        Ok(DecisionView {
            generations: self.generations_of(&decision).await?,
            decision,
            superseded_by,
            reviews,
            outcomes,
        })
    }

    async fn generations_of(&self, decision: &Stored) -> Result<Vec<Stored>, TrailError> {
        let mut generations = Vec::new();
        for id in decision.decision().iter().flat_map(|it| &it.generations) {
            generations.extend(self.read(*id).await?);
        }
        Ok(generations)
    }
}

fn summary(body: &Body) -> String {
    match body {
        Body::Context(context) => {
            let status = context.status.as_str();
            match &context.assembly {
                Some(assembly) => format!(
                    "context {} {status}: {} of {} tokens, {} items",
                    context.name,
                    assembly.budget.used,
                    assembly.budget.available,
                    assembly.items.len(),
                ),
                None => format!("context {} {status}", context.name),
            }
        }
        Body::Generation(generation) => format!("{} answered", generation.model.name),
        Body::Decision(decision) => {
            let reason = decision.reasons.first();
            let reason = reason.map_or_else(String::new, |it| format!(" ({})", it.code));
            let place = if decision.supersedes.is_some() {
                ", in place of an earlier one"
            } else {
                ""
            };
            format!("{}: {}{reason}{place}", decision.subject, decision.outcome)
        }
        Body::Review(review) => {
            let verdict = match review.verdict {
                ReviewVerdict::Approve => "approved".to_owned(),
                ReviewVerdict::Reject => "rejected".to_owned(),
                ReviewVerdict::Escalate => "escalated".to_owned(),
                ReviewVerdict::Override => match &review.new_outcome {
                    Some(outcome) => format!("overrode it to {outcome}"),
                    None => "overrode it".to_owned(),
                },
            };
            format!(
                "a reviewer was shown {} and {verdict}",
                review.original_outcome
            )
        }
        Body::Outcome(outcome) => format!("outcome: {}", outcome.kind),
        Body::Key(key) => format!("{}: {}", level_words(key.level), key_words(key.action)),
        Body::Succession(succession) => format!(
            "the log goes on as epoch {}, from {} entries",
            succession.epoch, succession.restored.size
        ),
        Body::Erasure(erasure) => format!(
            "values were erased in {} places, and {} keys destroyed",
            erasure.slots.len(),
            erasure.keys
        ),
        Body::Hold(hold) => format!("legal hold placed, matter {}", hold.matter),
        Body::Release(release) => format!("legal hold {} released", release.hold),
        Body::Policy(policy) => format!("retention policy {}", policy.id()),
        Body::Retention(expiry) => format!(
            "values of {} records of the class {} went by the retention policy {}",
            expiry.records, expiry.class, expiry.policy
        ),
        Body::Archive(archival) => format!(
            "the values of {} records moved to the archive",
            archival.records
        ),
        Body::Token(token) => {
            let done = match token.action {
                TokenAction::Grant => "granted",
                TokenAction::Revoke => "revoked",
            };
            format!("a token for {} was {done}", token.role)
        }
        Body::Access(access) => format!("{} by {}", access.what.as_str(), access.route),
        Body::Artifact(artifact) => format!("{} was registered", artifact.id()),
        Body::Approval(it) => format!("{} was approved as {}", it.artifact, it.role),
        Body::Retirement(it) => format!("{} was retired", it.artifact),
        Body::Deployment(it) => format!(
            "{} roles were deployed in {}",
            it.manifest.len(),
            it.environment
        ),
        Body::Kpi(kpi) => format!("{} was measured", kpi.metric),
        Body::Check(check) => format!(
            "a check of the {} {}",
            check.of.as_str(),
            if check.passed { "passed" } else { "failed" }
        ),
        Body::Freeze(_) => "deployments were frozen".to_owned(),
        Body::Unfreeze(it) => format!("the freeze {} was lifted", it.freeze),
        Body::Import(import) => {
            format!(
                "{} records were imported",
                import.counts.values().sum::<u64>()
            )
        }
    }
}

const fn key_words(action: KeyAction) -> &'static str {
    match action {
        KeyAction::Rotate => "a new one took over",
        KeyAction::Revoke => "it was revoked",
        KeyAction::Destroy => "it was destroyed",
    }
}

const fn level_words(level: KeyLevel) -> &'static str {
    match level {
        KeyLevel::Signing => "the signing key",
        KeyLevel::KeyEncryption => "the key-encryption key",
        KeyLevel::Tenant => "the key of the tenant",
        KeyLevel::Entity => "the key of an entity",
    }
}

const MOST_AT_ONCE: usize = 256;
