//! Traces across programs, as W3C Trace Context has them (<https://www.w3.org/TR/trace-context/>).

use std::fmt;
use std::future::Future;
use std::str::FromStr;

tokio::task_local! {
    /// The trace of what the task does.
    static CURRENT: Option<Trace>;
}

/// The flags that have a meaning: the trace is recorded, and its id is random.
const KNOWN_FLAGS: u8 = 0b11;

/// A place in a trace: the trace, and what in it called this program. It is written as the header `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    parent: u64,
    flags: u8,
}

/// A text is not a valid `traceparent`, and to be ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid traceparent")]
pub struct InvalidTrace;

impl Trace {
    /// Returns the id of the trace: 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.id)
    }

    /// Returns the place of a call that this program makes.
    #[must_use]
    pub fn call(&self) -> Self {
        Self {
            // Zero is not valid.
            parent: rand::random::<u64>().max(1),
            ..*self
        }
    }

    /// Returns the trace of what the current task does.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|trace| *trace).ok().flatten()
    }

    /// Runs a future as part of a trace: [`current`](Self::current) returns it, and log lines have its id.
    pub fn scope<F: Future>(trace: Option<Self>, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(trace, work)
    }

    /// Runs a closure as part of a trace.
    pub fn sync_scope<T>(trace: Option<Self>, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(trace, work)
    }
}

impl FromStr for Trace {
    type Err = InvalidTrace;

    /// Reads the header `traceparent` of any version.
    fn from_str(text: &str) -> Result<Self, InvalidTrace> {
        let is_lower_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut parts = text.splitn(5, '-');
        let mut part = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits && is_lower_hex(part));
            part.ok_or(InvalidTrace)
        };
        let (version, id, parent, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // Later versions may add parts behind these; the first one has no more.
        if version == "ff" || version == "00" && parts.next().is_some() {
            return Err(InvalidTrace);
        }
        let id = u128::from_str_radix(id, 16).map_err(|_| InvalidTrace)?;
        let parent = u64::from_str_radix(parent, 16).map_err(|_| InvalidTrace)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| InvalidTrace)?;
        if id == 0 || parent == 0 {
            return Err(InvalidTrace);
        }
        Ok(Self {
            id,
            parent,
            flags: flags & KNOWN_FLAGS,
        })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.id, self.parent, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTrace, Trace};

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_header_is_read_as_the_specification_says() {
        let trace: Trace = VALID.parse().unwrap();
        assert_eq!(trace.to_string(), VALID);
        assert_eq!(trace.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for (later, known) in [
            (VALID.replacen("00", "01", 1), VALID.to_owned()),
            (format!("{}-more", VALID.replacen("00", "cc", 1)), VALID.to_owned()),
            (VALID.replace("b7-01", "b7-fd"), VALID.to_owned()),
            (VALID.replace("b7-01", "b7-02"), VALID.replace("b7-01", "b7-02")),
        ] {
            assert_eq!(
                later.parse::<Trace>().map(|trace| trace.to_string()),
                Ok(known),
                "{later}"
            );
        }
        for invalid in [
            String::new(),
            "00".to_owned(),
            VALID.to_uppercase(),
            VALID.replacen("00", "ff", 1),
            VALID.replacen("00", "0x", 1),
            format!("{VALID}-more"),
            format!("{VALID}0"),
            format!(" {VALID}"),
            VALID.replace("b7-01", "b7"),
            VALID.replace("b7-01", "b7-1"),
            VALID.replace("b7-01", "b7-+1"),
            VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            format!("{}more", VALID.replacen("00", "cc", 1)),
        ] {
            assert_eq!(invalid.parse::<Trace>(), Err(InvalidTrace), "{invalid}");
        }
    }

    #[test]
    fn a_call_has_a_place_of_its_own_in_the_same_trace() {
        let trace: Trace = VALID.parse().unwrap();
        let (one, other) = (trace.call(), trace.call());
        assert_eq!(one.trace_id(), trace.trace_id());
        assert!(one != other && one != trace);
        assert_eq!(Trace::current(), None);
        assert_eq!(Trace::sync_scope(Some(one), Trace::current), Some(one));
    }
}
