//! `If-Match` (RFC 9110 §13.1.1): a change is written only over the version that its sender has read.

use axum::http::{HeaderMap, header};

use super::idempotency::etag;
use super::problem::{self, Problem};

/// May a change go ahead over this version? Without `If-Match`, and with `*`, which matches any
/// version, the sender has not said which version they read, and a colleague's change would be lost: 428.
pub fn must_match(headers: &HeaderMap, version: i64) -> Result<(), Problem> {
    // One at most: see the caller.
    let Some(list) = headers.get(header::IF_MATCH) else {
        return Err(problem::PRECONDITION_REQUIRED.into());
    };
    let asked = Asked::read(list.as_bytes()).ok_or_else(|| {
        Problem::from(problem::MALFORMED).saying("If-Match is a list of ETags, each in double quotes.")
    })?;
    let now = etag(version);
    match asked {
        Asked::Anything => Err(Problem::from(problem::PRECONDITION_REQUIRED).saying(
            "`*` matches whatever stands there, so a change that somebody made meanwhile would be lost.",
        )),
        // The comparison is the strong one: a weak tag does not match even its own text.
        Asked::Tags(tags) if tags.iter().any(|tag| !tag.weak && tag.text == now.as_bytes()) => Ok(()),
        Asked::Tags(tags) if tags.iter().any(|tag| tag.text == now.as_bytes()) => {
            Err(Problem::from(problem::PRECONDITION_FAILED).saying(
                "A weak ETag never matches here. Something between us made it weak (`W/`); send it without.",
            ))
        }
        Asked::Tags(_) => Err(problem::PRECONDITION_FAILED.into()),
    }
}

/// What the header says.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'h> {
    /// `*`
    Anything,
    /// Any of these.
    Tags(Vec<Tag<'h>>),
}

/// An entity tag, with its quotes.
#[derive(Debug, PartialEq, Eq)]
struct Tag<'h> {
    weak: bool,
    text: &'h [u8],
}

impl<'h> Asked<'h> {
    fn read(value: &'h [u8]) -> Option<Self> {
        if value.trim_ascii() == b"*" {
            return Some(Self::Anything);
        }
        let mut tags = Vec::new();
        let mut rest = value.trim_ascii_start();
        while !rest.is_empty() {
            // Empty elements of a list count for nothing (§5.6.1).
            if let Some(after) = rest.strip_prefix(b",") {
                rest = after.trim_ascii_start();
                continue;
            }
            let (weak, from) = match rest.strip_prefix(b"W/") {
                Some(from) => (true, from),
                None => (false, rest),
            };
            // A comma may be inside the quotes.
            let inside = from.strip_prefix(b"\"")?;
            let length = inside.iter().position(|byte| *byte == b'"')?;
            if inside[..length].iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
                return None;
            }
            let (text, after) = from.split_at(length + 2);
            tags.push(Tag { weak, text });
            rest = after.trim_ascii_start();
            if !rest.is_empty() && !rest.starts_with(b",") {
                return None;
            }
        }
        (!tags.is_empty()).then_some(Self::Tags(tags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_change_needs_the_very_version_that_was_read() {
        for (sent, wanted) in [
            (None, Some("precondition-required")),
            (Some("*"), Some("precondition-required")),
            (Some(" * "), Some("precondition-required")),
            (Some("\"v3\""), None),
            (Some("\"v2\", \"v3\""), None),
            (Some(",, \"v2\" ,\t\"v3\" ,"), None),
            (Some("\"a,b\",\"v3\""), None),
            (Some("W/\"v2\", \"v3\""), None),
            (Some("\"v2\""), Some("changed-meanwhile")),
            (Some("\"v33\", \"\", \"v\""), Some("changed-meanwhile")),
            (Some("W/\"v3\""), Some("changed-meanwhile")),
            (Some("\"a,\"v3\"\""), Some("malformed")),
            (Some("v3"), Some("malformed")),
            (Some("\"v3"), Some("malformed")),
            (Some("\"v 3\""), Some("malformed")),
            (Some("w/\"v3\""), Some("malformed")),
            (Some("\"v3\" \"v4\""), Some("malformed")),
            (Some("*, \"v3\""), Some("malformed")),
            (Some(""), Some("malformed")),
            (Some(",,"), Some("malformed")),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(sent) = sent {
                headers.insert(header::IF_MATCH, HeaderValue::from_str(sent).unwrap());
            }
            let got = must_match(&headers, 3).err().map(|problem| problem.kind().name);
            assert_eq!(got, wanted, "{sent:?}");
        }
    }
}
