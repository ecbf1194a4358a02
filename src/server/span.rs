//! `traceparent` (W3C Trace Context): taken over, and handed on.

use axum::http::HeaderMap;

use crate::record::{Name, Trace};

/// The span that a request says it comes from.
#[derive(Clone, Debug)]
pub(super) struct Span {
    trace: Trace,
    flags: String,
}

impl Span {
    /// The span in the header `traceparent`; one that is none is as good as left out.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("traceparent")?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace_id, span_id, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |it: &str| it.len() == 2 && it.bytes().all(|c| c.is_ascii_hexdigit());
        if version == "ff" || !is_hex(version) || !is_hex(flags) {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace = Trace {
            trace_id: Name::new(trace_id).ok()?,
            span_id: Name::new(span_id).ok()?,
        };
        trace.check().ok()?;
        Some(Self {
            trace,
            flags: flags.to_owned(),
        })
    }

    pub(super) fn trace_id(&self) -> &str {
        self.trace.trace_id.as_str()
    }

    /// As a record has it.
    pub(super) fn trace(&self) -> Trace {
        self.trace.clone()
    }

    /// The header of the answer: the same trace, and a span of its own.
    pub(super) fn answered(&self) -> String {
        let mut span = [0_u8; 8];
        if getrandom::fill(&mut span).is_err() || span == [0; 8] {
            span[7] = 1;
        }
        let span: String = span.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("00-{}-{span}-{}", self.trace.trace_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Span> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", text.parse().unwrap());
        Span::of(&headers)
    }

    #[test]
    fn a_span_is_taken_over_and_one_that_is_none_is_not() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let span = of(&format!("00-{trace}-00f067aa0ba902b7-01")).unwrap();
        assert_eq!(span.trace().span_id.as_str(), "00f067aa0ba902b7");
        let answered = span.answered();
        assert!(answered.starts_with(&format!("00-{trace}-")) && answered.ends_with("-01"));
        assert!(!answered.contains("00f067aa0ba902b7") && of(&answered).is_some());
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert!(of(bad).is_none(), "{bad}");
        }
    }
}
