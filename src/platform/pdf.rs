//! Looks a PDF through while it arrives, for what must not reach a client: encryption, scripts, programs, files
//! inside, XFA forms; and for whether it is whole. It looks for the names that PDF gives to these (ISO 32000-1),
//! also where they are spelled with `#`, and inside object streams, which are inflated a piece at a time.

use flate2::{Decompress, FlushDecompress, Status};

use crate::word_enum;

word_enum! {
    /// Why a PDF is not taken.
    pub enum PdfProblem {
        /// It does not begin or end as a PDF does, or an object stream cannot be read.
        Broken = "broken",
        /// It is locked with a password.
        Encrypted = "encrypted",
        /// It has scripts in it.
        Script = "script",
        /// It starts programs.
        Program = "program",
        /// It has other files or media in it.
        Attachment = "attachment",
        /// It is a form of the XFA kind, which most programs do not show.
        Xfa = "xfa",
        /// It unpacks to far more than a document holds.
        Bomb = "bomb",
        /// It has more pages than a document that is taken.
        Long = "long",
    }
}

/// The header stands within so many bytes (Acrobat's own rule).
const HEADER_WITHIN: usize = 1_024;
/// The end mark stands within so many of the last bytes.
const END_WITHIN: usize = 2_048;
/// The longest name that is of interest.
const LONGEST_NAME: usize = 32;
/// Bytes that all object streams together may unpack to.
const MOST_UNPACKED: u64 = 256 * 1024 * 1024;
/// How many times its size an object stream may unpack to, once it is beyond [`SMALL`].
const MOST_TIMES: u64 = 100;
const SMALL: u64 = 4 * 1024 * 1024;

fn problem_of(name: &[u8]) -> Option<PdfProblem> {
    Some(match name {
        b"Encrypt" => PdfProblem::Encrypted,
        b"JavaScript" | b"JS" => PdfProblem::Script,
        b"Launch" => PdfProblem::Program,
        b"EmbeddedFile" | b"EmbeddedFiles" | b"RichMedia" => PdfProblem::Attachment,
        b"XFA" => PdfProblem::Xfa,
        _ => return None,
    })
}

/// Reads names out of bytes.
#[derive(Default)]
struct Names {
    /// The name at hand, while inside one.
    name: Option<Vec<u8>>,
    /// What follows a `#`.
    escape: Vec<u8>,
    found: Option<PdfProblem>,
}

impl Names {
    /// Takes a byte; gives a name that has just ended.
    fn take(&mut self, byte: u8) -> Option<Vec<u8>> {
        let is_regular = !byte.is_ascii_whitespace() && byte != 0 && !b"()<>[]{}/%".contains(&byte);
        if is_regular {
            if let Some(name) = &mut self.name {
                if !self.escape.is_empty() || byte == b'#' {
                    self.escape.push(byte);
                    if self.escape.len() == 3 {
                        let digits = std::str::from_utf8(&self.escape[1..]).unwrap_or_default();
                        match u8::from_str_radix(digits, 16) {
                            Ok(byte) => name.push(byte),
                            Err(_) => name.extend_from_slice(&self.escape),
                        }
                        self.escape.clear();
                    }
                } else if name.len() <= LONGEST_NAME {
                    name.push(byte);
                }
            }
            return None;
        }
        self.escape.clear();
        let ended = self.name.take();
        if let Some(problem) = ended.as_deref().and_then(problem_of) {
            self.found.get_or_insert(problem);
        }
        if byte == b'/' {
            self.name = Some(Vec::new());
        }
        ended
    }
}

/// An object stream that is being unpacked.
struct Unpacking {
    inflate: Decompress,
    names: Names,
}

/// What the dictionary at hand has said of its stream.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Dictionary {
    is_object_stream: bool,
    /// Keys that only an object stream has both of: some readers do not ask for its type.
    has_first: bool,
    has_count: bool,
    has_filter: bool,
    flates: u8,
    has_predictor: bool,
}

impl Dictionary {
    fn is_of_object_stream(self) -> bool {
        self.is_object_stream || (self.has_first && self.has_count)
    }
}

/// See the module.
#[derive(Default)]
pub struct PdfScan {
    start: Vec<u8>,
    end: Vec<u8>,
    names: Names,
    /// The last bytes, to know the keyword `stream` and the end of its line.
    recent: [u8; 11],
    dictionary: Dictionary,
    unpacking: Option<Unpacking>,
    /// Bytes that came out of all object streams.
    unpacked: u64,
}

impl PdfScan {
    /// Takes the next bytes of the file. Tells a problem as soon as there is one.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), PdfProblem> {
        if self.start.len() < HEADER_WITHIN {
            let wanted = (HEADER_WITHIN - self.start.len()).min(bytes.len());
            self.start.extend_from_slice(&bytes[..wanted]);
        }
        self.end.extend_from_slice(bytes);
        let surplus = self.end.len().saturating_sub(END_WITHIN);
        self.end.drain(..surplus);
        let mut rest = bytes;
        while let Some((first, after)) = rest.split_first() {
            let is_between = self.unpacking.is_none()
                && self.names.name.is_none()
                && self.dictionary == Dictionary::default();
            if is_between && *first != b'/' {
                // Nothing matters here before the next name.
                match rest.iter().position(|byte| *byte == b'/') {
                    Some(at) => rest = &rest[at..],
                    None => break,
                }
            } else if self.unpacking.is_some() {
                rest = self.unpack(rest)?;
            } else {
                self.look_at(*first)?;
                rest = after;
            }
        }
        self.names.found.map_or(Ok(()), Err)
    }

    /// The end of the file.
    pub fn finish(self) -> Result<(), PdfProblem> {
        let contains = |within: &[u8], what: &[u8]| within.windows(what.len()).any(|part| part == what);
        let is_whole = contains(&self.start, b"%PDF-")
            && contains(&self.end, b"startxref")
            && contains(&self.end, b"%%EOF")
            && self.unpacking.is_none();
        if is_whole { Ok(()) } else { Err(PdfProblem::Broken) }
    }

    fn look_at(&mut self, byte: u8) -> Result<(), PdfProblem> {
        match self.names.take(byte).as_deref() {
            Some(b"ObjStm") => self.dictionary.is_object_stream = true,
            Some(b"Filter") => self.dictionary.has_filter = true,
            Some(b"First") => self.dictionary.has_first = true,
            Some(b"N") => self.dictionary.has_count = true,
            Some(b"FlateDecode" | b"Fl") => self.dictionary.flates = self.dictionary.flates.saturating_add(1),
            Some(b"Predictor") => self.dictionary.has_predictor = true,
            _ => {}
        }
        self.recent.rotate_left(1);
        self.recent[10] = byte;
        let ends = |word: &[u8]| self.recent.ends_with(word);
        let begins = |word: &[u8], not: &[u8]| ends(word) && !ends(not);
        let begins_oddly = || {
            let before = &self.recent[..10];
            before.ends_with(b"stream") && !before.ends_with(b"endstream") && !matches!(byte, b'\n' | b'\r')
                || before.ends_with(b"stream\r") && !before.ends_with(b"endstream\r") && byte != b'\n'
        };
        if ends(b"endobj") {
            // An object stream without a stream: the word stands in a text or a comment, so as to hide one.
            if self.dictionary.is_object_stream {
                return Err(PdfProblem::Broken);
            }
            self.dictionary = Dictionary::default();
        } else if self.dictionary.is_of_object_stream() && begins_oddly() {
            return Err(PdfProblem::Broken);
        } else if begins(b"stream\n", b"endstream\n") || begins(b"stream\r\n", b"endstream\r\n") {
            let of = std::mem::take(&mut self.dictionary);
            match (of.is_of_object_stream(), of.has_filter, of.flates == 1 && !of.has_predictor) {
                (true, true, true) => {
                    self.unpacking =
                        Some(Unpacking { inflate: Decompress::new(true), names: Names::default() });
                }
                // Filters that no program uses here, behind which something could be hidden.
                (true, true, false) => return Err(PdfProblem::Broken),
                _ => {}
            }
        }
        Ok(())
    }

    /// Unpacks these bytes; gives those that come after the stream.
    fn unpack<'b>(&mut self, mut bytes: &'b [u8]) -> Result<&'b [u8], PdfProblem> {
        let mut room = [0u8; 16 * 1024];
        while let Some(Unpacking { inflate, names }) = &mut self.unpacking {
            let (taken, given) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(bytes, &mut room, FlushDecompress::None);
            let status = status.map_err(|_| PdfProblem::Broken)?;
            let took = usize::try_from(inflate.total_in() - taken).unwrap_or(0);
            let gave = usize::try_from(inflate.total_out() - given).unwrap_or(0);
            bytes = &bytes[took..];
            self.unpacked += gave as u64;
            for byte in &room[..gave] {
                names.take(*byte);
            }
            let is_over = status == Status::StreamEnd;
            if is_over {
                // A name at the very end has ended too.
                names.take(b' ');
            }
            if let Some(problem) = names.found {
                return Err(problem);
            }
            let (packed, plain) = (inflate.total_in(), inflate.total_out());
            if self.unpacked > MOST_UNPACKED || (plain > SMALL && plain > MOST_TIMES * packed) {
                return Err(PdfProblem::Bomb);
            }
            if is_over {
                self.unpacking = None;
            } else if bytes.is_empty() && gave < room.len() {
                break;
            } else if took == 0 && gave == 0 {
                return Err(PdfProblem::Broken);
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packing = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packing.write_all(bytes).unwrap();
        packing.finish().unwrap()
    }

    fn pdf(inside: &[u8]) -> Vec<u8> {
        let tail = b"\nxref\n0 1\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n";
        [b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n".as_slice(), inside, tail].concat()
    }

    fn object_stream(dictionary: &str, inside: &[u8]) -> Vec<u8> {
        let head = format!("5 0 obj\n<< /Type /ObjStm {dictionary} >>\nstream\r\n");
        pdf(&[head.as_bytes(), &packed(inside), b"\r\nendstream\nendobj\n"].concat())
    }

    /// In one piece, and byte by byte.
    fn scan(file: &[u8]) -> Result<(), PdfProblem> {
        let of = |size: usize| {
            let mut scan = PdfScan::default();
            file.chunks(size).try_for_each(|piece| scan.take(piece)).and_then(|()| scan.finish())
        };
        assert_eq!(of(file.len().max(1)), of(1));
        of(77)
    }

    #[test]
    fn a_05_what_a_pdf_must_not_have_is_told_apart() {
        for (inside, wanted) in [
            ("2 0 obj\n<< /Type /Page /Contents 3 0 R >>\nendobj\n", None),
            ("<< /S /JavaScript /JS (app.alert(1)) >>", Some(PdfProblem::Script)),
            ("<< /S /Java#53cript >>", Some(PdfProblem::Script)),
            ("<</S/Launch/F(x.exe)>>", Some(PdfProblem::Program)),
            ("<< /Type /EmbeddedFile >>", Some(PdfProblem::Attachment)),
            ("<< /Subtype/RichMedia>>", Some(PdfProblem::Attachment)),
            ("<< /AcroForm << /XFA [] >> >>", Some(PdfProblem::Xfa)),
            ("trailer << /Encrypt 4 0 R >>", Some(PdfProblem::Encrypted)),
            ("<< /Encryption /JavaScripts /XFAs >>", None),
        ] {
            assert_eq!(scan(&pdf(inside.as_bytes())).err(), wanted, "{inside}");
            let flate = object_stream("/Filter /FlateDecode", inside.as_bytes());
            assert_eq!(scan(&flate).err(), wanted, "in an object stream: {inside}");
        }
    }

    #[test]
    fn a_script_is_not_hidden_by_the_way_an_object_stream_is_written() {
        let script = b"<< /S /JavaScript >>".as_slice();
        let twice = object_stream("/Filter [/FlateDecode /FlateDecode]", &packed(script));
        assert_eq!(scan(&twice), Err(PdfProblem::Broken));
        let packed = packed(script);
        let written = |head: &str| pdf(&[head.as_bytes(), &packed, b"\r\nendstream\nendobj\n"].concat());
        for head in [
            "5 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream\r",
            "5 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >>\nstream \n",
            "5 0 obj\n<< /Type /ObjStm /X(endobj) /Filter /FlateDecode >>\nstream\n",
            "5 0 obj\n<< /Type /ObjStm /Filter /FlateDecode >> %endobj\nstream\n",
        ] {
            assert_eq!(scan(&written(head)), Err(PdfProblem::Broken), "{head}");
        }
        let without_type = "5 0 obj\n<< /N 1 /First 4 /Filter /FlateDecode >>\nstream\n";
        assert_eq!(scan(&written(without_type)), Err(PdfProblem::Script));
        // An outline has a first entry, and a colour profile a number of channels.
        let outline = pdf(b"5 0 obj << /Type /Outlines /First 6 0 R >>\nendobj\n6 0 obj << /N 3 >>\nstream\nx\nendstream\nendobj\n");
        assert_eq!(scan(&outline), Ok(()));
    }

    #[test]
    fn a_06_an_object_stream_that_unpacks_without_end_is_refused() {
        let bomb = object_stream("/Filter /FlateDecode", &vec![b'x'; 40 * 1024 * 1024]);
        assert!(bomb.len() < 100_000);
        assert_eq!(scan(&bomb), Err(PdfProblem::Bomb));
    }

    #[test]
    fn what_is_no_whole_pdf_is_refused() {
        let whole = pdf(b"");
        assert_eq!(scan(&whole), Ok(()));
        assert_eq!(scan(&whole[..whole.len() - 30]), Err(PdfProblem::Broken), "cut");
        assert_eq!(scan(b"<html>%%EOF startxref</html>"), Err(PdfProblem::Broken));
        assert_eq!(scan(b""), Err(PdfProblem::Broken));
        let hidden = object_stream("/Filter /LZWDecode", b"<< /S /JavaScript >>");
        assert_eq!(scan(&hidden), Err(PdfProblem::Broken));
        let half = object_stream("/Filter /FlateDecode", b"<< /Type /Page >>");
        let end = half.windows(9).position(|part| part == b"endstream").unwrap();
        let cut = [&half[..end - 12], b"\nstartxref\n9\n%%EOF".as_slice()].concat();
        assert_eq!(scan(&cut), Err(PdfProblem::Broken));
    }
}
