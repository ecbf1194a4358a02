//! Searches over histories that a property test makes, against the plainest model of them: a list that is gone
//! through.

use std::collections::BTreeSet;

use contextrail::record::{ContextStatus, Draft, EntityRef, Kind, RecordId, Timestamp, UsedRef};
use contextrail::trail::{ContextFilter, Search, Stored, Trail};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::Opened;
use crate::sample::{context, decision, entity, id, time};

/// Something that contexts use: its kind, its name, a chunk and a version.
#[derive(Clone, Debug)]
struct Used {
    kind: &'static str,
    name: u8,
    chunk: Option<u8>,
    version: Option<u8>,
}

/// One record more.
#[derive(Clone, Debug)]
enum Step {
    Context {
        name: u8,
        status: u8,
        environment: u8,
        at: i64,
        people: BTreeSet<u8>,
        used: Vec<Used>,
    },
    Decision {
        subject: u8,
        on: Vec<Index>,
        at: i64,
    },
    Review(Index),
    Outcome(Index),
}

/// What is searched for.
#[derive(Clone, Debug)]
struct Query {
    name: Option<u8>,
    status: Option<u8>,
    environment: Option<u8>,
    person: Option<u8>,
    subject: Option<u8>,
    used: Option<Used>,
    since: Option<i64>,
    until: Option<i64>,
    after: Option<Index>,
    page: usize,
}

fn used() -> impl Strategy<Value = Used> {
    let kind = prop_oneof![
        Just("feature"),
        Just("document"),
        Just("template"),
        Just("model"),
        Just("guardrail"),
        Just("index"),
    ];
    let one_of_two = || prop::option::of(0..2_u8);
    (kind, 0..2_u8, one_of_two(), one_of_two()).prop_map(|(kind, name, chunk, version)| Used {
        kind,
        name,
        chunk: chunk.filter(|_| kind == "document"),
        version: version.filter(|_| kind != "model"),
    })
}

fn step() -> impl Strategy<Value = Step> {
    let people = prop::collection::btree_set(0..3_u8, 0..3);
    let using = prop::collection::vec(used(), 0..4);
    let made = (0..2_u8, 0..3_u8, 0..2_u8, 0..10_i64, people, using);
    let made = made.prop_map(
        |(name, status, environment, at, people, used)| Step::Context {
            name,
            status,
            environment,
            at,
            people,
            used,
        },
    );
    let on = prop::collection::vec(any::<Index>(), 0..3);
    let decided = (0..2_u8, on, 0..10_i64);
    prop_oneof![
        5 => made,
        3 => decided.prop_map(|(subject, on, at)| Step::Decision { subject, on, at }),
        1 => any::<Index>().prop_map(Step::Review),
        1 => any::<Index>().prop_map(Step::Outcome),
    ]
}

fn query() -> impl Strategy<Value = Query> {
    let rarely = |end: u8| prop::option::weighted(0.25, 0..end);
    let when = || prop::option::weighted(0.25, 0..11_i64);
    let what = (rarely(2), rarely(3), rarely(2), rarely(3), rarely(2));
    let using = prop::option::weighted(0.4, used());
    let after = prop::option::weighted(0.3, any::<Index>());
    (what, using, when(), when(), after, 1..6_usize).prop_map(
        |((name, status, environment, person, subject), used, since, until, after, page)| Query {
            name,
            status,
            environment,
            person,
            subject,
            used,
            since,
            until,
            after,
            page,
        },
    )
}

/// A record as the model knows it; its place in the list is its place in the log.
#[derive(Debug)]
struct Known {
    id: RecordId,
    kind: Kind,
    at: i64,
    name: u8,
    status: u8,
    environment: u8,
    people: BTreeSet<u8>,
    used: Vec<Used>,
    subject: u8,
    contexts: Vec<RecordId>,
}

const STATUSES: [ContextStatus; 3] = [
    ContextStatus::Sealed,
    ContextStatus::Refused,
    ContextStatus::Failed,
];
const ENVIRONMENTS: [&str; 2] = ["test", "production"];

impl Used {
    fn name(&self) -> String {
        format!("n{}", self.name)
    }

    fn fits(&self, wanted: &Self) -> bool {
        let same = |own: Option<u8>, wanted: Option<u8>| wanted.is_none() || own == wanted;
        (self.kind, self.name) == (wanted.kind, wanted.name)
            && same(self.chunk, wanted.chunk)
            && same(self.version, wanted.version)
    }

    fn reference(&self) -> UsedRef {
        let chunk = self.chunk.map_or_else(String::new, |it| format!("#c{it}"));
        let version = self
            .version
            .map_or_else(String::new, |it| format!("@v{it}"));
        let text = format!("{}:{}{chunk}{version}", self.kind, self.name());
        text.parse().unwrap()
    }

    fn members(&self) -> Value {
        let mut members = json!({"name": self.name()});
        if let Some(version) = self.version {
            members["version"] = json!(format!("v{version}"));
        }
        members
    }

    /// Puts it into a context, and says whether there was a place for it.
    fn put_into(&self, context: &mut Value) -> bool {
        let mut members = self.members();
        let more = match self.kind {
            "template" | "model" => {
                if context.get(self.kind).is_some() {
                    return false;
                }
                context[self.kind] = members;
                return true;
            }
            "feature" => json!({"source": "compute", "status": "ok", "fetched_at": time(0)}),
            "guardrail" => json!({"stage": "input", "verdict": "pass"}),
            "index" => {
                members =
                    json!({"retriever": "r", "query": "q", "status": "empty", "index": members});
                json!({})
            }
            _ => {
                let name = members["name"].take();
                members["document"] = name;
                members.as_object_mut().unwrap().remove("name");
                if let Some(chunk) = self.chunk {
                    members["chunk"] = json!(format!("c{chunk}"));
                }
                members["rank"] = json!(1);
                members["used"] = json!("unused");
                members = json!({"retriever": "r", "class": "shared", "query": "q", "status": "ok",
                                 "results": [members]});
                json!({})
            }
        };
        for (name, value) in more.as_object().unwrap() {
            members[name] = value.clone();
        }
        let list = match self.kind {
            "feature" => "features",
            "guardrail" => "guardrails",
            _ => "retrievals",
        };
        if context.get(list).is_none() {
            context[list] = json!([]);
        }
        context[list].as_array_mut().unwrap().push(members);
        true
    }
}

fn person(number: u8) -> EntityRef {
    entity(&format!("person:p{number}"))
}

fn pick<'a>(known: &'a [Known], kind: Kind, at: &Index) -> Option<&'a Known> {
    let of_kind: Vec<&Known> = known.iter().filter(|it| it.kind == kind).collect();
    (!of_kind.is_empty()).then(|| *at.get(&of_kind))
}

/// The record of a step, and what the model keeps of it.
fn made(known: &[Known], step: &Step) -> Option<(Draft, Known)> {
    let number = id(u64::try_from(known.len()).unwrap() + 1);
    let mut new = Known {
        id: number,
        kind: Kind::Context,
        at: 0,
        name: 0,
        status: 0,
        environment: 0,
        people: BTreeSet::new(),
        used: Vec::new(),
        subject: 0,
        contexts: Vec::new(),
    };
    let draft = match step {
        Step::Context {
            name,
            status,
            environment,
            at,
            people,
            used,
        } => {
            let whom: Vec<EntityRef> = people.iter().copied().map(person).collect();
            let mut members = json!({
                "name": format!("n{name}"), "status": STATUSES[usize::from(*status)], "entities": whom,
                "environment": ENVIRONMENTS[usize::from(*environment)], "created_at": time(*at),
            });
            let used = used.iter().filter(|it| it.put_into(&mut members));
            new.used = used.cloned().collect();
            (new.name, new.status, new.environment, new.at) = (*name, *status, *environment, *at);
            new.people.clone_from(people);
            Draft::new(number, context(members))
        }
        Step::Decision { subject, on, at } => {
            let contexts = on.iter().filter_map(|it| pick(known, Kind::Context, it));
            for context in contexts {
                if !new.contexts.contains(&context.id) {
                    new.contexts.push(context.id);
                    new.people.extend(&context.people);
                    new.used.extend(context.used.iter().cloned());
                }
            }
            (new.kind, new.subject, new.at) = (Kind::Decision, *subject, *at);
            let subject = entity(&format!("loan:l{subject}"));
            let members =
                json!({"subject": subject, "contexts": new.contexts, "decided_at": time(*at)});
            Draft::new(number, decision(members))
        }
        Step::Review(on) => {
            let decision = pick(known, Kind::Decision, on)?;
            (new.kind, new.people) = (Kind::Review, decision.people.clone());
            let review = json!({"decision": decision.id, "verdict": "approve", "decided_at": time(0),
                                "original_outcome": "approved"});
            let review: contextrail::record::Review = serde_json::from_value(review).unwrap();
            Draft::new(number, review)
        }
        Step::Outcome(on) => {
            let decision = pick(known, Kind::Decision, on)?;
            (new.kind, new.people) = (Kind::Outcome, decision.people.clone());
            let outcome = json!({"decision": decision.id, "kind": "repaid", "at": time(0)});
            let outcome: contextrail::record::Outcome = serde_json::from_value(outcome).unwrap();
            Draft::new(number, outcome)
        }
    };
    Some((draft, new))
}

/// What fits, newest first.
fn expected(known: &[Known], query: &Query) -> Vec<RecordId> {
    let before = query
        .after
        .as_ref()
        .map_or(known.len(), |it| it.index(known.len()));
    let of_subject = |context: &Known, subject: u8| {
        known.iter().any(|it| {
            it.kind == Kind::Decision && it.subject == subject && it.contexts.contains(&context.id)
        })
    };
    let fits = |it: &&Known| {
        it.kind == Kind::Context
            && query.name.is_none_or(|name| it.name == name)
            && query.status.is_none_or(|status| it.status == status)
            && query
                .environment
                .is_none_or(|environment| it.environment == environment)
            && query
                .person
                .is_none_or(|person| it.people.contains(&person))
            && query.subject.is_none_or(|subject| of_subject(it, subject))
            && query
                .used
                .as_ref()
                .is_none_or(|wanted| it.used.iter().any(|own| own.fits(wanted)))
            && query.since.is_none_or(|since| it.at >= since)
            && query.until.is_none_or(|until| it.at < until)
    };
    known[..before]
        .iter()
        .rev()
        .filter(fits)
        .map(|it| it.id)
        .collect()
}

fn filter(known: &[Known], query: &Query) -> ContextFilter {
    let at = |it: i64| -> Timestamp { time(it) };
    ContextFilter {
        entity: query.person.map(person),
        decision: query.subject.map(|it| entity(&format!("loan:l{it}"))),
        name: query.name.map(|it| format!("n{it}").parse().unwrap()),
        status: query.status.map(|it| STATUSES[usize::from(it)]),
        used: query.used.as_ref().map(Used::reference),
        freshness: None,
        environment: query
            .environment
            .map(|it| ENVIRONMENTS[usize::from(it)].parse().unwrap()),
        since: query.since.map(at),
        until: query.until.map(at),
        after: query.after.as_ref().map(|it| it.get(known).id),
    }
}

fn ids(found: &[Stored]) -> Vec<RecordId> {
    found.iter().map(Stored::id).collect()
}

async fn ask(trail: &Trail, known: &[Known], query: &Query) {
    let expected_ids = expected(known, query);
    let mut filter = filter(known, query);
    let whole = trail
        .contexts(filter.clone())
        .await
        .unwrap()
        .all()
        .await
        .unwrap();
    assert_eq!(ids(&whole), expected_ids, "{query:?}");
    // Page by page it is the same, and no page is longer than was asked for.
    let mut paged = Vec::new();
    loop {
        let page = trail.contexts(filter.clone()).await.unwrap();
        let page = page.take(query.page).await.unwrap();
        assert!(page.len() <= query.page);
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id());
        paged.extend(ids(&page));
    }
    assert_eq!(paged, expected_ids, "{query:?}, page by page");
    if let Some(used) = &query.used {
        let after = query.after.as_ref().map(|it| it.get(known).id);
        let before = query
            .after
            .as_ref()
            .map_or(known.len(), |it| it.index(known.len()));
        let fits = |it: &&Known| it.used.iter().any(|own| own.fits(used));
        let expected: Vec<RecordId> = known[..before]
            .iter()
            .rev()
            .filter(fits)
            .map(|it| it.id)
            .take(query.page)
            .collect();
        let found = trail
            .used(&used.reference(), after, query.page)
            .await
            .unwrap();
        assert_eq!(ids(&found), expected, "{:?}", used.reference());
    }
    if let Some(number) = query.person {
        let events = trail.history(&person(number)).await.unwrap();
        assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let found: BTreeSet<RecordId> = events.iter().map(|it| it.stored.id()).collect();
        let about = known.iter().filter(|it| it.people.contains(&number));
        assert_eq!(found, about.map(|it| it.id).collect());
    }
    for kind in [Kind::Decision, Kind::Review] {
        let search = Search {
            kind: Some(kind),
            since: query.since.map(time),
            until: query.until.map(time),
            after: query.after.as_ref().map(|it| it.get(known).id),
            ..Search::default()
        };
        let found = trail.search(search).await.unwrap().all().await.unwrap();
        let before = query
            .after
            .as_ref()
            .map_or(known.len(), |it| it.index(known.len()));
        let fits = |it: &&Known| {
            it.kind == kind
                && query.since.is_none_or(|since| it.at >= since)
                && query.until.is_none_or(|until| it.at < until)
        };
        let expected: Vec<RecordId> = known[..before]
            .iter()
            .rev()
            .filter(fits)
            .map(|it| it.id)
            .collect();
        assert_eq!(ids(&found), expected, "{kind}");
    }
}

async fn run(opened: Opened, steps: Vec<Step>, queries: Vec<Query>) {
    let trail = &opened.trail;
    let mut known = Vec::new();
    for step in &steps {
        if let Some((draft, new)) = made(&known, step) {
            trail.record(draft).await.unwrap();
            known.push(new);
        }
    }
    if !known.is_empty() {
        for query in &queries {
            ask(trail, &known, query).await;
        }
    }
    trail.close().await;
}

fn on_a_runtime(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(work);
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..24)
}

fn questions() -> impl Strategy<Value = Vec<Query>> {
    prop::collection::vec(query(), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn searches_in_memory_find_what_a_list_that_is_gone_through_has(steps in history(), queries in questions()) {
        on_a_runtime(async { run(super::in_memory().await, steps, queries).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn searches_in_a_file_find_what_a_list_that_is_gone_through_has(steps in history(), queries in questions()) {
        on_a_runtime(async { run(super::on_file().await, steps, queries).await });
    }
}
