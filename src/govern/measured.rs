//! Measured values: those that were logged, and those that recorded decisions hold by themselves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::record::{
    Body, Decision, DecisionId, GenerationId, Governing, Kind, Kpi, Measure, Name, ReviewVerdict,
    Timestamp,
};
use crate::trail::{Search, Stored, Trail, TrailError};

/// One value of a metric.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What was measured.
    pub value: Measure,
    /// Over how many values.
    pub count: u64,
    /// Of which part.
    pub slices: BTreeMap<String, String>,
    /// With which versions, by role.
    pub versions: BTreeMap<String, Governing>,
    /// When.
    pub at: Timestamp,
    /// Of which decision.
    pub decision: Option<DecisionId>,
}

/// Which values are asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// The slices that they have to have.
    pub r#where: BTreeMap<String, String>,
    /// Parts of fewer decisions than that are not given: what they say is about somebody.
    pub fewest: usize,
}

impl Asked {
    /// What is asked for, in words that stand behind a metric.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(since) = self.since {
            words.push_str(&format!(" since {since}"));
        }
        if let Some(until) = self.until {
            words.push_str(&format!(" until {until}"));
        }
        for (slice, value) in &self.r#where {
            words.push_str(&format!(" where {slice}={value}"));
        }
        words
    }

    /// Whether a part that was taken out by slices is of too few decisions to be given.
    pub(super) fn is_withheld(&self, by: &[Name], samples: &[&Sample]) -> bool {
        let is_part = !by.is_empty() || !self.r#where.is_empty();
        let of_decisions = samples.iter().filter(|it| it.decision.is_some()).count();
        is_part && of_decisions > 0 && of_decisions < self.fewest
    }

    fn fits(&self, sample: &Sample) -> bool {
        let mut wanted = self.r#where.iter();
        wanted.all(|(slice, value)| sample.slices.get(slice) == Some(value))
    }
}

/// Metrics that decisions hold without anybody logging them.
const COMPUTED: [&str; 4] = ["approval_rate", "override_rate", "latency_ms", "cost"];
const APPROVED: [&str; 3] = ["approved", "approve", "accepted"];

/// The values of `metric`, in no order: those that were logged under it, and of the metrics
/// `approval_rate`, `override_rate`, `latency_ms`, `cost`, and those that decisions were recorded with,
/// what the decisions say. A decision of which the metric was logged counts once.
///
/// # Errors
///
/// [`TrailError::Store`] when the store cannot be read or a record is damaged.
pub async fn samples(
    trail: &Trail,
    metric: &Name,
    asked: &Asked,
) -> Result<Vec<Sample>, TrailError> {
    samples_in(trail, metric, asked, Slices::Asked).await
}

/// Whether anybody asks of which part the values were measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Slices {
    /// They are known in full.
    Asked,
    /// They are left as they are found: what says to which groups somebody belongs stays closed.
    NotAsked,
}

impl Slices {
    pub(super) fn of(by: &[Name], asked: &Asked) -> Self {
        if by.is_empty() && asked.r#where.is_empty() {
            Self::NotAsked
        } else {
            Self::Asked
        }
    }
}

/// The same, with slices as far as they are asked for.
pub(super) async fn samples_in(
    trail: &Trail,
    metric: &Name,
    asked: &Asked,
    known: Slices,
) -> Result<Vec<Sample>, TrailError> {
    let opens = known == Slices::Asked;
    let window = (asked.since, asked.until);
    let mut samples = trail.measured(metric, window, opens, of_kpi).await?;
    // A metric that was logged and that no decision computes needs no look at the decisions.
    if COMPUTED.contains(&metric.as_str()) || samples.is_empty() {
        let counted: HashSet<DecisionId> = samples.iter().filter_map(|it| it.decision).collect();
        let slices = match known {
            Slices::Asked => slices_of_decisions(trail).await?,
            Slices::NotAsked => HashMap::new(),
        };
        samples.extend(of_decisions(trail, metric.as_str(), asked, counted, slices).await?);
    }
    samples.retain(|it| asked.fits(it));
    Ok(samples)
}

fn of_kpi(kpi: &Kpi) -> Sample {
    Sample {
        value: kpi.value,
        count: kpi.count.unwrap_or(1),
        slices: kpi.slices.clone(),
        versions: kpi.versions.clone(),
        at: kpi.at,
        decision: kpi.decision,
    }
}

/// To which groups each decision belongs, as the values that were logged of it say.
pub(super) async fn slices_of_decisions(
    trail: &Trail,
) -> Result<HashMap<DecisionId, BTreeMap<String, String>>, TrailError> {
    let search = Search {
        kind: Some(Kind::Kpi),
        ..Search::default()
    };
    let found = trail.collect(&search, true, |stored| match &stored.record().body {
        Body::Kpi(kpi) => kpi.decision.map(|id| (id, kpi.slices.clone())),
        _ => None,
    });
    let mut slices: HashMap<DecisionId, BTreeMap<String, String>> = HashMap::new();
    for (id, own) in found.await? {
        slices.entry(id).or_default().extend(own);
    }
    Ok(slices)
}

type SlicesOf = HashMap<DecisionId, BTreeMap<String, String>>;

/// What decisions hold of a metric by themselves, without those of `counted`.
async fn of_decisions(
    trail: &Trail,
    metric: &str,
    asked: &Asked,
    counted: HashSet<DecisionId>,
    slices: SlicesOf,
) -> Result<Vec<Sample>, TrailError> {
    let overridden = match metric {
        "override_rate" => overridden(trail).await?,
        _ => HashSet::new(),
    };
    let search = Search {
        kind: Some(Kind::Decision),
        since: asked.since,
        until: asked.until,
        ..Search::default()
    };
    let known = Arc::new((metric.to_owned(), overridden, counted, slices));
    let take = move |stored: &Stored| {
        let (metric, overridden, counted, slices) = known.as_ref();
        let id: DecisionId = stored.id().into();
        let decision = stored.decision().filter(|_| !counted.contains(&id))?;
        let said = said(metric, decision, overridden.contains(&id))?;
        let sample = Sample {
            // Of answers it is read afterwards.
            value: Measure::Number(0.0),
            count: 1,
            slices: own_slices(decision, slices.get(&id)),
            versions: decision.governed_by.clone(),
            at: decision.decided_at,
            decision: Some(id),
        };
        Some((said, sample))
    };
    let mut samples = Vec::new();
    for (said, sample) in trail.collect(&search, true, take).await? {
        let value = match said {
            Said::Value(value) => Some(value),
            Said::ByAnswers(ids) => sum(trail, metric, &ids).await?,
        };
        samples.extend(value.map(|value| Sample { value, ..sample }));
    }
    Ok(samples)
}

/// The decisions that a person overrode.
async fn overridden(trail: &Trail) -> Result<HashSet<DecisionId>, TrailError> {
    let search = Search {
        kind: Some(Kind::Review),
        ..Search::default()
    };
    let found = trail.collect(&search, false, |stored| match &stored.record().body {
        Body::Review(it) if it.verdict == ReviewVerdict::Override => Some(it.decision),
        _ => None,
    });
    Ok(found.await?.into_iter().collect())
}

/// What a decision says of a metric.
enum Said {
    Value(Measure),
    /// It is the sum over these answers.
    ByAnswers(Vec<GenerationId>),
}

fn said(metric: &str, decision: &Decision, is_overridden: bool) -> Option<Said> {
    if let Some(value) = decision.kpis.get(metric) {
        return Some(Said::Value(Measure::Number(*value)));
    }
    match metric {
        // An override is a new decision: the rates are of those that were decided first.
        "approval_rate" if decision.supersedes.is_none() => {
            let approved = APPROVED.contains(&decision.outcome.as_str());
            Some(Said::Value(Measure::Boolean(approved)))
        }
        "override_rate" if decision.supersedes.is_none() => {
            Some(Said::Value(Measure::Boolean(is_overridden)))
        }
        "latency_ms" | "cost" => Some(Said::ByAnswers(decision.generations.clone())),
        _ => None,
    }
}

/// The sum over answers, as far as they say.
async fn sum(
    trail: &Trail,
    metric: &str,
    generations: &[GenerationId],
) -> Result<Option<Measure>, TrailError> {
    let mut sum = None;
    for generation in generations {
        let stored = trail.read(*generation).await?;
        let Some(Body::Generation(it)) = stored.as_ref().map(|it| &it.record().body) else {
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "microseconds of one answer")]
        let part = match metric {
            "latency_ms" => it.latency_us.map(|it| it as f64 / 1_000.0),
            _ => it
                .cost
                .as_ref()
                .and_then(|it| it.amount.as_str().parse().ok()),
        };
        sum = part.map(|part: f64| part + sum.unwrap_or(0.0)).or(sum);
    }
    Ok(sum.map(Measure::Number))
}

/// What a decision can be taken apart by.
pub(super) fn own_slices(
    decision: &Decision,
    known: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut slices = known.cloned().unwrap_or_default();
    slices.insert("outcome".to_owned(), decision.outcome.to_string());
    if let Some(use_case) = &decision.use_case {
        slices.insert("use_case".to_owned(), use_case.to_string());
    }
    if let Some(tier) = decision.risk_tier {
        slices.insert("risk_tier".to_owned(), tier.as_str().to_owned());
    }
    for (role, governing) in &decision.governed_by {
        if let [version] = governing.versions() {
            slices.insert(role.clone(), version.to_string());
        }
    }
    slices
}
