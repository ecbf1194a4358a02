//! Contexts: everything that went into what a model saw.

use super::facts::{guardrails, joined, members, model, tools, versioned};
use super::{absence, each_of_kind, saw, used, words};
use crate::evidence::page::{Block, Facts, Line, Section};
use crate::evidence::shown::{Said, ShownBundle, ShownRecord};
use crate::record::Kind;

pub(super) fn section(bundle: &ShownBundle<'_>) -> Section {
    Section {
        title: "What the model saw, and what was left out",
        blocks: each_of_kind(bundle, Kind::Context, one),
    }
}

fn one(context: &ShownRecord<'_>) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(
        Line::from("Context ").said(context.at("/name")),
    )];
    blocks.extend(head(context).into_block());
    for (words, pointer) in [
        ("What the application was asked with:", "/inputs"),
        ("What was put into the template:", "/template/variables"),
        ("Members that came with an import:", "/extra"),
    ] {
        if let Some(members) = members(context, pointer) {
            blocks.extend([Block::Paragraph(words.into()), members]);
        }
    }
    blocks.extend(saw::items(context));
    blocks.extend(saw::text(context));
    blocks.extend(used::features(context));
    blocks.extend(used::retrievals(context));
    blocks.extend(tools(context, "/tools", "Tools that were called"));
    blocks.extend(guardrails(context, "/guardrails"));
    blocks.extend(used::freshness(context));
    blocks.extend(absence::blocks(context));
    blocks
}

fn head(context: &ShownRecord<'_>) -> Facts {
    let service = match versioned(context, "/service") {
        line if matches!(context.at("/service"), Said::Shown(_)) => line,
        _ => Line::default(),
    };
    let parents = context.elements("/parents");
    let parents = joined(parents.map(|it| context.at(&it).into()));
    Facts::default()
        .word("how it ended", context.at("/status"), words::status)
        .some("error", context.at("/error/message"))
        .need("begun", context.at("/created_at"))
        .some("ended", context.at("/sealed_at"))
        .need("recorded", context.at("/recorded_at"))
        .word(
            "how it was recorded",
            context.at("/capture/door"),
            words::door,
        )
        .line("application", service)
        .some("where it ran", context.at("/environment"))
        .line("meant for the model", known(context, "/model", model))
        .line("prompt template", known(context, "/template", versioned))
        .some("use case", context.at("/use_case"))
        .some("agent", context.at("/agent/name"))
        .some("step of the agent", context.at("/agent/step"))
        .some("state of the agent", context.at("/agent/state"))
        .line("follows the contexts", parents)
        .line("id", Line::default().recorded(context.view.id.to_string()))
}

/// What `say` makes of `pointer` where something is known to stand there.
fn known(
    context: &ShownRecord<'_>,
    pointer: &str,
    say: fn(&ShownRecord<'_>, &str) -> Line,
) -> Line {
    match context.at(pointer) {
        Said::Shown(_) => say(context, pointer),
        Said::Withheld(_) => context.at(pointer).into(),
        Said::Unsaid | Said::Nothing => Line::default(),
    }
}
