//! The few pieces of DER (X.690) that a certificate and a signature are made of: written, and read with every length
//! checked.

/// Tags.
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;
pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
#[cfg(test)]
pub const NULL: u8 = 0x05;
pub const OBJECT: u8 = 0x06;
pub const UTF8: u8 = 0x0c;
pub const UTC_TIME: u8 = 0x17;
pub const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, constructed.
pub const CONTEXT_0: u8 = 0xa0;
/// `[3]`, constructed.
pub const CONTEXT_3: u8 = 0xa3;

/// A value with its tag and length.
pub fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
            out.push(0x80 | (bytes.len() - first) as u8);
            out.extend_from_slice(&bytes[first..]);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Several values as the content of one.
pub fn constructed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    wrap(tag, &parts.concat())
}

/// An object identifier.
pub fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    let first = arcs.first().copied().unwrap_or(0) * 40 + arcs.get(1).copied().unwrap_or(0);
    for arc in std::iter::once(first).chain(arcs.iter().skip(2).copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        content.extend(groups.into_iter().rev());
    }
    wrap(OBJECT, &content)
}

/// A positive whole number, by its big-endian bytes.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let digits = &bytes[from..];
    // A first bit of one would make it negative.
    let padded = if digits.first().is_some_and(|byte| byte & 0x80 != 0) {
        [[0].as_slice(), digits].concat()
    } else {
        digits.to_vec()
    };
    wrap(INTEGER, &padded)
}

/// A value that was read: its tag, its content, and all of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next value; `None` at the end, and where the bytes are no DER.
    pub fn take(&mut self) -> Option<Value<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            short if *short < 0x80 => (usize::from(*short), rest),
            long => {
                let count = usize::from(long & 0x7f);
                // 4 bytes are more than any file of ours is long.
                if count == 0 || count > 4 {
                    return None;
                }
                let (digits, rest) = rest.split_at_checked(count)?;
                (digits.iter().fold(0usize, |sum, digit| sum << 8 | usize::from(*digit)), rest)
            }
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - after.len()];
        self.0 = after;
        Some(Value { tag: *tag, content, whole })
    }

    /// The next value, which has this tag.
    pub fn expect(&mut self, tag: u8) -> Option<Value<'a>> {
        self.take().filter(|value| value.tag == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let whole = [wrap(OCTET_STRING, &content), wrap(NULL, &[])].concat();
            let mut reader = Reader::new(&whole);
            assert_eq!(reader.expect(OCTET_STRING).map(|value| value.content.len()), Some(length));
            assert_eq!(reader.take().map(|value| value.tag), Some(NULL));
            assert_eq!(reader.take(), None);
            assert_eq!(Reader::new(&whole[..whole.len() - 3]).expect(OCTET_STRING), None, "cut, {length}");
        }
        assert_eq!(Reader::new(&[0x30, 0x85, 1, 1, 1, 1, 1]).take(), None);
        assert_eq!(Reader::new(&[0x30, 0x80]).take(), None);
    }

    #[test]
    fn numbers_and_identifiers_are_as_x690_says() {
        assert_eq!(hex::encode(oid(&[1, 2, 840, 113_549, 1, 7, 2])), "06092a864886f70d010702");
        assert_eq!(hex::encode(oid(&[2, 16, 840, 1, 101, 3, 4, 2, 1])), "0609608648016503040201");
        assert_eq!(hex::encode(integer(&[0, 0, 1])), "020101");
        assert_eq!(hex::encode(integer(&[0x80])), "02020080");
        assert_eq!(hex::encode(integer(&[0, 0])), "020100");
    }
}
