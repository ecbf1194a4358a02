//! Words of the format in plain language.

use crate::record::UsedKind;

pub(super) fn verdict(word: &str) -> Option<&'static str> {
    Some(match word {
        "included" => "in full",
        "truncated" => "shortened",
        "dropped" => "left out",
        "unused" => "found, not put forward",
        _ => return None,
    })
}

pub(super) fn cut(word: &str) -> Option<&'static str> {
    Some(match word {
        "budget" => "the length allowed was used up",
        "min_tokens" => "too little of it would have been left",
        "older_turn" => "an older turn of the conversation",
        "guardrail" => "a guardrail took it out",
        "stale" => "it was too old",
        _ => return None,
    })
}

/// Who took part in a decision, by the level of automation and the kind of decider that are recorded.
/// Where the two contradict each other, both are said.
pub(super) fn automation(level: &str, decider: Option<&str>) -> Option<&'static str> {
    Some(match (level, decider) {
        ("none", Some("human")) => "a person decided alone",
        ("assisted", Some("human")) => "a person decided with a system's help",
        ("solely_automated", Some("human")) => {
            "contradictory: recorded as without a person, and a person as the one who decided"
        }
        ("none", Some("system")) => {
            "contradictory: recorded as without a system, and a system as the one that decided"
        }
        ("assisted", Some("system")) => "a system decided, and a person took part",
        ("solely_automated", Some("system")) => "none: a system decided, and no person took part",
        ("none", _) => "recorded as decided without a system",
        ("assisted", _) => "recorded as decided by a person and a system together",
        ("solely_automated", _) => "none: recorded as decided without a person",
        _ => return None,
    })
}

pub(super) fn review(word: &str) -> Option<&'static str> {
    Some(match word {
        "approve" => "approved it: the decision stands",
        "override" => "overrode it: another outcome takes its place",
        "reject" => "rejected it: the decision may not be acted on",
        "escalate" => "escalated it: somebody else has to look",
        _ => return None,
    })
}

pub(super) fn status(word: &str) -> Option<&'static str> {
    Some(match word {
        "sealed" => "completed: the text was handed to the application",
        "refused" => "refused by a rule: no text was handed out",
        "failed" => "failed: no text was handed out",
        "abandoned" => "abandoned by the application: no text was handed out",
        _ => return None,
    })
}

pub(super) fn freshness(word: &str) -> Option<&'static str> {
    Some(match word {
        "guaranteed" => "everything covered was checked and within its limit",
        "degraded" => {
            "something was older than allowed, was not the value asked for, or could not be checked"
        }
        "unknown" => "nothing was checked",
        _ => return None,
    })
}

pub(super) fn stale(word: &str) -> Option<&'static str> {
    Some(match word {
        "too_old" => "older than allowed",
        "in_future" => "dated in the future",
        "no_as_of" => "without a date: its age is not known",
        "fallback" => "a fallback value, which does not count as fresh at any age",
        "default" => "a default value, which does not count as fresh at any age",
        "failed" => "the fetch failed",
        "missing" => "there was no value",
        _ => return None,
    })
}

pub(super) fn source(word: &str) -> Option<&'static str> {
    Some(match word {
        "compute" => "computed",
        "cache" => "from a cache",
        "fallback" => "a fallback value",
        "default" => "a default value",
        _ => return None,
    })
}

pub(super) fn guardrail(word: &str) -> Option<&'static str> {
    Some(match word {
        "pass" => "passed",
        "flag" => "flagged",
        "redact" => "to be redacted",
        "block" => "to be blocked",
        _ => return None,
    })
}

pub(super) fn check(word: &str) -> Option<&'static str> {
    Some(match word {
        "pass" => "holds",
        "fail" => "does not hold",
        "not_measured" => "not measured",
        _ => return None,
    })
}

pub(super) fn comparison(word: &str) -> Option<&'static str> {
    Some(match word {
        "at_most" => "at most",
        "at_least" => "at least",
        "between" => "between",
        "equals" => "equal to",
        _ => return None,
    })
}

pub(super) fn completeness(word: &str) -> Option<&'static str> {
    Some(match word {
        "complete" => "complete",
        "partial" => "partial: some of what happened is known to be missing",
        "not_captured" => "not captured: nobody watched",
        "redacted" => "values were taken out when it was recorded",
        "truncated" => "values were shortened when it was recorded",
        _ => return None,
    })
}

pub(super) fn method(word: &str) -> Option<&'static str> {
    Some(match word {
        "oidc" => "signed in through an identity provider",
        "token" => "known by an access token",
        "local_os" => "the user of the operating system",
        "asserted" => "a name the caller stated: identity not checked by us (asserted)",
        _ => return None,
    })
}

pub(super) fn kind(word: &str) -> Option<&'static str> {
    Some(match word {
        "system" | "service" => "system",
        "human" => "person",
        _ => return None,
    })
}

pub(super) fn door(word: &str) -> Option<&'static str> {
    Some(match word {
        "native" => "by the recorder, while it happened",
        "tracing" => "from the application's traces",
        "otlp" => "from OpenTelemetry traces",
        "http" => "through the HTTP server",
        "import" => "imported from records made elsewhere",
        _ => return None,
    })
}

pub(super) fn role(word: &str) -> Option<&'static str> {
    Some(match word {
        "system" => "instructions of the application",
        "developer" => "instructions of the developer",
        "user" => "the user's part",
        "assistant" => "the model's own earlier words",
        "tool" => "the output of a tool",
        _ => return None,
    })
}

pub(super) fn treatment(word: &str) -> Option<&'static str> {
    Some(match word {
        "mask" => "a word for its kind stands in its place",
        "hash" => "a keyed hash stands in its place",
        "tokenise" => "a token stands in its place, from which the keeper of the keys has it back",
        "drop" => "nothing stands in its place",
        "block" => "the record was refused",
        _ => return None,
    })
}

/// A kind of thing that a context uses.
pub(super) const fn used(kind: UsedKind) -> &'static str {
    match kind {
        UsedKind::Feature => "fetched value",
        UsedKind::Document => "document",
        UsedKind::Index => "search index",
        UsedKind::Template => "prompt template",
        UsedKind::Model => "model",
        UsedKind::Guardrail => "guardrail",
        UsedKind::Policy => "policy",
    }
}

/// A duration for a reader: nothing is rounded away.
pub(super) fn duration(ms: i64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "min"),
        (1_000, "s"),
        (1, "ms"),
    ];
    let mut rest = ms.unsigned_abs();
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        if rest >= length {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        }
    }
    match (parts.is_empty(), ms < 0) {
        (true, _) => "0 ms".to_owned(),
        (false, true) => format!("minus {}", parts.join(" ")),
        (false, false) => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_out_exactly() {
        let said = [0, 5_000, 61_001, 345_600_000, -1_500].map(duration);
        let words = ["0 ms", "5 s", "1 min 1 s 1 ms", "4 d", "minus 1 s 500 ms"];
        assert_eq!(said, words);
    }
}
