//! Running guardrails on inputs, items and the assembled text.

use serde_json::Value;

use super::assembling::set_text;
use super::guardrail::Findings;
use super::state::{Shared, State};
use crate::capture::{CaptureError, Guard};
use crate::record::{
    CutReason, Digest, GuardrailResult, GuardrailVerdict, Members, Section, Stage,
};

/// A guardrail of the context stage: its findings so far, and where the record has them.
#[derive(Debug)]
pub(super) struct Running {
    guard: Guard,
    findings: Findings,
    at: usize,
}

/// Has the guardrails of the context stage check every item, and replaces what they replace.
pub(super) async fn items(state: &mut State) -> Result<Vec<Running>, CaptureError> {
    let mut running = Vec::with_capacity(state.guards.len());
    for guard in state.guards.clone() {
        let mut findings = Findings::new(&guard, Stage::Context);
        for index in 0..state.items.len() {
            let text = state.items[index].text.clone();
            let mut check = guard.check(Stage::Context, &text).await;
            let replacement = check.replacement();
            findings.add(format!("items[{index}]"), check);
            if let Some(text) = replacement {
                redact_item(state, index, text);
            }
            if findings.verdict() == GuardrailVerdict::Block {
                break;
            }
        }
        let at = state.context.guardrails.len();
        state.context.guardrails.push(findings.result());
        stop_if_blocked(&state.context.guardrails[at])?;
        running.push(Running {
            guard,
            findings,
            at,
        });
    }
    Ok(running)
}

/// Has the same guardrails check the assembled text.
///
/// What is found only where items meet cannot be replaced in any of them, so it blocks.
pub(super) async fn text(
    state: &mut State,
    running: Vec<Running>,
    text: &str,
) -> Result<(), CaptureError> {
    for mut running in running {
        let mut check = running.guard.check(Stage::Context, text).await;
        if check.replacement().is_some() {
            check.outcome.verdict = GuardrailVerdict::Block;
        }
        running.findings.add("text", check);
        let result = &mut state.context.guardrails[running.at];
        *result = running.findings.result();
        stop_if_blocked(result)?;
    }
    Ok(())
}

/// Has `guard` check every string among the inputs, and replaces what it replaces.
pub(super) async fn inputs(shared: &Shared, guard: &Guard) -> Result<(), CaptureError> {
    let texts = shared.with(|state| strings(&state.context.inputs));
    let mut findings = Findings::new(guard, Stage::Input);
    for (name, pointer, text) in texts.ok_or(CaptureError::Finished)? {
        let mut check = guard.check(Stage::Input, &text).await;
        let replacement = check.replacement();
        findings.add(format!("{name}{pointer}"), check);
        if let Some(text) = replacement {
            shared.with(|state| {
                state.watches.of(Section::Inputs).redacted = true;
                let input = state.context.inputs.get_mut(&name);
                if let Some(found) = input.and_then(|input| input.pointer_mut(&pointer)) {
                    *found = Value::String(text);
                }
            });
        }
        if findings.verdict() == GuardrailVerdict::Block {
            break;
        }
    }
    noted(shared, &findings)
}

/// Has `guard` check `text` at the input stage; the text to go on with comes back.
pub(super) async fn one_text(
    shared: &Shared,
    guard: &Guard,
    text: String,
) -> Result<String, CaptureError> {
    let mut findings = Findings::new(guard, Stage::Input);
    let mut check = guard.check(Stage::Input, &text).await;
    let replacement = check.replacement();
    findings.add("text", check);
    noted(shared, &findings)?;
    Ok(replacement.unwrap_or(text))
}

fn noted(shared: &Shared, findings: &Findings) -> Result<(), CaptureError> {
    let result = findings.result();
    let stop = stop_if_blocked(&result);
    shared
        .with(|state| {
            state.watches.of(Section::Guardrails).seen = true;
            state.context.guardrails.push(result);
        })
        .ok_or(CaptureError::Finished)?;
    stop
}

fn stop_if_blocked(result: &GuardrailResult) -> Result<(), CaptureError> {
    match result.verdict {
        GuardrailVerdict::Block => Err(CaptureError::Blocked {
            id: None,
            guardrail: result.name.clone(),
            stage: result.stage,
        }),
        GuardrailVerdict::Pass | GuardrailVerdict::Flag | GuardrailVerdict::Redact => Ok(()),
    }
}

/// Stops at a verdict that a guardrail outside gave already.
pub(super) fn stop_if_any_blocked(results: &[GuardrailResult]) -> Result<(), CaptureError> {
    results.iter().try_for_each(stop_if_blocked)
}

/// Replaces the text of an item, and what it came from: nothing of the old text is recorded.
fn redact_item(state: &mut State, index: usize, text: String) {
    let State {
        context,
        documents,
        items,
        sources,
        watches,
        ..
    } = state;
    let (item, source) = (&mut items[index], &sources[index]);
    watches.of(Section::Assembly).redacted = true;
    if let Some(feature) = source.feature {
        let prefix = format!("{}: ", context.features[feature].name);
        let value = text.strip_prefix(&prefix).unwrap_or(&text);
        context.features[feature].value = Some(Value::String(value.to_owned()));
        watches.of(Section::Features).redacted = true;
    }
    if text.is_empty() {
        item.excluded = Some(CutReason::Guardrail);
    }
    set_text(item, text);
    if let Some((retrieval, result)) = source.place {
        let document = &mut documents[retrieval][result];
        document.text = item.text.clone();
        document.sha256 = Some(item.sha256);
        let digest = &mut context.retrievals[retrieval].results[result].digest;
        *digest = digest.map(|_| Digest::Sha256(item.sha256));
        watches.of(Section::Retrievals).redacted = true;
    }
}

/// Every string among `inputs`: the input's name, the JSON pointer within it, the string.
fn strings(inputs: &Members) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (name, value) in inputs {
        let mut pending = vec![(String::new(), value)];
        while let Some((pointer, value)) = pending.pop() {
            match value {
                Value::String(text) => found.push((name.clone(), pointer, text.clone())),
                Value::Array(values) => {
                    let at = |(index, value)| (format!("{pointer}/{index}"), value);
                    pending.extend(values.iter().enumerate().map(at));
                }
                Value::Object(members) => pending.extend(members.iter().map(|(key, value)| {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    (format!("{pointer}/{key}"), value)
                })),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }
    found
}
