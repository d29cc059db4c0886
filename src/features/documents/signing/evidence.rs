//! What is written down of each event of a request to sign, and the chain of hashes that binds the events to each
//! other and to the version that is signed. Pure.
//!
//! An event is an object in canonical JSON (RFC 8785) with texts and whole numbers only. Its hash is SHA-256 over
//! `anteroom-evidence-1`, a zero byte and the object, which names the hash before it in `prev`; the first names the
//! SHA-256 of the version. Whoever has the events and the file can check both without this program.

use serde_json::Value;
use sha2::{Digest, Sha256};

const DOMAIN: &[u8] = b"anteroom-evidence-1\0";

/// Canonical JSON: members in the order of their names, no white space. Names are ASCII, so that their order by bytes
/// is the order that RFC 8785 asks for.
pub fn canonical(value: &Value) -> String {
    let text = |text: &str| Value::from(text).to_string();
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let written: Vec<String> = names
                .into_iter()
                .map(|name| {
                    format!("{}:{}", text(name), members.get(name).map(canonical).unwrap_or_default())
                })
                .collect();
            format!("{{{}}}", written.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// The hash of an event.
pub fn hash(evidence: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(evidence.as_bytes());
    hex::encode(hash.finalize())
}

/// An event as it is kept and handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its number, from 1.
    pub seq: i32,
    /// Canonical JSON.
    pub evidence: &'a str,
    /// Its hash.
    pub hash: &'a str,
    /// The hash before.
    pub prev: &'a str,
}

/// Where a chain is broken: the number of the first event that is not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {0} was changed")]
pub struct Broken(pub i32);

/// Follows a chain from the version's SHA-256 to its newest hash.
pub fn check<'a>(
    sha256: &'a str,
    links: impl IntoIterator<Item = Link<'a>>,
    head: &str,
) -> Result<(), Broken> {
    let (mut prev, mut wanted) = (sha256, 1);
    for link in links {
        let says: Option<(i64, String)> = serde_json::from_str::<Value>(link.evidence)
            .ok()
            .and_then(|value| Some((value.get("seq")?.as_i64()?, value.get("prev")?.as_str()?.to_owned())));
        let is_whole = link.seq == wanted
            && link.prev == prev
            && says == Some((i64::from(wanted), prev.to_owned()))
            && link.hash == hash(link.evidence);
        if !is_whole {
            return Err(Broken(wanted));
        }
        prev = link.hash;
        wanted += 1;
    }
    if prev == head { Ok(()) } else { Err(Broken(wanted)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_object_is_always_written_the_same() {
        let written = canonical(&json!({ "b": [1, { "z": "ü\n\"", "a": null }], "a": 2, "B": "\u{1}" }));
        assert_eq!(written, "{\"B\":\"\\u0001\",\"a\":2,\"b\":[1,{\"a\":null,\"z\":\"ü\\n\\\"\"}]}");
    }

    /// Three events on a version.
    fn chain() -> (String, Vec<(i32, String, String, String)>) {
        let version = "ab".repeat(32);
        let mut links: Vec<(i32, String, String, String)> = Vec::new();
        for seq in 1..=3 {
            let prev = links.last().map_or(version.clone(), |link| link.2.clone());
            let evidence =
                canonical(&json!({ "v": 1, "seq": seq, "prev": prev, "kind": "opened", "name": "Ana" }));
            links.push((seq, evidence.clone(), hash(&evidence), prev));
        }
        (version, links)
    }

    fn checked(version: &str, links: &[(i32, String, String, String)], head: &str) -> Result<(), Broken> {
        let links = links.iter().map(|(seq, evidence, hash, prev)| Link { seq: *seq, evidence, hash, prev });
        check(version, links, head)
    }

    #[test]
    fn case_51_one_changed_character_breaks_the_chain_at_its_record() {
        let (version, links) = chain();
        let head = links[2].2.clone();
        assert_eq!(checked(&version, &links, &head), Ok(()));
        for at in 0..3 {
            let mut changed = links.clone();
            changed[at].1 = changed[at].1.replace("Ana", "Anb");
            assert_eq!(checked(&version, &changed, &head), Err(Broken(i32::try_from(at).unwrap() + 1)));
            // With a hash that fits, it no longer fits the next one, or the head.
            changed[at].2 = hash(&changed[at].1);
            assert_eq!(checked(&version, &changed, &head), Err(Broken(i32::try_from(at).unwrap() + 2)));
        }
        let mut reordered = links.clone();
        reordered.swap(0, 1);
        assert_eq!(checked(&version, &reordered, &head), Err(Broken(1)));
        assert_eq!(checked(&version, &links[..2], &head), Err(Broken(3)), "cut");
        assert_eq!(checked(&"cd".repeat(32), &links, &head), Err(Broken(1)), "another version");
        assert_eq!(checked(&version, &[], &head), Err(Broken(1)));
    }
}
