//! W3C trace context: the `traceparent` header.
//!
//! A `tracing` span has no W3C ids of its own; whoever exports spans knows them. So the header of
//! the incoming call, or what an exporter says about the current span, is given to
//! [`ContextBuilder::trace`](super::ContextBuilder::trace), and
//! [`Scope::inject`](super::Scope::inject) hands it on to outgoing calls.

use std::fmt;
use std::str::FromStr;

use crate::record::{InvalidValue, Name, Trace};

/// A W3C `traceparent`: trace id, span id and flags.
///
/// ```
/// use contextrail::capture::TraceParent;
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = header.parse().unwrap();
/// assert_eq!(parent.trace().span_id.as_str(), "00f067aa0ba902b7");
/// assert_eq!(parent.to_string(), header);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TraceParent {
    trace: Trace,
    flags: u8,
}

impl TraceParent {
    /// The trace and span ids.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { trace_id, span_id } = &self.trace;
        write!(f, "00-{trace_id}-{span_id}-{:02x}", self.flags)
    }
}

impl FromStr for TraceParent {
    type Err = InvalidValue;

    /// Reads version 00, and of later versions the part they share with it, as the standard asks.
    fn from_str(header: &str) -> Result<Self, InvalidValue> {
        let malformed = || {
            InvalidValue::new(
                "traceparent",
                header,
                "W3C form, such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            )
        };
        let mut parts = header.split('-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits);
            part.filter(|part| part.bytes().all(is_lower_hex))
                .ok_or_else(malformed)
        };
        let (version, trace_id, span_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        let all_zero = |id: &str| id.bytes().all(|digit| digit == b'0');
        let has_more = parts.next().is_some();
        if version == "ff" || all_zero(trace_id) || all_zero(span_id) {
            return Err(malformed());
        }
        if version == "00" && has_more {
            return Err(malformed());
        }
        Ok(Self {
            trace: Trace {
                trace_id: Name::new(trace_id)?,
                span_id: Name::new(span_id)?,
            },
            flags: u8::from_str_radix(flags, 16).map_err(|_| malformed())?,
        })
    }
}

const fn is_lower_hex(digit: u8) -> bool {
    digit.is_ascii_digit() || matches!(digit, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_traceparent_is_refused() {
        for header in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(header.parse::<TraceParent>().is_err(), "{header}");
        }
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let header = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more";
        let parent: TraceParent = header.parse().unwrap();
        assert_eq!(
            parent.to_string(),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
        );
    }
}
